#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "coder_arguments.hpp"
#include "fast_method.hpp"
#include "foretell/lanes.hpp"
#include "register.hpp"
#include "symbols.hpp"

namespace foretell::bindings {
namespace {

using PyLaneEncoder = Locked<LaneEncoder>;

void lanes_encode_step(PyLaneEncoder& self, const py::handle symbols, const py::handle cdf) {
  const CdfArgument rows(cdf, 2);
  check_length(rows.array(), "cdf", 0, self.fixed().lanes());
  const SymbolsArgument values(symbols, "symbols", 1, rows.vocabulary());
  check_length(values.array(), "symbols", 0, self.fixed().lanes());
  rows.visit([&](auto table) {
    self.with_rows(rows.rows(), [&](LaneEncoder& coder) {
      if (values.size() <= kPiece) {
        values.in_pieces([&](std::size_t, auto piece) { coder.encode_step(piece, table); });
      } else {
        values.at_once([&](auto all) { coder.encode_step(all, table); });
      }
    });
  });
}

void lanes_encode_symbols(PyLaneEncoder& self, const py::object& symbols, const py::object& cdf) {
  const CdfArgument rows(cdf, 3);
  const SymbolsArgument values(symbols, "symbols", 2, rows.vocabulary());
  const auto steps = static_cast<std::size_t>(values.array().shape(1));
  check_length(values.array(), "symbols", 0, self.fixed().lanes());
  check_length(rows.array(), "cdf", 0, self.fixed().lanes());
  check_length(rows.array(), "cdf", 1, steps);
  rows.visit([&](auto table) {
    self([&](LaneEncoder& coder) { values.at_once([&](auto all) { coder.encode_symbols(all, table, steps); }); });
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
  OwningLaneDecoder(std::vector<std::string> bytes, unsigned precision, bool checksum, std::size_t threads)
      : data(std::move(bytes)), decoder(spans(data), precision, checksum, threads) {}
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

std::unique_ptr<PyLaneDecoder> make_lane_decoder(const py::sequence& streams, unsigned precision, bool checksum,
                                                 std::size_t threads) {
  std::vector<std::string> data;
  data.reserve(streams.size());
  for (const py::handle stream : streams) {
    data.push_back(copy_bytes(stream, "streams"));
  }
  return std::make_unique<PyLaneDecoder>(std::move(data), precision, checksum, threads);
}

py::object lanes_decode_step(PyLaneDecoder& self, const py::handle cdf, const py::handle out) {
  const CdfArgument rows(cdf, 2);
  check_length(rows.array(), "cdf", 0, self.fixed().decoder.lanes());
  SymbolsResult symbols(out, std::array{rows.array().shape(0)}, rows.vocabulary());
  rows.visit([&](auto table) {
    self.with_rows(rows.rows(), [&](OwningLaneDecoder& coder) {
      symbols.at_once([&](std::span<std::uint32_t> target) { coder.decoder.decode_step(table, target); });
    });
  });
  return symbols.object();
}

py::object lanes_decode(PyLaneDecoder& self, const py::object& cdf, const py::object& out) {
  const CdfArgument rows(cdf, 3);
  check_length(rows.array(), "cdf", 0, self.fixed().decoder.lanes());
  const auto steps = static_cast<std::size_t>(rows.array().shape(1));
  SymbolsResult symbols(out, std::array{rows.array().shape(0), rows.array().shape(1)}, rows.vocabulary());
  rows.visit([&](auto table) {
    self([&](OwningLaneDecoder& coder) {
      symbols.at_once([&](std::span<std::uint32_t> target) { coder.decoder.decode(table, target, steps); });
    });
  });
  return symbols.object();
}

// -- docstrings ------------------------------------------------------------------------------------------------------

constexpr const char* kEncoderDoc = R"(N streams that advance together, each as a RangeEncoder would write it.

Parameters
----------
lanes : int
    N.
precision : int
    Bits of the CDFs, 1..32.
checksum : bool
    Whether each stream ends with a checksum, as a RangeEncoder's.
threads : int
    How many threads may share the lanes in one call, 1..1024. Worth more than one where a call codes tens of thousands
    of symbols, that is in encode and encode_symbols. The bytes are the same.)";

constexpr const char* kEncodeStepDoc = R"(Encode one symbol a lane.

Parameters
----------
symbols : integers of 8 to 64 bits [N]
    In 0..V-1, of any stride.
cdf : uint16, uint32 or uint64 [N, V + 1]
    One CDF a lane. Rows may lie anywhere, equally far apart (a slice of a larger array).

Raises
------
ValueError
    A symbol is outside 0..V-1 (nothing is encoded), or has no slot in its CDF (the encoder is then in a failed state).)";

constexpr const char* kEncodeDoc =
    R"(Encode T symbols a lane by their slots: as T calls of encode_step, without the CDFs.

Parameters
----------
start, freq : uint32 or uint64 [N, T], of one dtype
    Step t of lane i owns the slots start[i, t] to start[i, t] + freq[i, t] - 1 of the 2**precision.

Raises
------
ValueError
    A freq is 0, or start + freq exceeds 2**precision; the encoder is then in a failed state.)";

constexpr const char* kEncodeSymbolsDoc = R"(Encode T symbols a lane: as T calls of encode_step.

Parameters
----------
symbols : integers of 8 to 64 bits [N, T]
    In 0..V-1, of any strides.
cdf : uint16, uint32 or uint64 [N, T, V + 1]
    cdf[i, t] is the CDF of symbols[i, t].

Raises
------
ValueError
    A symbol is outside 0..V-1 (nothing is encoded), or has no slot in its CDF (the encoder is then in a failed state).)";

constexpr const char* kDecoderDoc = R"(Reads what one LaneEncoder, or N RangeEncoders, wrote.

Parameters
----------
streams : sequence of N bytes-like
    One whole stream a lane; they are copied.
precision : int
    Bits of the CDFs, 1..32.
checksum : bool
    As the encoder's.
threads : int
    How many threads may share the lanes in one call, 1..1024. Worth more than one in decode.)";

