#include <memory>
#include <string>
#include <utility>

#include "arrays.hpp"
#include "coder_arguments.hpp"
#include "foretell/lanes.hpp"
#include "foretell/range_coder.hpp"
#include "register.hpp"
#include "table_arguments.hpp"

namespace foretell::bindings {
namespace {

// -- one stream ------------------------------------------------------------------------------------------------------

using PyRangeEncoder = Locked<RangeEncoder>;

void range_encode(PyRangeEncoder& self, const py::object& start, const py::object& freq) {
  const py::array first = as_array(start, "start", 1);
  const py::array width = as_array(freq, "freq", 1);
  check_length(width, "freq", 0, static_cast<std::size_t>(first.shape(0)));
  visit_intervals(first, width, [&](auto a, auto b) { self([&](RangeEncoder& coder) { coder.encode(a, b); }); });
}

void range_encode_symbols(PyRangeEncoder& self, const py::object& symbols, const py::object& cdf) {
  const CdfArgument rows(cdf);
  const std::vector<std::uint32_t> values = as_symbols(symbols, rows.vocabulary());
  check_length(rows.array, "cdf", 0, values.size());
  visit_cdf(rows.array, [&](auto table) {
    self([&](RangeEncoder& coder) { coder.encode_symbols(std::span(values), table, rows.row_size); });
  });
}

py::bytes range_finish(PyRangeEncoder& self) {
  return to_bytes(self([](RangeEncoder& coder) { return coder.finish(); }));
}

/// Owns a copy of the stream, which the C++ decoder only looks at.
struct OwningRangeDecoder {
  OwningRangeDecoder(std::string bytes, unsigned precision)
      : data(std::move(bytes)), decoder(byte_span(data), precision) {}
  OwningRangeDecoder(const OwningRangeDecoder&) = delete;
  OwningRangeDecoder& operator=(const OwningRangeDecoder&) = delete;

  std::string data;
  RangeDecoder decoder;
};

using PyRangeDecoder = Locked<OwningRangeDecoder>;

py::array range_decode(PyRangeDecoder& self, const py::object& cdf) {
  const CdfArgument rows(cdf);
  py::array_t<std::uint32_t> symbols(static_cast<py::ssize_t>(rows.rows));
  const std::span<std::uint32_t> target{symbols.mutable_data(), rows.rows};
  visit_cdf(rows.array, [&](auto table) {
    self([&](OwningRangeDecoder& coder) { coder.decoder.decode(table, rows.row_size, target); });
  });
  return std::move(symbols);
}

// -- one stream, tables -----------------------------------------------------------------------------------------------

void range_encode_table(PyRangeEncoder& self, const py::object& symbols, const StaticTable& table,
                        const py::object& index) {
  const IntegersArgument values(symbols, "symbols");
  const IndexArgument rows(index, table, values.values.size());
  self([&](RangeEncoder& coder) { coder.encode_table(values.values, table, rows.values); });
}

py::array range_decode_table(PyRangeDecoder& self, py::ssize_t count, const StaticTable& table, const py::object& index,
                             const py::object& out) {
  return decode_symbols(count, table, index, out, [&](auto symbols, Integers rows) {
    self([&](OwningRangeDecoder& coder) { coder.decoder.decode_table(table, symbols, rows); });
  });
}

// -- lanes -----------------------------------------------------------------------------------------------------------

using PyLaneEncoder = Locked<LaneEncoder>;

void lanes_encode_step(PyLaneEncoder& self, const py::object& symbols, const py::object& cdf) {
  const CdfArgument rows(cdf);
  check_length(rows.array, "cdf", 0, self.fixed().lanes());
  const std::vector<std::uint32_t> values = as_symbols(symbols, rows.vocabulary());
  visit_cdf(rows.array, [&](auto table) {
    self([&](LaneEncoder& coder) { coder.encode_step(std::span(values), table, rows.row_size); });
  });
}

void lanes_encode(PyLaneEncoder& self, const py::object& start, const py::object& freq) {
  const py::array first = as_array(start, "start", 2);
  const py::array width = as_array(freq, "freq", 2);
  const auto steps = static_cast<std::size_t>(first.shape(1));
  check_length(first, "start", 0, self.fixed().lanes());
  check_length(width, "freq", 0, self.fixed().lanes());
  check_length(width, "freq", 1, steps);
  visit_intervals(first, width, [&](auto a, auto b) { self([&](LaneEncoder& coder) { coder.encode(a, b, steps); }); });
}

py::list lanes_finish(PyLaneEncoder& self) {
  py::list streams;
  for (const std::vector<std::uint8_t>& stream : self([](LaneEncoder& coder) { return coder.finish(); })) {
    streams.append(to_bytes(stream));
  }
  return streams;
}

struct OwningLaneDecoder {
  OwningLaneDecoder(std::vector<std::string> bytes, unsigned precision)
      : data(std::move(bytes)), decoder(spans(data), precision) {}
  OwningLaneDecoder(const OwningLaneDecoder&) = delete;
  OwningLaneDecoder& operator=(const OwningLaneDecoder&) = delete;

