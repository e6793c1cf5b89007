// Which symbol owns a slot: the look-ups of decoders with a StaticTable that do not take its slots()
// (static_table.hpp).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "foretell/static_table.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace foretell {

/// Which symbol owns a slot, and which slots it has.
struct SlotOwner {
  std::uint32_t symbol;
  std::uint32_t start;
  std::uint32_t freq;
};

/// Returns how many of eight numbers, which rise, are below `slot`.
[[nodiscard]] inline unsigned count_below(const std::uint16_t* lasts, std::uint64_t slot) noexcept {
  static_assert(kLastsBehind == 8);
#if defined(__SSE2__)
  const __m128i eight = _mm_loadu_si128(reinterpret_cast<const __m128i*>(lasts));
  // slot - last, but not below 0: 0 for those that are not below the slot.
  const __m128i above = _mm_subs_epu16(_mm_set1_epi16(static_cast<short>(slot)), eight);
  const int others = _mm_movemask_epi8(_mm_cmpeq_epi16(above, _mm_setzero_si128()));
  return static_cast<unsigned>(std::countr_zero(static_cast<unsigned>(others) | 0x10000U)) / 2;
#else
  unsigned below = 0;
  for (std::size_t i = 0; i < kLastsBehind; ++i) {
    below += lasts[i] < slot ? 1 : 0;
  }
  return below;
#endif
}

/// Finds the symbol that owns the slot, `symbol` or one after it; lasts[s] is the last slot of symbol s. The search
/// ends: the last symbol's is 2^P - 1, not below any slot, and 0xffff, which are not either, fill up its eight.
[[nodiscard]] inline std::uint32_t search_symbol(const std::uint16_t* lasts, std::uint32_t symbol,
                                                 std::uint64_t slot) noexcept {
  unsigned below = count_below(lasts + symbol, slot);
  symbol += below;
  while (below == kLastsBehind) [[unlikely]] {
    below = count_below(lasts + symbol, slot);
    symbol += below;
  }
  return symbol;
}

/// As search_symbol, with the slots that the symbol has.
[[nodiscard]] inline SlotOwner search_owner(const std::uint16_t* lasts, std::uint32_t symbol,
                                            std::uint64_t slot) noexcept {
  symbol = search_symbol(lasts, symbol, slot);
  // lasts[-1] is 0xffff, so that the first symbol starts at 0.
  const auto start = static_cast<std::uint16_t>(*(lasts + symbol - 1) + 1);
  return {.symbol = symbol, .start = start, .freq = static_cast<std::uint32_t>(lasts[symbol] - start) + 1};
}

/// By begins(): in a set of CDFs, for decoders that do not wait.
class OwnerByBegin {
 public:
  explicit OwnerByBegin(const StaticTable& table) noexcept
      : begins_(table.begins()),
        lasts_(table.lasts()),
        first_symbols_(table.first_symbols()),
        bits_(table.begin_bits()),
        shift_(table.precision() - bits_) {}

  /// The owner of slot < 2^P in row < R.
  [[nodiscard]] SlotOwner operator()(std::size_t row, std::uint64_t slot) const noexcept {
    return search_owner(lasts(row), begin(row, slot), slot);
  }

  /// The last slots of the row's symbols.
  [[nodiscard]] const std::uint16_t* lasts(std::size_t row) const noexcept {
    return lasts_ + first_symbols_[row] + kLastsBehind * row;
  }

  /// A symbol from which the search for the slot's owner may begin.
  [[nodiscard]] std::uint32_t begin(std::size_t row, std::uint64_t slot) const noexcept {
    return begins_[(row << bits_) + (slot >> shift_)];
  }

 private:
  const std::uint16_t* begins_;
  const std::uint16_t* lasts_;
  const std::uint32_t* first_symbols_;
  unsigned bits_;
  unsigned shift_;
};

/// By buckets(): for decoders that wait.
class OwnerByBucket {
 public:
  explicit OwnerByBucket(const StaticTable& table) noexcept
      : buckets_(table.buckets()),
        lasts_(table.lasts()),
        first_symbols_(table.first_symbols()),
        bits_(table.bucket_bits()),
        shift_(table.precision() - bits_) {}

  /// The owner of slot < 2^P in row < R.
  [[nodiscard, gnu::always_inline]] inline SlotOwner operator()(std::size_t row, std::uint64_t slot) const noexcept {
    const TableBucket& bucket = buckets_[(row << bits_) + (slot >> shift_)];
    if (slot > bucket.next_last) [[unlikely]] {
      return search_owner(lasts_ + first_symbols_[row] + kLastsBehind * row, bucket.symbol + 2U, slot);
    }
    const bool is_next = slot > bucket.last;
    const std::uint32_t start = is_next ? bucket.last + 1U : bucket.start;
    const std::uint32_t last = is_next ? bucket.next_last : bucket.last;
    return {.symbol = bucket.symbol + (is_next ? 1U : 0U), .start = start, .freq = last - start + 1};
  }

 private:
  const TableBucket* buckets_;
  const std::uint16_t* lasts_;
  const std::uint32_t* first_symbols_;
  unsigned bits_;
  unsigned shift_;
};

}  // namespace foretell
