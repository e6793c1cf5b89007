// pop_rounds for AVX2 and AVX-512: the states of four or eight symbols in a vector.
//
// Every step is that of pop_symbol with a table. Words go to the lanes that need one in the order of lanes, which is
// the order in which one state after the other would fetch them.
#include "rans_kernels.hpp"

#include "targets.hpp"

#if FORETELL_X86_TARGETS

#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC bug 105593: its own AVX-512 header sets it off
#endif

#include <immintrin.h>

#include <array>
#include <bit>
#include <cstring>

namespace foretell {
namespace {

inline __m128i load_pair(const std::uint64_t* low, const std::uint64_t* high) noexcept {
  const __m128d pair = _mm_load_sd(reinterpret_cast<const double*>(low));
  return _mm_castpd_si128(_mm_loadh_pd(pair, reinterpret_cast<const double*>(high)));
}

// -- AVX2 ------------------------------------------------------------------------------------------------------------

/// Bytes that bring the k-th of four words to the k-th lane set in the index, for pshufb; 0x80 makes zeros.
constexpr std::array<std::array<std::uint8_t, 16>, 16> make_expansions() {
  std::array<std::array<std::uint8_t, 16>, 16> expansions{};
  for (std::size_t lanes = 0; lanes < 16; ++lanes) {
    std::size_t word = 0;
    for (std::size_t lane = 0; lane < 4; ++lane) {
      const bool moves = (lanes >> lane & 1) != 0;
      for (std::size_t byte = 0; byte < 4; ++byte) {
        expansions[lanes][4 * lane + byte] = static_cast<std::uint8_t>(moves ? 4 * word + byte : 0x80);
      }
      word += moves ? 1 : 0;
    }
  }
  return expansions;
}

alignas(16) constexpr auto kExpansions = make_expansions();

/// The four numbers at those indices. Gather instructions are slower than single loads on AMD, and on Intel since the
/// remedy for "downfall".
[[FORETELL_AVX2]] inline __m256i load_four(const std::uint64_t* from, __m256i indices) noexcept {
  alignas(32) std::uint64_t at[4];
  _mm256_store_si256(reinterpret_cast<__m256i*>(at), indices);
  const __m128i low = load_pair(from + at[0], from + at[1]);
  return _mm256_inserti128_si256(_mm256_castsi128_si256(low), load_pair(from + at[2], from + at[3]), 1);
}

/// quotient * freq; of `freq` only the low halves are looked at, as vpmuludq does.
[[FORETELL_AVX2]] inline __m256i multiply_four(__m256i quotient, __m256i freq) noexcept {
  const __m256i high = _mm256_mul_epu32(_mm256_srli_epi64(quotient, 32), freq);
  return _mm256_add_epi64(_mm256_mul_epu32(quotient, freq), _mm256_slli_epi64(high, 32));
}

/// Gives a word to each lane that fell below 2^32.
[[FORETELL_AVX2]] inline __m256i refill_four(__m256i rest, const std::uint32_t*& word) noexcept {
  // rest < 2^32: its upper half is zero.
  const __m256i moves = _mm256_shuffle_epi32(_mm256_cmpeq_epi32(rest, _mm256_setzero_si256()), 0xf5);
  const auto lanes = static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(moves)));
  const __m128i expansion = _mm_load_si128(reinterpret_cast<const __m128i*>(kExpansions[lanes].data()));
  const __m128i words = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(word)), expansion);
  const __m256i refilled = _mm256_or_si256(_mm256_slli_epi64(rest, 32), _mm256_cvtepu32_epi64(words));
  word += std::popcount(lanes);
  return _mm256_blendv_epi8(rest, refilled, moves);
}

/// Stores the low bits of the four lanes.
template <typename Symbol>
[[FORETELL_AVX2]] inline void store_lanes(Symbol* out, __m256i symbols) noexcept {
  if constexpr (sizeof(Symbol) == 1) {
    const __m256i packed = _mm256_shuffle_epi8(symbols, _mm256_set1_epi64x(0x0800));
    const __m128i four = _mm_unpacklo_epi16(_mm256_castsi256_si128(packed), _mm256_extracti128_si256(packed, 1));
    const int bytes = _mm_cvtsi128_si32(four);
    std::memcpy(out, &bytes, sizeof bytes);
  } else {
    const __m256i packed = _mm256_shuffle_epi8(symbols, _mm256_set1_epi64x(0x09080100));
    const __m128i four = _mm_unpacklo_epi32(_mm256_castsi256_si128(packed), _mm256_extracti128_si256(packed, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out), four);
  }
}

