// foretell::Error becomes the Python class of its code; the caller's mistakes become ValueError.
#include <exception>

#include "foretell/errc.hpp"
#include "register.hpp"

namespace foretell::bindings {
namespace {

namespace py = pybind11;

const char* class_name(Errc code) {
  switch (code) {
    case Errc::kCorrupt:
      return "CorruptError";
    case Errc::kTruncated:
      return "TruncatedError";
    case Errc::kUnsupported:
      return "UnsupportedError";
    case Errc::kModelMismatch:
      return "ModelMismatchError";
    default:
      return nullptr;
  }
}

void translate(std::exception_ptr pointer) {
  try {
    if (pointer) {
      std::rethrow_exception(pointer);
    }
  } catch (const Error& error) {
    const char* const name = class_name(error.code());
    if (name == nullptr) {
      py::set_error(PyExc_ValueError, error.what());
    } else {
      // Imported when first needed: the extension module does not depend on the package being importable.
      py::set_error(py::module_::import("foretell.errors").attr(name), error.what());
    }
  }
}

}  // namespace

void register_errors(py::module_&) { py::register_local_exception_translator(translate); }

}  // namespace foretell::bindings
