#include <array>
#include <type_traits>

#include "arrays.hpp"
#include "foretell/cdf.hpp"
#include "foretell/range_coder.hpp"
#include "register.hpp"

namespace foretell::bindings {
namespace {

/// Runs quantise(rows, vocabulary, precision, cdf), without the GIL, on `out` or a new array of the precision's dtype.
template <typename Input, typename Integer, typename Quantise>
py::array quantise_into(const py::array& input, unsigned precision, const py::object& out, Quantise quantise) {
  const py::ssize_t rows = input.shape(0);
  const py::ssize_t vocabulary = input.shape(1);
  py::array cdf;
  if (out.is_none()) {
    cdf = py::array_t<Integer>({rows, vocabulary + 1});
  } else {
    cdf = as_array_of<Integer>(out, "out", 2);
    check_length(cdf, "out", 0, static_cast<std::size_t>(rows));
    check_length(cdf, "out", 1, static_cast<std::size_t>(vocabulary) + 1);
  }
  const std::span<Integer> target{static_cast<Integer*>(cdf.mutable_data()), static_cast<std::size_t>(cdf.size())};
  const std::span<const Input> source = view<Input>(input);
  const py::gil_scoped_release unlocked;
  quantise(source, static_cast<std::size_t>(vocabulary), precision, target);
  return cdf;
}

template <typename Input, typename Quantise>
py::array quantise_rows(const py::array& input, unsigned precision, const py::object& out, Quantise quantise) {
  check_precision(precision);
  if (!out.is_none() && py::isinstance<py::array_t<std::uint16_t>>(out)) {
    return quantise_into<Input, std::uint16_t>(input, precision, out, quantise);
  }
  if (precision == kMaxPrecision) {
    return quantise_into<Input, std::uint64_t>(input, precision, out, quantise);
  }
  return quantise_into<Input, std::uint32_t>(input, precision, out, quantise);
}

py::array from_logits(const py::object& logits, unsigned precision, const py::object& out) {
  return quantise_rows<std::int32_t>(as_array_of<std::int32_t>(logits, "logits", 2), precision, out,
                                     [](auto... arguments) { cdf_from_logits(arguments...); });
}

py::array from_probabilities(const py::object& probabilities, unsigned precision, const py::object& out) {
  return quantise_rows<float>(as_array_of<float>(probabilities, "p", 2), precision, out,
                              [](auto... arguments) { cdf_from_probabilities(arguments...); });
}

py::array from_counts(const py::object& counts, unsigned precision, const py::object& out) {
  const py::array array = as_array(counts, "counts", 2);
  return visit_dtype<std::uint32_t, std::uint64_t, std::int64_t>(
      array, "counts", "uint32, uint64 or int64", [&](auto values) {
        using Count = std::remove_const_t<typename decltype(values)::element_type>;
        return quantise_rows<Count>(array, precision, out, [](auto... arguments) { cdf_from_counts(arguments...); });
      });
}

void check(const py::object& cdf, unsigned precision) {
  const py::array array = as_array(cdf, "cdf", 2);
  const auto row_size = static_cast<std::size_t>(array.shape(1));
  visit_cdf(array, [&](auto values) {
    const py::gil_scoped_release unlocked;
    check_cdf(values, row_size, precision);
  });
}

py::array exp2_table_array() {
  const auto& table = exp2_table();
  py::array_t<std::uint32_t> array(static_cast<py::ssize_t>(table.size()), table.data());
  array.attr("flags").attr("writeable") = false;
  return std::move(array);
}

}  // namespace

void register_cdf(py::module_& module) {
  module.def("cdf_from_logits", &from_logits, py::arg("logits"), py::arg("precision"), py::arg("out") = py::none());
  module.def("cdf_from_probabilities", &from_probabilities, py::arg("p"), py::arg("precision"),
             py::arg("out") = py::none());
  module.def("cdf_from_counts", &from_counts, py::arg("counts"), py::arg("precision"), py::arg("out") = py::none());
  module.def("check_cdf", &check, py::arg("cdf"), py::arg("precision"));
  module.attr("FRACTION_BITS") = kFractionBits;
  module.attr("EXP2_TABLE") = exp2_table_array();
}

}  // namespace foretell::bindings
