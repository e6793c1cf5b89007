// Learned state as a dictionary of NumPy arrays by name. Needs the GIL.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>

#include "arrays.hpp"
#include "foretell/errc.hpp"
#include "foretell/learned_state.hpp"

namespace foretell::bindings {

/// Calls function(Type<T>) with the type of the numbers.
template <typename Function>
auto with_number_type(NumberType type, Function&& function) {
  switch (type) {
    case NumberType::kU8:
      return function(Type<std::uint8_t>{});
    case NumberType::kU16:
      return function(Type<std::uint16_t>{});
    case NumberType::kU32:
      return function(Type<std::uint32_t>{});
    case NumberType::kU64:
      return function(Type<std::uint64_t>{});
    case NumberType::kI16:
      return function(Type<std::int16_t>{});
    case NumberType::kI32:
      return function(Type<std::int32_t>{});
    case NumberType::kF32:
      return function(Type<float>{});
    case NumberType::kF64:
      break;
  }
  return function(Type<double>{});
}

/// Copies a model's arrays into a dictionary.
class ArraysOut final : public StateVisitor {
 public:
  [[nodiscard]] bool part(const std::string&, bool here) override { return here; }
  [[nodiscard]] py::dict take() { return arrays_; }

 protected:
  void exchange(const std::string& name, NumberType type, std::size_t count, void* numbers) override {
    with_number_type(type, [&]<typename T>(Type<T>) {
      const std::array<py::ssize_t, 1> shape = {static_cast<py::ssize_t>(count)};
      py::array array = new_array<T>(shape);
      std::memcpy(array.mutable_data(), numbers, count * sizeof(T));
      arrays_[py::str(name)] = std::move(array);
    });
  }

 private:
  py::dict arrays_;
};

/// Fills a model from a dictionary. Throws kCorrupt for arrays that are missing, of another type or length, or left
/// over.
class ArraysIn final : public StateVisitor {
 public:
  explicit ArraysIn(const py::dict& arrays) : arrays_(arrays) {}

  [[nodiscard]] bool part(const std::string& name, bool) override {
    return std::any_of(arrays_.begin(), arrays_.end(), [&](const auto& item) {
      return py::str(item.first).template cast<std::string>().starts_with(name + ".");
    });
  }

  void finish() const {
    if (used_ != arrays_.size()) {
      throw Error(Errc::kCorrupt, "the learned state has " + std::to_string(arrays_.size()) +
                                      " arrays, a model with these parameters " + std::to_string(used_));
    }
  }

 protected:
  void exchange(const std::string& name, NumberType type, std::size_t count, void* numbers) override {
    const py::str key(name);
    if (!arrays_.contains(key)) {
      throw Error(Errc::kCorrupt, "the learned state has no array " + name);
    }
    const py::object given = arrays_[key];
    with_number_type(type, [&]<typename T>(Type<T>) {
      const py::array array = as_array_of<T>(given, name.c_str(), 1);
      if (static_cast<std::size_t>(array.size()) != count) {
        throw Error(Errc::kCorrupt, "array " + name + " of the learned state has " + std::to_string(array.size()) +
                                        " numbers, a model with these parameters " + std::to_string(count));
      }
      std::memcpy(numbers, array.data(), count * sizeof(T));
    });
    ++used_;
  }

 private:
  py::dict arrays_;
  std::size_t used_ = 0;
};

}  // namespace foretell::bindings
