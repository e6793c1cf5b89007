#include <array>
#include <memory>
#include <string>
#include <utility>

#include "arrays.hpp"
#include "coder_arguments.hpp"
#include "fast_method.hpp"
#include "foretell/range_coder.hpp"
#include "register.hpp"
#include "symbols.hpp"
#include "table_arguments.hpp"

namespace foretell::bindings {
namespace {

using PyRangeEncoder = Locked<RangeEncoder>;

void range_encode(PyRangeEncoder& self, const py::object& start, const py::object& freq) {
  const py::array first = as_array(start, "start", 1);
  const py::array width = as_array(freq, "freq", 1);
  check_length(width, "freq", 0, static_cast<std::size_t>(first.shape(0)));
  visit_intervals(first, width, [&](auto a, auto b) { self([&](RangeEncoder& coder) { coder.encode(a, b); }); });
}

void range_encode_symbols(PyRangeEncoder& self, const py::handle symbols, const py::handle cdf) {
  const CdfArgument rows(cdf, 2);
  const SymbolsArgument values(symbols, "symbols", 1, rows.vocabulary());
  check_length(rows.array(), "cdf", 0, values.size());
  rows.visit([&](auto table) {
    self.with_rows(rows.rows(), [&](RangeEncoder& coder) {
      values.in_pieces(
          [&](std::size_t begin, auto piece) { coder.encode_symbols(piece, table.slice(begin, piece.size())); });
    });
  });
}

py::bytes range_finish(PyRangeEncoder& self) {
  return to_bytes(self([](RangeEncoder& coder) { return coder.finish(); }));
}

/// Owns a copy of the stream, which the C++ decoder only looks at.
struct OwningRangeDecoder {
  OwningRangeDecoder(std::string bytes, unsigned precision, bool checksum)
      : data(std::move(bytes)), decoder(byte_span(data), precision, checksum) {}
  OwningRangeDecoder(const OwningRangeDecoder&) = delete;
  OwningRangeDecoder& operator=(const OwningRangeDecoder&) = delete;

  std::string data;
  RangeDecoder decoder;
};

using PyRangeDecoder = Locked<OwningRangeDecoder>;

py::object range_decode(PyRangeDecoder& self, const py::handle cdf, const py::handle out) {
  const CdfArgument rows(cdf, 2);
  SymbolsResult symbols(out, std::array{rows.array().shape(0)}, rows.vocabulary());
  rows.visit([&](auto table) {
    self.with_rows(rows.rows(), [&](OwningRangeDecoder& coder) {
      symbols.in_pieces([&](std::size_t begin, std::span<std::uint32_t> piece) {
        coder.decoder.decode(table.slice(begin, piece.size()), piece);
      });
    });
  });
  return symbols.object();
}

// -- tables -----------------------------------------------------------------------------------------------

void range_encode_table(PyRangeEncoder& self, const py::object& symbols, const StaticTable& table,
                        const py::object& index) {
  const IntegersArgument values(symbols, "symbols");
  const IndexArgument rows(index, table, values.values.size());
  self([&](RangeEncoder& coder) { coder.encode_table(values.values, table, rows.values); });
}

py::object range_decode_table(PyRangeDecoder& self, py::ssize_t count, const StaticTable& table,
                              const py::object& index, const py::object& out) {
  return decode_symbols(count, table, index, out, [&](auto symbols, Integers rows) {
    self([&](OwningRangeDecoder& coder) { coder.decoder.decode_table(table, symbols, rows); });
  });
}

// -- docstrings ------------------------------------------------------------------------------------------------------

constexpr const char* kEncoderDoc = R"(One stream of symbols, first in, first out.

Parameters
----------
precision : int
    Bits of the CDFs, 1..32.
checksum : bool
    Whether the stream ends with a checksum of all that was coded, which costs 4 bytes and which the decoder must expect.
    Without one, damage mostly decodes to other symbols unnoticed.)";

constexpr const char* kEncodeDoc = R"(Encode N symbols by their slots.

Parameters
----------
start, freq : uint32 or uint64 [N], of one dtype
    Symbol i owns the slots start[i] to start[i] + freq[i] - 1 of the 2**precision.

Raises
------
ValueError
    A freq is 0, or start + freq exceeds 2**precision; the encoder is then in a failed state.)";

constexpr const char* kEncodeSymbolsDoc = R"(Encode N symbols, each with a CDF of its own.

Parameters
----------
symbols : integers of 8 to 64 bits [N]
    In 0..V-1, of any stride.
