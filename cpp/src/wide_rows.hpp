// Rows of floats as integers, each row on a grid of its own (foretell.exact.quantise_rows), and exact products of those
// of 16 bits with rows of other 16-bit integers.
//
// An integer x of a row is kept as 256 * high + low, both of them small enough that sums of kPart products with another
// 16-bit integer fit in 32 bits: so the inner loop is one that the compiler turns into multiply-and-add instructions
// (pmaddwd and its kin), two for each number. Sums of parts are added in 64 bits.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "float_grid.hpp"

namespace foretell {

inline constexpr int kMostRowExponent = 40;  // foretell.exact.rows.MAX_ROW_EXPONENT

/// The grid of a row: the finest one of powers of two whose integers of some bits span its numbers.
struct RowGrid {
  float units;  // 1 / step
  float step;   // 0 for a row that is not finite
};

template <int kBits>
[[gnu::always_inline]] inline RowGrid grid_of(const float* x, std::size_t width) noexcept {
  std::uint32_t largest = 0;
  for (std::size_t i = 0; i < width; ++i) {
    largest = std::max(largest, magnitude_bits(x[i]));
  }
  if (largest >= magnitude_bits(INFINITY)) {
    return {0, 0};
  }
  const int exponent =
      std::clamp(static_cast<int>(largest >> 23) - 127 - (kBits - 2), -kMostRowExponent, kMostRowExponent);
  return {power_of_two(-exponent), power_of_two(exponent)};
}

/// The integer of a number on its row's grid.
template <int kBits>
[[gnu::always_inline]] inline std::int32_t on_grid(float x, RowGrid grid) noexcept {
  static_assert(kBits <= 23);  // round_small
  constexpr auto kLimit = static_cast<float>((1 << (kBits - 1)) - 1);
  return round_small(clip(x * grid.units, -kLimit, kLimit));
}

struct QuantiseRow {
  /// Writes `width` integers of 16 bits, and returns the row's step: 0 for a row that is not finite.
  [[gnu::always_inline]] static float run(const float* x, std::size_t width, std::int16_t* integers) noexcept {
    const RowGrid grid = grid_of<16>(x, width);
    if (grid.step != 0) {
      for (std::size_t i = 0; i < width; ++i) {
        integers[i] = static_cast<std::int16_t>(on_grid<16>(x[i], grid));
      }
    }
    return grid.step;
  }
};

/// Cuts integers of a row into what sum_products takes: `width` high parts, then as many low ones.
struct HalveRow {
  [[gnu::always_inline]] static void run(const std::int16_t* integers, std::size_t width,
                                         std::int16_t* halves) noexcept {
    for (std::size_t i = 0; i < width; ++i) {
      const int high = (integers[i] + 128) >> 8;  // -128 .. 128
      halves[i] = static_cast<std::int16_t>(high);
      halves[width + i] = static_cast<std::int16_t>(integers[i] - 256 * high);  // -128 .. 127
    }
  }
};

/// Sums of products of kRows halved rows, each 2 * width numbers behind the one before, and kOthers rows of `width`
/// integers, one behind the other: sums[r][o]. With up to 3 and 2 of them all sums stay in registers.
template <std::size_t kRows, std::size_t kOthers>
[[gnu::always_inline]] inline void sum_products(const std::int16_t* halves, const std::int16_t* others,
                                                std::size_t width, std::int64_t (&sums)[kRows][kOthers]) noexcept {
  constexpr std::size_t kPart = 480;   // 480 * 2^15 * 2^7 < 2^31
  constexpr std::size_t kVector = 32;  // parts end where the widest vectors do
  const std::size_t parts = (width + kPart - 1) / kPart;
  const std::size_t part = ((width + parts - 1) / parts + kVector - 1) / kVector * kVector;
  std::fill_n(&sums[0][0], kRows * kOthers, 0);
  for (std::size_t begin = 0; begin < width; begin += part) {
    const std::size_t end = std::min(begin + part, width);
    std::int32_t high[kRows][kOthers] = {};
    std::int32_t low[kRows][kOthers] = {};
    for (std::size_t k = begin; k < end; ++k) {
#pragma GCC unroll 4
      for (std::size_t o = 0; o < kOthers; ++o) {
        const std::int32_t other = others[o * width + k];
#pragma GCC unroll 4
        for (std::size_t r = 0; r < kRows; ++r) {
          high[r][o] += halves[2 * r * width + k] * other;
          low[r][o] += halves[(2 * r + 1) * width + k] * other;
        }
      }
    }
    for (std::size_t r = 0; r < kRows; ++r) {
      for (std::size_t o = 0; o < kOthers; ++o) {
        sums[r][o] += std::int64_t{high[r][o]} * 256 + low[r][o];
      }
    }
  }
}

}  // namespace foretell
