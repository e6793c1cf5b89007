#include <array>
#include <memory>
#include <utility>

#include "arrays.hpp"
#include "coder_arguments.hpp"
#include "foretell/rans.hpp"
#include "register.hpp"
#include "symbols.hpp"
#include "table_arguments.hpp"

namespace foretell::bindings {
namespace {

using PyRansCoder = Locked<RansCoder>;

std::unique_ptr<PyRansCoder> from_bytes(const py::object& data, unsigned precision, std::size_t interleave) {
  const py::array bytes = as_array_of<std::uint8_t>(data, "data", 1);
  return std::make_unique<PyRansCoder>(view<std::uint8_t>(bytes), precision, interleave);
}

void encode_reverse(PyRansCoder& self, const py::object& start, const py::object& freq) {
  const py::array first = as_array(start, "start", 1);
  const py::array width = as_array(freq, "freq", 1);
  check_length(width, "freq", 0, static_cast<std::size_t>(first.shape(0)));
  visit_intervals(first, width, [&](auto a, auto b) { self([&](RansCoder& coder) { coder.encode_reverse(a, b); }); });
}

void encode_symbols_reverse(PyRansCoder& self, const py::object& symbols, const py::object& cdf) {
  const CdfArgument rows(cdf, 2);
  const SymbolsArgument values(symbols, "symbols", 1, rows.vocabulary());
  check_length(rows.array(), "cdf", 0, values.size());
  rows.visit([&](auto table) {
    self.with_rows(rows.rows(), [&](RansCoder& coder) {
      values.in_pieces_reverse([&](std::size_t begin, auto piece) {
        coder.encode_symbols_reverse(piece, table.slice(begin, piece.size()));
      });
    });
  });
}

py::object decode(PyRansCoder& self, const py::object& cdf, const py::object& out) {
  const CdfArgument rows(cdf, 2);
  SymbolsResult symbols(out, std::array{rows.array().shape(0)}, rows.vocabulary());
  rows.visit([&](auto table) {
    self.with_rows(rows.rows(), [&](RansCoder& coder) {
      symbols.in_pieces([&](std::size_t begin, std::span<std::uint32_t> piece) {
        coder.decode(table.slice(begin, piece.size()), piece);
      });
    });
  });
  return symbols.object();
}

// -- tables ----------------------------------------------------------------------------------------------------------

void encode_table_reverse(PyRansCoder& self, const py::object& symbols, const StaticTable& table,
                          const py::object& index) {
  const IntegersArgument values(symbols, "symbols");
  const IndexArgument rows(index, table, values.values.size());
  self([&](RansCoder& coder) { coder.encode_table_reverse(values.values, table, rows.values); });
}

py::object decode_table(PyRansCoder& self, py::ssize_t count, const StaticTable& table, const py::object& index,
                        const py::object& out) {
  return decode_symbols(count, table, index, out, [&](auto symbols, Integers rows) {
    self([&](RansCoder& coder) { coder.decode_table(table, symbols, rows); });
  });
}

// -- docstrings ------------------------------------------------------------------------------------------------------

constexpr const char* kCoderDoc = R"(A stack of symbols: last in, first out. Encoder and decoder at once.

Bulk encoders push their batch from its last symbol to its first; decoding gives it in its own order.

Parameters
----------
precision : int
    Bits of the CDFs, 1..32.
interleave : int
    States that take turns, 1..1024; the decoder must know it. Each costs 8 bytes of stream; a few hide the latency of
    one another: 4 are fast with a CDF for each symbol, 32 with a StaticTable.

Examples
--------
>>> import numpy as np
>>> cdf = np.array([[0, 1, 2, 4]] * 3, dtype=np.uint32)
>>> coder = RansCoder(precision=2)
>>> coder.encode_symbols_reverse(np.array([2, 1, 0]), cdf)
>>> stream = coder.to_bytes()
>>> stream.hex()
'0300000020000000'
>>> coder = RansCoder.from_bytes(stream, precision=2)
>>> coder.decode(cdf)
array([2, 1, 0], dtype=uint32)
>>> coder.finish()

Of two batches, the last encoded is the first decoded:

>>> coder.encode_symbols_reverse(np.array([1, 0]), cdf[:2])
>>> coder.encode_symbols_reverse(np.array([2]), cdf[:1])
>>> coder.decode(cdf)
array([2, 1, 0], dtype=uint32)
>>> coder.is_exhausted
True)";

constexpr const char* kFromBytesDoc = R"(Make the stack that to_bytes of one with the same parameters wrote.

Parameters
----------
data : bytes-like
    One whole stream; it is copied.
precision : int
    Bits of the CDFs, 1..32.
interleave : int
    The encoder's.

Raises
------
TruncatedError
    The data are shorter than the states, or no whole number of words.
CorruptError
    A state holds a value that no encoder leaves.)";

constexpr const char* kEncodeDoc = R"(Encode N symbols by their slots, the last of them first.

