// Matrices of 8-bit integers in the layout that their products read: quads of four numbers along the common dimension.
//
// Number (k, n) of a K x N matrix lies at (k / 4 * columns + n) * 4 + k % 4. A product then takes four numbers of the
// other operand at a time, as one 32-bit word, against a vector of quads: what vpdpbusd multiplies and adds in one
// instruction. Padding, K to quads and N to kColumnBlock, is zero.
//
// Products are exact. Those of the reference are in float32 and cut K into parts so short that no sum of a part passes
// 2^24, adding the parts one after the other, rounded; so are these.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "zeroed_array.hpp"

namespace foretell {

inline constexpr std::size_t kQuad = 4;
inline constexpr std::size_t kColumnBlock = 32;

[[nodiscard]] constexpr std::size_t padded_columns(std::size_t columns) noexcept {
  return (columns + kColumnBlock - 1) / kColumnBlock * kColumnBlock;
}
[[nodiscard]] constexpr std::size_t quads_of(std::size_t depth) noexcept { return (depth + kQuad - 1) / kQuad; }

/// How many products of integers up to `a` and `b` the reference sums exactly before it starts another part.
[[nodiscard]] constexpr std::size_t part_of(std::size_t a, std::size_t b) noexcept {
  return (std::size_t{1} << 24) / (a * b);
}

struct PackedMatrix {
  PackedMatrix() = default;
  /// All zero, in parts of `part` numbers, a multiple of 4. Throws std::bad_alloc.
  PackedMatrix(std::size_t depth, std::size_t columns, std::size_t part);

  [[nodiscard]] std::int8_t* quad(std::size_t index) noexcept { return data.data() + index * columns * kQuad; }
  [[nodiscard]] const std::int8_t* quad(std::size_t index) const noexcept {
    return data.data() + index * columns * kQuad;
  }

  std::size_t columns = 0;             // padded
  std::vector<std::size_t> part_ends;  // in quads; the last one is where the matrix ends
  ZeroedArray<std::int8_t> data;       // [quads][columns][4]
  ZeroedArray<std::int32_t> sums;      // [parts][columns], of each column in each part: see sum_columns
};

/// The other operand: rows of numbers, quad q of row r at data + r * row_stride + q * quad_stride, padded with zeros.
struct QuadRows {
  const std::int8_t* data;
  std::ptrdiff_t row_stride;
  std::ptrdiff_t quad_stride;
  std::size_t rows;
};

/// Brings matrix.sums up to date with matrix.data.
void sum_columns(PackedMatrix& matrix) noexcept;

/// Writes rows x matrix, matrix.columns numbers a row, row r at out + r * matrix.columns. Needs matrix.sums.
/// One of the operands must have no -128 where the other is negative (AVX2 has no product of such bytes).
void multiply(QuadRows rows, const PackedMatrix& matrix, float* out) noexcept;

/// Interleaves four rows of `count` bytes: a quad row of a packed matrix.
void interleave(const std::int8_t* a, const std::int8_t* b, const std::int8_t* c, const std::int8_t* d,
                std::size_t count, std::int8_t* to) noexcept;

// -- for one level, which must be supported (packed_matrix_x86.cpp) --------------------------------------------------

[[nodiscard]] bool has_vnni() noexcept;
void sum_columns_vnni(PackedMatrix& matrix) noexcept;
void multiply_portable(QuadRows rows, const PackedMatrix& matrix, float* out) noexcept;
void multiply_avx2(QuadRows rows, const PackedMatrix& matrix, float* out) noexcept;
void multiply_vnni(QuadRows rows, const PackedMatrix& matrix, float* out) noexcept;

}  // namespace foretell
