// push_rounds for AVX2 and AVX-512: the states of four or eight symbols in a vector.
//
// Every step is that of push_symbol with a table. Words come from the lanes that move one, and stand in memory in the
// order of lanes: as if one state after the other pushed, from the last to the first, downwards.
#include "rans_kernels.hpp"

#include "targets.hpp"

#if FORETELL_X86_TARGETS

#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC bug 105593: its own AVX-512 header sets it off
#endif

#include <immintrin.h>

#include <array>
#include <bit>
#include <cstddef>

namespace foretell {
namespace {

static_assert(sizeof(TableSymbol) == 16 && offsetof(TableSymbol, freq_minus_1) == 8 &&
              offsetof(TableSymbol, start) == 10 && offsetof(TableSymbol, increment) == 12 &&
              offsetof(TableSymbol, shift) == 13);

inline __m128i load_symbol(const TableSymbol* symbols, std::uint32_t position) noexcept {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(symbols + position));
}

// -- AVX2 ------------------------------------------------------------------------------------------------------------

/// Bytes that bring the words of the lanes set in the index to the upper end of four words, for pshufb.
constexpr std::array<std::array<std::uint8_t, 16>, 16> make_compressions() {
  std::array<std::array<std::uint8_t, 16>, 16> compressions{};
  for (std::size_t lanes = 0; lanes < 16; ++lanes) {
    std::size_t word = 4;
    for (std::size_t lane = 4; lane-- != 0;) {
      if ((lanes >> lane & 1) != 0) {
        --word;
        for (std::size_t byte = 0; byte < 4; ++byte) {
          compressions[lanes][4 * word + byte] = static_cast<std::uint8_t>(4 * lane + byte);
        }
      }
    }
  }
  return compressions;
}

alignas(16) constexpr auto kCompressions = make_compressions();

/// The upper halves of the four products.
[[FORETELL_AVX2]] inline __m256i multiply_high_four(__m256i a, __m256i b) noexcept {
  const __m256i low_half = _mm256_set1_epi64x(0xffffffff);
  const __m256i a_high = _mm256_srli_epi64(a, 32);
  const __m256i b_high = _mm256_srli_epi64(b, 32);
  const __m256i low = _mm256_mul_epu32(a, b);
  const __m256i left = _mm256_add_epi64(_mm256_mul_epu32(a_high, b), _mm256_srli_epi64(low, 32));
  const __m256i right = _mm256_add_epi64(_mm256_mul_epu32(a, b_high), _mm256_and_si256(left, low_half));
  const __m256i high = _mm256_add_epi64(_mm256_mul_epu32(a_high, b_high), _mm256_srli_epi64(left, 32));
  return _mm256_add_epi64(high, _mm256_srli_epi64(right, 32));
}

[[FORETELL_AVX2]] std::uint32_t* push_avx2(StateSpan states, std::uint32_t* top, const std::uint32_t* end,
                                           std::size_t rounds, const TableSymbol* symbols,
                                           unsigned precision) noexcept {
  const __m128i top_shift = _mm_cvtsi32_si128(static_cast<int>(64 - precision));
  const __m256i most_freq = _mm256_set1_epi64x((1LL << precision) - 1);
  const __m256i field = _mm256_set1_epi64x(0xffff);
  const __m256i byte = _mm256_set1_epi64x(0xff);
  for (; rounds != 0; --rounds) {
    for (std::size_t group = states.size; group != 0; group -= 4) {
      end -= 4;
      // Reciprocals of symbols 0 1 2 3 in one vector, the rest of what is known of them in another.
      const __m256i even = _mm256_inserti128_si256(_mm256_castsi128_si256(load_symbol(symbols, end[0])),
                                                   load_symbol(symbols, end[2]), 1);
      const __m256i odd = _mm256_inserti128_si256(_mm256_castsi128_si256(load_symbol(symbols, end[1])),
                                                  load_symbol(symbols, end[3]), 1);
      const __m256i reciprocal = _mm256_unpacklo_epi64(even, odd);
      const __m256i fields = _mm256_unpackhi_epi64(even, odd);
      const __m256i freq_minus_1 = _mm256_and_si256(fields, field);
      const __m256i start = _mm256_and_si256(_mm256_srli_epi64(fields, 16), field);
      const __m256i increment = _mm256_and_si256(_mm256_srli_epi64(fields, 32), byte);
      const __m256i shift = _mm256_srli_epi64(fields, 40);

      auto* const memory = reinterpret_cast<__m256i*>(states.data + (group - 4));
      const __m256i state = _mm256_loadu_si256(memory);
      const __m256i moves = _mm256_cmpgt_epi64(_mm256_srl_epi64(state, top_shift), freq_minus_1);
      const auto lanes = static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(moves)));
      const __m128 low = _mm_castsi128_ps(_mm256_castsi256_si128(state));
      const __m128 high = _mm_castsi128_ps(_mm256_extracti128_si256(state, 1));
      const __m128i words = _mm_castps_si128(_mm_shuffle_ps(low, high, 0x88));
      const __m128i compression = _mm_load_si128(reinterpret_cast<const __m128i*>(kCompressions[lanes].data()));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(top - 4), _mm_shuffle_epi8(words, compression));
      top -= std::popcount(lanes);

