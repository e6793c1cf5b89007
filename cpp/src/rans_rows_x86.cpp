// pop_rows for AVX-512: eight symbols are searched for one after the other, then their states change together.
//
// Every step is that of pop_symbol with a row. What it checks of a row is gathered here, and looked at once for eight
// rows, after the search: so that searches, which take rows as they come, must stay inside them.
#include "targets.hpp"

#if FORETELL_X86_TARGETS

#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC bug 105593: its own AVX-512 header sets it off
#endif

#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "foretell/pick.hpp"
#include "foretell/rans.hpp"
#include "prefetch.hpp"
#include "rans_rows.hpp"
#include "symbol_search.hpp"

namespace foretell {
namespace {

// -- eight numbers from eight places ---------------------------------------------------------------------------------

/// Two integers of a row, side by side: where a symbol's slots begin and end.
[[FORETELL_AVX512]] inline __m128i load_two(const std::uint16_t* start) noexcept { return _mm_loadu_si32(start); }
[[FORETELL_AVX512]] inline __m128i load_two(const std::uint32_t* start) noexcept { return _mm_loadu_si64(start); }

[[FORETELL_AVX512]] inline __m256i join(__m128i low, __m128i high) noexcept {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}

/// The first 32 bits of each.
[[FORETELL_AVX512]] inline __m256i join_eight(const __m128i* v) noexcept {
  const __m128i low = _mm_unpacklo_epi64(_mm_unpacklo_epi32(v[0], v[1]), _mm_unpacklo_epi32(v[2], v[3]));
  const __m128i high = _mm_unpacklo_epi64(_mm_unpacklo_epi32(v[4], v[5]), _mm_unpacklo_epi32(v[6], v[7]));
  return join(low, high);
}

/// Where the slots of eight symbols begin and end.
struct Ends {
  __m512i start;
  __m512i end;
};

[[FORETELL_AVX512]] inline Ends join_ends(const __m128i* two, std::uint16_t) noexcept {
  const __m512i both = _mm512_cvtepu32_epi64(join_eight(two));
  return {_mm512_and_si512(both, _mm512_set1_epi64(0xffff)), _mm512_srli_epi64(both, 16)};
}

[[FORETELL_AVX512]] inline Ends join_ends(const __m128i* two, std::uint32_t) noexcept {
  const __m256i low = join(_mm_unpacklo_epi64(two[0], two[1]), _mm_unpacklo_epi64(two[2], two[3]));
  const __m256i high = join(_mm_unpacklo_epi64(two[4], two[5]), _mm_unpacklo_epi64(two[6], two[7]));
  const __m512i both = _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
  return {_mm512_and_si512(both, _mm512_set1_epi64(0xffffffff)), _mm512_srli_epi64(both, 32)};
}

// -- the search ------------------------------------------------------------------------------------------------------

/// The slot of one lane in all places of a vector, without the way by memory, which every round would wait for.
[[FORETELL_AVX512]] inline __m512i spread(__m512i slots, std::size_t lane, std::uint16_t) noexcept {
  return _mm512_permutexvar_epi16(_mm512_set1_epi16(static_cast<short>(4 * lane)), slots);
}
[[FORETELL_AVX512]] inline __m512i spread(__m512i slots, std::size_t lane, std::uint32_t) noexcept {
  return _mm512_permutexvar_epi32(_mm512_set1_epi32(static_cast<int>(2 * lane)), slots);
}

/// halve_symbols for 256 symbols, down to kOverlappedBytes. The entries that the first two steps may look at are loaded
/// before the slot is known, so that the second step waits for the first but not for memory.
template <typename Integer>
[[FORETELL_AVX512]] inline SymbolRange halve_256(const Integer* row, std::uint64_t slot) noexcept {
  const std::uint64_t middle = row[128];
  const std::uint64_t quarter = pick_less(slot, middle, row[64], row[192]);
  std::uint64_t below = pick_less(slot, middle, 0, 128);
  below = pick_less(slot, quarter, below, below + 64);
  if constexpr (kOverlappedBytes / sizeof(Integer) == 64) {
    return {below, 64};
  }
  static_assert(kOverlappedBytes / sizeof(Integer) >= 32);
  return {pick_less(slot, row[below + 32], below, below + 32), 32};
}

/// SearchByCounting, but inside the row for any contents. kVocabulary is `vocabulary` or, if that is not known, 0.
template <std::size_t kVocabulary, typename Integer>
[[FORETELL_AVX512]] inline std::size_t search_row(const Integer* row, std::size_t vocabulary, std::uint64_t slot,
                                                  __m512i limits) noexcept {
  SymbolRange left{0, vocabulary};
  if constexpr (kVocabulary == 256) {
    left = halve_256(row, slot);
  } else {
    left = halve_symbols(row, vocabulary, slot, kOverlappedBytes / sizeof(Integer));
  }
  const std::size_t counted = count_avx512(row + left.below, left.length, limits);
  return left.below + counted - (counted != 0 ? 1 : 0);
}

// -- the loop --------------------------------------------------------------------------------------------------------

/// As kNearBytes: here the work on many symbols overlaps and hides all waits but those for memory, so that what lies in
/// any cache of the core's own need not be asked for.
constexpr std::size_t kNearRowsBytes = 1024 * 1024;

/// kOne: there are no more states than go into a vector, which stays in a register.
template <bool kOne, std::size_t kVocabulary, typename Integer>
[[FORETELL_AVX512, gnu::flatten]] std::size_t pop_rows(StateSpan states, const std::uint32_t*& next,
                                                       const std::uint32_t* end, CdfRows<Integer> cdf,
                                                       unsigned precision, std::uint32_t* symbols) noexcept {
  const std::size_t vocabulary = kVocabulary == 0 ? cdf.row_size - 1 : kVocabulary;
  const std::uint64_t total = std::uint64_t{1} << precision;
  const __m128i shift = _mm_cvtsi32_si128(static_cast<int>(precision));
  const __m512i totals = _mm512_set1_epi64(static_cast<long long>(total));
  const __m512i slot_mask = _mm512_set1_epi64(static_cast<long long>(total - 1));
  const __m512i low_half = _mm512_set1_epi64(0xffffffff);
  const __m256i last_symbol = _mm256_set1_epi32(static_cast<int>(vocabulary - 1));
  const bool far = are_far(cdf, kNearRowsBytes);
  const std::uint32_t* word = next;
  const Integer* row = cdf.data;
  __m512i state = _mm512_loadu_si512(states.data);
  std::size_t group = 0;
  std::size_t done = 0;
  for (; cdf.count - done >= kRowLanes && end - word >= static_cast<std::ptrdiff_t>(kRowLanes); done += kRowLanes) {
    if (far) {
      const std::size_t until = std::min(done + 2 * kRowLanes, cdf.count);
      for (std::size_t i = done + kRowLanes; i != until; ++i) {
        prefetch_row(cdf.row(i), cdf.row_size);
      }
    }
    if constexpr (!kOne) {
      state = _mm512_loadu_si512(states.data + group);
    }
    const __m512i slot = _mm512_and_si512(state, slot_mask);
    alignas(64) std::uint64_t slots[kRowLanes];
    _mm512_store_si512(slots, slot);

    __m128i two[kRowLanes];
    __m128i found[kRowLanes];
    Integer wrong = 0;
#pragma GCC unroll 8
    for (std::size_t i = 0; i != kRowLanes; ++i) {
      wrong = static_cast<Integer>(wrong | row[0] | (row[vocabulary] ^ static_cast<Integer>(total)));
      const std::size_t symbol = search_row<kVocabulary>(row, vocabulary, slots[i], spread(slot, i, Integer{}));
      two[i] = load_two(row + symbol);
      found[i] = _mm_cvtsi32_si128(static_cast<int>(symbol));
      row += cdf.stride;
      // Nothing, but in this order. Left alone, GCC takes eight pointers to rows and gathers what is wrong in the end,
      // and has not the registers for either.
      __asm__("" : "+r"(row), "+r"(wrong), "+v"(two[i]), "+v"(found[i]));
    }
    const __m256i eight = join_eight(found);
    Ends slots_of = join_ends(two, Integer{});
    if constexpr (std::is_same_v<Integer, std::uint16_t>) {  // as slots_end
      const __mmask8 is_last = _mm256_cmpeq_epi32_mask(eight, last_symbol);
      slots_of.end = _mm512_mask_mov_epi64(slots_of.end, is_last, totals);
    }
    const unsigned outside = _mm512_cmpgt_epu64_mask(slots_of.start, slot) |
                             _mm512_cmple_epu64_mask(slots_of.end, slot) |
                             _mm512_cmpgt_epu64_mask(slots_of.end, totals);
    if ((wrong | outside) != 0) [[unlikely]] {
      break;
    }
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(symbols + done), eight);

    const __m512i freq = _mm512_sub_epi64(slots_of.end, slots_of.start);
    const __m512i product = _mm512_mullo_epi64(freq, _mm512_srl_epi64(state, shift));
    const __m512i rest = _mm512_add_epi64(product, _mm512_sub_epi64(slot, slots_of.start));
    const __mmask8 moves = _mm512_cmple_epu64_mask(rest, low_half);
    const __m256i words = _mm256_maskz_expand_epi32(moves, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(word)));
    word += std::popcount(static_cast<unsigned>(moves));
    const __m512i refilled = _mm512_or_si512(_mm512_slli_epi64(rest, 32), _mm512_cvtepu32_epi64(words));
    state = _mm512_mask_mov_epi64(rest, moves, refilled);
    if constexpr (!kOne) {
      _mm512_storeu_si512(states.data + group, state);
      group = group + kRowLanes == states.size ? 0 : group + kRowLanes;
    }
  }
  if constexpr (kOne) {
    _mm512_storeu_si512(states.data, state);
  }
  next = word;
  return done;
}

