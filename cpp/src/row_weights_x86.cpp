// AVX2 and AVX-512 bodies of what dominates a quantiser: the weights of float32 rows, the look-up of 2^-x, and the
// normaliser with its prefix sum. Each gives the integers of the portable body in row_weights.cpp.
#include "row_weights.hpp"

#include "targets.hpp"

#if FORETELL_X86_TARGETS

#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC bug 105593: its own AVX-512 header sets them off
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#include <immintrin.h>

#include <algorithm>
#include <array>

#include "exp2_table.hpp"

namespace foretell {
namespace {

constexpr int kInfinityBits = 0x7f800000;
constexpr int kMantissaMask = 0x007fffff;
constexpr int kImplicitBit = 0x00800000;
// Where the largest number of a row is at least 2^-95, denormals have weight 0, and so have the nonsense mantissas that
// the kernels give them: both are shifted out.
constexpr std::uint32_t kLeastMax = 32U << 23;
constexpr std::size_t kBlock = 2048;  // symbols whose 25-bit weights are summed in 32-bit lanes, at least 8 of them

// -- AVX-512 ---------------------------------------------------------------------------------------------------------

[[FORETELL_AVX512]] inline __mmask16 lanes_of(std::size_t left) noexcept {
  return left >= 16 ? __mmask16{0xffff} : static_cast<__mmask16>((1U << left) - 1);
}

/// The sum of 16 unsigned numbers.
[[FORETELL_AVX512]] inline std::uint64_t wide_sum(__m512i x) noexcept {
  const __m512i low = _mm512_and_si512(x, _mm512_set1_epi64(0xffffffff));
  return static_cast<std::uint64_t>(_mm512_reduce_add_epi64(_mm512_add_epi64(low, _mm512_srli_epi64(x, 32))));
}

/// floor(w * m / 2^k) of 16 weights.
[[FORETELL_AVX512]] inline __m512i scaled(__m512i w, __m512i m, __m128i k) noexcept {
  const __m512i even = _mm512_srl_epi64(_mm512_mul_epu32(w, m), k);
  const __m512i odd = _mm512_srl_epi64(_mm512_mul_epu32(_mm512_srli_epi64(w, 32), m), k);
  return _mm512_mask_shuffle_epi32(even, 0xaaaa, odd, _MM_PERM_CCAA);
}

/// Prefix sums of 16 numbers.
[[FORETELL_AVX512]] inline __m512i prefix_sums(__m512i x) noexcept {
  const __m512i zero = _mm512_setzero_si512();
  x = _mm512_add_epi32(x, _mm512_alignr_epi32(x, zero, 15));
  x = _mm512_add_epi32(x, _mm512_alignr_epi32(x, zero, 14));
  x = _mm512_add_epi32(x, _mm512_alignr_epi32(x, zero, 12));
  return _mm512_add_epi32(x, _mm512_alignr_epi32(x, zero, 8));
}

[[FORETELL_AVX512]] inline void store_some(std::uint32_t* to, __mmask16 lanes, __m512i x) noexcept {
  _mm512_mask_storeu_epi32(to, lanes, x);
}

[[FORETELL_AVX512]] inline void store_some(std::uint16_t* to, __mmask16 lanes, __m512i x) noexcept {
  _mm256_mask_storeu_epi16(to, lanes, _mm512_cvtepi32_epi16(x));
}

/// Adds `left` to cdf[first + 1] and all that follow.
[[FORETELL_AVX512]] inline void add_from(std::uint32_t* cdf, std::size_t first, std::size_t vocabulary,
                                         std::uint32_t left) noexcept {
  const __m512i more = _mm512_set1_epi32(static_cast<int>(left));
  for (std::size_t i = first; i < vocabulary; i += 16) {
    const __mmask16 lanes = lanes_of(vocabulary - i);
    const __m512i old = _mm512_maskz_loadu_epi32(lanes, cdf + i + 1);
    _mm512_mask_storeu_epi32(cdf + i + 1, lanes, _mm512_add_epi32(old, more));
  }
}

[[FORETELL_AVX512]] inline void add_from(std::uint16_t* cdf, std::size_t first, std::size_t vocabulary,
                                         std::uint32_t left) noexcept {
  const __m256i more = _mm256_set1_epi16(static_cast<short>(left));
  for (std::size_t i = first; i < vocabulary; i += 16) {
    const __mmask16 lanes = lanes_of(vocabulary - i);
    const __m256i old = _mm256_maskz_loadu_epi16(lanes, cdf + i + 1);
    _mm256_mask_storeu_epi16(cdf + i + 1, lanes, _mm256_add_epi16(old, more));
  }
}

template <typename Integer>
[[FORETELL_AVX512]] inline void spread_512(const std::uint32_t* weights, std::size_t vocabulary, Weighed weighed,
                                           unsigned precision, Integer* cdf) noexcept {
  const Scale scale = scale_of(weighed.sum, vocabulary, precision);
  const __m512i m = _mm512_set1_epi64(static_cast<long long>(scale.factor));
  const __m128i k = _mm_cvtsi32_si128(static_cast<int>(scale.shift));
  const __m512i one = _mm512_set1_epi32(1);
  const __m512i last = _mm512_set1_epi32(15);
  __m512i before = _mm512_setzero_si512();
  cdf[0] = 0;
  for (std::size_t i = 0; i < vocabulary; i += 16) {
    const __mmask16 lanes = lanes_of(vocabulary - i);
    const __m512i w = _mm512_maskz_loadu_epi32(lanes, weights + i);
    const __m512i freq = _mm512_maskz_add_epi32(lanes, scaled(w, m, k), one);
    const __m512i sums = prefix_sums(freq);
    store_some(cdf + i + 1, lanes, _mm512_add_epi32(sums, before));
    before = _mm512_add_epi32(before, _mm512_permutexvar_epi32(last, sums));
  }
  const auto given = static_cast<std::uint32_t>(_mm_cvtsi128_si32(_mm512_castsi512_si128(before)));
  add_from(cdf, weighed.first, vocabulary, static_cast<std::uint32_t>(std::uint64_t{1} << precision) - given);
}

// -- 2^-x without a gather -------------------------------------------------------------------------------------------

constexpr std::size_t kHalf = 32;  // entries of each of the tables whose products the 1024 entries are

struct Halves {
  alignas(64) std::array<std::uint32_t, kHalf> coarse;  // 2^31 * 2^(-i / 32), nearly
  alignas(64) std::array<std::uint32_t, kHalf> fine;    // 2^31 * 2^(-i / 1024)
};

constexpr unsigned kProductShift = 31 + 31 - kWeightBits;

/// Chooses each coarse entry so that all its 32 products, cut to 24 bits, are those of the table; does not compile if
/// there is none.
consteval Halves make_halves() {
  Halves halves{};
  const auto factor = [](std::size_t f) {
    return f == 0 ? std::uint32_t{1} << 31 : static_cast<std::uint32_t>(detail::kExp2Fractions[f] >> 33);
  };
  for (std::size_t i = 0; i < kHalf; ++i) {
    halves.fine[i] = factor(i);
  }
  for (std::size_t i = 0; i < kHalf; ++i) {
    std::size_t right = 0;
    for (std::uint32_t more = 0; right != kHalf; ++more) {
      halves.coarse[i] = factor(i * kHalf) + more;
      for (right = 0; right < kHalf; ++right) {
        const std::uint64_t product = std::uint64_t{halves.coarse[i]} * halves.fine[right] >> kProductShift;
        if (product != detail::kExp2Table[i * kHalf + right]) {
          break;
        }
      }
    }
  }
  return halves;
}

constexpr Halves kHalves = make_halves();

// -- AVX2 ------------------------------------------------------------------------------------------------------------

[[FORETELL_AVX2]] inline __m256i lanes_of_8(std::size_t left) noexcept {
  const __m256i places = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(std::min<std::size_t>(left, 8))), places);
}

