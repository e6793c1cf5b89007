#include "layer_packing.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "float_grid.hpp"
#include "packed_matrix.hpp"
#include "targets.hpp"

#if FORETELL_X86_TARGETS
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC bug 105593: its own AVX-512 header sets them off
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>
#endif

namespace foretell {
namespace {

constexpr float kMost = 127.0F;

/// A block of 4 rows and kColumnBlock columns; the columns' quads are `quads`.
struct PackBlock {
  [[gnu::always_inline]] static void run(const float* masters, std::size_t columns, float factor, std::int8_t* forward,
                                         std::int8_t* backward, std::size_t backward_stride,
                                         std::size_t quads) noexcept {
    std::array<std::array<std::int8_t, kColumnBlock>, kQuad> bytes;
    for (std::size_t r = 0; r < kQuad; ++r) {
      for (std::size_t j = 0; j < kColumnBlock; ++j) {
        bytes[r][j] = static_cast<std::int8_t>(round_small(clip(masters[r * columns + j] * factor, -kMost, kMost)));
      }
    }
    for (std::size_t j = 0; j < kColumnBlock; ++j) {
      for (std::size_t r = 0; r < kQuad; ++r) {
        forward[kQuad * j + r] = bytes[r][j];
      }
    }
    for (std::size_t q = 0; q < quads; ++q) {
      for (std::size_t r = 0; r < kQuad; ++r) {
        std::memcpy(backward + q * backward_stride + r * kQuad, bytes[r].data() + q * kQuad, kQuad);
      }
    }
  }
};

struct PackRow {
  [[gnu::always_inline]] static void run(const float* masters, std::size_t columns, float factor, std::int8_t* forward,
                                         std::int8_t* backward, std::size_t backward_stride,
                                         std::size_t backward_quads) noexcept {
    for (std::size_t j = 0; j < columns; j += kColumnBlock) {
      const std::size_t quad = j / kQuad;
      const std::size_t quads = backward_quads > quad ? std::min(backward_quads - quad, kColumnBlock / kQuad) : 0;
      PackBlock::run(masters + j, columns, factor, forward + j * kQuad, backward + quad * backward_stride,
                     backward_stride, quads);
    }
  }
};

#if FORETELL_X86_TARGETS

/// 16 masters as integers in 32 bits. Conversion rounds as round_small does.
[[FORETELL_AVX512]] inline __m512i rounded(const float* masters, __m512 factor) noexcept {
  const __m512 most = _mm512_set1_ps(kMost);
  const __m512 least = _mm512_set1_ps(-kMost);
  const __m512 scaled = _mm512_mul_ps(_mm512_load_ps(masters), factor);
  return _mm512_cvtps_epi32(_mm512_min_ps(_mm512_max_ps(scaled, least), most));
}

inline void store_quads(__m128i quads, std::int8_t* to, bool are_there) noexcept {
  if (are_there) {
    _mm_store_si128(reinterpret_cast<__m128i*>(to), quads);
  }
}

[[FORETELL_AVX512]] void pack_avx512(const float* masters, std::size_t columns, float factor, std::int8_t* forward,
                                     std::int8_t* backward, std::size_t backward_stride,
                                     std::size_t backward_quads) noexcept {
  const __m512 factors = _mm512_set1_ps(factor);
  const __m512i low = _mm512_set1_epi32(0xff);
  const __m512i low_half = _mm512_set1_epi32(0xffff);
  // Within 128 bits, 4 columns of 4 rows' bytes become 4 rows of 4 columns' bytes.
  const __m512i transpose = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
  for (std::size_t j = 0; j < columns; j += 16) {
    const __m512i a = rounded(masters + j, factors);
    const __m512i b = rounded(masters + columns + j, factors);
    const __m512i c = rounded(masters + 2 * columns + j, factors);
    const __m512i d = rounded(masters + 3 * columns + j, factors);
    const __m512i ab = _mm512_ternarylogic_epi32(low, a, _mm512_slli_epi32(b, 8), 0xca);  // low ? a : b
    const __m512i cd = _mm512_ternarylogic_epi32(low, c, _mm512_slli_epi32(d, 8), 0xca);
    const __m512i quads = _mm512_ternarylogic_epi32(low_half, ab, _mm512_slli_epi32(cd, 16), 0xca);
    _mm512_store_si512(forward + j * kQuad, quads);
    const __m512i across = _mm512_shuffle_epi8(quads, transpose);
    const std::size_t quad = j / kQuad;
    std::int8_t* const to = backward + quad * backward_stride;
    const std::size_t quads_left = backward_quads > quad ? backward_quads - quad : 0;
    store_quads(_mm512_castsi512_si128(across), to, quads_left > 0);
    store_quads(_mm512_extracti32x4_epi32(across, 1), to + backward_stride, quads_left > 1);
    store_quads(_mm512_extracti32x4_epi32(across, 2), to + 2 * backward_stride, quads_left > 2);
    store_quads(_mm512_extracti32x4_epi32(across, 3), to + 3 * backward_stride, quads_left > 3);
  }
}

#endif

}  // namespace

void pack_quad_row(const float* masters, std::size_t columns, float factor, std::int8_t* forward, std::int8_t* backward,
                   std::size_t backward_stride, std::size_t backward_quads) noexcept {
#if FORETELL_X86_TARGETS
  if (isa() == Isa::kAvx512) {
    return pack_avx512(masters, columns, factor, forward, backward, backward_stride, backward_quads);
  }
#endif
  for_isa<PackRow>(masters, columns, factor, forward, backward, backward_stride, backward_quads);
}

}  // namespace foretell
