#include "arrays.hpp"

#include <utility>

namespace foretell::bindings {
namespace {

template <typename T>
std::vector<std::uint32_t> copy_symbols(std::span<const T> symbols, std::size_t vocabulary) {
  std::vector<std::uint32_t> copy(symbols.size());
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    const T symbol = symbols[i];
    if (std::cmp_less(symbol, 0) || std::cmp_greater_equal(symbol, vocabulary)) {
      throw py::value_error("symbols[" + std::to_string(i) + "]: " + std::to_string(symbol) + " is outside the " +
                            std::to_string(vocabulary) + " symbols of the cdf");
    }
    copy[i] = static_cast<std::uint32_t>(symbol);
  }
  return copy;
}

}  // namespace

py::array as_array(const py::handle& object, const char* argument, py::ssize_t dimensions) {
  py::array array;
  if (py::isinstance<py::array>(object)) {
    array = py::reinterpret_borrow<py::array>(object);
  } else if (PyObject_CheckBuffer(object.ptr()) != 0) {
    array = py::module_::import("numpy").attr("asarray")(py::memoryview(py::reinterpret_borrow<py::buffer>(object)));
  } else {
    throw py::type_error(std::string(argument) + ": expected an array or another buffer, got " +
                         py::str(py::type::handle_of(object).attr("__name__")).cast<std::string>());
  }
  if (array.ndim() != dimensions) {
    throw py::value_error(std::string(argument) + ": expected " + std::to_string(dimensions) + " dimension" +
                          (dimensions == 1 ? "" : "s") + ", got " + std::to_string(array.ndim()));
  }
  if ((array.flags() & py::array::c_style) == 0) {
    throw py::value_error(std::string(argument) + ": expected a C-contiguous array; use numpy.ascontiguousarray");
  }
  if ((array.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_) == 0) {
    throw py::value_error(std::string(argument) + ": expected an aligned array; use a copy of it");
  }
  return array;
}

void throw_dtype(const py::array& array, const char* argument, const std::string& expected) {
  throw py::type_error(std::string(argument) + ": expected dtype " + expected + ", got " +
                       py::str(array.dtype()).cast<std::string>());
}

void check_length(const py::array& array, const char* argument, py::ssize_t axis, std::size_t expected) {
  if (static_cast<std::size_t>(array.shape(axis)) != expected) {
    throw py::value_error(std::string(argument) + ": expected length " + std::to_string(expected) + " along axis " +
                          std::to_string(axis) + ", got " + std::to_string(array.shape(axis)));
  }
}

std::vector<std::uint32_t> as_symbols(const py::handle& object, std::size_t vocabulary) {
  const py::array array = as_array(object, "symbols", 1);
  return visit_dtype<std::uint8_t, std::uint16_t, std::uint32_t, std::int32_t, std::int64_t, std::uint64_t,
                     std::int16_t, std::int8_t>(array, "symbols", "uint8, uint16, uint32, uint64 or the signed ones",
                                                [&](auto symbols) { return copy_symbols(symbols, vocabulary); });
}

}  // namespace foretell::bindings
