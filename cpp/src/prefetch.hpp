// Asking for memory before it is needed. A hint: it never faults and never changes a result.
//
// A CDF of its own for each symbol comes from memory: a quarter of a microsecond a row if nobody asks in time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "foretell/cdf_rows.hpp"

namespace foretell {

inline constexpr std::size_t kCacheLine = 64;

// Always inlined: GCC takes a function that only prefetches for one without effects, and drops calls of it.
[[gnu::always_inline]] inline void prefetch([[maybe_unused]] const void* address) noexcept {
#if defined(__GNUC__)
  __builtin_prefetch(address);
#endif
}

inline constexpr std::size_t kEncodeAhead =
    64;  // rows; an encoder touches one or two lines of each, and is through with it soon
inline constexpr std::size_t kDecodeAhead = 10;  // rows; a decoder searches all of each

/// The rows of one call that may be expected in a cache: they were just made. Asking for them again, line by line,
/// would take as long as a third of decoding.
inline constexpr std::size_t kNearBytes = 256 * 1024;

template <typename Integer>
[[nodiscard]] inline bool are_far(const CdfRows<Integer>& cdf, std::size_t near_bytes = kNearBytes) noexcept {
  return cdf.count * cdf.row_size * sizeof(Integer) > near_bytes;
}

/// Asks for what a search of the row touches first: of a long row only eight places are known.
template <typename Integer>
[[gnu::always_inline]] inline void prefetch_row(const Integer* row, std::size_t row_size) noexcept {
  constexpr std::size_t kWholeBytes = 4096;
  const auto* bytes = reinterpret_cast<const char*>(row);
  const std::size_t size = row_size * sizeof(Integer);
  const std::size_t stride = size <= kWholeBytes ? kCacheLine : size / 8;
  for (std::size_t at = 0; at < size; at += stride) {
    prefetch(bytes + at);
  }
}

/// Asks for what encoding a symbol touches.
template <typename Integer>
[[gnu::always_inline]] inline void prefetch_symbol(std::span<const Integer> row, std::uint32_t symbol) noexcept {
  prefetch(row.data() + std::min<std::size_t>(symbol, row.size() - 1));
}

}  // namespace foretell