[[FORETELL_AVX2]] inline __m256i load_some_8(const void* from, __m256i lanes) noexcept {
  return _mm256_maskload_epi32(static_cast<const int*>(from), lanes);
}

[[FORETELL_AVX2]] inline std::uint64_t wide_sum_8(__m256i x) noexcept {
  const __m256i wide = _mm256_add_epi64(_mm256_and_si256(x, _mm256_set1_epi64x(0xffffffff)), _mm256_srli_epi64(x, 32));
  const __m128i half = _mm_add_epi64(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
  return static_cast<std::uint64_t>(_mm_cvtsi128_si64(half)) + static_cast<std::uint64_t>(_mm_extract_epi64(half, 1));
}

[[FORETELL_AVX2]] inline __m256i max_of_lanes(__m256i x) noexcept {
  x = _mm256_max_epu32(x, _mm256_permute2x128_si256(x, x, 1));
  x = _mm256_max_epu32(x, _mm256_shuffle_epi32(x, 0x4e));
  return _mm256_max_epu32(x, _mm256_shuffle_epi32(x, 0xb1));
}

[[FORETELL_AVX2]] inline std::uint32_t min_of_lanes(__m256i x) noexcept {
  x = _mm256_min_epu32(x, _mm256_permute2x128_si256(x, x, 1));
  x = _mm256_min_epu32(x, _mm256_shuffle_epi32(x, 0x4e));
  x = _mm256_min_epu32(x, _mm256_shuffle_epi32(x, 0xb1));
  return static_cast<std::uint32_t>(_mm_cvtsi128_si32(_mm256_castsi256_si128(x)));
}

[[FORETELL_AVX2]] inline void store_8(std::uint32_t* to, __m256i x, std::size_t left) noexcept {
  if (left >= 8) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), x);
  } else {
    _mm256_maskstore_epi32(reinterpret_cast<int*>(to), lanes_of_8(left), x);
  }
}

