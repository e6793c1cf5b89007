#include "arrays.hpp"

namespace foretell::bindings {
namespace {

std::string type_name(const py::handle& object) {
  return py::str(py::type::handle_of(object).attr("__name__")).cast<std::string>();
}

/// By DLPack, which torch, JAX and CuPy share with NumPy: no copy, and no import of any of them.
py::array from_dlpack(const py::handle& object, const char* argument) {
  constexpr int kCpu = 1;  // DLPack's kDLCPU
  try {
    if (object.attr("__dlpack_device__")().cast<py::tuple>()[0].cast<int>() == kCpu) {
      return py::module_::import("numpy").attr("from_dlpack")(object);
    }
  } catch (py::error_already_set& error) {
    throw py::type_error(std::string(argument) + ": the " + type_name(object) +
                         " cannot be read as an array: " + py::str(error.value()).cast<std::string>());
  }
  throw py::type_error(std::string(argument) + ": the " + type_name(object) +
                       " is on another device; bring it to the CPU (of CDFs on a GPU it is enough to gather each "
                       "symbol's start and freq there, and bring those)");
}

py::array to_numpy(const py::handle& object, const char* argument) {
  if (py::isinstance<py::array>(object)) {
    return py::reinterpret_borrow<py::array>(object);
  }
  if (PyObject_CheckBuffer(object.ptr()) != 0) {
    return py::module_::import("numpy").attr("asarray")(py::memoryview(py::reinterpret_borrow<py::buffer>(object)));
  }
  if (py::hasattr(object, "__dlpack__")) {
    return from_dlpack(object, argument);
  }
  throw py::type_error(std::string(argument) + ": expected an array, a tensor or another buffer, got " +
                       type_name(object));
}

}  // namespace

py::array as_strided_array(const py::handle& object, const char* argument, py::ssize_t dimensions) {
  py::array array = to_numpy(object, argument);
  if (array.ndim() != dimensions) {
    throw py::value_error(std::string(argument) + ": expected " + std::to_string(dimensions) + " dimension" +
                          (dimensions == 1 ? "" : "s") + ", got " + std::to_string(array.ndim()));
  }
  if ((array.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_) == 0) {
    throw py::value_error(std::string(argument) + ": expected an aligned array; use a copy of it");
  }
  return array;
}

py::array as_array(const py::handle& object, const char* argument, py::ssize_t dimensions) {
  py::array array = as_strided_array(object, argument, dimensions);
  if ((array.flags() & py::array::c_style) == 0) {
    throw py::value_error(std::string(argument) + ": expected a C-contiguous array; use numpy.ascontiguousarray");
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

void check_writeable(const py::array& array, const char* argument) {
  if (!array.writeable()) {
    throw py::value_error(std::string(argument) + ": the array is read-only");
  }
}

}  // namespace foretell::bindings
