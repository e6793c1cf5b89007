#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "foretell/cdf.hpp"
#include "foretell/range_coder.hpp"
#include "recycled.hpp"
#include "register.hpp"
#include "symbols.hpp"

namespace foretell::bindings {
namespace {

enum class Kind { kProbabilities, kLogits, kCounts };

/// An array [..., V]: rows at one distance from each other, each contiguous.
struct RowsArgument {
  RowsArgument(const py::object& object, const char* argument) : name(argument) {
    if (!py::isinstance<py::array>(object)) {
      array = as_array(object, argument, 2);  // another buffer, or a message that it is none
    } else {
      array = py::reinterpret_borrow<py::array>(object);
    }
    const py::ssize_t axes = array.ndim();
    if (axes == 0) {
      throw py::value_error(std::string(argument) + ": expected an axis of symbols, got 0 dimensions");
    }
    vocabulary = array.shape(axes - 1);
    if (vocabulary == 0) {
      throw py::value_error(std::string(argument) + ": the vocabulary, its last axis, is empty");
    }
    const bool contiguous = vocabulary == 1 || array.strides(axes - 1) == array.itemsize();
    bool even = contiguous && (array.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_) != 0;
    for (py::ssize_t axis = axes - 2; axis >= 0; --axis) {
      if (array.shape(axis) != 1) {
        even = even && (rows == 1 || rows == 0 || array.strides(axis) == rows * stride);
        if (rows == 1) {
          stride = array.strides(axis);
        }
      }
      rows *= array.shape(axis);
    }
    if (rows != 0 && (!even || stride % array.itemsize() != 0)) {
      throw py::value_error(std::string(argument) +
                            ": expected a contiguous last axis, and rows at one distance from each other; use "
                            "numpy.ascontiguousarray");
    }
    stride /= array.itemsize();
  }

  template <typename T>
  [[nodiscard]] Rows<T> as() const {
    return {static_cast<const T*>(array.data()), static_cast<std::size_t>(rows), static_cast<std::size_t>(vocabulary),
            stride};
  }

