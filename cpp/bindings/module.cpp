// foretell._core: the C++ library for Python. Documented in _core.pyi and in the Python modules that re-export it.
#include "foretell/isa.hpp"
#include "register.hpp"

PYBIND11_MODULE(_core, module) {
  module.doc() = "C++ core of foretell; use foretell.coders and foretell.cdf.";
  module.def("isa", [] { return foretell::name(foretell::isa()); });
  foretell::bindings::register_errors(module);
  foretell::bindings::register_table(module);  // before the coders, whose signatures name it
  foretell::bindings::register_range(module);
  foretell::bindings::register_lanes(module);
  foretell::bindings::register_binary(module);
  foretell::bindings::register_cdf(module);
  foretell::bindings::register_contexts(module);
  foretell::bindings::register_mix(module);
  foretell::bindings::register_network(module);
  foretell::bindings::register_filters(module);
  foretell::bindings::register_rans(module);
  foretell::bindings::register_exact(module);
}
