// What a model has learned, array by array: taken out of one, to be kept, or put into another with the same parameters.
//
// READ ME FIRST
// 1. A model shows its arrays to a visitor, always the same ones under the same names in the same order. A visitor
//    reads each of them or fills it: one walk does for both ways, so that they cannot come to differ.
// 2. Arrays that are put in come from anywhere. The model says what each number may be, `visit` throws kCorrupt for any
//    other, and no array that passes makes the model read or write outside its memory.
// 3. After an exception a model that was filled is half of what it was and half of what it should be: drop it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <type_traits>

#include "foretell/errc.hpp"

namespace foretell {

enum class NumberType : std::uint8_t { kU8, kU16, kU32, kU64, kI16, kI32, kF32, kF64 };

template <typename T>
[[nodiscard]] constexpr NumberType number_type() noexcept {
  if constexpr (std::is_same_v<T, std::uint8_t>) {
    return NumberType::kU8;
  } else if constexpr (std::is_same_v<T, std::uint16_t>) {
    return NumberType::kU16;
  } else if constexpr (std::is_same_v<T, std::uint32_t>) {
    return NumberType::kU32;
  } else if constexpr (std::is_same_v<T, std::uint64_t>) {
    return NumberType::kU64;
  } else if constexpr (std::is_same_v<T, std::int16_t>) {
    return NumberType::kI16;
  } else if constexpr (std::is_same_v<T, std::int32_t>) {
    return NumberType::kI32;
  } else if constexpr (std::is_same_v<T, float>) {
    return NumberType::kF32;
  } else {
    static_assert(std::is_same_v<T, double>);
    return NumberType::kF64;
  }
}

class StateVisitor {
 public:
  StateVisitor() = default;
  StateVisitor(const StateVisitor&) = delete;
  StateVisitor& operator=(const StateVisitor&) = delete;
  virtual ~StateVisitor() = default;

  /// A part that a model makes when it first needs it: returns whether it is to be there. `here`: whether it is.
  [[nodiscard]] virtual bool part(const std::string& name, bool here) = 0;

  /// An array, whose numbers are within low..high. Throws kCorrupt if it is not given, or not so.
  template <typename T>
  void visit(const std::string& name, std::span<T> numbers, T low = std::numeric_limits<T>::lowest(),
             T high = std::numeric_limits<T>::max()) {
    exchange(name, number_type<T>(), numbers.size(), numbers.data());
    bool all = true;
    for (const T number : numbers) {
      all &= (number >= low) & (number <= high);  // no NaN is
    }
    require(all, name);
  }

  template <typename T>
  void visit(const std::string& name, T& number, T low = std::numeric_limits<T>::lowest(),
             T high = std::numeric_limits<T>::max()) {
    visit(name, std::span<T>(&number, 1), low, high);
  }

  /// Words whose last byte is at most `most`.
  void visit_words(const std::string& name, std::span<std::uint32_t> words, std::uint32_t most) {
    exchange(name, NumberType::kU32, words.size(), words.data());
    bool all = true;
    for (const std::uint32_t word : words) {
      all &= (word & 255) <= most;
    }
    require(all, name);
  }

 protected:
  /// Reads the array or fills it.
  virtual void exchange(const std::string& name, NumberType type, std::size_t count, void* numbers) = 0;

 private:
  static void require(bool condition, const std::string& name) {
    if (!condition) {
      throw Error(Errc::kCorrupt, "array " + name + " of the learned state holds a number that no model learns");
    }
  }
};

/// Arrays of arrays as one.
template <typename T, typename Nested>
[[nodiscard]] std::span<T> flat(Nested& nested) noexcept {
  static_assert(std::is_trivially_copyable_v<Nested> && sizeof(Nested) % sizeof(T) == 0);
  return {reinterpret_cast<T*>(&nested), sizeof(Nested) / sizeof(T)};
}

}  // namespace foretell
