// Memory for large results, used again.
//
// A fresh array of many megabytes costs nearly as much as filling it with CDFs: the system maps its pages one by one
// and clears them. A loop that makes such a result each time round gets the memory of the one it dropped: one block, of
// at most kMostKept bytes, waits for the next call that it fits.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace foretell::bindings {

namespace py = pybind11;

inline constexpr py::ssize_t kLeastRecycled = py::ssize_t{1} << 20;
inline constexpr py::ssize_t kMostKept = py::ssize_t{64} << 20;

/// The block that waits: a NumPy array of bytes, or null. The GIL guards it.
inline PyObject*& waiting_block() noexcept {
  static PyObject* block = nullptr;
  return block;
}

/// Ends the life of an array: its memory waits in place of what waited before.
inline void keep_block(void* block) noexcept {
  Py_XDECREF(std::exchange(waiting_block(), static_cast<PyObject*>(block)));
}

inline py::array take_block(py::ssize_t bytes) {
  if (PyObject* const block = waiting_block()) {
    const py::ssize_t size = py::reinterpret_borrow<py::array>(block).nbytes();
    if (bytes <= size && size <= 2 * bytes) {
      return py::reinterpret_steal<py::array>(std::exchange(waiting_block(), nullptr));
    }
  }
  return py::array_t<std::uint8_t>(bytes);
}

/// A new array, of undefined contents.
template <typename T>
[[nodiscard]] py::array recycled_array(const std::vector<py::ssize_t>& shape) {
  py::ssize_t bytes = sizeof(T);
  for (const py::ssize_t length : shape) {
    if (length != 0 && bytes > kMostKept / length) {
      return py::array_t<T>(shape);
    }
    bytes *= length;
  }
  if (bytes < kLeastRecycled) {
    return py::array_t<T>(shape);
  }
  py::array block = take_block(bytes);
  void* const data = block.mutable_data();
  const py::capsule owner(static_cast<const void*>(block.ptr()), &keep_block);
  block.release();  // to the capsule
  return py::array(py::dtype::of<T>(), shape, data, owner);
}

}  // namespace foretell::bindings