template <typename Symbol>
[[FORETELL_AVX2]] std::size_t pop_avx2(StateSpan states, const std::uint32_t*& next, const std::uint32_t* limit,
                                       Symbol* out, std::size_t rounds, const StaticTable& table) noexcept {
  const std::uint64_t* const slots = table.slots();
  const __m128i precision = _mm_cvtsi32_si128(static_cast<int>(table.precision()));
  const __m256i slot_mask = _mm256_set1_epi64x((1LL << table.precision()) - 1);
  const __m256i offset_mask = _mm256_set1_epi64x(0xffff);
  const std::uint32_t* word = next;
  std::size_t done = 0;
  for (; done != rounds && word <= limit; ++done) {
    for (std::size_t i = 0; i != states.size; i += 4) {
      auto* const memory = reinterpret_cast<__m256i*>(states.data + i);
      const __m256i state = _mm256_loadu_si256(memory);
      const __m256i entry = load_four(slots, _mm256_and_si256(state, slot_mask));
      const __m256i product = multiply_four(_mm256_srl_epi64(state, precision), entry);
      const __m256i rest = _mm256_add_epi64(product, _mm256_and_si256(_mm256_srli_epi64(entry, 32), offset_mask));
      _mm256_storeu_si256(memory, refill_four(rest, word));
      store_lanes(out + i, _mm256_srli_epi64(entry, 48));
    }
    out += states.size;
  }
  next = word;
  return done;
}

/// The last slots before and of a symbol, in the two halves of four bytes.
inline __m128i load_lasts(const std::uint16_t* symbol_last) noexcept { return _mm_loadu_si32(symbol_last - 1); }

/// Those of four symbols, side by side.
inline __m128i load_lasts_of_four(const std::uint16_t* const* at) noexcept {
  return _mm_unpacklo_epi64(_mm_unpacklo_epi32(load_lasts(at[0]), load_lasts(at[1])),
                            _mm_unpacklo_epi32(load_lasts(at[2]), load_lasts(at[3])));
}

template <typename Symbol>
[[FORETELL_AVX2]] std::size_t pop_rows_avx2(StateSpan states, const std::uint32_t*& next, const std::uint32_t* limit,
                                            const std::uint32_t* rows, Symbol* out, std::size_t rounds,
                                            const StaticTable& table) noexcept {
  const OwnerByBegin owner_of(table);
  const __m128i precision = _mm_cvtsi32_si128(static_cast<int>(table.precision()));
  const __m256i slot_mask = _mm256_set1_epi64x((1LL << table.precision()) - 1);
  const __m256i field = _mm256_set1_epi64x(0xffff);
  const __m256i one = _mm256_set1_epi64x(1);
  const std::uint32_t* word = next;
  std::size_t done = 0;
  for (; done != rounds && word <= limit; ++done) {
    for (std::size_t group = 0; group != states.size; group += 4) {
      auto* const memory = reinterpret_cast<__m256i*>(states.data + group);
      const __m256i state = _mm256_loadu_si256(memory);
      const __m256i slot = _mm256_and_si256(state, slot_mask);
      alignas(32) std::uint64_t slots[4];
      _mm256_store_si256(reinterpret_cast<__m256i*>(slots), slot);
      const std::uint16_t* at[4];
      std::uint32_t symbols[4];
      for (std::size_t i = 0; i != 4; ++i) {
        const std::uint16_t* const lasts = owner_of.lasts(rows[i]);
        symbols[i] = search_symbol(lasts, owner_of.begin(rows[i], slots[i]), slots[i]);
        at[i] = lasts + symbols[i];
      }
      for (std::size_t i = 0; i != 4; ++i) {
        out[i] = static_cast<Symbol>(symbols[i]);
      }
      const __m256i lasts = _mm256_cvtepu32_epi64(load_lasts_of_four(at));
      const __m256i start = _mm256_and_si256(_mm256_add_epi64(lasts, one), field);
      const __m256i freq = _mm256_add_epi64(_mm256_sub_epi64(_mm256_srli_epi64(lasts, 16), start), one);
      const __m256i product = multiply_four(_mm256_srl_epi64(state, precision), freq);
      const __m256i rest = _mm256_add_epi64(product, _mm256_sub_epi64(slot, start));
      _mm256_storeu_si256(memory, refill_four(rest, word));
      out += 4;
      rows += 4;
    }
  }
  next = word;
  return done;
}

// -- AVX-512 ---------------------------------------------------------------------------------------------------------

