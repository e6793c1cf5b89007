// Arrays at the border: NumPy arrays, or anything else with the buffer protocol, checked and never converted or copied.
//
// A list would be converted item by item, a wrong dtype or stride silently copied: both cost far more than the work
// done here, so they are TypeErrors that name the argument.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace foretell::bindings {

namespace py = pybind11;

/// Returns `object` as a C-contiguous array. Throws TypeError naming `argument` for anything that is no buffer, and
/// ValueError for another number of dimensions or another memory order.
[[nodiscard]] py::array as_array(const py::handle& object, const char* argument, py::ssize_t dimensions);

/// Throws TypeError: `argument` should have been of dtype `expected`.
[[noreturn]] void throw_dtype(const py::array& array, const char* argument, const std::string& expected);

/// Throws ValueError unless array.shape(axis) == expected.
void check_length(const py::array& array, const char* argument, py::ssize_t axis, std::size_t expected);

template <typename T>
[[nodiscard]] bool holds(const py::array& array) {
  return py::isinstance<py::array_t<T>>(array);
}

/// As as_array, and throws TypeError unless the items are of type T in native byte order.
template <typename T>
[[nodiscard]] py::array as_array_of(const py::handle& object, const char* argument, py::ssize_t dimensions) {
  py::array array = as_array(object, argument, dimensions);
  if (!holds<T>(array)) {
    throw_dtype(array, argument, py::str(py::dtype::of<T>()).template cast<std::string>());
  }
  return array;
}

template <typename T>
[[nodiscard]] std::span<const T> view(const py::array& array) {
  return {static_cast<const T*>(array.data()), static_cast<std::size_t>(array.size())};
}

/// Calls function(span<const T>) with the first of the types that the array holds; TypeError, saying `expected`, if it
/// holds none of them.
template <typename T, typename... Others, typename Function>
auto visit_dtype(const py::array& array, const char* argument, const char* expected, Function&& function) {
  if (holds<T>(array)) {
    return function(view<T>(array));
  }
  if constexpr (sizeof...(Others) != 0) {
    return visit_dtype<Others...>(array, argument, expected, function);
  } else {
    throw_dtype(array, argument, expected);
  }
}

/// For starts and frequencies.
template <typename Function>
auto visit_unsigned(const py::array& array, const char* argument, Function&& function) {
  return visit_dtype<std::uint32_t, std::uint64_t>(array, argument, "uint32 or uint64", function);
}

/// For CDFs.
template <typename Function>
auto visit_cdf(const py::array& array, Function&& function) {
  return visit_dtype<std::uint16_t, std::uint32_t, std::uint64_t>(array, "cdf", "uint16, uint32 or uint64", function);
}

/// Copies symbols of any integer dtype, 8 to 64 bits. Throws ValueError naming the first that is not in
/// 0..vocabulary - 1.
[[nodiscard]] std::vector<std::uint32_t> as_symbols(const py::handle& object, std::size_t vocabulary);

}  // namespace foretell::bindings
