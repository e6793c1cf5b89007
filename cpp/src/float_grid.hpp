// Powers of two and rounding, from exponent bits and single IEEE operations: element by element, so that loops of them
// become vector instructions and give the same bits on every machine.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace foretell {

inline constexpr int kMostExponent = 60;  // of a grid, either side of 0: far from denormals and overflow

/// No number that is learned has a larger magnitude.
inline constexpr float kMostLearned = 0x1p60F;

/// 2^exponent for -126..127, from exponent bits. Below, what the reference computes there: the same shift.
[[nodiscard]] inline float power_of_two(int exponent) noexcept {
  return std::bit_cast<float>(static_cast<std::uint32_t>(exponent + 127) << 23);
}

/// The exponent of the finest grid whose 8-bit integers span numbers up to the one with these bits (not negative).
[[nodiscard]] inline int exponent_for(std::uint32_t largest_bits) noexcept {
  return std::clamp(static_cast<int>(largest_bits >> 23) - 127 - 6, -kMostExponent, kMostExponent);
}

/// The bits of |x|, which order as the magnitudes do.
[[nodiscard, gnu::always_inline]] inline std::uint32_t magnitude_bits(float x) noexcept {
  return std::bit_cast<std::uint32_t>(x) & 0x7fffffffU;
}

/// Rounds to the nearest integer, ties to even; |x| <= 2^22. The sum has no room for a fraction, so it is rounded as
/// every sum is, and its bits count the integers.
[[nodiscard, gnu::always_inline]] inline std::int32_t round_small(float x) noexcept {
  constexpr float kShift = 12582912.0F;  // 1.5 * 2^23
  return std::bit_cast<std::int32_t>(x + kShift) - std::bit_cast<std::int32_t>(kShift);
}

/// As round_small, for |x| <= 2^30: from 2^23 on all floats are integers.
[[nodiscard, gnu::always_inline]] inline std::int32_t round_large(float x) noexcept {
  constexpr float kFirst = 8388608.0F;  // 2^23
  const float magnitude = std::fabs(x);
  const float rounded = magnitude < kFirst ? (magnitude + kFirst) - kFirst : magnitude;
  const auto integer = static_cast<std::int32_t>(rounded);
  return x < 0 ? -integer : integer;
}

/// Written for vector instructions, which have no NaN to think of here.
[[nodiscard, gnu::always_inline]] inline float clip(float x, float low, float high) noexcept {
  const float above = x < low ? low : x;
  return above > high ? high : above;
}

}  // namespace foretell
