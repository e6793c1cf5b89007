// StaticTable: any integers as a CDF at any precision, and the division of those that are one.
#include "foretell/static_table.hpp"

#include "fuzz.hpp"

namespace foretell::fuzz {
namespace {

/// The rules, as cdf.hpp says them; in uint16 rows the last value may be stored as 0.
template <typename Integer>
bool is_cdf(const std::vector<Integer>& cdf, unsigned precision) {
  if (precision < 1 || precision > kMaxTablePrecision || cdf.size() < 2) {
    return false;
  }
  std::vector<std::uint64_t> wide(cdf.begin(), cdf.end());
  if (sizeof(Integer) == 2 && precision == 16 && wide.back() == 0) {
    wide.back() = 65536;
  }
  const bool rises = std::ranges::adjacent_find(wide, [](auto a, auto b) { return a >= b; }) == wide.end();
  return wide.front() == 0 && wide.back() == std::uint64_t{1} << precision && rises;
}

template <typename Integer>
void run(Input& input, const std::vector<Integer>& cdf, unsigned precision) {
  std::vector<StaticTable> made;
  const Errc code = thrown_by([&] { made.emplace_back(view(cdf), precision); });
  require(code == (is_cdf(cdf, precision) ? Errc::kOk : Errc::kInvalidArgument), "what is a CDF makes a table");
  if (code != Errc::kOk) {
    return;
  }
  const StaticTable& table = made.front();
  require(table.vocabulary() == cdf.size() - 1, "a symbol for each step of the CDF");
  std::uint64_t slot = 0;
  for (std::size_t s = 0; s < table.vocabulary(); ++s) {
    const TableSymbol& symbol = table.symbols()[s];
    const std::uint64_t freq = symbol.freq_minus_1 + std::uint64_t{1};
    require(symbol.start == slot, "symbols follow each other");
    for (std::uint64_t offset = 0; offset < freq; ++offset, ++slot) {
      const std::uint64_t entry = table.slots()[slot];
      require(slot_symbol(entry) == s && slot_offset(entry) == offset && slot_freq(entry) == freq,
              "a slot knows its symbol");
    }
    const std::uint64_t most = (freq << (63 - precision)) * 2 - 1;  // freq * 2^(64-P) may be 2^64
    const std::uint64_t any = std::min(input.number<std::uint64_t>(), most);
    for (const std::uint64_t x : {most, any, any / freq * freq, any / freq * freq - 1}) {
      require(x > most || divide(x, symbol) == x / freq, "quotients are exact");
    }
  }
  require(slot == std::uint64_t{1} << precision, "every slot belongs to a symbol");
}

}  // namespace
}  // namespace foretell::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace foretell::fuzz;
  Input input(data, size);
  const std::uint8_t choice = input.byte();
  unsigned precision = input.byte() % 20;
  std::vector<std::uint64_t> cdf;
  if (choice % 2 == 0) {
    precision = 1 + precision % foretell::kMaxTablePrecision;
    cdf = make_row(input, make_vocabulary(input, precision), precision);
    if (choice % 4 == 0) {
      cdf[input.below(cdf.size())] = input.number<std::uint64_t>() >> input.byte() % 64;
    }
  } else {
    cdf.resize(input.byte());
    for (std::uint64_t& value : cdf) {
      value = input.number<std::uint64_t>() >> input.byte() % 64;
    }
  }
  with_integers(16, choice / 4, [&](auto integer) { run(input, Rows{.cdf = cdf}.as<decltype(integer)>(), precision); });
  return 0;
}
