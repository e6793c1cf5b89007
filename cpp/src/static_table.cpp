#include "foretell/static_table.hpp"

#include <bit>
#include <string>

#include "foretell/cdf.hpp"
#include "foretell/errc.hpp"
#include "foretell/range_coder.hpp"

namespace foretell {

TableSymbol make_table_symbol(std::uint32_t start, std::uint32_t freq) noexcept {
  TableSymbol symbol{
      .reciprocal = 0,
      .freq_minus_1 = static_cast<std::uint16_t>(freq - 1),
      .start = static_cast<std::uint16_t>(start),
      .increment = 0,
      .shift = 0,
  };
  if (freq == 1) {
    symbol.reciprocal = ~std::uint64_t{0};
    symbol.increment = 1;
    return symbol;
  }
  const auto k = static_cast<unsigned>(std::bit_width(freq - 1));  // 2^(k-1) < freq <= 2^k
  // D = 2^(63+k) is 128 bits wide: long division by freq, 2^63 first, then k zeros.
  std::uint64_t m = (std::uint64_t{1} << 63) / freq;
  std::uint64_t e = (std::uint64_t{1} << 63) % freq;
  for (unsigned i = 0; i < k; ++i) {
    m = 2 * m + (2 * e >= freq ? 1 : 0);
    e = 2 * e >= freq ? 2 * e - freq : 2 * e;
  }
  const bool up = e != 0 && freq - e <= e;
  symbol.reciprocal = up ? m + 1 : m;
  symbol.increment = e == 0 || up ? 0 : 1;
  symbol.shift = static_cast<std::uint8_t>(k - 1);
  return symbol;
}

template <typename Integer>
StaticTable::StaticTable(std::span<const Integer> cdf, unsigned precision) : precision_(precision) {
  if (precision < 1 || precision > kMaxTablePrecision) {
    throw Error(Errc::kInvalidArgument, "precision: " + std::to_string(precision) + " is not in 1..16 for a table");
  }
  check_cdf(cdf, cdf.size(), precision);
  symbols_.reserve(cdf.size() - 1);  // at most 2^precision, as the cdf rises
  slots_.reserve(std::size_t{1} << precision);
  for (std::size_t s = 0; s + 1 < cdf.size(); ++s) {
    const auto start = static_cast<std::uint32_t>(cdf[s]);
    const auto freq = static_cast<std::uint32_t>(slots_end(cdf, s, std::uint64_t{1} << precision)) - start;
    symbols_.push_back(make_table_symbol(start, freq));
    for (std::uint64_t offset = 0; offset < freq; ++offset) {
      slots_.push_back(std::uint64_t{s} << 48 | offset << 32 | freq);
    }
  }
}

template StaticTable::StaticTable(std::span<const std::uint16_t>, unsigned);
template StaticTable::StaticTable(std::span<const std::uint32_t>, unsigned);
template StaticTable::StaticTable(std::span<const std::uint64_t>, unsigned);

}  // namespace foretell