/// As load_four.
[[FORETELL_AVX512]] inline __m512i load_eight(const std::uint64_t* from, __m512i indices) noexcept {
  alignas(64) std::uint64_t at[8];
  _mm512_store_si512(at, indices);
  const __m128i a = load_pair(from + at[0], from + at[1]);
  const __m128i b = load_pair(from + at[2], from + at[3]);
  const __m128i c = load_pair(from + at[4], from + at[5]);
  const __m128i d = load_pair(from + at[6], from + at[7]);
  const __m256i low = _mm256_inserti128_si256(_mm256_castsi128_si256(a), b, 1);
  const __m256i high = _mm256_inserti128_si256(_mm256_castsi128_si256(c), d, 1);
  return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

/// Gives a word to each lane that fell below 2^32.
[[FORETELL_AVX512]] inline __m512i refill_eight(__m512i rest, const std::uint32_t*& word, __m512i low_half) noexcept {
  const __mmask8 lanes = _mm512_cmple_epu64_mask(rest, low_half);
  const __m256i words = _mm256_maskz_expand_epi32(lanes, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(word)));
  const __m512i refilled = _mm512_or_si512(_mm512_slli_epi64(rest, 32), _mm512_cvtepu32_epi64(words));
  word += std::popcount(static_cast<unsigned>(lanes));
  return _mm512_mask_mov_epi64(rest, lanes, refilled);
}

struct Constants512 {
  __m128i precision;
  __m512i slot_mask;
  __m512i offset_mask;
  __m512i low_half;
};

/// Pops one symbol from each of the eight states of `state`.
template <typename Symbol>
[[FORETELL_AVX512]] inline void pop_eight(__m512i& state, const std::uint32_t*& word, Symbol* out,
                                          const std::uint64_t* slots, const Constants512& constants) noexcept {
  const __m512i entry = load_eight(slots, _mm512_and_si512(state, constants.slot_mask));
  const __m512i quotient = _mm512_srl_epi64(state, constants.precision);
  const __m512i product = _mm512_mullo_epi64(quotient, _mm512_and_si512(entry, constants.low_half));
  const __m512i offset = _mm512_and_si512(_mm512_srli_epi64(entry, 32), constants.offset_mask);
  const __m512i rest = _mm512_add_epi64(product, offset);
  state = refill_eight(rest, word, constants.low_half);
  const __m512i symbol = _mm512_srli_epi64(entry, 48);
  if constexpr (sizeof(Symbol) == 1) {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out), _mm512_cvtepi64_epi8(symbol));
  } else {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm512_cvtepi64_epi16(symbol));
  }
}

/// states.size is 8 * kVectors: all states stay in registers.
template <std::size_t kVectors, typename Symbol>
[[FORETELL_AVX512]] std::size_t pop_avx512(StateSpan states, const std::uint32_t*& next, const std::uint32_t* limit,
                                           Symbol* out, std::size_t rounds, const StaticTable& table) noexcept {
  const std::uint64_t* const slots = table.slots();
  const Constants512 constants{
      .precision = _mm_cvtsi32_si128(static_cast<int>(table.precision())),
      .slot_mask = _mm512_set1_epi64((1LL << table.precision()) - 1),
      .offset_mask = _mm512_set1_epi64(0xffff),
      .low_half = _mm512_set1_epi64(0xffffffff),
  };
  const std::uint32_t* word = next;
  __m512i vectors[kVectors];
  for (std::size_t v = 0; v != kVectors; ++v) {
    vectors[v] = _mm512_loadu_si512(states.data + 8 * v);
  }
  std::size_t done = 0;
  for (; done != rounds && word <= limit; ++done) {
#if defined(__clang__)
#pragma unroll
#else
#pragma GCC unroll 8
#endif
    for (std::size_t v = 0; v != kVectors; ++v) {
      pop_eight(vectors[v], word, out + 8 * v, slots, constants);
    }
    out += 8 * kVectors;
  }
  for (std::size_t v = 0; v != kVectors; ++v) {
    _mm512_storeu_si512(states.data + 8 * v, vectors[v]);
  }
  next = word;
  return done;
}

/// count_below, by a comparison that gives a mask.
[[FORETELL_AVX512]] inline unsigned count_below_avx512(const std::uint16_t* lasts, __m128i slots) noexcept {
  const __m128i eight = _mm_loadu_si128(reinterpret_cast<const __m128i*>(lasts));
  return static_cast<unsigned>(std::popcount(static_cast<unsigned>(_mm_cmplt_epu16_mask(eight, slots))));
}