  static std::vector<std::span<const std::uint8_t>> spans(const std::vector<std::string>& streams) {
    std::vector<std::span<const std::uint8_t>> result;
    result.reserve(streams.size());
    for (const std::string& stream : streams) {
      result.push_back(byte_span(stream));
    }
    return result;
  }

  std::vector<std::string> data;
  LaneDecoder decoder;
};

using PyLaneDecoder = Locked<OwningLaneDecoder>;

std::unique_ptr<PyLaneDecoder> make_lane_decoder(const py::sequence& streams, unsigned precision) {
  std::vector<std::string> data;
  data.reserve(streams.size());
  for (const py::handle stream : streams) {
    data.push_back(copy_bytes(stream, "streams"));
  }
  return std::make_unique<PyLaneDecoder>(std::move(data), precision);
}

py::array lanes_decode_step(PyLaneDecoder& self, const py::object& cdf) {
  const CdfArgument rows(cdf);
  check_length(rows.array, "cdf", 0, self.fixed().decoder.lanes());
  py::array_t<std::uint32_t> symbols(static_cast<py::ssize_t>(rows.rows));
  const std::span<std::uint32_t> target{symbols.mutable_data(), rows.rows};
  visit_cdf(rows.array, [&](auto table) {
    self([&](OwningLaneDecoder& coder) { coder.decoder.decode_step(table, rows.row_size, target); });
  });
  return std::move(symbols);
}

// -- docstrings ------------------------------------------------------------------------------------------------------

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
    In 0..V-1.
cdf : uint32 or uint64 [N, V + 1]
    Row i is the CDF of symbols[i].

Raises
------
ValueError
    A symbol is outside 0..V-1 (nothing is encoded), or has no slot in its CDF (the encoder is then in a failed state).)";

constexpr const char* kDecodeDoc = R"(Decode the next N symbols.

Parameters
----------
cdf : uint32 or uint64 [N, V + 1]
    Row i is the CDF of the i-th symbol from here.

Returns
-------
uint32 [N]

Raises
------
CorruptError, TruncatedError
    The stream is damaged or cut, or was made with other CDFs; the decoder is then in a failed state.
ValueError
    A row does not rise from 0 to 2**precision; the decoder is then in a failed state.)";

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

constexpr const char* kEncodeStepDoc = R"(Encode one symbol a lane.

Parameters
----------
symbols : integers of 8 to 64 bits [N]
    In 0..V-1.
cdf : uint32 or uint64 [N, V + 1]
    One CDF a lane.

Raises
------
ValueError
    A symbol is outside 0..V-1 (nothing is encoded), or has no slot in its CDF (the encoder is then in a failed state).)";

constexpr const char* kLanesEncodeDoc =
    R"(Encode T symbols a lane by their slots: as T calls of encode_step, without the CDFs.

Parameters
----------
start, freq : uint32 or uint64 [N, T], of one dtype
    Step t of lane i owns the slots start[i, t] to start[i, t] + freq[i, t] - 1 of the 2**precision.

Raises
------
ValueError
    A freq is 0, or start + freq exceeds 2**precision; the encoder is then in a failed state.)";

constexpr const char* kDecodeStepDoc = R"(Decode one symbol a lane.

Parameters
----------
cdf : uint32 or uint64 [N, V + 1]
    One CDF a lane.

Returns
-------
uint32 [N]

Raises
------
CorruptError, TruncatedError
    A stream (the message names the lane) is damaged or cut; the decoder is then in a failed state.
ValueError
    A row does not rise from 0 to 2**precision; the decoder is then in a failed state.)";

}  // namespace

