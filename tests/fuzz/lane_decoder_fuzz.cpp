// LaneDecoder: any streams under any rows. It does what a decoder for each lane does.
#include "foretell/lanes.hpp"

#include "fuzz.hpp"

namespace foretell::fuzz {
namespace {

using Streams = std::vector<std::span<const std::uint8_t>>;

/// `rows` holds one row a lane and step, the lanes of a step together.
template <typename Integer>
Outcome decode(const Rows& rows, const Streams& streams, std::size_t steps) {
  Outcome outcome{Errc::kOk, Symbols(rows.length)};
  const std::vector<Integer> cdf = rows.as<Integer>();
  const std::size_t lanes = streams.size();
  outcome.code = thrown_by([&] {
    LaneDecoder decoder(streams, rows.precision);
    for (std::size_t t = 0; t < steps; ++t) {
      const auto step = view(cdf).subspan(t * lanes * rows.row_size, lanes * rows.row_size);
      decoder.decode_step(CdfRows(step, rows.row_size), std::span(outcome.symbols).subspan(t * lanes, lanes));
    }
    decoder.finish();
  });
  check_slots(rows, cdf, outcome);
  return outcome;
}

Outcome decode_plainly(const Rows& rows, const Streams& streams) {
  Outcome outcome{Errc::kOk, Symbols(rows.length)};
  std::vector<RangeDecoderState> states;
  for (const auto stream : streams) {
    states.push_back(begin_decode(stream));
  }
  for (std::size_t i = 0; i < rows.length && outcome.code == Errc::kOk; ++i) {
    const auto row = view(rows.cdf).subspan(i * rows.row_size, rows.row_size);
    outcome.code = decode_symbol(states[i % streams.size()], row, rows.precision, outcome.symbols[i]);
  }
  const auto whole = [](const RangeDecoderState& state) { return check_end(state) == Errc::kOk; };
  if (outcome.code == Errc::kOk && !std::ranges::all_of(states, whole)) {
    outcome.code = Errc::kCorrupt;
  }
  return outcome;
}

std::vector<Bytes> encode(const Rows& rows, const Symbols& symbols, std::size_t lanes, std::size_t steps) {
  LaneEncoder encoder(lanes, rows.precision);
  for (std::size_t t = 0; t < steps; ++t) {
    encoder.encode_step(
        view(symbols).subspan(t * lanes, lanes),
        CdfRows(view(rows.cdf).subspan(t * lanes * rows.row_size, lanes * rows.row_size), rows.row_size));
  }
  return encoder.finish();
}

}  // namespace
}  // namespace foretell::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace foretell::fuzz;
  using foretell::Errc;
  Input input(data, size);
  const std::uint8_t choice = input.byte();
  Rows rows = make_rows(input, 60);
  const std::size_t lanes = 1 + input.byte() % 12;
  const std::size_t steps = rows.length / lanes;
  rows.length = steps * lanes;
  rows.cdf.resize(rows.length * rows.row_size);
  std::vector<Bytes> bytes(lanes);
  Symbols sent;
  bool encoded = false;  // and not damaged
  if (rows.sound && choice % 2 == 0) {
    sent = make_symbols(input, rows.length, rows.vocabulary());
    bytes = encode(rows, sent, lanes, steps);
    encoded = !damage(input, bytes[input.below(lanes)]);
  } else {
    for (Bytes& lane : bytes) {
      lane = input.take(input.byte());
    }
  }
  const Streams streams(bytes.begin(), bytes.end());

  Outcome outcome;
  with_integers(rows.precision, choice / 2,
                [&](auto integer) { outcome = decode<decltype(integer)>(rows, streams, steps); });
  outcome.check(rows);
  require(!encoded || (outcome.code == Errc::kOk && outcome.symbols == sent), "what was encoded decodes");
  if (rows.sound) {
    const Outcome plain = decode_plainly(rows, streams);
    require(outcome.code == plain.code, "the same errors as lane by lane");
    require(outcome.code != Errc::kOk || outcome.symbols == plain.symbols, "the same symbols as lane by lane");
  }
  return 0;
}
