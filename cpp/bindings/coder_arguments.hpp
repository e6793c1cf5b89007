// What the bindings of every coder need: the lock around it, and its arguments taken apart.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "foretell/cdf_rows.hpp"

namespace foretell::bindings {

/// A coder with the lock that makes it safe to share between threads. A thread waits for the lock only without the GIL:
/// with it, it would keep its holder from returning to Python.
template <typename Coder>
class Locked {
 public:
  template <typename... Arguments>
  explicit Locked(Arguments&&... arguments) : coder_(std::forward<Arguments>(arguments)...) {}

  template <typename Function>
  auto operator()(Function&& function) {
    const py::gil_scoped_release unlocked;
    const std::lock_guard lock(mutex_);
    return function(coder_);
  }

  /// As operator(), but keeps the GIL if nobody has the lock: for work that takes less time than giving the GIL away.
  template <typename Function>
  auto briefly(Function&& function) {
    if (const std::unique_lock lock(mutex_, std::try_to_lock); lock.owns_lock()) {
      return function(coder_);
    }
    return (*this)(function);
  }

  /// briefly() if there are few rows, else operator().
  template <typename Function>
  auto with_rows(std::size_t rows, Function&& function) {
    constexpr std::size_t kFewRows = 8;
    return rows <= kFewRows ? briefly(function) : (*this)(function);
  }

  /// For what never changes after construction.
  [[nodiscard]] const Coder& fixed() const noexcept { return coder_; }

 private:
  std::mutex mutex_;
  Coder coder_;
};

inline std::string copy_bytes(const py::handle& object, const char* argument) {
  const py::array array = as_array_of<std::uint8_t>(object, argument, 1);
  return {static_cast<const char*>(array.data()), static_cast<std::size_t>(array.size())};
}

inline std::span<const std::uint8_t> byte_span(const std::string& bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

inline py::bytes to_bytes(const std::vector<std::uint8_t>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A CDF argument: rows along all axes but the last, which holds V + 1 integers side by side. From row to row any
/// stride will do, if it is the same one.
class CdfArgument {
 public:
  CdfArgument(const py::handle& object, py::ssize_t dimensions)
      : array_(as_strided_array(object, "cdf", dimensions)),
        rows_(1),
        row_size_(static_cast<std::size_t>(array_.shape(dimensions - 1))) {
    if (row_size_ < 2) {
      throw py::value_error("cdf: a row holds one integer more than there are symbols, so at least 2, got " +
                            std::to_string(row_size_));
    }
    const py::ssize_t item = array_.itemsize();
    bool regular = array_.strides(dimensions - 1) == item;
    stride_ = array_.strides(dimensions - 1) * array_.shape(dimensions - 1);
    bool known = false;  // an axis of length 1 says nothing of the stride
    for (py::ssize_t axis = dimensions - 2; axis >= 0; --axis) {
      if (array_.shape(axis) > 1) {
        regular = regular && array_.strides(axis) % item == 0;
        if (!known) {
          stride_ = array_.strides(axis);
          known = true;
        } else {
          regular = regular && array_.strides(axis) == stride_ * static_cast<py::ssize_t>(rows_);
        }
      }
      rows_ *= static_cast<std::size_t>(array_.shape(axis));
    }
    if (!regular && rows_ != 0) {
      throw py::value_error(
          "cdf: expected rows that are equally far apart, of integers side by side; use numpy.ascontiguousarray");
    }
    stride_ /= item;
  }

  [[nodiscard]] const py::array& array() const noexcept { return array_; }
  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t vocabulary() const noexcept { return row_size_ - 1; }

  /// Calls function(CdfRows).
  template <typename Function>
  auto visit(Function&& function) const {
    return visit_type<std::uint16_t, std::uint32_t, std::uint64_t>(
        array_, "cdf", "uint16, uint32 or uint64", [&]<typename T>(Type<T>) {
          return function(CdfRows<T>(static_cast<const T*>(array_.data()), rows_, row_size_, stride_));
        });
  }

 private:
  py::array array_;
  std::size_t rows_;
  std::size_t row_size_;
  py::ssize_t stride_;
};

/// Calls encode(start, freq), both spans of the one dtype that the two arrays must share.
template <typename Encode>
void visit_intervals(const py::array& start, const py::array& freq, Encode&& encode) {
  visit_unsigned(start, "start", [&](auto first) {
    using Integer = std::remove_const_t<typename decltype(first)::element_type>;
    if (!holds<Integer>(freq)) {
      throw_dtype(freq, "freq", py::str(start.dtype()).template cast<std::string>() + " like start");
    }
    encode(first, view<Integer>(freq));
  });
}

}  // namespace foretell::bindings
