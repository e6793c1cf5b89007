// CDFs: what a coder accepts, and how to make one from probabilities or logits in integers only.
//
// A CDF of V symbols at precision P is V + 1 integers: cdf[0] = 0, strictly rising, cdf[V] = 2^P. So every symbol has
// at least one slot, none is ever impossible, and V <= 2^P.
//
// FROZEN as numerics "exact/1": files decode only while these formulas give the same integers (tests/reference.py
// states them in big integers). All quantisers make weights w_i in 0..2^24, the largest at least 2^23, and share one
// normaliser:
//
//     S = w_0 + ... + w_{V-1}     k = 55 - P     m = floor((2^P - V) * 2^k / S)
//     freq_i = 1 + floor(w_i * m / 2^k);   what is left to 2^P goes to the first of the largest weights
//
// Nothing overflows: S >= 2^23 makes m <= 2^55 / 2^23 = 2^32, less one because V >= 1, so w_i * m < 2^56; and the
// floors make the sum of the frequencies at most 2^P. One division a row; all else is multiply, shift, add.
//
// Weights from probabilities (float32, any positive scale): w_i = floor(p_i * 2^e) with the e that brings the row's
// largest into [2^23, 2^24). Mantissas are shifted, no float is multiplied, so denormals and flush-to-zero change
// nothing.
//
// Weights from counts (integers, any scale): w_i = floor(c_i * 2^e) with the e that brings the row's largest into
// [2^23, 2^24).
//
// Weights from logits (int32, base 2, kFractionBits fraction bits, so 1024 is a factor of two):
// w_i = T[d mod 1024] >> (d div 1024) with d = max - z_i and T[f] = floor(2^24 * 2^(-f / 1024)).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "foretell/errc.hpp"

namespace foretell {

inline constexpr unsigned kFractionBits = 10;
inline constexpr unsigned kWeightBits = 24;
inline constexpr std::size_t kExp2Entries = std::size_t{1} << kFractionBits;

/// T of the formula above: floor(2^24 * 2^(-f / 1024)), exact.
[[nodiscard]] const std::array<std::uint32_t, kExp2Entries>& exp2_table() noexcept;

/// Writes the CDF of each row of `logits` (row-major, `vocabulary` integers a row) to `cdf` (vocabulary + 1 a row).
/// `Integer` is std::uint32_t (precision <= 31) or std::uint64_t. Throws kInvalidArgument for sizes that do not fit and
/// for vocabularies larger than 2^precision.
template <typename Integer>
void cdf_from_logits(std::span<const std::int32_t> logits, std::size_t vocabulary, unsigned precision,
                     std::span<Integer> cdf);

/// As cdf_from_logits, for float32 probabilities of any positive scale. Throws kInvalidArgument naming the first row
/// that holds a NaN, an infinite or a negative value, or only zeros; `cdf` then holds unspecified values.
template <typename Integer>
void cdf_from_probabilities(std::span<const float> probabilities, std::size_t vocabulary, unsigned precision,
                            std::span<Integer> cdf);

/// As cdf_from_probabilities, for counts: std::uint32_t, std::uint64_t or std::int64_t, none negative, not all zero in
/// a row.
template <typename Count, typename Integer>
void cdf_from_counts(std::span<const Count> counts, std::size_t vocabulary, unsigned precision, std::span<Integer> cdf);

/// Throws kInvalidArgument naming the first row, and the rule it breaks; `row_size` is the vocabulary + 1.
template <typename Integer>
void check_cdf(std::span<const Integer> cdf, std::size_t row_size, unsigned precision);

}  // namespace foretell