[[FORETELL_AVX2]] inline void store_8(std::uint16_t* to, __m256i x, std::size_t left) noexcept {
  const __m256i low = _mm256_and_si256(x, _mm256_set1_epi32(0xffff));
  const __m128i packed = _mm_packus_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1));
  if (left >= 8) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), packed);
  } else {
    alignas(16) std::uint16_t values[8];
    _mm_store_si128(reinterpret_cast<__m128i*>(values), packed);
    std::copy_n(values, left, to);
  }
}

template <typename Integer>
[[FORETELL_AVX2]] inline void spread_256(const std::uint32_t* weights, std::size_t vocabulary, Weighed weighed,
                                         unsigned precision, Integer* cdf) noexcept {
  const Scale scale = scale_of(weighed.sum, vocabulary, precision);
  const __m256i m = _mm256_set1_epi64x(static_cast<long long>(scale.factor));
  const __m128i k = _mm_cvtsi32_si128(static_cast<int>(scale.shift));
  const __m256i one = _mm256_set1_epi32(1);
  const __m256i last = _mm256_set1_epi32(7);
  __m256i before = _mm256_setzero_si256();
  cdf[0] = 0;
  for (std::size_t i = 0; i < vocabulary; i += 8) {
    const std::size_t rest = vocabulary - i;
    const __m256i w = rest >= 8 ? _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights + i))
                                : load_some_8(weights + i, lanes_of_8(rest));
    const __m256i even = _mm256_srl_epi64(_mm256_mul_epu32(w, m), k);
    const __m256i odd = _mm256_srl_epi64(_mm256_mul_epu32(_mm256_srli_epi64(w, 32), m), k);
    __m256i sums = _mm256_add_epi32(_mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa), one);
    sums = _mm256_add_epi32(sums, _mm256_slli_si256(sums, 4));
    sums = _mm256_add_epi32(sums, _mm256_slli_si256(sums, 8));
    const __m256i low_half = _mm256_permute2x128_si256(sums, sums, 0x08);  // in the place of the upper one
    sums = _mm256_add_epi32(sums, _mm256_shuffle_epi32(low_half, 0xff));
    store_8(cdf + i + 1, _mm256_add_epi32(sums, before), rest);
    before = _mm256_add_epi32(before, _mm256_permutevar8x32_epi32(sums, last));
  }
  // Lanes past the end of the row have weight 0, and so were given 1 each.
  const auto past = static_cast<std::uint32_t>((8 - vocabulary % 8) % 8);
  const auto given = static_cast<std::uint32_t>(_mm_cvtsi128_si32(_mm256_castsi256_si128(before))) - past;
  const std::uint32_t left = static_cast<std::uint32_t>(std::uint64_t{1} << precision) - given;
  for (std::size_t i = weighed.first; i < vocabulary; ++i) {
    cdf[i + 1] = static_cast<Integer>(cdf[i + 1] + left);
  }
}

}  // namespace

