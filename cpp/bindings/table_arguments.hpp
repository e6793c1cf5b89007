// What the bindings of both coders that take a StaticTable need.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>

#include "arrays.hpp"
#include "foretell/integers.hpp"
#include "foretell/static_table.hpp"

namespace foretell::bindings {

/// Symbols or rows that a call names: the array, kept alive (or a copy, if it is strided), and a look at it.
struct IntegersArgument {
  IntegersArgument(const py::object& object, const char* argument)
      : array(py::array::ensure(as_strided_array(object, argument, 1), py::array::c_style)),
        values(visit_integer(array, argument, [&]<typename T>(Type<T>) { return Integers(view<T>(array)); })) {}

  py::array array;
  Integers values;
};

/// The optional argument `index`: the row of each of `count` symbols, which a set of CDFs needs.
struct IndexArgument {
  IndexArgument(const py::object& object, const StaticTable& table, std::size_t count) {
    if (object.is_none()) {
      if (table.rows() != 1) {
        throw py::value_error("index: the table has " + std::to_string(table.rows()) +
                              " rows; expected the row of each symbol");
      }
      return;
    }
    const IntegersArgument given(object, "index");
    check_length(given.array, "index", 0, count);
    array = given.array;
    values = given.values;
  }

  py::array array;
  Integers values;
};

inline py::dtype table_dtype(const StaticTable& table) {
  return table.fits_byte() ? py::dtype::of<std::uint8_t>() : py::dtype::of<std::uint16_t>();
}

/// Calls decode(std::span<Symbol>, Integers index) with a new array of the table's dtype, or `out`, and returns it.
template <typename Decode>
py::object decode_symbols(py::ssize_t count, const StaticTable& table, const py::object& index, const py::object& out,
                          Decode&& decode) {
  if (count < 0) {
    throw py::value_error("count: expected at least 0, got " + std::to_string(count));
  }
  const IndexArgument rows(index, table, static_cast<std::size_t>(count));
  const auto into = [&]<typename Symbol>(std::type_identity<Symbol>) -> py::object {
    py::array symbols = out.is_none() ? new_array<Symbol>(std::array{count}) : as_array_of<Symbol>(out, "out", 1);
    check_length(symbols, "out", 0, static_cast<std::size_t>(count));
    check_writeable(symbols, "out");
    decode(std::span<Symbol>(static_cast<Symbol*>(symbols.mutable_data()), static_cast<std::size_t>(count)),
           rows.values);
    return out.is_none() ? py::object(symbols) : out;
  };
  return table.fits_byte() ? into(std::type_identity<std::uint8_t>{}) : into(std::type_identity<std::uint16_t>{});
}

}  // namespace foretell::bindings