  const char* name;
  py::array array;
  py::ssize_t vocabulary = 0;
  py::ssize_t rows = 1;
  py::ssize_t stride = 0;
};

bool is_float16(const py::array& array) {
  constexpr int kHalf = 23;  // NPY_HALF
  return array.dtype().num() == kHalf && array.dtype().byteorder() == '=';
}

/// Calls function(Rows<T>) with the type that the input holds. NumPy has no bfloat16: its bits come as uint16, and only
/// the argument says so.
template <Kind kind, typename Function>
auto visit_rows(const RowsArgument& input, bool is_bfloat16, Function&& function) {
  const py::array& array = input.array;
  if constexpr (kind == Kind::kCounts) {
    return visit_dtype<std::uint32_t, std::uint64_t, std::int64_t>(
        array, input.name, "uint32, uint64 or int64", [&](auto values) {
          return function(input.as<std::remove_const_t<typename decltype(values)::element_type>>());
        });
  } else {
    if (is_bfloat16 && holds<std::uint16_t>(array)) {
      return function(input.as<BFloat16>());
    }
    if (holds<float>(array)) {
      return function(input.as<float>());
    }
    if (holds<double>(array)) {
      return function(input.as<double>());
    }
    if (is_float16(array)) {
      return function(input.as<Float16>());
    }
    if constexpr (kind == Kind::kLogits) {
      if (holds<std::int32_t>(array)) {
        return function(input.as<std::int32_t>());
      }
      throw_dtype(array, input.name, "float16, float32, float64, or int32 in fixed point");
    } else {
      throw_dtype(array, input.name, "float16, float32 or float64");
    }
  }
}

std::vector<py::ssize_t> shape_of(const py::array& input, py::ssize_t last) {
  std::vector<py::ssize_t> shape(input.shape(), input.shape() + input.ndim());
  shape.back() = last;
  return shape;
}

/// Runs quantise(cdf), without the GIL, on `out` or a new array.
template <typename Integer, typename Quantise>
py::array quantise_into(const RowsArgument& input, const py::object& out, Quantise& quantise) {
  const std::vector<py::ssize_t> shape = shape_of(input.array, input.vocabulary + 1);
  py::array cdf;
  if (out.is_none()) {
    cdf = recycled_array<Integer>(shape);
  } else {
    cdf = as_array_of<Integer>(out, "out", input.array.ndim());
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      check_length(cdf, "out", static_cast<py::ssize_t>(axis), static_cast<std::size_t>(shape[axis]));
    }
  }
  const std::span<Integer> target{static_cast<Integer*>(cdf.mutable_data()), static_cast<std::size_t>(cdf.size())};
  const py::gil_scoped_release unlocked;
  quantise(target);
  return cdf;
}

template <typename Quantise>
py::array quantise_rows(const RowsArgument& input, unsigned precision, const py::object& out, Quantise quantise) {
  check_precision(precision);
  if (py::isinstance<py::array_t<std::uint16_t>>(out)) {
    return quantise_into<std::uint16_t>(input, out, quantise);
  }
  if (precision == kMaxPrecision || py::isinstance<py::array_t<std::uint64_t>>(out)) {
    return quantise_into<std::uint64_t>(input, out, quantise);
  }
  return quantise_into<std::uint32_t>(input, out, quantise);
}

/// Runs find(symbols, start, freq), without the GIL, on new arrays of the shape of `symbols`.
template <typename Integer, typename Find>
py::tuple intervals_into(const py::array& symbols, const std::vector<std::uint32_t>& flat, Find& find) {
  const std::vector<py::ssize_t> shape(symbols.shape(), symbols.shape() + symbols.ndim());
  py::array_t<Integer> start(shape);
  py::array_t<Integer> freq(shape);
  const std::span<Integer> starts{start.mutable_data(), flat.size()};
  const std::span<Integer> freqs{freq.mutable_data(), flat.size()};
  {
    const py::gil_scoped_release unlocked;
    find(std::span<const std::uint32_t>(flat), starts, freqs);
  }
  return py::make_tuple(std::move(start), std::move(freq));
}

template <typename Find>
py::tuple intervals_of_rows(const RowsArgument& input, const py::object& symbols, unsigned precision, Find find) {
  check_precision(precision);
  const py::array given = as_strided_array(symbols, "symbols", input.array.ndim() - 1);
  for (py::ssize_t axis = 0; axis < given.ndim(); ++axis) {
    check_length(given, "symbols", axis, static_cast<std::size_t>(input.array.shape(axis)));
  }
  const std::vector<std::uint32_t> flat =
      SymbolsArgument(given.attr("reshape")(-1), "symbols", 1, static_cast<std::size_t>(input.vocabulary), "symbols")
          .copy();
  return precision == kMaxPrecision ? intervals_into<std::uint64_t>(given, flat, find)
                                    : intervals_into<std::uint32_t>(given, flat, find);
}

LogBase to_base(unsigned base) { return base == 2 ? LogBase::kTwo : LogBase::kE; }

py::array from_logits(const py::object& logits, unsigned precision, const py::object& out, unsigned base,
                      bool is_bfloat16) {
  const RowsArgument input(logits, "logits");
  return visit_rows<Kind::kLogits>(input, is_bfloat16, [&](auto rows) {
    return quantise_rows(input, precision, out,
                         [&](auto cdf) { cdf_from_logits(rows, to_base(base), precision, cdf); });
  });
}

py::array from_probabilities(const py::object& probabilities, unsigned precision, const py::object& out,
                             bool is_bfloat16) {
  const RowsArgument input(probabilities, "p");
  return visit_rows<Kind::kProbabilities>(input, is_bfloat16, [&](auto rows) {
    return quantise_rows(input, precision, out, [&](auto cdf) { cdf_from_probabilities(rows, precision, cdf); });
  });
}

py::array from_counts(const py::object& counts, unsigned precision, const py::object& out) {
  const RowsArgument input(counts, "counts");
  return visit_rows<Kind::kCounts>(input, false, [&](auto rows) {
    return quantise_rows(input, precision, out, [&](auto cdf) { cdf_from_counts(rows, precision, cdf); });
  });
}

py::tuple logit_intervals(const py::object& logits, const py::object& symbols, unsigned precision, unsigned base,
                          bool is_bfloat16) {
  const RowsArgument input(logits, "logits");
  return visit_rows<Kind::kLogits>(input, is_bfloat16, [&](auto rows) {
    return intervals_of_rows(input, symbols, precision, [&](auto flat, auto start, auto freq) {
      intervals_from_logits(rows, to_base(base), flat, precision, start, freq);
    });
  });
}

py::tuple probability_intervals(const py::object& probabilities, const py::object& symbols, unsigned precision,
                                bool is_bfloat16) {
  const RowsArgument input(probabilities, "p");
  return visit_rows<Kind::kProbabilities>(input, is_bfloat16, [&](auto rows) {
    return intervals_of_rows(input, symbols, precision, [&](auto flat, auto start, auto freq) {
      intervals_from_probabilities(rows, flat, precision, start, freq);
    });
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
  module.def("cdf_from_logits", &from_logits, py::arg("logits"), py::arg("precision"), py::arg("out") = py::none(),
             py::arg("base") = 0, py::arg("bfloat16") = false);
  module.def("cdf_from_probabilities", &from_probabilities, py::arg("p"), py::arg("precision"),
             py::arg("out") = py::none(), py::arg("bfloat16") = false);
  module.def("cdf_from_counts", &from_counts, py::arg("counts"), py::arg("precision"), py::arg("out") = py::none());
  module.def("intervals_from_logits", &logit_intervals, py::arg("logits"), py::arg("symbols"), py::arg("precision"),
             py::arg("base") = 0, py::arg("bfloat16") = false);
  module.def("intervals_from_probabilities", &probability_intervals, py::arg("p"), py::arg("symbols"),
             py::arg("precision"), py::arg("bfloat16") = false);
  module.def("check_cdf", &check, py::arg("cdf"), py::arg("precision"));
  module.attr("FRACTION_BITS") = kFractionBits;
  module.attr("UNIT_OF_NATS") = kUnitOfNats;
  module.attr("EXP2_TABLE") = exp2_table_array();
}

}  // namespace foretell::bindings
