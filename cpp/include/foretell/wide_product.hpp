// Products of 16-bit integers, exact: rows of floats, each rounded to a grid of its own, times a matrix that stays as
// it is. A linear layer of a network that was trained elsewhere is one (foretell.exact.WideLinear is the reference).
//
// A row becomes integers up to +-32767 times a power of two, its step: what foretell.exact.quantise_rows makes of it,
// bit for bit. Their products with the matrix are summed in integers, which have no order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace foretell {

/// Sums of more products may not be exact in a double.
inline constexpr std::size_t kMostWideInputs = std::size_t{1} << 23;

/// W = integers times, for each of its rows, a power of two. A view: whoever calls owns the numbers.
struct WideMatrix {
  std::span<const std::int16_t> integers;  // [outputs][inputs]
  std::span<const double> scale;           // [outputs]
  std::size_t inputs;
};

/// Writes x W^T, exact but for the rounding of x, to out [rows][outputs].
///
/// x is [rows][inputs], without NaN and infinity. At most `threads` threads work, fewer where there is little to do.
/// Throws Error(kInvalidArgument) for sizes that do not fit each other, and for a row that is not finite;
/// std::bad_alloc.
void wide_product(std::span<const float> x, const WideMatrix& matrix, std::span<double> out, unsigned threads);

/// As wide_product, each result rounded to float; then adds bias [outputs], where there is one, with another rounding.
void wide_forward(std::span<const float> x, const WideMatrix& matrix, std::span<const float> bias, std::span<float> out,
                  unsigned threads);

}  // namespace foretell
