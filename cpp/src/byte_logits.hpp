// The output layer's logits of 256 bytes, as CDFs, and the gradient of the code length with respect to them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace foretell {

inline constexpr std::size_t kBytes = 256;
inline constexpr unsigned kBytePrecision = 24;

/// Rounds products * scale + offset to fixed-point logits within +-2^30.
void logits_of(const float* products, const float* offset, float scale, std::int32_t* logits) noexcept;

/// Writes a row's CDF, 257 integers.
void write_cdf(const std::int32_t* logits, std::uint32_t* cdf);

/// Writes p - onehot(symbol), dithered to 8 bits on the grid 2^-7; noise in units of 2^-12. Numbers reach from -128 to
/// 128, and one of them at most is 128, which is written as 127: returns its place, or kBytes.
std::size_t logit_gradient(const std::uint32_t* cdf, std::uint8_t symbol, const std::uint16_t* noise,
                           std::int8_t* gradient) noexcept;

}  // namespace foretell