void register_coders(py::module_& module) {
  py::class_<PyRangeEncoder>(module, "RangeEncoder",
                             "One stream of symbols, first in, first out.\n\n"
                             "Parameters\n----------\nprecision : int\n    Bits of the CDFs, 1..32.")
      .def(py::init<unsigned>(), py::arg("precision"))
      .def_property_readonly(
          "precision", [](const PyRangeEncoder& self) { return self.fixed().precision(); }, "Bits of the CDFs.")
      .def("encode", &range_encode, py::arg("start"), py::arg("freq"), kEncodeDoc)
      .def("encode_symbols", &range_encode_symbols, py::arg("symbols"), py::arg("cdf"), kEncodeSymbolsDoc)
      .def("encode_table", &range_encode_table, py::arg("symbols"), py::arg("table"), py::arg("index") = py::none(),
           kEncodeTableDoc)
      .def("finish", &range_finish, "End the stream and return it (bytes); the encoder takes no more symbols.");

  py::class_<PyRangeDecoder>(module, "RangeDecoder",
                             "Reads what one RangeEncoder wrote, with the same CDFs in the same order.\n\n"
                             "Parameters\n----------\n"
                             "data : bytes-like\n    One whole stream; it is copied.\n"
                             "precision : int\n    Bits of the CDFs, 1..32.")
      .def(py::init([](const py::object& data, unsigned precision) {
             return std::make_unique<PyRangeDecoder>(copy_bytes(data, "data"), precision);
           }),
           py::arg("data"), py::arg("precision"))
      .def_property_readonly(
          "precision", [](const PyRangeDecoder& self) { return self.fixed().decoder.precision(); }, "Bits of the CDFs.")
      .def("decode", &range_decode, py::arg("cdf"), kDecodeDoc)
      .def("decode_table", &range_decode_table, py::arg("count"), py::arg("table"), py::arg("index") = py::none(),
           py::arg("out") = py::none(), kDecodeTableDoc)
      .def(
          "finish", [](PyRangeDecoder& self) { self([](OwningRangeDecoder& coder) { coder.decoder.finish(); }); },
          "Raise CorruptError if the stream holds bytes that no symbol needed.");

  py::class_<PyLaneEncoder>(module, "LaneEncoder",
                            "N streams that advance together, each as a RangeEncoder would write it.\n\n"
                            "Parameters\n----------\n"
                            "lanes : int\n    N.\n"
                            "precision : int\n    Bits of the CDFs, 1..32.")
      .def(py::init<std::size_t, unsigned>(), py::arg("lanes"), py::arg("precision"))
      .def_property_readonly(
          "lanes", [](const PyLaneEncoder& self) { return self.fixed().lanes(); }, "N.")
      .def_property_readonly(
          "precision", [](const PyLaneEncoder& self) { return self.fixed().precision(); }, "Bits of the CDFs.")
      .def("encode_step", &lanes_encode_step, py::arg("symbols"), py::arg("cdf"), kEncodeStepDoc)
      .def("encode", &lanes_encode, py::arg("start"), py::arg("freq"), kLanesEncodeDoc)
      .def("finish", &lanes_finish, "End all streams and return them (list of N bytes); no more symbols are taken.");

  py::class_<PyLaneDecoder>(module, "LaneDecoder",
                            "Reads what one LaneEncoder, or N RangeEncoders, wrote.\n\n"
                            "Parameters\n----------\n"
                            "streams : sequence of N bytes-like\n    One whole stream a lane; they are copied.\n"
                            "precision : int\n    Bits of the CDFs, 1..32.")
      .def(py::init(&make_lane_decoder), py::arg("streams"), py::arg("precision"))
      .def_property_readonly(
          "lanes", [](const PyLaneDecoder& self) { return self.fixed().decoder.lanes(); }, "N.")
      .def_property_readonly(
          "precision", [](const PyLaneDecoder& self) { return self.fixed().decoder.precision(); }, "Bits of the CDFs.")
      .def("decode_step", &lanes_decode_step, py::arg("cdf"), kDecodeStepDoc)
      .def(
          "finish", [](PyLaneDecoder& self) { self([](OwningLaneDecoder& coder) { coder.decoder.finish(); }); },
          "Raise CorruptError if a stream holds bytes that no symbol needed.");
}

}  // namespace foretell::bindings
