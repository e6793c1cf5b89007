#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "foretell/static_table.hpp"
#include "register.hpp"
#include "table_arguments.hpp"

namespace foretell::bindings {
namespace {

/// Copies a CDF; 2^16, stored as 0 in uint16, becomes itself.
template <typename Integer>
std::vector<std::uint64_t> widened(std::span<const Integer> cdf, unsigned precision) {
  std::vector<std::uint64_t> wide(cdf.begin(), cdf.end());
  if (sizeof(Integer) == 2 && precision == 16 && !wide.empty() && wide.back() == 0) {
    wide.back() = std::uint64_t{1} << 16;
  }
  return wide;
}

StaticTable make_table(const py::object& cdf, unsigned precision) {
  if (!py::isinstance<py::list>(cdf) && !py::isinstance<py::tuple>(cdf)) {
    const bool is_set = py::hasattr(cdf, "ndim") && cdf.attr("ndim").cast<int>() == 2;
    const py::array array = as_array(cdf, "cdf", is_set ? 2 : 1);
    const auto row_size = static_cast<std::size_t>(array.shape(is_set ? 1 : 0));
    return visit_cdf(array, [&](auto values) { return StaticTable(values, row_size, precision); });
  }
  std::vector<std::vector<std::uint64_t>> rows;
  for (const py::handle row : cdf) {
    const std::string name = "cdf[" + std::to_string(rows.size()) + "]";
    const py::array array = as_array(row, name.c_str(), 1);
    rows.push_back(visit_dtype<std::uint16_t, std::uint32_t, std::uint64_t>(
        array, name.c_str(), "uint16, uint32 or uint64", [&](auto values) { return widened(values, precision); }));
  }
  return StaticTable(rows, precision);
}

constexpr const char* kTableDoc =
    R"(A CDF for many symbols, or a set of CDFs of which each symbol names one by an index. Immutable.

All look-ups are made once, here. A set takes 18 bytes for each of its symbols and at most 768 KiB (or 160 bytes a row,
with thousands of them); one CDF takes at most 528 KiB beside its symbols.

Parameters
----------
cdf : uint16, uint32 or uint64 [V + 1] or [R, V + 1], or a list of R such arrays [V + 1], of any V
    Each rises strictly from 0 to 2**precision.
precision : int
    1..16.

Raises
------
ValueError
    A CDF breaks its rules; the message names the row.

Examples
--------
>>> import numpy as np
>>> table = StaticTable(np.array([0, 30000, 60000, 65536], dtype=np.uint32), precision=16)
>>> coder = RansCoder(precision=16, interleave=2)
>>> coder.encode_table_reverse(np.array([0, 1, 1, 0, 2, 0], dtype=np.uint8), table)
>>> stream = coder.to_bytes()
>>> coder = RansCoder.from_bytes(stream, precision=16, interleave=2)
>>> coder.decode_table(6, table)
array([0, 1, 1, 0, 2, 0], dtype=uint8)
>>> coder.finish()

A set, its tables chosen by index:

>>> table = StaticTable([np.array([0, 1, 4], dtype=np.uint32), np.array([0, 1, 2, 3, 4], dtype=np.uint32)], precision=2)
>>> table.rows, table.vocabulary
(2, 4)
>>> index = np.array([0, 1, 1, 0])
>>> encoder = RangeEncoder(precision=2)
>>> encoder.encode_table(np.array([1, 3, 0, 0]), table, index)
>>> stream = encoder.finish()
>>> RangeDecoder(stream, precision=2).decode_table(4, table, index)
array([1, 3, 0, 0], dtype=uint8))";

}  // namespace

void register_table(py::module_& module) {
  py::class_<StaticTable>(module, "StaticTable", kTableDoc)
      .def(py::init(&make_table), py::arg("cdf"), py::arg("precision"))
      .def_property_readonly("precision", &StaticTable::precision, "Bits of the CDFs.")
      .def_property_readonly("rows", &StaticTable::rows, "R, 1 for one CDF.")
      .def_property_readonly(
          "vocabulary", [](const StaticTable& table) { return table.vocabulary(); }, "The largest V.")
      .def_property_readonly("dtype", &table_dtype, "Of decoded symbols: uint8 if V <= 256, else uint16.");
}

}  // namespace foretell::bindings
