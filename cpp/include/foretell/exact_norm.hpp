// RMSNorm and LayerNorm in exact operations: foretell.exact.rms_norm and layer_norm are the reference, bit for bit.
//
// Mean and variance are those of a row's 20-bit integers, which have no order; the rest is single operations.
#pragma once

#include <cstddef>
#include <span>

namespace foretell {

inline constexpr std::size_t kMostNormWidth = std::size_t{1} << 15;  // squares of 2^19: their sums stay within 2^53

/// Writes x / sqrt(mean(x^2) + epsilon) * weight for each row of x [rows][width], width = weight.size(), to out.
/// Throws Error(kInvalidArgument) for sizes that do not fit each other, and for a row that is not finite.
void rms_norm(std::span<const float> x, std::span<const float> weight, double epsilon, std::span<float> out);

/// Writes (x - mean) / sqrt(variance + epsilon) * weight + bias. As rms_norm.
void layer_norm(std::span<const float> x, std::span<const float> weight, std::span<const float> bias, double epsilon,
                std::span<float> out);

}  // namespace foretell
