// RangeDecoder: any stream under any rows.
#include "foretell/range_coder.hpp"

#include "fuzz.hpp"

namespace foretell::fuzz {
namespace {

Bytes encode(const Rows& rows, const Symbols& symbols, bool checksum) {
  RangeEncoder encoder(rows.precision, checksum);
  encoder.encode_symbols(view(symbols), CdfRows(view(rows.cdf), rows.row_size));
  return encoder.finish();
}

/// Decodes in two calls, the first of `first` symbols.
template <typename Integer>
Outcome decode(const Rows& rows, const Bytes& stream, bool checksum, std::size_t first) {
  Outcome outcome{Errc::kOk, Symbols(rows.length)};
  const std::vector<Integer> cdf = rows.as<Integer>();
  outcome.code = thrown_by([&] {
    RangeDecoder decoder(stream, rows.precision, checksum);
    const std::size_t cut = first * rows.row_size;
    decoder.decode(CdfRows(view(cdf).first(cut), rows.row_size), std::span(outcome.symbols).first(first));
    decoder.decode(CdfRows(view(cdf).subspan(cut), rows.row_size), std::span(outcome.symbols).subspan(first));
    decoder.finish();
  });
  check_slots(rows, cdf, outcome);
  return outcome;
}

/// Decodes with the functions of the header, one symbol after the other.
Outcome decode_plainly(const Rows& rows, const Bytes& stream, bool checksum) {
  Outcome outcome{Errc::kOk, Symbols(rows.length)};
  RangeDecoderState state = begin_decode(stream);
  Checksum sum;
  for (std::size_t i = 0; i < rows.length && outcome.code == Errc::kOk; ++i) {
    const auto row = view(rows.cdf).subspan(i * rows.row_size, rows.row_size);
    outcome.code = decode_symbol(state, row, rows.precision, outcome.symbols[i], SearchByHalves{}, sum);
  }
  if (outcome.code == Errc::kOk && checksum) {
    outcome.code = decode_digest(state, sum.digest());
  }
  if (outcome.code == Errc::kOk) {
    outcome.code = check_end(state);
  }
  return outcome;
}

}  // namespace
}  // namespace foretell::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace foretell::fuzz;
  using foretell::Errc;
  Input input(data, size);
  const std::uint8_t choice = input.byte();
  const bool checksum = choice / 16 % 2 == 1;
  const Rows rows = make_rows(input, 40);
  const std::size_t first = input.below(rows.length + 1);
  Bytes stream;
  Symbols sent;
  bool encoded = false;  // and not damaged
  if (rows.sound && choice % 2 == 0) {
    sent = make_symbols(input, rows.length, rows.vocabulary());
    stream = encode(rows, sent, checksum);
    encoded = !damage(input, stream);
  } else {
    stream = input.take(4096);
  }

  Outcome outcome;
  with_integers(rows.precision, choice / 2 % 8,
                [&](auto integer) { outcome = decode<decltype(integer)>(rows, stream, checksum, first); });
  outcome.check(rows);
  require(!encoded || (outcome.code == Errc::kOk && outcome.symbols == sent), "what was encoded decodes");
  if (!rows.sound) {
    return 0;
  }
  const Outcome plain = decode_plainly(rows, stream, checksum);
  require(outcome.code == plain.code, "the same errors as symbol by symbol");
  if (outcome.code == Errc::kOk) {
    require(outcome.symbols == plain.symbols, "the same symbols as symbol by symbol");
    require(encode(rows, outcome.symbols, checksum) == stream, "the stream is the one of its symbols");
  }
  return 0;
}