cdf : uint16, uint32 or uint64 [N, V + 1]
    Row i is the CDF of symbols[i]. Rows may lie anywhere, equally far apart (a slice of a larger array, or one row that
    numpy.broadcast_to repeats).

Raises
------
ValueError
    A symbol is outside 0..V-1 (nothing is encoded), or has no slot in its CDF (the encoder is then in a failed state).)";

constexpr const char* kDecoderDoc = R"(Reads what one RangeEncoder wrote, with the same CDFs in the same order.

Parameters
----------
data : bytes-like
    One whole stream; it is copied.
precision : int
    Bits of the CDFs, 1..32.
checksum : bool
    As the encoder's.)";

constexpr const char* kDecodeDoc = R"(Decode the next N symbols.

Parameters
----------
cdf : uint16, uint32 or uint64 [N, V + 1]
    Row i is the CDF of the i-th symbol from here; of any stride, as for the encoder.
out : integers of 8 to 64 bits [N], C-contiguous, optional
    Where to write; its contents are unspecified after an error.

Returns
-------
uint32 [N], or `out`

Raises
------
CorruptError, TruncatedError
    The stream is damaged or cut, or was made with other CDFs; the decoder is then in a failed state.
ValueError
    A row does not rise from 0 to 2**precision; the decoder is then in a failed state. Or `out` does not hold V - 1.)";

constexpr const char* kEncodeTableDoc = R"(Encode N symbols with a table.

The stream is that of encode_symbols with the same CDFs, in a fraction of the time.

Parameters
----------
symbols : integers of 8 to 64 bits [N]
    Each in 0..V-1 of its row.
table : StaticTable
    Of the encoder's precision.
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
    Of the decoder's precision.
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
CorruptError, TruncatedError
    The stream is damaged or cut, or was made with other CDFs; the decoder is then in a failed state.
ValueError
    An index is outside the table, or the table has another precision; nothing is decoded.)";

constexpr const char* kFinishDoc = R"(Check that the stream ends as its encoder would have ended these symbols.

There is one stream for any symbols and CDFs: once this returns, the stream is that one, byte for byte. Damage that made
other symbols out of it is found by a checksum alone.

Raises
------
CorruptError, TruncatedError
    Bytes are left that no symbol needed, the last ones are others, or the checksum is; the decoder is then in a failed
    state.)";

}  // namespace

void register_range(py::module_& module) {
  py::class_<PyRangeEncoder> encoder(module, "RangeEncoder", kEncoderDoc);
  encoder.def(py::init<unsigned, bool>(), py::arg("precision"), py::arg("checksum") = false)
      .def_property_readonly(
          "precision", [](const PyRangeEncoder& self) { return self.fixed().precision(); }, "Bits of the CDFs.")
      .def("encode", &range_encode, py::arg("start"), py::arg("freq"), kEncodeDoc)
      .def("encode_table", &range_encode_table, py::arg("symbols"), py::arg("table"), py::arg("index") = py::none(),
           kEncodeTableDoc)
      .def("finish", &range_finish, "End the stream and return it (bytes); the encoder takes no more symbols.");
  add_fast_method<&range_encode_symbols>(encoder, "encode_symbols", std::array{"symbols", "cdf"}, 2, kEncodeSymbolsDoc);

  py::class_<PyRangeDecoder> decoder(module, "RangeDecoder", kDecoderDoc);
  decoder
      .def(py::init([](const py::object& data, unsigned precision, bool checksum) {
             return std::make_unique<PyRangeDecoder>(copy_bytes(data, "data"), precision, checksum);
           }),
           py::arg("data"), py::arg("precision"), py::arg("checksum") = false)
      .def_property_readonly(
          "precision", [](const PyRangeDecoder& self) { return self.fixed().decoder.precision(); }, "Bits of the CDFs.")
      .def_property_readonly(
          "is_exhausted",
          [](PyRangeDecoder& self) {
            return self.briefly([](const OwningRangeDecoder& coder) { return coder.decoder.is_exhausted(); });
          },
          "True if the stream ends after the symbols decoded so far: finish would not raise. Without a checksum a "
          "stream may end so "
          "after a few symbols less, too.")
      .def("decode_table", &range_decode_table, py::arg("count"), py::arg("table"), py::arg("index") = py::none(),
           py::arg("out") = py::none(), kDecodeTableDoc)
      .def(
          "finish", [](PyRangeDecoder& self) { self([](OwningRangeDecoder& coder) { coder.decoder.finish(); }); },
          kFinishDoc);
  add_fast_method<&range_decode>(decoder, "decode", std::array{"cdf", "out"}, 1, kDecodeDoc);
}

}  // namespace foretell::bindings
