// SiLU and GELU (the tanh form) in exact operations: foretell.exact.silu and gelu are the reference, bit for bit. Both
// are x times a sigmoid, from a table of integers that the caller brings.
#pragma once

#include <cstddef>
#include <span>

namespace foretell {

/// The sigmoid at k / 256 - 20 for k = 0 .. 2 * 20 * 256 + 1, in units of 2^-24: integers.
inline constexpr std::size_t kSigmoidTable = 2 * 20 * 256 + 2;

/// Writes x * sigmoid(x) for each number. Throws Error(kInvalidArgument) for sizes that do not fit each other.
void silu(std::span<const float> x, std::span<const float> table, std::span<float> out);

/// Writes 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))). As silu.
void gelu(std::span<const float> x, std::span<const float> table, std::span<float> out);

}  // namespace foretell