[[FORETELL_AVX512]] bool weigh_avx512(const float* p, std::size_t vocabulary, std::uint32_t* weights,
                                      Weighed& weighed) noexcept {
  __m512i max = _mm512_setzero_si512();
  __m512i other = max;
  std::size_t at = 0;
  for (; at + 32 <= vocabulary; at += 32) {
    max = _mm512_max_epu32(max, _mm512_loadu_si512(p + at));
    other = _mm512_max_epu32(other, _mm512_loadu_si512(p + at + 16));
  }
  for (; at < vocabulary; at += 16) {
    max = _mm512_max_epu32(max, _mm512_maskz_loadu_epi32(lanes_of(vocabulary - at), p + at));
  }
  const std::uint32_t most = _mm512_reduce_max_epu32(_mm512_max_epu32(max, other));
  if (most >= static_cast<std::uint32_t>(kInfinityBits) || most < kLeastMax) [[unlikely]] {
    return false;
  }
  const __m512i top = _mm512_set1_epi32(static_cast<int>(most));
  const __m512i exponent = _mm512_srli_epi32(top, 23);
  const __m512i mask = _mm512_set1_epi32(kMantissaMask);
  const __m512i implicit = _mm512_set1_epi32(kImplicitBit);
  __m512i places = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  __m512i first = _mm512_set1_epi32(-1);
  std::uint64_t sum = 0;
  for (std::size_t block = 0; block < vocabulary; block += kBlock) {
    const std::size_t end = std::min(block + kBlock, vocabulary);
    __m512i sums = _mm512_setzero_si512();
    for (std::size_t i = block; i < end; i += 16) {
      const __mmask16 lanes = lanes_of(end - i);
      const __m512i bits = _mm512_maskz_loadu_epi32(lanes, p + i);
      const __m512i mantissa = _mm512_ternarylogic_epi32(bits, mask, implicit, 0xea);  // (bits & mask) | implicit
      const __m512i w = _mm512_srlv_epi32(mantissa, _mm512_sub_epi32(exponent, _mm512_srli_epi32(bits, 23)));
      _mm512_mask_storeu_epi32(weights + i, lanes, w);
      sums = _mm512_add_epi32(sums, w);
      first = _mm512_mask_min_epu32(first, _mm512_cmpeq_epi32_mask(bits, top), first, places);
      places = _mm512_add_epi32(places, _mm512_set1_epi32(16));
    }
    sum += wide_sum(sums);
  }
  weighed = {sum, _mm512_reduce_min_epu32(first)};
  return true;
}

[[FORETELL_AVX512]] std::uint64_t look_up_avx512(std::uint32_t* distances, std::size_t vocabulary) noexcept {
  const __m512i coarse_low = _mm512_load_si512(kHalves.coarse.data());
  const __m512i coarse_high = _mm512_load_si512(kHalves.coarse.data() + 16);
  const __m512i fine_low = _mm512_load_si512(kHalves.fine.data());
  const __m512i fine_high = _mm512_load_si512(kHalves.fine.data() + 16);
  std::uint64_t sum = 0;
  for (std::size_t block = 0; block < vocabulary; block += kBlock) {
    const std::size_t end = std::min(block + kBlock, vocabulary);
    __m512i sums = _mm512_setzero_si512();
    for (std::size_t i = block; i < end; i += 16) {
      const __mmask16 lanes = lanes_of(end - i);
      const __m512i d = _mm512_maskz_loadu_epi32(lanes, distances + i);
      // vpermi2d takes the five low bits of an index.
      const __m512i a = _mm512_permutex2var_epi32(coarse_low, _mm512_srli_epi32(d, 5), coarse_high);
      const __m512i b = _mm512_permutex2var_epi32(fine_low, d, fine_high);
      const __m512i even = _mm512_srli_epi64(_mm512_mul_epu32(a, b), kProductShift);
      const __m512i product = _mm512_mul_epu32(_mm512_srli_epi64(a, 32), _mm512_srli_epi64(b, 32));
      const __m512i entries = _mm512_mask_blend_epi32(0xaaaa, even, _mm512_srli_epi64(product, kProductShift - 32));
      const __m512i w = _mm512_maskz_srlv_epi32(lanes, entries, _mm512_srli_epi32(d, kFractionBits));
      _mm512_mask_storeu_epi32(distances + i, lanes, w);
      sums = _mm512_add_epi32(sums, w);
    }
    sum += wide_sum(sums);
  }
  return sum;
}

