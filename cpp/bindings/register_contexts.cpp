#include <algorithm>
#include <mutex>

#include "arrays.hpp"
#include "foretell/contexts.hpp"
#include "register.hpp"

namespace foretell::bindings {
namespace {

using Int64Array = py::array_t<std::int64_t, py::array::c_style>;

std::span<std::int64_t> writable(Int64Array& array) {
  if ((array.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_) == 0) {
    throw py::value_error("rows, candidates and buckets must be aligned arrays");
  }
  return {array.mutable_data(), static_cast<std::size_t>(array.size())};
}

/// ByteContexts with a lock of its own, because the GIL is released while it works.
class LockedContexts {
 public:
  LockedContexts(unsigned row_bits, unsigned run_bits) : contexts_(row_bits, run_bits) {}

  std::size_t table_rows() const { return contexts_.table_rows(); }

  void begin(std::size_t lanes) {
    const py::gil_scoped_release unlocked;
    const std::scoped_lock lock(mutex_);
    contexts_.begin(lanes);
  }

  void features(Int64Array rows, Int64Array candidates, Int64Array buckets) {
    const auto r = writable(rows);
    const auto c = writable(candidates);
    const auto b = writable(buckets);
    const py::gil_scoped_release unlocked;
    const std::scoped_lock lock(mutex_);
    contexts_.features(r, c, b);
  }

  void observe(const py::object& symbols) {
    const py::array array = as_array_of<std::uint8_t>(symbols, "symbols", 1);
    const auto values = view<std::uint8_t>(array);
    const py::gil_scoped_release unlocked;
    const std::scoped_lock lock(mutex_);
    contexts_.observe(values);
  }

  void scan(const py::object& symbols, Int64Array rows, Int64Array candidates, Int64Array buckets) {
    const py::array array = as_array_of<std::uint8_t>(symbols, "symbols", 2);
    const auto values = view<std::uint8_t>(array);
    const auto steps = static_cast<std::size_t>(array.shape(0));
    const auto lanes = static_cast<std::size_t>(array.shape(1));
    const std::size_t slots = lanes * ByteContexts::kSlots;
    const std::size_t cells = lanes * ByteContexts::kCandidates;
    const auto r = writable(rows);
    const auto c = writable(candidates);
    const auto b = writable(buckets);
    if (r.size() != steps * slots || c.size() != steps * cells || b.size() != steps * cells) {
      throw py::value_error("rows, candidates and buckets must be [steps, lanes, features] for symbols [steps, lanes]");
    }
    const py::gil_scoped_release unlocked;
    const std::scoped_lock lock(mutex_);
    for (std::size_t t = 0; t < steps; ++t) {
      contexts_.features(r.subspan(t * slots, slots), c.subspan(t * cells, cells), b.subspan(t * cells, cells));
      contexts_.observe(values.subspan(t * lanes, lanes));
    }
  }

 private:
  std::mutex mutex_;
  ByteContexts contexts_;
};

py::tuple distinct_arrays(const py::object& values) {
  const py::array array = as_array_of<std::int64_t>(values, "values", 1);
  Int64Array inverse(array.size());
  const auto target = writable(inverse);
  const auto source = view<std::int64_t>(array);
  std::vector<std::int64_t> found;
  {
    const py::gil_scoped_release unlocked;
    found = distinct(source, target);
  }
  return py::make_tuple(Int64Array(static_cast<py::ssize_t>(found.size()), found.data()), inverse);
}

}  // namespace

void register_contexts(py::module_& module) {
  const auto rows = py::arg("rows").noconvert();
  const auto candidates = py::arg("candidates").noconvert();
  const auto buckets = py::arg("buckets").noconvert();
  py::class_<LockedContexts>(module, "ByteContexts")
      .def(py::init<unsigned, unsigned>(), py::arg("row_bits"), py::arg("run_bits"))
      .def_property_readonly("table_rows", &LockedContexts::table_rows)
      .def("begin", &LockedContexts::begin, py::arg("lanes"))
      .def("features", &LockedContexts::features, rows, candidates, buckets)
      .def("observe", &LockedContexts::observe, py::arg("symbols"))
      .def("scan", &LockedContexts::scan, py::arg("symbols"), rows, candidates, buckets)
      .def_property_readonly_static("SLOTS", [](const py::object&) { return ByteContexts::kSlots; })
      .def_property_readonly_static("CANDIDATES", [](const py::object&) { return ByteContexts::kCandidates; })
      .def_property_readonly_static("CONFIDENCES", [](const py::object&) { return ByteContexts::kConfidences; });
  module.def("distinct", &distinct_arrays, py::arg("values"));
}

}  // namespace foretell::bindings
