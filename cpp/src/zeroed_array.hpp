// Memory of zeros, aligned to cache lines, of which large arrays cost nothing until they are touched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <type_traits>

namespace foretell {

template <typename T>
class ZeroedArray {
  static_assert(std::is_trivial_v<T>);

 public:
  static constexpr std::size_t kAlignment = 64;

  ZeroedArray() = default;

  /// Throws std::bad_alloc if there is no room.
  explicit ZeroedArray(std::size_t size) : size_(size) {
    if (size > (std::numeric_limits<std::size_t>::max() - kAlignment) / sizeof(T)) {
      throw std::bad_alloc{};
    }
    // calloc, not a vector: the system hands out zeros page by page, so that small inputs do not pay for large tables.
    std::size_t room = size * sizeof(T) + kAlignment;
    memory_.reset(std::calloc(room, 1));
    void* start = memory_.get();
    if (start == nullptr) {
      throw std::bad_alloc{};
    }
    data_ = static_cast<T*>(std::align(kAlignment, size * sizeof(T), start, room));
  }

  [[nodiscard]] T* data() noexcept { return data_; }
  [[nodiscard]] const T* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::span<T> all() noexcept { return {data_, size_}; }
  [[nodiscard]] T& operator[](std::size_t i) noexcept { return data_[i]; }
  [[nodiscard]] const T& operator[](std::size_t i) const noexcept { return data_[i]; }

 private:
  struct Free {
    void operator()(void* memory) const noexcept { std::free(memory); }
  };

  std::unique_ptr<void, Free> memory_;
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace foretell
