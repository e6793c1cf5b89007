#include "packed_matrix.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "check.hpp"
#include "foretell/isa.hpp"
#include "targets.hpp"

namespace foretell {
namespace {

struct Case {
  std::size_t rows, depth, columns, part;
};

constexpr Case kCases[] = {{1, 4, 1, 1040},     {1, 256, 128, 1040},  {1, 128, 256, 1032}, {4, 32, 96, 1032},
                           {5, 33, 40, 1032},   {8, 256, 64, 1032},   {3, 1040, 32, 1040}, {2, 1044, 32, 1040},
                           {6, 2048, 64, 1032}, {7, 2100, 416, 1032}, {1, 5, 300, 1032}};

enum class Kind { kAny, kWeightsReach128, kRowsReach128, kExtreme };

struct Operands {
  Operands(const Case& c, Kind kind, unsigned seed)
      : stride(quads_of(c.depth) * kQuad), matrix(c.depth, c.columns, c.part) {
    std::mt19937 random(seed);
    const auto number = [&](int low) {
      if (kind == Kind::kExtreme) {
        return static_cast<std::int8_t>(random() % 2 == 0 ? -127 : 127);
      }
      return static_cast<std::int8_t>(low + static_cast<int>(random() % static_cast<unsigned>(128 - low)));
    };
    rows.resize(c.rows * stride);
    for (std::size_t r = 0; r < c.rows; ++r) {
      for (std::size_t k = 0; k < c.depth; ++k) {
        rows[r * stride + k] = number(kind == Kind::kRowsReach128 ? -128 : kind == Kind::kWeightsReach128 ? 0 : -127);
      }
    }
    for (std::size_t k = 0; k < c.depth; ++k) {
      for (std::size_t n = 0; n < c.columns; ++n) {
        matrix.quad(k / kQuad)[n * kQuad + k % kQuad] = number(kind == Kind::kWeightsReach128 ? -128 : -127);
      }
    }
    sum_columns(matrix);
  }

  [[nodiscard]] QuadRows quad_rows(std::size_t count) const {
    return {rows.data(), static_cast<std::ptrdiff_t>(stride), kQuad, count};
  }

  std::size_t stride;
  std::vector<std::int8_t> rows;
  PackedMatrix matrix;
};

/// Each part exactly, then parts one after the other in float32, as the reference does.
std::vector<float> expected(const Case& c, const Operands& o) {
  std::vector<float> out(c.rows * o.matrix.columns);
  for (std::size_t r = 0; r < c.rows; ++r) {
    for (std::size_t n = 0; n < o.matrix.columns; ++n) {
      float total = 0;
      for (std::size_t begin = 0; begin < c.depth; begin += c.part) {
        std::int64_t sum = 0;
        for (std::size_t k = begin; k < std::min(begin + c.part, c.depth); ++k) {
          sum += std::int64_t{o.rows[r * o.stride + k]} * o.matrix.quad(k / kQuad)[n * kQuad + k % kQuad];
        }
        total = begin == 0 ? static_cast<float>(sum) : total + static_cast<float>(sum);
      }
      out[r * o.matrix.columns + n] = total;
    }
  }
  return out;
}

template <typename Multiply>
void check_products(Multiply&& multiply_with) {
  for (const Kind kind : {Kind::kAny, Kind::kWeightsReach128, Kind::kRowsReach128, Kind::kExtreme}) {
    unsigned seed = 1;
    for (const Case& c : kCases) {
      const Operands o(c, kind, seed++);
      std::vector<float> out(c.rows * o.matrix.columns + 1, 5.5F);
      multiply_with(o.quad_rows(c.rows), o.matrix, out.data());
      CHECK(out.back() == 5.5F);  // nothing behind the last row is written
      out.pop_back();
      CHECK(out == expected(c, o));
    }
  }
}

void products_are_exact() { check_products(multiply); }
void portable_products_are_exact() { check_products(multiply_portable); }

void every_body_gives_the_same() {
#if FORETELL_X86_TARGETS
  if (isa() != Isa::kScalar) {
    check_products(multiply_avx2);
  }
  if (has_vnni()) {
    check_products(multiply_vnni);
  }
#endif
}

void sums_are_those_of_the_parts() {
  for (const Case& c : kCases) {
    const Operands o(c, Kind::kAny, 9);
    std::size_t part = 0;
    for (std::size_t begin = 0; begin < c.depth; begin += c.part, ++part) {
      for (std::size_t n = 0; n < o.matrix.columns; ++n) {
        std::int32_t sum = 0;
        for (std::size_t k = begin; k < std::min(begin + c.part, c.depth); ++k) {
          sum += o.matrix.quad(k / kQuad)[n * kQuad + k % kQuad];
        }
        CHECK(o.matrix.sums[part * o.matrix.columns + n] == sum);
      }
    }
    CHECK(part == o.matrix.part_ends.size());
  }
}

void rows_interleave() {
  for (const std::size_t count : {1U, 7U, 64U, 100U}) {
    std::vector<std::int8_t> rows(4 * count);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      rows[i] = static_cast<std::int8_t>(i * 37);
    }
    std::vector<std::int8_t> quads(4 * count);
    const std::int8_t* const r = rows.data();
    interleave(r, r + count, r + 2 * count, r + 3 * count, count, quads.data());
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t k = 0; k < 4; ++k) {
        CHECK(quads[4 * i + k] == rows[k * count + i]);
      }
    }
  }
}

constexpr test::Test kTests[] = {
    {"products are exact", products_are_exact},
    {"portable products are exact", portable_products_are_exact},
    {"every body gives the same", every_body_gives_the_same},
    {"sums are those of the parts", sums_are_those_of_the_parts},
    {"rows interleave", rows_interleave},
};

}  // namespace
}  // namespace foretell

int main() { return foretell::test::run_all(foretell::kTests); }