Parameters
----------
start, freq : uint32 or uint64 [N], of one dtype
    Symbol i owns the slots start[i] to start[i] + freq[i] - 1 of the 2**precision.

Raises
------
ValueError
    A freq is 0, or start + freq exceeds 2**precision; the coder is then in a failed state.)";

constexpr const char* kEncodeSymbolsDoc = R"(Encode N symbols, each with a CDF of its own, the last of them first.

Parameters
----------
symbols : integers of 8 to 64 bits [N]
    In 0..V-1.
cdf : uint16, uint32 or uint64 [N, V + 1]
    Row i is the CDF of symbols[i].

Raises
------
ValueError
    A symbol is outside 0..V-1 (nothing is encoded), or has no slot in its CDF (the coder is then in a failed state).)";

constexpr const char* kDecodeDoc = R"(Decode the next N symbols: those of the last batch encoded, in their order.

Parameters
----------
cdf : uint16, uint32 or uint64 [N, V + 1]
    Row i is the CDF of the i-th symbol from here.

Returns
-------
uint32 [N]

Raises
------
TruncatedError
    The stream ends before N symbols, or is damaged; the coder is then in a failed state.
ValueError
    A row does not rise from 0 to 2**precision; the coder is then in a failed state.)";

constexpr const char* kEncodeTableDoc = R"(Encode N symbols with a table, the last of them first.

The stream is that of encode_symbols_reverse with the same CDFs, in a fraction of the time.

Parameters
----------
symbols : integers of 8 to 64 bits [N]
    Each in 0..V-1 of its row.
table : StaticTable
    Of the coder's precision.
index : integers of 8 to 64 bits [N], optional
    Which row of the table codes each symbol, in 0..R-1. Needed if the table has several.

Raises
------
ValueError
    A symbol is outside its row or an index outside the table, or the table has another precision; nothing is
    encoded.)";

constexpr const char* kDecodeTableDoc = R"(Decode the next N symbols with a table.

Parameters
----------
count : int
    N.
table : StaticTable
    Of the coder's precision.
index : integers of 8 to 64 bits [N], optional
    The encoder's. Needed if the table has several rows.
out : table.dtype [N], optional
    Where to write the symbols; a new array by default.

Returns
-------
table.dtype [N]
    uint8 if no row of the table has more than 256 symbols, else uint16.

Raises
------
TruncatedError
    The stream ends before N symbols, or is damaged; the coder is then in a failed state.
ValueError
    An index is outside the table, or the table has another precision; nothing is decoded.)";

constexpr const char* kFinishDoc = R"(Check that everything was decoded.

Raises
------
CorruptError
    Words are left, or a state did not return to where its encoder began: symbols are left, or the stream is damaged or
    was made with other CDFs. The coder is then in a failed state. Most damage is found, but not what only swaps symbols
    of equal frequency: keep a checksum where it matters.)";

}  // namespace

void register_rans(py::module_& module) {
  py::class_<PyRansCoder>(module, "RansCoder", kCoderDoc)
      .def(py::init<unsigned, std::size_t>(), py::arg("precision"), py::arg("interleave") = 1)
      .def_static("from_bytes", &from_bytes, py::arg("data"), py::arg("precision"), py::arg("interleave") = 1,
                  kFromBytesDoc)
      .def_property_readonly(
          "precision", [](const PyRansCoder& self) { return self.fixed().precision(); }, "Bits of the CDFs.")
      .def_property_readonly(
          "interleave", [](const PyRansCoder& self) { return self.fixed().interleave(); }, "States that take turns.")
      .def_property_readonly(
          "is_exhausted",
          [](PyRansCoder& self) { return self([](const RansCoder& coder) { return coder.is_exhausted(); }); },
          "True if the stack is as empty as a new one: finish would not raise.")
      .def("encode_reverse", &encode_reverse, py::arg("start"), py::arg("freq"), kEncodeDoc)
      .def("encode_symbols_reverse", &encode_symbols_reverse, py::arg("symbols"), py::arg("cdf"), kEncodeSymbolsDoc)
      .def("decode", &decode, py::arg("cdf"), py::arg("out") = py::none(), kDecodeDoc)
      .def("encode_table_reverse", &encode_table_reverse, py::arg("symbols"), py::arg("table"),
           py::arg("index") = py::none(), kEncodeTableDoc)
      .def("decode_table", &decode_table, py::arg("count"), py::arg("table"), py::arg("index") = py::none(),
           py::arg("out") = py::none(), kDecodeTableDoc)
      .def(
          "to_bytes",
          [](PyRansCoder& self) { return to_bytes(self([](const RansCoder& coder) { return coder.to_bytes(); })); },
          "Return the stream (bytes). The stack stays as it is, and may be pushed to and popped from.")
      .def("finish", [](PyRansCoder& self) { self([](RansCoder& coder) { coder.finish(); }); }, kFinishDoc);
}

}  // namespace foretell::bindings