[[FORETELL_AVX512]] void spread_avx512(const std::uint32_t* weights, std::size_t vocabulary, Weighed weighed,
                                       unsigned precision, std::uint32_t* cdf) noexcept {
  spread_512(weights, vocabulary, weighed, precision, cdf);
}

[[FORETELL_AVX512]] void spread_avx512(const std::uint32_t* weights, std::size_t vocabulary, Weighed weighed,
                                       unsigned precision, std::uint16_t* cdf) noexcept {
  spread_512(weights, vocabulary, weighed, precision, cdf);
}

[[FORETELL_AVX2]] bool weigh_avx2(const float* p, std::size_t vocabulary, std::uint32_t* weights,
                                  Weighed& weighed) noexcept {
  __m256i max = _mm256_setzero_si256();
  __m256i other = max;
  std::size_t at = 0;
  for (; at + 16 <= vocabulary; at += 16) {
    max = _mm256_max_epu32(max, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + at)));
    other = _mm256_max_epu32(other, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + at + 8)));
  }
  for (; at < vocabulary; at += 8) {
    max = _mm256_max_epu32(max, load_some_8(p + at, lanes_of_8(vocabulary - at)));
  }
  const __m256i top = max_of_lanes(_mm256_max_epu32(max, other));
  const auto most = static_cast<std::uint32_t>(_mm_cvtsi128_si32(_mm256_castsi256_si128(top)));
  if (most >= static_cast<std::uint32_t>(kInfinityBits) || most < kLeastMax) [[unlikely]] {
    return false;
  }
  const __m256i exponent = _mm256_srli_epi32(top, 23);
  const __m256i mask = _mm256_set1_epi32(kMantissaMask);
  const __m256i implicit = _mm256_set1_epi32(kImplicitBit);
  const __m256i ones = _mm256_set1_epi32(-1);
  __m256i places = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  __m256i first = ones;
  std::uint64_t sum = 0;
  for (std::size_t block = 0; block < vocabulary; block += kBlock / 2) {
    const std::size_t end = std::min(block + kBlock / 2, vocabulary);
    __m256i sums = _mm256_setzero_si256();
    for (std::size_t i = block; i < end; i += 8) {
      const std::size_t rest = end - i;
      const __m256i bits = rest >= 8 ? _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + i))
                                     : load_some_8(p + i, lanes_of_8(rest));
      const __m256i mantissa = _mm256_or_si256(_mm256_and_si256(bits, mask), implicit);
      const __m256i w = _mm256_srlv_epi32(mantissa, _mm256_sub_epi32(exponent, _mm256_srli_epi32(bits, 23)));
      store_8(weights + i, w, rest);
      sums = _mm256_add_epi32(sums, w);
      const __m256i elsewhere = _mm256_xor_si256(_mm256_cmpeq_epi32(bits, top), ones);
      first = _mm256_min_epu32(first, _mm256_or_si256(places, elsewhere));
      places = _mm256_add_epi32(places, _mm256_set1_epi32(8));
    }
    sum += wide_sum_8(sums);
  }
  weighed = {sum, min_of_lanes(first)};
  return true;
}

[[FORETELL_AVX2]] void spread_avx2(const std::uint32_t* weights, std::size_t vocabulary, Weighed weighed,
                                   unsigned precision, std::uint32_t* cdf) noexcept {
  spread_256(weights, vocabulary, weighed, precision, cdf);
}

[[FORETELL_AVX2]] void spread_avx2(const std::uint32_t* weights, std::size_t vocabulary, Weighed weighed,
                                   unsigned precision, std::uint16_t* cdf) noexcept {
  spread_256(weights, vocabulary, weighed, precision, cdf);
}

}  // namespace foretell

#endif