      const __m256i rest = _mm256_blendv_epi8(state, _mm256_srli_epi64(state, 32), moves);
      const __m256i product = multiply_high_four(_mm256_add_epi64(rest, increment), reciprocal);
      const __m256i quotient = _mm256_srlv_epi64(product, shift);
      const __m256i others = _mm256_sub_epi64(most_freq, freq_minus_1);
      const __m256i grown =
          _mm256_add_epi64(_mm256_mul_epu32(quotient, others),
                           _mm256_slli_epi64(_mm256_mul_epu32(_mm256_srli_epi64(quotient, 32), others), 32));
      _mm256_storeu_si256(memory, _mm256_add_epi64(_mm256_add_epi64(rest, start), grown));
    }
  }
  return top;
}

// -- AVX-512 ---------------------------------------------------------------------------------------------------------

[[FORETELL_AVX512]] inline __m512i load_four_symbols(const TableSymbol* symbols,
                                                     const std::uint32_t* positions) noexcept {
  const __m256i low = _mm256_inserti128_si256(_mm256_castsi128_si256(load_symbol(symbols, positions[0])),
                                              load_symbol(symbols, positions[1]), 1);
  const __m256i high = _mm256_inserti128_si256(_mm256_castsi128_si256(load_symbol(symbols, positions[2])),
                                               load_symbol(symbols, positions[3]), 1);
  return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

/// The upper halves of the eight products.
[[FORETELL_AVX512]] inline __m512i multiply_high_eight(__m512i a, __m512i b) noexcept {
  const __m512i low_half = _mm512_set1_epi64(0xffffffff);
  const __m512i a_high = _mm512_srli_epi64(a, 32);
  const __m512i b_high = _mm512_srli_epi64(b, 32);
  const __m512i low = _mm512_mul_epu32(a, b);
  const __m512i left = _mm512_add_epi64(_mm512_mul_epu32(a_high, b), _mm512_srli_epi64(low, 32));
  const __m512i right = _mm512_add_epi64(_mm512_mul_epu32(a, b_high), _mm512_and_si512(left, low_half));
  const __m512i high = _mm512_add_epi64(_mm512_mul_epu32(a_high, b_high), _mm512_srli_epi64(left, 32));
  return _mm512_add_epi64(high, _mm512_srli_epi64(right, 32));
}

[[FORETELL_AVX512]] std::uint32_t* push_avx512(StateSpan states, std::uint32_t* top, const std::uint32_t* end,
                                               std::size_t rounds, const TableSymbol* symbols,
                                               unsigned precision) noexcept {
  const __m128i top_shift = _mm_cvtsi32_si128(static_cast<int>(64 - precision));
  const __m512i most_freq = _mm512_set1_epi64((1LL << precision) - 1);
  const __m512i field = _mm512_set1_epi64(0xffff);
  const __m512i byte = _mm512_set1_epi64(0xff);
  const __m512i evens = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14);
  const __m512i odds = _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15);
  const __m256i places = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  for (; rounds != 0; --rounds) {
    for (std::size_t group = states.size; group != 0; group -= 8) {
      end -= 8;
      const __m512i first = load_four_symbols(symbols, end);
      const __m512i second = load_four_symbols(symbols, end + 4);
      const __m512i reciprocal = _mm512_permutex2var_epi64(first, evens, second);
      const __m512i fields = _mm512_permutex2var_epi64(first, odds, second);
      const __m512i freq_minus_1 = _mm512_and_si512(fields, field);
      const __m512i start = _mm512_and_si512(_mm512_srli_epi64(fields, 16), field);
      const __m512i increment = _mm512_and_si512(_mm512_srli_epi64(fields, 32), byte);
      const __m512i shift = _mm512_srli_epi64(fields, 40);

      std::uint64_t* const memory = states.data + (group - 8);
      const __m512i state = _mm512_loadu_si512(memory);
      const __mmask8 lanes = _mm512_cmpgt_epu64_mask(_mm512_srl_epi64(state, top_shift), freq_minus_1);
      const int count = std::popcount(static_cast<unsigned>(lanes));
      // Compressed they stand at the lower end; turned by their number, at the upper one.
      const __m256i words = _mm256_maskz_compress_epi32(lanes, _mm512_cvtepi64_epi32(state));
      const __m256i turned = _mm256_permutexvar_epi32(_mm256_add_epi32(places, _mm256_set1_epi32(count)), words);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(top - 8), turned);
      top -= count;

      const __m512i rest = _mm512_mask_srli_epi64(state, lanes, state, 32);
      const __m512i product = multiply_high_eight(_mm512_add_epi64(rest, increment), reciprocal);
      const __m512i quotient = _mm512_srlv_epi64(product, shift);
      const __m512i others = _mm512_sub_epi64(most_freq, freq_minus_1);
      const __m512i grown =
          _mm512_add_epi64(_mm512_mul_epu32(quotient, others),
                           _mm512_slli_epi64(_mm512_mul_epu32(_mm512_srli_epi64(quotient, 32), others), 32));
      _mm512_storeu_si512(memory, _mm512_add_epi64(_mm512_add_epi64(rest, start), grown));
    }
  }
  return top;
}

}  // namespace

std::uint32_t* push_rounds_avx2(StateSpan states, std::uint32_t* top, const std::uint32_t* end, std::size_t rounds,
                                const TableSymbol* symbols, unsigned precision) noexcept {
  return push_avx2(states, top, end, rounds, symbols, precision);
}

std::uint32_t* push_rounds_avx512(StateSpan states, std::uint32_t* top, const std::uint32_t* end, std::size_t rounds,
                                  const TableSymbol* symbols, unsigned precision) noexcept {
  return push_avx512(states, top, end, rounds, symbols, precision);
}

}  // namespace foretell

#endif
