// AVX2 and VNNI bodies of the products of 8-bit integers. Each gives the integers of the portable body.
#include "packed_matrix.hpp"
#include "targets.hpp"

#if FORETELL_X86_TARGETS

#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC bug 105593: its own AVX-512 header sets them off
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#include <immintrin.h>

#include <cstring>

namespace foretell {
namespace {

/// Four numbers of a row, in one word.
inline int load_quad(const std::int8_t* row, std::ptrdiff_t quad, std::ptrdiff_t stride) noexcept {
  int word;
  std::memcpy(&word, row + quad * stride, sizeof word);
  return word;
}

// -- VNNI: unsigned times signed bytes, so 128 is added to one operand and 128 times the other's sums taken away ------

constexpr int kBias = static_cast<int>(0x80808080U);  // x ^ 128 as unsigned is x + 128
constexpr std::size_t kWide = 16;                     // 32-bit numbers in a vector

/// sum += x * quads, unsigned times signed bytes. Not the intrinsic: GCC 12 copies its accumulators to and fro.
[[FORETELL_VNNI, gnu::always_inline]] inline void add_products(__m512i& sum, __m512i x, __m512i quads) noexcept {
  asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(x), "vm"(quads));
}

template <int kRows, int kVectors>
[[FORETELL_VNNI]] inline void tile_vnni(QuadRows rows, const PackedMatrix& m, std::size_t column, float* out) noexcept {
  const __m512i flip = _mm512_set1_epi32(kBias);
  std::size_t q = 0;
  for (std::size_t part = 0; part < m.part_ends.size(); ++part) {
    __m512i sum[kRows][kVectors];
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      const std::int32_t* const sums = m.sums.data() + part * m.columns + column + kWide * static_cast<std::size_t>(v);
      const __m512i bias = _mm512_sub_epi32(_mm512_setzero_si512(), _mm512_slli_epi32(_mm512_loadu_si512(sums), 7));
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) {
        sum[r][v] = bias;
      }
    }
    const std::int8_t* w = m.quad(q) + column * kQuad;
    for (const std::size_t end = m.part_ends[part]; q < end; ++q, w += m.columns * kQuad) {
      __m512i x[kRows];
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) {
        const int word = load_quad(rows.data + r * rows.row_stride, static_cast<std::ptrdiff_t>(q), rows.quad_stride);
        x[r] = _mm512_xor_si512(_mm512_set1_epi32(word), flip);  // in this order: a load can broadcast
      }
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) {
        const __m512i quads = _mm512_load_si512(w + 64 * v);
#pragma GCC unroll 4
        for (int r = 0; r < kRows; ++r) {
          add_products(sum[r][v], x[r], quads);
        }
      }
    }
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) {
        float* const to = out + static_cast<std::size_t>(r) * m.columns + column + kWide * static_cast<std::size_t>(v);
        const __m512 exact = _mm512_cvtepi32_ps(sum[r][v]);
        _mm512_storeu_ps(to, part == 0 ? exact : _mm512_add_ps(_mm512_loadu_ps(to), exact));
      }
    }
  }
}

// -- AVX2: |x| times the other operand with the sign of x; pairs of products stay below 2^15, so nothing saturates
// -----

constexpr std::size_t kNarrow = 8;

template <int kRows, int kVectors>
[[FORETELL_AVX2]] inline void tile_avx2(QuadRows rows, const PackedMatrix& m, std::size_t column, float* out) noexcept {
  const __m256i ones = _mm256_set1_epi16(1);
  std::size_t q = 0;
  for (std::size_t part = 0; part < m.part_ends.size(); ++part) {
    __m256i sum[kRows][kVectors];
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        sum[r][v] = _mm256_setzero_si256();
      }
    }
    const std::int8_t* w = m.quad(q) + column * kQuad;
    for (const std::size_t end = m.part_ends[part]; q < end; ++q, w += m.columns * kQuad) {
      __m256i quads[kVectors];
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        quads[v] = _mm256_load_si256(reinterpret_cast<const __m256i*>(w + 32 * v));
      }
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) {
        const __m256i x = _mm256_set1_epi32(
            load_quad(rows.data + r * rows.row_stride, static_cast<std::ptrdiff_t>(q), rows.quad_stride));
        const __m256i size = _mm256_abs_epi8(x);
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) {
          const __m256i pairs = _mm256_maddubs_epi16(size, _mm256_sign_epi8(quads[v], x));
          sum[r][v] = _mm256_add_epi32(sum[r][v], _mm256_madd_epi16(pairs, ones));
        }
      }
    }
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        float* const to =
            out + static_cast<std::size_t>(r) * m.columns + column + kNarrow * static_cast<std::size_t>(v);
        const __m256 exact = _mm256_cvtepi32_ps(sum[r][v]);
        _mm256_storeu_ps(to, part == 0 ? exact : _mm256_add_ps(_mm256_loadu_ps(to), exact));
      }
    }
  }
}

