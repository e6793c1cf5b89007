// How many entries of a short row are not above a limit, with AVX-512: a comparison gives a bit for each entry, so that
// a few instructions count 64 of them, without the long way of adding up the parts of a vector.
#pragma once

#include <immintrin.h>

#include <bit>
#include <cstddef>
#include <cstdint>

#include "targets.hpp"

namespace foretell {

/// A bit for each of the 32 or 16 entries at `entries` that is not above the limits.
[[FORETELL_AVX512]] inline __mmask32 compare_avx512(const std::uint16_t* entries, __m512i limits) noexcept {
  return _mm512_cmple_epu16_mask(_mm512_loadu_si512(entries), limits);
}
[[FORETELL_AVX512]] inline __mmask16 compare_avx512(const std::uint32_t* entries, __m512i limits) noexcept {
  return _mm512_cmple_epu32_mask(_mm512_loadu_si512(entries), limits);
}

/// The same of the first `length`, which are fewer.
[[FORETELL_AVX512]] inline __mmask32 compare_avx512(const std::uint16_t* entries, std::size_t length,
                                                    __m512i limits) noexcept {
  const __mmask32 here = (__mmask32{1} << length) - 1;
  return _mm512_mask_cmple_epu16_mask(here, _mm512_maskz_loadu_epi16(here, entries), limits);
}
[[FORETELL_AVX512]] inline __mmask16 compare_avx512(const std::uint32_t* entries, std::size_t length,
                                                    __m512i limits) noexcept {
  const auto here = static_cast<__mmask16>((1u << length) - 1);
  return _mm512_mask_cmple_epu32_mask(here, _mm512_maskz_loadu_epi32(here, entries), limits);
}

/// The same of 64.
[[FORETELL_AVX512]] inline std::uint64_t compare_64_avx512(const std::uint16_t* entries, __m512i limits) noexcept {
  return _mm512_kunpackd(compare_avx512(entries + 32, limits), compare_avx512(entries, limits));
}
[[FORETELL_AVX512]] inline std::uint64_t compare_64_avx512(const std::uint32_t* entries, __m512i limits) noexcept {
  return _mm512_kunpackd(_mm512_kunpackw(compare_avx512(entries + 48, limits), compare_avx512(entries + 32, limits)),
                         _mm512_kunpackw(compare_avx512(entries + 16, limits), compare_avx512(entries, limits)));
}

[[FORETELL_AVX512]] inline __m512i broadcast_avx512(std::uint16_t value) noexcept {
  return _mm512_set1_epi16(static_cast<short>(value));
}
[[FORETELL_AVX512]] inline __m512i broadcast_avx512(std::uint32_t value) noexcept {
  return _mm512_set1_epi32(static_cast<int>(value));
}

/// Returns how many of `length` entries are not above the limit, which is in all places of `limits`.
template <typename Integer>
[[FORETELL_AVX512]] inline std::size_t count_avx512(const Integer* entries, std::size_t length,
                                                    __m512i limits) noexcept {
  constexpr std::size_t kStep = 64 / sizeof(Integer);
  int found = 0;
  std::size_t i = 0;
#pragma GCC unroll 4
  for (; i + 64 <= length; i += 64) {
    found += std::popcount(compare_64_avx512(entries + i, limits));
  }
  for (; i + kStep <= length; i += kStep) {
    found += std::popcount(compare_avx512(entries + i, limits));
  }
  if (i != length) {
    found += std::popcount(compare_avx512(entries + i, length - i, limits));
  }
  return static_cast<std::size_t>(found);
}

/// Returns how many of `length` entries are not above `limit`.
template <typename Integer>
[[FORETELL_AVX512]] inline std::size_t count_avx512(const Integer* entries, std::size_t length,
                                                    Integer limit) noexcept {
  return count_avx512(entries, length, broadcast_avx512(limit));
}

}  // namespace foretell
