// Arrays at the border: NumPy arrays, or anything else with the buffer protocol or DLPack (torch tensors on the CPU),
// checked and never copied.
//
// A list would be converted item by item, a wrong dtype or stride silently copied: both cost far more than the work
// done here, so they are errors that name the argument. Symbols alone may have any stride (symbols.hpp), and rows of
// CDFs any from one to the next (coder_arguments.hpp).
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>

namespace foretell::bindings {

namespace py = pybind11;

/// Returns `object` as an aligned array of any strides. Throws TypeError naming `argument` for anything that is no
/// array or buffer in this process's memory, and ValueError for another number of dimensions.
[[nodiscard]] py::array as_strided_array(const py::handle& object, const char* argument, py::ssize_t dimensions);

/// As as_strided_array, and throws ValueError unless the array is C-contiguous.
[[nodiscard]] py::array as_array(const py::handle& object, const char* argument, py::ssize_t dimensions);

/// Throws TypeError: `argument` should have been of dtype `expected`.
[[noreturn]] void throw_dtype(const py::array& array, const char* argument, const std::string& expected);

/// Throws ValueError unless array.shape(axis) == expected.
void check_length(const py::array& array, const char* argument, py::ssize_t axis, std::size_t expected);

/// Throws ValueError unless the array may be written to.
void check_writeable(const py::array& array, const char* argument);

/// True if the items are of type T in native byte order. Asks for kind and size: NumPy has several type numbers for one
/// integer type, and comparing dtypes takes as long as coding a symbol.
template <typename T>
[[nodiscard]] bool holds(const py::array& array) {
  constexpr char kKind = std::is_same_v<T, bool>       ? 'b'
                         : std::is_floating_point_v<T> ? 'f'
                         : std::is_signed_v<T>         ? 'i'
                                                       : 'u';
  const py::detail::PyArrayDescr_Proxy* descr =
      py::detail::array_descriptor_proxy(py::detail::array_proxy(array.ptr())->descr);
  return descr->kind == kKind && array.itemsize() == static_cast<py::ssize_t>(sizeof(T)) &&
         (descr->byteorder == '=' || descr->byteorder == '|');
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

/// A new C-contiguous array of one or two axes, its contents unspecified. As py::array_t, which takes several times as
/// long over shape and strides.
template <typename T>
[[nodiscard]] py::array new_array(std::span<const py::ssize_t> shape) {
  const auto& api = py::detail::npy_api::get();
  std::array<Py_intptr_t, 2> lengths{};
  std::copy(shape.begin(), shape.end(), lengths.begin());
  PyObject* const made =
      api.PyArray_NewFromDescr_(api.PyArray_Type_, py::dtype::of<T>().release().ptr(), static_cast<int>(shape.size()),
                                lengths.data(), nullptr, nullptr, 0, nullptr);
  if (made == nullptr) {
    throw py::error_already_set();
  }
  return py::reinterpret_steal<py::array>(made);
}

/// Names a type to a visitor.
template <typename T>
struct Type {
  using type = T;
};

/// Calls function(Type<T>) with the first of the types that the array holds; TypeError, saying `expected`, if it holds
/// none of them.
template <typename T, typename... Others, typename Function>
auto visit_type(const py::array& array, const char* argument, const char* expected, Function&& function) {
  if (holds<T>(array)) {
    return function(Type<T>{});
  }
  if constexpr (sizeof...(Others) != 0) {
    return visit_type<Others...>(array, argument, expected, function);
  } else {
    throw_dtype(array, argument, expected);
  }
}

/// Calls function(Type<T>) for the integer type of the array, of 8 to 64 bits.
template <typename Function>
auto visit_integer(const py::array& array, const char* argument, Function&& function) {
  return visit_type<std::uint8_t, std::uint16_t, std::uint32_t, std::int32_t, std::int64_t, std::uint64_t, std::int16_t,
                    std::int8_t>(array, argument, "uint8, uint16, uint32, uint64 or the signed ones", function);
}

/// Calls function(std::span<const T>) with the items of a C-contiguous array.
template <typename... Types, typename Function>
auto visit_dtype(const py::array& array, const char* argument, const char* expected, Function&& function) {
  return visit_type<Types...>(array, argument, expected, [&]<typename T>(Type<T>) { return function(view<T>(array)); });
}

/// For starts and frequencies.
template <typename Function>
auto visit_unsigned(const py::array& array, const char* argument, Function&& function) {
  return visit_dtype<std::uint32_t, std::uint64_t>(array, argument, "uint32 or uint64", function);
}

/// For C-contiguous CDFs.
template <typename Function>
auto visit_cdf(const py::array& array, Function&& function) {
  return visit_dtype<std::uint16_t, std::uint32_t, std::uint64_t>(array, "cdf", "uint16, uint32 or uint64", function);
}

}  // namespace foretell::bindings
