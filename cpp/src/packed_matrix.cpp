#include "packed_matrix.hpp"

#include <algorithm>
#include <array>

#include "targets.hpp"

namespace foretell {
namespace {

struct SumColumns {
  [[gnu::always_inline]] static void run(const std::int8_t* quads, std::size_t count, std::size_t columns,
                                         std::int32_t* sums) noexcept {
    std::fill_n(sums, columns, 0);
    for (std::size_t q = 0; q < count; ++q, quads += columns * kQuad) {
      for (std::size_t n = 0; n < columns; ++n) {
        sums[n] += quads[kQuad * n] + quads[kQuad * n + 1] + quads[kQuad * n + 2] + quads[kQuad * n + 3];
      }
    }
  }
};

struct Multiply {
  [[gnu::always_inline]] static void run(QuadRows rows, const std::int8_t* quads, std::size_t columns,
                                         const std::size_t* part_ends, std::size_t parts, float* out) noexcept {
    for (std::size_t r = 0; r < rows.rows; ++r, out += columns) {
      const std::int8_t* const row = rows.data + static_cast<std::ptrdiff_t>(r) * rows.row_stride;
      for (std::size_t column = 0; column < columns; column += kColumnBlock) {
        std::size_t q = 0;
        for (std::size_t part = 0; part < parts; ++part) {
          std::array<std::int32_t, kColumnBlock> sums{};
          for (; q < part_ends[part]; ++q) {
            const std::int8_t* const x = row + static_cast<std::ptrdiff_t>(q) * rows.quad_stride;
            const std::int8_t* const w = quads + (q * columns + column) * kQuad;
            const std::int32_t x0 = x[0];
            const std::int32_t x1 = x[1];
            const std::int32_t x2 = x[2];
            const std::int32_t x3 = x[3];
            for (std::size_t n = 0; n < kColumnBlock; ++n) {
              sums[n] += x0 * w[kQuad * n] + x1 * w[kQuad * n + 1] + x2 * w[kQuad * n + 2] + x3 * w[kQuad * n + 3];
            }
          }
          for (std::size_t n = 0; n < kColumnBlock; ++n) {
            const auto sum = static_cast<float>(sums[n]);
            out[column + n] = part == 0 ? sum : out[column + n] + sum;
          }
        }
      }
    }
  }
};

struct Interleave {
  [[gnu::always_inline]] static void run(const std::int8_t* a, const std::int8_t* b, const std::int8_t* c,
                                         const std::int8_t* d, std::size_t count, std::int8_t* to) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
      to[kQuad * i] = a[i];
      to[kQuad * i + 1] = b[i];
      to[kQuad * i + 2] = c[i];
      to[kQuad * i + 3] = d[i];
    }
  }
};

}  // namespace

PackedMatrix::PackedMatrix(std::size_t depth, std::size_t wanted_columns, std::size_t part)
    : columns(padded_columns(wanted_columns)), data(quads_of(depth) * columns * kQuad) {
  for (std::size_t end = part / kQuad; end < quads_of(depth); end += part / kQuad) {
    part_ends.push_back(end);
  }
  part_ends.push_back(quads_of(depth));
  sums = ZeroedArray<std::int32_t>(part_ends.size() * columns);
}

void sum_columns(PackedMatrix& matrix) noexcept {
#if FORETELL_X86_TARGETS
  if (has_vnni()) {
    return sum_columns_vnni(matrix);
  }
#endif
  std::size_t first = 0;
  for (std::size_t part = 0; part < matrix.part_ends.size(); ++part) {
    const std::size_t end = matrix.part_ends[part];
    for_isa<SumColumns>(static_cast<const std::int8_t*>(matrix.quad(first)), end - first, matrix.columns,
                        matrix.sums.data() + part * matrix.columns);
    first = end;
  }
}

void multiply_portable(QuadRows rows, const PackedMatrix& matrix, float* out) noexcept {
  for_isa<Multiply>(rows, matrix.data.data(), matrix.columns, matrix.part_ends.data(), matrix.part_ends.size(), out);
}

void multiply(QuadRows rows, const PackedMatrix& matrix, float* out) noexcept {
#if FORETELL_X86_TARGETS
  if (has_vnni()) {
    return multiply_vnni(rows, matrix, out);
  }
  if (isa() != Isa::kScalar) {
    return multiply_avx2(rows, matrix, out);
  }
#endif
  multiply_portable(rows, matrix, out);
}

void interleave(const std::int8_t* a, const std::int8_t* b, const std::int8_t* c, const std::int8_t* d,
                std::size_t count, std::int8_t* to) noexcept {
  for_isa<Interleave>(a, b, c, d, count, to);
}

}  // namespace foretell
