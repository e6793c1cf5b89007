// One function for each family of bindings; module.cpp calls them all.
#pragma once

#include <pybind11/pybind11.h>

namespace foretell::bindings {

void register_errors(pybind11::module_& module);
void register_range(pybind11::module_& module);
void register_lanes(pybind11::module_& module);
void register_table(pybind11::module_& module);
void register_binary(pybind11::module_& module);
void register_cdf(pybind11::module_& module);
void register_contexts(pybind11::module_& module);
void register_mix(pybind11::module_& module);
void register_network(pybind11::module_& module);
void register_filters(pybind11::module_& module);
void register_rans(pybind11::module_& module);
void register_exact(pybind11::module_& module);

}  // namespace foretell::bindings
