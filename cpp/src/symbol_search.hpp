// Which symbol of a CDF row a slot belongs to: the number of entries 1 .. V-1 that are not above it.
//
// Found by halves, that is a chain of log2(V) dependent look-ups. Comparing all of a short row and counting is faster,
// and the compiler makes vector instructions of it. Longer rows are halved until what is left is short. For a row that
// is a CDF both give the same symbol.
#pragma once

#include <cstddef>
#include <cstdint>

#include "foretell/range_coder.hpp"

namespace foretell {

inline constexpr std::size_t kShortRow = 256;  // symbols

/// Returns how many of `length` (which is kLength unless that is 0) entries are not above `limit`.
template <std::size_t kLength, typename Integer>
[[gnu::always_inline]] inline std::size_t count(const Integer* entries, std::size_t length, Integer limit) noexcept {
  Integer found = 0;  // as wide as the entries, so that a vector counts as many as it compares
  for (std::size_t i = 0; i < (kLength == 0 ? length : kLength); ++i) {
    found = static_cast<Integer>(found + (entries[i] <= limit ? 1 : 0));
  }
  return found;
}

/// The search of decode_symbol; returns 0 .. vocabulary - 1 for any contents of `row`.
struct SearchByCounting {
  template <typename Integer>
  [[gnu::always_inline]] std::size_t operator()(const Integer* row, std::size_t vocabulary,
                                                std::uint64_t slot) const noexcept {
    const auto [below, length] = halve_symbols(row, vocabulary, slot, kShortRow);
    const auto limit = static_cast<Integer>(slot);  // below 2^precision: it fits
    // row[below] is never above the slot, and counted: V entries, not V - 1, fill whole vectors.
    if (length == kShortRow) {  // bytes: with the length known there is no loop
      return below + count<kShortRow>(row + below, kShortRow, limit) - 1;
    }
    return below + count<0>(row + below, length, limit) - 1;
  }
};

}  // namespace foretell