template <std::size_t kVocabulary, typename Integer>
std::size_t pop_any(StateSpan states, const std::uint32_t*& next, const std::uint32_t* end, CdfRows<Integer> cdf,
                    unsigned precision, std::uint32_t* symbols) noexcept {
  return states.size == kRowLanes ? pop_rows<true, kVocabulary>(states, next, end, cdf, precision, symbols)
                                  : pop_rows<false, kVocabulary>(states, next, end, cdf, precision, symbols);
}

/// Bytes are what most messages are of.
template <typename Integer>
std::size_t pop_any(StateSpan states, const std::uint32_t*& next, const std::uint32_t* end, CdfRows<Integer> cdf,
                    unsigned precision, std::uint32_t* symbols) noexcept {
  return cdf.row_size == 257 ? pop_any<256>(states, next, end, cdf, precision, symbols)
                             : pop_any<0>(states, next, end, cdf, precision, symbols);
}

}  // namespace

std::size_t pop_rows_avx512(StateSpan states, const std::uint32_t*& next, const std::uint32_t* end,
                            CdfRows<std::uint16_t> cdf, unsigned precision, std::uint32_t* symbols) noexcept {
  return pop_any(states, next, end, cdf, precision, symbols);
}

std::size_t pop_rows_avx512(StateSpan states, const std::uint32_t*& next, const std::uint32_t* end,
                            CdfRows<std::uint32_t> cdf, unsigned precision, std::uint32_t* symbols) noexcept {
  return pop_any(states, next, end, cdf, precision, symbols);
}

}  // namespace foretell

#endif
