// Random messages for tables, the same on every machine: one CDF, or a set of which each symbol names one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "foretell/range_coder.hpp"
#include "foretell/static_table.hpp"

namespace foretell::test {

using Bytes = std::vector<std::uint8_t>;
using Wide = std::vector<std::uint64_t>;

/// A CDF of `vocabulary` symbols; if `lopsided` those of the lower half have one slot each, and one has what is spare.
inline Wide make_cdf(std::mt19937_64& random, std::size_t vocabulary, unsigned precision, bool lopsided) {
  const std::uint64_t spare = (std::uint64_t{1} << precision) - vocabulary;
  Wide cdf;
  for (std::size_t s = 1; s < vocabulary; ++s) {
    cdf.push_back(lopsided ? (s > vocabulary / 2 ? spare : 0) : random() % (spare + 1));
  }
  cdf.push_back(0);
  cdf.push_back(spare);
  std::ranges::sort(cdf);
  for (std::size_t s = 0; s <= vocabulary; ++s) {
    cdf[s] += s;
  }
  return cdf;
}

struct TableMessage {
  unsigned precision;
  std::vector<Wide> cdfs;
  std::vector<std::int32_t> index;
  std::vector<std::uint16_t> symbols;

  [[nodiscard]] StaticTable table() const { return StaticTable(std::span<const Wide>(cdfs), precision); }

  /// The slots of each symbol: what coders without tables take.
  void intervals(Wide& start, Wide& freq) const {
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      const Wide& cdf = cdfs[static_cast<std::size_t>(index[i])];
      start.push_back(cdf[symbols[i]]);
      freq.push_back(cdf[symbols[i] + 1U] - start.back());
    }
  }
};

/// `length` symbols, some drawn from their CDF and some from all symbols alike; row r of `rows` has `vocabulary`
/// symbols, or if `ragged` between 1 and that many.
inline TableMessage make_table_message(std::uint64_t seed, std::size_t length, std::size_t rows, std::size_t vocabulary,
                                       unsigned precision, bool lopsided = false, bool ragged = false) {
  std::mt19937_64 random(seed);
  TableMessage message{precision, {}, {}, {}};
  for (std::size_t row = 0; row < rows; ++row) {
    message.cdfs.push_back(make_cdf(random, ragged ? 1 + random() % vocabulary : vocabulary, precision, lopsided));
  }
  for (std::size_t i = 0; i < length; ++i) {
    const std::size_t row = random() % rows;
    const Wide& cdf = message.cdfs[row];
    const std::uint64_t slot = random() % cdf.back();
    const auto likely = static_cast<std::uint64_t>(std::ranges::upper_bound(cdf, slot) - cdf.begin() - 1);
    message.index.push_back(static_cast<std::int32_t>(row));
    message.symbols.push_back(static_cast<std::uint16_t>(random() % 4 != 0 ? likely : random() % (cdf.size() - 1)));
  }
  return message;
}

}  // namespace foretell::test