/// The rows from `first` on.
inline QuadRows rows_from(QuadRows rows, std::size_t first) noexcept {
  rows.data += static_cast<std::ptrdiff_t>(first) * rows.row_stride;
  rows.rows -= first;
  return rows;
}

}  // namespace

bool has_vnni() noexcept {
  static const bool has = isa() == Isa::kAvx512 && __builtin_cpu_supports("avx512vnni");
  return has;
}

[[FORETELL_VNNI]] void multiply_vnni(QuadRows rows, const PackedMatrix& m, float* out) noexcept {
  std::size_t r = 0;
  for (; r + 4 <= rows.rows; r += 4) {
    std::size_t column = 0;
    for (; column + 64 <= m.columns; column += 64) {
      tile_vnni<4, 4>(rows_from(rows, r), m, column, out + r * m.columns);
    }
    if (column != m.columns) {
      tile_vnni<4, 2>(rows_from(rows, r), m, column, out + r * m.columns);
    }
  }
  for (; r < rows.rows; ++r) {
    std::size_t column = 0;
    for (; column + 256 <= m.columns; column += 256) {
      tile_vnni<1, 16>(rows_from(rows, r), m, column, out + r * m.columns);
    }
    for (; column + 128 <= m.columns; column += 128) {
      tile_vnni<1, 8>(rows_from(rows, r), m, column, out + r * m.columns);
    }
    for (; column != m.columns; column += 32) {
      tile_vnni<1, 2>(rows_from(rows, r), m, column, out + r * m.columns);
    }
  }
}

[[FORETELL_VNNI]] void sum_columns_vnni(PackedMatrix& m) noexcept {
  const __m512i ones = _mm512_set1_epi8(1);
  for (std::size_t column = 0; column < m.columns; column += kColumnBlock) {
    std::size_t q = 0;
    for (std::size_t part = 0; part < m.part_ends.size(); ++part) {
      __m512i low = _mm512_setzero_si512();
      __m512i high = low;
      for (; q < m.part_ends[part]; ++q) {
        const std::int8_t* const w = m.quad(q) + column * kQuad;
        low = _mm512_dpbusd_epi32(low, ones, _mm512_load_si512(w));
        high = _mm512_dpbusd_epi32(high, ones, _mm512_load_si512(w + 64));
      }
      std::int32_t* const to = m.sums.data() + part * m.columns + column;
      _mm512_storeu_si512(to, low);
      _mm512_storeu_si512(to + kWide, high);
    }
  }
}

[[FORETELL_AVX2]] void multiply_avx2(QuadRows rows, const PackedMatrix& m, float* out) noexcept {
  std::size_t r = 0;
  for (; r + 4 <= rows.rows; r += 4) {
    for (std::size_t column = 0; column < m.columns; column += 16) {
      tile_avx2<4, 2>(rows_from(rows, r), m, column, out + r * m.columns);
    }
  }
  for (; r < rows.rows; ++r) {
    std::size_t column = 0;
    for (; column + 64 <= m.columns; column += 64) {
      tile_avx2<1, 8>(rows_from(rows, r), m, column, out + r * m.columns);
    }
    if (column != m.columns) {
      tile_avx2<1, 4>(rows_from(rows, r), m, column, out + r * m.columns);
    }
  }
}

}  // namespace foretell

#endif