template <typename Symbol>
[[FORETELL_AVX512]] std::size_t pop_rows_avx512(StateSpan states, const std::uint32_t*& next,
                                                const std::uint32_t* limit, const std::uint32_t* rows, Symbol* out,
                                                std::size_t rounds, const StaticTable& table) noexcept {
  const OwnerByBegin owner_of(table);
  const __m128i precision = _mm_cvtsi32_si128(static_cast<int>(table.precision()));
  const __m512i slot_mask = _mm512_set1_epi64((1LL << table.precision()) - 1);
  const __m512i low_half = _mm512_set1_epi64(0xffffffff);
  const __m512i field = _mm512_set1_epi64(0xffff);
  const __m512i one = _mm512_set1_epi64(1);
  const std::uint32_t* word = next;
  std::size_t done = 0;
  for (; done != rounds && word <= limit; ++done) {
    for (std::size_t group = 0; group != states.size; group += 8) {
      std::uint64_t* const memory = states.data + group;
      const __m512i state = _mm512_loadu_si512(memory);
      const __m512i slot = _mm512_and_si512(state, slot_mask);
      alignas(64) std::uint64_t slots[8];
      _mm512_store_si512(slots, slot);
      const std::uint16_t* at[8];
      std::uint32_t symbols[8];
#if defined(__clang__)
#pragma unroll
#else
#pragma GCC unroll 8
#endif
      for (std::size_t i = 0; i != 8; ++i) {
        const std::uint16_t* const lasts = owner_of.lasts(rows[i]);
        std::uint32_t symbol = owner_of.begin(rows[i], slots[i]);
        const unsigned below = count_below_avx512(lasts + symbol, _mm_set1_epi16(static_cast<short>(slots[i])));
        symbol += below;
        if (below == kLastsBehind) [[unlikely]] {
          symbol = search_symbol(lasts, symbol, slots[i]);
        }
        symbols[i] = symbol;
        at[i] = lasts + symbol;
      }
      for (std::size_t i = 0; i != 8; ++i) {
        out[i] = static_cast<Symbol>(symbols[i]);
      }
      const __m256i pairs =
          _mm256_inserti128_si256(_mm256_castsi128_si256(load_lasts_of_four(at)), load_lasts_of_four(at + 4), 1);
      const __m512i lasts = _mm512_cvtepu32_epi64(pairs);
      const __m512i start = _mm512_and_si512(_mm512_add_epi64(lasts, one), field);
      const __m512i freq = _mm512_add_epi64(_mm512_sub_epi64(_mm512_srli_epi64(lasts, 16), start), one);
      const __m512i product = _mm512_mullo_epi64(_mm512_srl_epi64(state, precision), freq);
      const __m512i rest = _mm512_add_epi64(product, _mm512_sub_epi64(slot, start));
      _mm512_storeu_si512(memory, refill_eight(rest, word, low_half));
      out += 8;
      rows += 8;
    }
  }
  next = word;
  return done;
}

}  // namespace

std::size_t pop_rounds_avx2(StateSpan states, const std::uint32_t*& next, const std::uint32_t* limit, std::uint8_t* out,
                            std::size_t rounds, const StaticTable& table) noexcept {
  return pop_avx2(states, next, limit, out, rounds, table);
}

std::size_t pop_rounds_avx2(StateSpan states, const std::uint32_t*& next, const std::uint32_t* limit,
                            std::uint16_t* out, std::size_t rounds, const StaticTable& table) noexcept {
  return pop_avx2(states, next, limit, out, rounds, table);
}

std::size_t pop_rounds_avx512(StateSpan states, const std::uint32_t*& next, const std::uint32_t* limit,
                              std::uint8_t* out, std::size_t rounds, const StaticTable& table) noexcept {
  return states.size == 32 ? pop_avx512<4>(states, next, limit, out, rounds, table)
                           : pop_avx512<8>(states, next, limit, out, rounds, table);
}

std::size_t pop_rounds_avx512(StateSpan states, const std::uint32_t*& next, const std::uint32_t* limit,
                              std::uint16_t* out, std::size_t rounds, const StaticTable& table) noexcept {
  return states.size == 32 ? pop_avx512<4>(states, next, limit, out, rounds, table)
                           : pop_avx512<8>(states, next, limit, out, rounds, table);
}

std::size_t pop_rounds_avx2(StateSpan states, const std::uint32_t*& next, const std::uint32_t* limit,
                            const std::uint32_t* rows, std::uint8_t* out, std::size_t rounds,
                            const StaticTable& table) noexcept {
  return pop_rows_avx2(states, next, limit, rows, out, rounds, table);
}

std::size_t pop_rounds_avx2(StateSpan states, const std::uint32_t*& next, const std::uint32_t* limit,
                            const std::uint32_t* rows, std::uint16_t* out, std::size_t rounds,
                            const StaticTable& table) noexcept {
  return pop_rows_avx2(states, next, limit, rows, out, rounds, table);
}

std::size_t pop_rounds_avx512(StateSpan states, const std::uint32_t*& next, const std::uint32_t* limit,
                              const std::uint32_t* rows, std::uint8_t* out, std::size_t rounds,
                              const StaticTable& table) noexcept {
  return pop_rows_avx512(states, next, limit, rows, out, rounds, table);
}

std::size_t pop_rounds_avx512(StateSpan states, const std::uint32_t*& next, const std::uint32_t* limit,
                              const std::uint32_t* rows, std::uint16_t* out, std::size_t rounds,
                              const StaticTable& table) noexcept {
  return pop_rows_avx512(states, next, limit, rows, out, rounds, table);
}

}  // namespace foretell

#endif
