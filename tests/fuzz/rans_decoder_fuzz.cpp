// RansCoder with a row a symbol: any stream under any rows. Pushing back what was popped gives the stream again.
#include "foretell/rans.hpp"

#include "fuzz.hpp"

namespace foretell::fuzz {
namespace {

template <typename Integer>
void run(const Rows& rows, const Bytes& stream, std::size_t interleave, std::size_t first, const Symbols* sent) {
  Outcome outcome{Errc::kOk, Symbols(rows.length)};
  const std::vector<Integer> cdf = rows.as<Integer>();
  const auto pop = [&](RansCoder& coder) {
    const std::size_t cut = first * rows.row_size;
    coder.decode(CdfRows(view(cdf).first(cut), rows.row_size), std::span(outcome.symbols).first(first));
    coder.decode(CdfRows(view(cdf).subspan(cut), rows.row_size), std::span(outcome.symbols).subspan(first));
  };
  outcome.code = thrown_by([&] {
    RansCoder coder(stream, rows.precision, interleave);
    require(coder.to_bytes() == stream, "a stream is taken as it is");
    pop(coder);
    const bool exhausted = coder.is_exhausted();
    require(sent == nullptr || (exhausted && outcome.symbols == *sent), "what was encoded decodes");
    const Bytes rest = coder.to_bytes();  // valid: no error, no state below 2^32
    require(RansCoder(rest, rows.precision, interleave).to_bytes() == rest, "what is left is a stream");
    coder.encode_symbols_reverse(view(outcome.symbols), CdfRows(view(cdf), rows.row_size));
    require(coder.to_bytes() == stream, "pushing back what was popped gives the stream");
    pop(coder);
    require((thrown_by([&] { coder.finish(); }) == Errc::kOk) == exhausted, "finish passes if nothing is left");
  });
  outcome.check(rows);
  check_slots(rows, cdf, outcome);
  require(sent == nullptr || outcome.code == Errc::kOk, "what was encoded decodes without an error");
}

}  // namespace
}  // namespace foretell::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace foretell::fuzz;
  Input input(data, size);
  const std::uint8_t choice = input.byte();
  const Rows rows = make_rows(input, 40);
  const std::size_t first = input.below(rows.length + 1);
  const std::uint8_t states = input.byte();
  const std::size_t interleave = states == 255 ? foretell::kMaxInterleave : 1 + states % 24;
  Bytes stream;
  Symbols sent;
  bool encoded = false;  // and not damaged
  if (rows.sound && choice % 2 == 0) {
    sent = make_symbols(input, rows.length, rows.vocabulary());
    foretell::RansCoder encoder(rows.precision, interleave);
    encoder.encode_symbols_reverse(view(sent), foretell::CdfRows(view(rows.cdf), rows.row_size));
    stream = encoder.to_bytes();
    encoded = !damage(input, stream);
  } else {
    stream = input.take(8 * interleave + 4 * (choice / 2));
  }
  with_integers(rows.precision, choice / 2, [&](auto integer) {
    run<decltype(integer)>(rows, stream, interleave, first, encoded ? &sent : nullptr);
  });
  return 0;
}
