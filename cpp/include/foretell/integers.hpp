// A look at an array of integers of any width, signed or not: what callers have at hand, without a copy and without a
// template for each of their types.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

namespace foretell {

template <typename T>
concept FixedInteger =
    std::same_as<T, std::uint8_t> || std::same_as<T, std::uint16_t> || std::same_as<T, std::uint32_t> ||
    std::same_as<T, std::uint64_t> || std::same_as<T, std::int8_t> || std::same_as<T, std::int16_t> ||
    std::same_as<T, std::int32_t> || std::same_as<T, std::int64_t>;

/// Does not own what it looks at.
class Integers {
 public:
  Integers() = default;

  template <FixedInteger T>
  Integers(std::span<const T> values) noexcept  // NOLINT: implicit, as std::span itself
      : data_(values.data()), size_(values.size()), bytes_(sizeof(T)), is_signed_(std::is_signed_v<T>) {}

  template <FixedInteger T>
  Integers(const std::vector<T>& values) noexcept  // NOLINT: implicit too
      : Integers(std::span<const T>(values)) {}

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  /// Returns function(std::span<const T>) with the type that the array has.
  template <typename Function>
  auto visit(Function&& function) const {
    switch (bytes_) {
      case 1:
        return is_signed_ ? function(as<std::int8_t>()) : function(as<std::uint8_t>());
      case 2:
        return is_signed_ ? function(as<std::int16_t>()) : function(as<std::uint16_t>());
      case 4:
        return is_signed_ ? function(as<std::int32_t>()) : function(as<std::uint32_t>());
      default:
        return is_signed_ ? function(as<std::int64_t>()) : function(as<std::uint64_t>());
    }
  }

 private:
  template <typename T>
  [[nodiscard]] std::span<const T> as() const noexcept {
    return {static_cast<const T*>(data_), size_};
  }

  const void* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t bytes_ = 1;
  bool is_signed_ = false;
};

}  // namespace foretell
