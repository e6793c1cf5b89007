#include "arrays.hpp"
#include "foretell/filters.hpp"
#include "foretell/probe.hpp"
#include "register.hpp"

namespace foretell::bindings {
namespace {

const char* kind_name(BlockKind kind) {
  switch (kind) {
    case BlockKind::kText:
      return "text";
    case BlockKind::kColumns:
      return "columns";
    case BlockKind::kX86:
      return "x86";
    default:
      return "other";
  }
}

/// Calls function(filter, block) with the bytes of a writable array or buffer, without the GIL.
template <typename Function>
void in_place(Filter filter, const py::object& block, Function&& function) {
  py::array array = as_array_of<std::uint8_t>(block, "block", 1);
  check_writeable(array, "block");
  const std::span<std::uint8_t> bytes(static_cast<std::uint8_t*>(array.mutable_data()),
                                      static_cast<std::size_t>(array.size()));
  const py::gil_scoped_release unlocked;
  function(filter, bytes);
}

void apply(std::uint8_t kind, std::uint8_t parameter, const py::object& block) {
  in_place({static_cast<FilterKind>(kind), parameter}, block, apply_filter);
}

/// Any numbers: those that do not fit a byte are no filter's either.
void undo(std::uint64_t kind, std::uint64_t parameter, const py::object& block) {
  in_place(read_filter(kind, parameter), block, undo_filter);
}

Probe probe_array(const py::object& block) {
  const py::array array = as_array_of<std::uint8_t>(block, "block", 1);
  const auto bytes = view<std::uint8_t>(array);
  const py::gil_scoped_release unlocked;
  return probe(bytes);
}

}  // namespace

void register_filters(py::module_& module) {
  py::class_<Probe>(module, "Probe")
      .def_property_readonly("kind", [](const Probe& self) { return kind_name(self.kind); })
      .def_property_readonly("filter",
                             [](const Probe& self) {
                               return py::make_tuple(static_cast<unsigned>(self.filter.kind), self.filter.parameter);
                             })
      .def_readonly("unit", &Probe::unit)
      .def_readonly("row", &Probe::row)
      .def_readonly("unit_score", &Probe::unit_score)
      .def_readonly("row_score", &Probe::row_score)
      .def_readonly("text_score", &Probe::text_score)
      .def_readonly("x86_score", &Probe::x86_score);
  module.def("probe", &probe_array, py::arg("block"));
  module.def("apply_filter", &apply, py::arg("kind"), py::arg("parameter"), py::arg("block"));
  module.def("undo_filter", &undo, py::arg("kind"), py::arg("parameter"), py::arg("block"));
}

}  // namespace foretell::bindings
