// Which symbol of a CDF row a slot belongs to: the number of entries 1 .. V-1 that are not above it.
//
// Found by halves, that is a chain of log2(V) dependent look-ups. Comparing all of a short row and counting is faster:
// with AVX-512 a comparison gives a bit for each entry, and bits are counted in a few instructions (some 25 cycles for
// 256 entries); elsewhere the compiler makes what it can of the loop. Longer rows are halved until what is left is
// short. For a row that is a CDF all give the same symbol.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "foretell/isa.hpp"
#include "foretell/range_coder.hpp"
#include "targets.hpp"

#if FORETELL_X86_TARGETS
#include "symbol_count_x86.hpp"
#endif

namespace foretell {

inline constexpr std::size_t kShortBytes = 512;  // of a row, eight vectors

/// The same for searches of which many overlap, so that it does not matter how long one takes, but how much it does.
inline constexpr std::size_t kOverlappedBytes = 128;

/// Returns how many of `length` (which is kLength unless that is 0) entries are not above `limit`.
template <std::size_t kLength, typename Integer>
[[gnu::always_inline]] inline std::size_t count(const Integer* entries, std::size_t length, Integer limit) noexcept {
  Integer found = 0;  // as wide as the entries, so that a vector counts as many as it compares
  for (std::size_t i = 0; i < (kLength == 0 ? length : kLength); ++i) {
    found = static_cast<Integer>(found + (entries[i] <= limit ? 1 : 0));
  }
  return found;
}

/// The search of decode_symbol; returns 0 .. vocabulary - 1 for any contents of `row` that begin with 0. For rows that
/// are no CDFs, too, what it returns depends on kBytes and not on the instructions.
template <Isa kIsa, std::size_t kBytes = kShortBytes>
struct SearchByCounting {
  template <typename Integer>
  [[gnu::always_inline]] std::size_t operator()(const Integer* row, std::size_t vocabulary,
                                                std::uint64_t slot) const noexcept {
    constexpr std::size_t kShortRow = kBytes / sizeof(Integer);
    const auto [below, length] = halve_symbols(row, vocabulary, slot, kShortRow);
    const auto limit = static_cast<Integer>(slot);  // below 2^precision: it fits
    // row[below] is never above the slot, and counted: V entries, not V - 1, fill whole vectors.
#if FORETELL_X86_TARGETS
    if constexpr (kIsa == Isa::kAvx512 && !std::is_same_v<Integer, std::uint64_t>) {
      if (length == kShortRow) {  // bytes: with the length known there is no loop
        return below + count_avx512(row + below, kShortRow, limit) - 1;
      }
      return below + count_avx512(row + below, length, limit) - 1;
    }
#endif
    if (length == kShortRow) {
      return below + count<kShortRow>(row + below, kShortRow, limit) - 1;
    }
    return below + count<0>(row + below, length, limit) - 1;
  }
};

}  // namespace foretell
