// The hidden layer's activation, a rectifier that saturates at the top of an 8-bit grid, and its gradient, dithered to
// 8 bits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace foretell {

inline constexpr int kActivationExponent = -5;
inline constexpr std::int32_t kMostActivation = 127;

/// Rounds products * scale + offset to integers and clips them to 0..127.
void activate(const float* products, const float* offset, float scale, std::size_t count,
              std::int8_t* activations) noexcept;

/// Zeroes the gradient where the activation is at either end, and returns the bits of the largest |gradient| left.
std::uint32_t gate(float* gradient, const std::int8_t* activations, std::size_t count) noexcept;

/// Rounds integers to a neighbouring multiple of 2^exponent at random, and writes those multiples. The exponent is that
/// of `exponent_for`; noise in units of 2^-12.
void dither(const float* integers, int exponent, const std::uint16_t* noise, std::size_t count,
            std::int8_t* multiples) noexcept;

}  // namespace foretell
