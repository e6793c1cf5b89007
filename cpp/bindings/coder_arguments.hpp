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

namespace foretell::bindings {

/// A coder with the lock that makes it safe to share between threads. The lock is taken only without the GIL: a thread
/// that waits for it with the GIL would keep its holder from returning to Python.
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

/// A two-dimensional CDF argument: rows x (vocabulary + 1).
struct CdfArgument {
  explicit CdfArgument(const py::object& object)
      : array(as_array(object, "cdf", 2)),
        rows(static_cast<std::size_t>(array.shape(0))),
        row_size(static_cast<std::size_t>(array.shape(1))) {
    if (row_size < 2) {
      throw py::value_error("cdf: a row holds one integer more than there are symbols, so at least 2, got " +
                            std::to_string(row_size));
    }
  }

  [[nodiscard]] std::size_t vocabulary() const noexcept { return row_size - 1; }

  py::array array;
  std::size_t rows;
  std::size_t row_size;
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
