// Methods that are called once a symbol: bound without pybind11's dispatcher, which takes as long as coding ten
// symbols.
//
// A method takes up to N arguments, by position or name, as borrowed objects; those left out are None. It is called
// through CPython's vectorcall protocol, which builds neither a tuple nor a dictionary. Everything else (the class, its
// constructor, its properties, translation of exceptions) stays pybind11's.
#pragma once

#include <pybind11/pybind11.h>

#include <array>
#include <cstddef>
#include <string>
#include <utility>

namespace foretell::bindings {

namespace py = pybind11;

namespace detail {

[[noreturn]] inline void throw_arguments(const char* method, const std::string& what) {
  throw py::type_error(std::string(method) + "(): " + what);
}

/// Brings the arguments of a vectorcall into the order of `names`; borrowed, Py_None for those left out.
template <std::size_t N>
std::array<PyObject*, N> arrange(const char* method, const std::array<const char*, N>& names, std::size_t required,
                                 PyObject* const* given, std::size_t positional, PyObject* keywords) {
  std::array<PyObject*, N> values{};
  if (positional > N) [[unlikely]] {
    throw_arguments(method, "takes at most " + std::to_string(N) + " arguments, got " + std::to_string(positional) +
                                " by position");
  }
  for (std::size_t i = 0; i < positional; ++i) {
    values[i] = given[i];
  }
  const py::ssize_t named = keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords);
  for (py::ssize_t k = 0; k < named; ++k) {
    PyObject* const name = PyTuple_GET_ITEM(keywords, k);
    std::size_t i = 0;
    while (i < N && PyUnicode_CompareWithASCIIString(name, names[i]) != 0) {
      ++i;
    }
    if (i == N || values[i] != nullptr) [[unlikely]] {
      throw_arguments(method, (i == N ? "has no argument " : "got twice the argument ") +
                                  py::reinterpret_borrow<py::str>(name).cast<std::string>());
    }
    values[i] = given[positional + static_cast<std::size_t>(k)];
  }
  for (std::size_t i = 0; i < N; ++i) {
    if (values[i] == nullptr) {
      if (i < required) [[unlikely]] {
        throw_arguments(method, std::string("needs the argument ") + names[i]);
      }
      values[i] = Py_None;
    }
  }
  return values;
}

template <auto kFunction, typename Class, std::size_t N>
struct FastMethod {
  inline static const char* name;
  inline static std::array<const char*, N> names;
  inline static std::size_t required;
  inline static std::string doc;
  inline static PyMethodDef definition;

  static PyObject* call(PyObject* self, PyObject* const* given, Py_ssize_t positional, PyObject* keywords) noexcept {
    try {
      const auto values = arrange<N>(name, names, required, given, static_cast<std::size_t>(positional), keywords);
      // CPython has checked that self is of the class; its object is missing if a subclass did not call __init__.
      auto* const object =
          static_cast<Class*>(reinterpret_cast<py::detail::instance*>(self)->get_value_and_holder().value_ptr());
      if (object == nullptr) [[unlikely]] {
        throw_arguments(name, "__init__() of the object was not called");
      }
      return invoke(*object, values, std::make_index_sequence<N>()).release().ptr();
    } catch (py::error_already_set& error) {
      error.restore();
    } catch (...) {
      py::detail::try_translate_exceptions();
    }
    return nullptr;
  }

  template <std::size_t... kIndex>
  static py::object invoke(Class& object, const std::array<PyObject*, N>& values, std::index_sequence<kIndex...>) {
    if constexpr (std::is_void_v<decltype(kFunction(object, py::handle(values[kIndex])...))>) {
      kFunction(object, py::handle(values[kIndex])...);
      return py::none();
    } else {
      return kFunction(object, py::handle(values[kIndex])...);
    }
  }
};

}  // namespace detail

/// Adds kFunction(Class&, N handles), which returns py::object or nothing, to the Python class as `name`; the first
/// `required` arguments may not be left out. Call it once for each function and class.
template <auto kFunction, typename Class, std::size_t N>
void add_fast_method(py::class_<Class>& python_class, const char* name, const std::array<const char*, N>& names,
                     std::size_t required, const char* doc) {
  using Method = detail::FastMethod<kFunction, Class, N>;
  Method::name = name;
  Method::names = names;
  Method::required = required;
  Method::doc = std::string(name) + "($self, /";  // the form that inspect.signature reads
  for (std::size_t i = 0; i < N; ++i) {
    Method::doc += std::string(", ") + names[i] + (i < required ? "" : "=None");
  }
  Method::doc += std::string(")\n--\n\n") + doc;
  Method::definition = {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&Method::call)),
                        METH_FASTCALL | METH_KEYWORDS, Method::doc.c_str()};
  python_class.attr(name) = py::reinterpret_steal<py::object>(
      PyDescr_NewMethod(reinterpret_cast<PyTypeObject*>(python_class.ptr()), &Method::definition));
}

}  // namespace foretell::bindings
