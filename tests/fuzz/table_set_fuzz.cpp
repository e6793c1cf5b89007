// A StaticTable of several CDFs, with the range coder and rANS: any stream does what single rows make of it.
#include "foretell/range_coder.hpp"
#include "foretell/rans.hpp"
#include "fuzz.hpp"

namespace foretell::fuzz {
namespace {

struct Case {
  unsigned precision = 0;
  bool with_checksum = false;  // of the range coder
  std::size_t interleave = 1;
  std::vector<std::vector<std::uint64_t>> rows;
  std::vector<std::uint32_t> index;
};

/// The coders behind one face: what is coded here, how a stream begins, and how it ends.
struct Range {
  static Bytes encode(const Case& one, const Symbols& symbols, const StaticTable& table) {
    RangeEncoder encoder(one.precision, one.with_checksum);
    encoder.encode_table(symbols, table, one.index);
    return encoder.finish();
  }
  static RangeDecoder open(const Case& one, const Bytes& stream) { return {stream, one.precision, one.with_checksum}; }
};

struct Rans {
  static Bytes encode(const Case& one, const Symbols& symbols, const StaticTable& table) {
    RansCoder coder(one.precision, one.interleave);
    coder.encode_table_reverse(symbols, table, one.index);
    return coder.to_bytes();
  }
  static RansCoder open(const Case& one, const Bytes& stream) { return {stream, one.precision, one.interleave}; }
};

template <typename Coder>
Outcome decode_by_row(const Case& one, const Bytes& stream) {
  Outcome outcome{Errc::kOk, Symbols(one.index.size())};
  outcome.code = thrown_by([&] {
    auto decoder = Coder::open(one, stream);
    for (std::size_t i = 0; i < one.index.size(); ++i) {
      const auto& row = one.rows[one.index[i]];
      decoder.decode(CdfRows(view(row), row.size()), std::span(&outcome.symbols[i], 1));
    }
    decoder.finish();
  });
  return outcome;
}

/// Decodes in two calls, the first of `first` symbols.
template <typename Coder, typename Symbol>
Outcome decode_by_table(const Case& one, const StaticTable& table, const Bytes& stream, std::size_t first) {
  std::vector<Symbol> symbols(one.index.size());
  const std::span<const std::uint32_t> index(one.index);
  const Errc code = thrown_by([&] {
    auto decoder = Coder::open(one, stream);
    decoder.decode_table(table, std::span(symbols).first(first), Integers(index.first(first)));
    decoder.decode_table(table, std::span(symbols).subspan(first), Integers(index.subspan(first)));
    decoder.finish();
  });
  return {code, Symbols(symbols.begin(), symbols.end())};
}

template <typename Coder>
void run(Input& input, const Case& one, const StaticTable& table, std::uint8_t choice) {
  const std::size_t first = input.below(one.index.size() + 1);
  Bytes stream;
  Symbols sent;
  bool encoded = false;  // and not damaged
  if (choice % 2 == 0) {
    for (const std::uint32_t row : one.index) {
      sent.push_back(static_cast<std::uint32_t>(input.byte() % table.vocabulary(row)));
    }
    stream = Coder::encode(one, sent, table);
    encoded = !damage(input, stream);
  } else {
    stream = input.take(4096);
  }
  const bool bytes = table.fits_byte() && choice / 2 % 2 == 0;
  const Outcome outcome = bytes ? decode_by_table<Coder, std::uint8_t>(one, table, stream, first)
                                : decode_by_table<Coder, std::uint16_t>(one, table, stream, first);
  const Outcome expected = decode_by_row<Coder>(one, stream);
  require(outcome.code == expected.code, "the same errors as row by row");
  require(outcome.code != Errc::kOk || outcome.symbols == expected.symbols, "the same symbols as row by row");
  require(!encoded || (outcome.code == Errc::kOk && outcome.symbols == sent), "what was encoded decodes");
  if (outcome.code == Errc::kOk) {
    require(Coder::encode(one, outcome.symbols, table) == stream, "the stream is the one of its symbols");
  }
}

}  // namespace
}  // namespace foretell::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace foretell::fuzz;
  Input input(data, size);
  const std::uint8_t choice = input.byte();
  Case one{};
  one.precision = 1 + input.byte() % foretell::kMaxTablePrecision;
  one.with_checksum = choice / 4 % 2 == 1;
  const std::uint8_t states = input.byte();
  one.interleave = states < 128 ? 1 + states % 20 : std::size_t{8} << states % 4;
  one.rows.resize(1 + input.byte() % 5);
  const std::size_t vocabulary = make_vocabulary(input, one.precision);
  for (auto& row : one.rows) {  // alike in size, or not
    row = make_row(input, choice / 8 % 2 == 0 ? vocabulary : make_vocabulary(input, one.precision), one.precision);
  }
  one.index.resize(input.below(300));
  for (std::uint32_t& row : one.index) {
    row = static_cast<std::uint32_t>(input.byte() % one.rows.size());
  }
  const foretell::StaticTable table(one.rows, one.precision);
  if (choice / 16 % 2 == 0) {
    run<Range>(input, one, table, choice);
  } else {
    run<Rans>(input, one, table, choice);
  }
  return 0;
}
