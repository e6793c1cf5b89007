// RansCoder with a StaticTable, through whichever kernel this machine has: it does what single rows do.
#include "foretell/rans.hpp"

#include "fuzz.hpp"

namespace foretell::fuzz {
namespace {

struct Case {
  std::vector<std::uint64_t> row;
  unsigned precision;
  std::size_t interleave;
  std::size_t length;
};

Outcome decode_by_row(const Case& one, const Bytes& stream) {
  Outcome outcome{Errc::kOk, Symbols(one.length)};
  outcome.code = thrown_by([&] {
    RansCoder coder(stream, one.precision, one.interleave);
    for (std::uint32_t& symbol : outcome.symbols) {
      coder.decode(CdfRows(view(one.row), one.row.size()), std::span(&symbol, 1));
    }
    coder.finish();
  });
  return outcome;
}

/// Decodes in two calls, the first of `first` symbols.
template <typename Symbol>
Outcome decode_by_table(const Case& one, const StaticTable& table, const Bytes& stream, std::size_t first) {
  std::vector<Symbol> symbols(one.length);
  const Errc code = thrown_by([&] {
    RansCoder coder(stream, one.precision, one.interleave);
    coder.decode_table(table, std::span(symbols).first(first));
    coder.decode_table(table, std::span(symbols).subspan(first));
    coder.encode_table_reverse(view(symbols), table);
    require(coder.to_bytes() == stream, "pushing back what was popped gives the stream");
    coder.decode_table(table, std::span(symbols));
    coder.finish();
  });
  return {code, Symbols(symbols.begin(), symbols.end())};
}

}  // namespace
}  // namespace foretell::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace foretell::fuzz;
  using foretell::Errc;
  Input input(data, size);
  const std::uint8_t choice = input.byte();
  Case one{};
  one.precision = 1 + input.byte() % foretell::kMaxTablePrecision;
  const std::size_t vocabulary = make_vocabulary(input, one.precision);
  one.row = make_row(input, vocabulary, one.precision);
  const std::uint8_t states = input.byte();  // 16, 32 and 64 have kernels of their own
  one.interleave = states < 128 ? 1 + states % 40 : std::size_t{8} << states % 4;
  one.length = input.below(500);
  const std::size_t first = input.below(one.length + 1);
  const foretell::StaticTable table(view(one.row), one.precision);
  Bytes stream;
  Symbols sent;
  bool encoded = false;  // and not damaged
  if (choice % 2 == 0) {
    sent = make_symbols(input, one.length, vocabulary);
    foretell::RansCoder encoder(one.precision, one.interleave);
    encoder.encode_table_reverse(view(sent), table);
    stream = encoder.to_bytes();
    encoded = !damage(input, stream);
  } else {
    stream = input.take(4096);
  }

  const bool bytes = vocabulary <= 256 && choice / 2 % 2 == 0;
  const Outcome outcome = bytes ? decode_by_table<std::uint8_t>(one, table, stream, first)
                                : decode_by_table<std::uint16_t>(one, table, stream, first);
  const Outcome expected = decode_by_row(one, stream);
  require(outcome.code == expected.code, "the same errors as row by row");
  require(outcome.code != Errc::kOk || outcome.symbols == expected.symbols, "the same symbols as row by row");
  require(!encoded || (outcome.code == Errc::kOk && outcome.symbols == sent), "what was encoded decodes");
  return 0;
}