constexpr const char* kDecodeStepDoc = R"(Decode one symbol a lane.

Parameters
----------
cdf : uint16, uint32 or uint64 [N, V + 1]
    One CDF a lane; of any stride, as for the encoder.
out : integers of 8 to 64 bits [N], C-contiguous, optional
    Where to write; its contents are unspecified after an error.

Returns
-------
uint32 [N], or `out`

Raises
------
CorruptError, TruncatedError
    A stream (the message names the lane) is damaged or cut; the decoder is then in a failed state.
ValueError
    A row does not rise from 0 to 2**precision; the decoder is then in a failed state. Or `out` does not hold V - 1.)";

constexpr const char* kDecodeDoc = R"(Decode T symbols a lane: as T calls of decode_step, where all CDFs are known.

Parameters
----------
cdf : uint16, uint32 or uint64 [N, T, V + 1]
    cdf[i, t] is the CDF of lane i's t-th symbol from here.
out : integers of 8 to 64 bits [N, T], C-contiguous, optional
    Where to write; its contents are unspecified after an error.

Returns
-------
uint32 [N, T], or `out`

Raises
------
CorruptError, TruncatedError, ValueError
    As for decode_step.)";

constexpr const char* kFinishDoc = R"(Check that every stream ends as its encoder would have ended these symbols.

Raises
------
CorruptError, TruncatedError
    As for RangeDecoder.finish; the message names the lane.)";

}  // namespace

void register_lanes(py::module_& module) {
  py::class_<PyLaneEncoder> encoder(module, "LaneEncoder", kEncoderDoc);
  encoder
      .def(py::init<std::size_t, unsigned, bool, std::size_t>(), py::arg("lanes"), py::arg("precision"),
           py::arg("checksum") = false, py::arg("threads") = 1)
      .def_property_readonly(
          "lanes", [](const PyLaneEncoder& self) { return self.fixed().lanes(); }, "N.")
      .def_property_readonly(
          "precision", [](const PyLaneEncoder& self) { return self.fixed().precision(); }, "Bits of the CDFs.")
      .def("encode", &lanes_encode, py::arg("start"), py::arg("freq"), kEncodeDoc)
      .def("encode_symbols", &lanes_encode_symbols, py::arg("symbols"), py::arg("cdf"), kEncodeSymbolsDoc)
      .def("finish", &lanes_finish, "End all streams and return them (list of N bytes); no more symbols are taken.");
  add_fast_method<&lanes_encode_step>(encoder, "encode_step", std::array{"symbols", "cdf"}, 2, kEncodeStepDoc);

  py::class_<PyLaneDecoder> decoder(module, "LaneDecoder", kDecoderDoc);
  decoder
      .def(py::init(&make_lane_decoder), py::arg("streams"), py::arg("precision"), py::arg("checksum") = false,
           py::arg("threads") = 1)
      .def_property_readonly(
          "lanes", [](const PyLaneDecoder& self) { return self.fixed().decoder.lanes(); }, "N.")
      .def_property_readonly(
          "precision", [](const PyLaneDecoder& self) { return self.fixed().decoder.precision(); }, "Bits of the CDFs.")
      .def_property_readonly(
          "is_exhausted",
          [](PyLaneDecoder& self) {
            return self([](const OwningLaneDecoder& coder) { return coder.decoder.is_exhausted(); });
          },
          "True if every stream ends after the symbols decoded so far: finish would not raise. Without a checksum a "
          "stream may end so "
          "after a few symbols less, too.")
      .def("decode", &lanes_decode, py::arg("cdf"), py::arg("out") = py::none(), kDecodeDoc)
      .def(
          "finish", [](PyLaneDecoder& self) { self([](OwningLaneDecoder& coder) { coder.decoder.finish(); }); },
          kFinishDoc);
  add_fast_method<&lanes_decode_step>(decoder, "decode_step", std::array{"cdf", "out"}, 1, kDecodeStepDoc);
}

}  // namespace foretell::bindings
