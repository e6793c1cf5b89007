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
// Weights from probabilities (any positive scale): w_i = floor(p_i * 2^e) with the e that brings the row's largest into
// [2^23, 2^24). Mantissas are shifted, no float is multiplied, so denormals and flush-to-zero change nothing. The rule
// is one for float16, bfloat16, float32 and float64: rows of equal numbers give equal CDFs whatever their dtype.
//
// Weights from counts (integers, any scale): w_i = floor(c_i * 2^e) with the e that brings the row's largest into
// [2^23, 2^24).
//
// Weights from logits (int32, base 2, kFractionBits fraction bits, so 1024 is a factor of two):
// w_i = T[d mod 1024] >> (d div 1024) with d = max - z_i and T[f] = floor(2^24 * 2^(-f / 1024)).
//
// Weights from logits in floating point: as from int32 logits, with the distances
//
//     d = floor((max - z_i) * U + 1/2)     U = 1024 in base 2, kUnitOfNats = 1024 / ln 2 in base e
//
// by one float64 subtraction, product and sum, each rounded once (converting to float64 is exact), so that these too
// are the same on every machine, and again the dtype of equal numbers does not matter. -infinity, as of a masked
// symbol, is infinitely far: its weight is 0. Flush-to-zero changes nothing: what it could change is far below the 1/2.
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
inline constexpr double kUnitOfBits = 1024;
inline constexpr double kUnitOfNats = 1477.3197218702985;  // the float64 nearest to 1024 / ln 2

/// T of the formula above: floor(2^24 * 2^(-f / 1024)), exact.
[[nodiscard]] const std::array<std::uint32_t, kExp2Entries>& exp2_table() noexcept;

/// The bits of a binary16.
struct Float16 {
  std::uint16_t bits;
};

/// The bits of a bfloat16: the upper half of a float32.
struct BFloat16 {
  std::uint16_t bits;
};

enum class LogBase : int { kTwo, kE };

/// Rows of `size` numbers each, row i at data + i * stride.
template <typename T>
struct Rows {
  const T* data;
  std::size_t count;
  std::size_t size;
  std::ptrdiff_t stride;

  [[nodiscard]] const T* operator[](std::size_t row) const noexcept {
    return data + static_cast<std::ptrdiff_t>(row) * stride;
  }
};

/// Writes the CDF of each row to `cdf` (rows.size + 1 integers a row, row after row). `Integer` is std::uint16_t
/// (precision <= 16; a last value of 2^16 is stored as 0), std::uint32_t (<= 31) or std::uint64_t; `Logit` is
/// std::int32_t in fixed point (`base` is then 2), float, double, Float16 or BFloat16. Throws kInvalidArgument for
/// sizes that do not fit, for vocabularies larger than 2^precision, and naming the first row that holds a NaN or
/// +infinity, or only -infinity; `cdf` then holds unspecified values.
template <typename Logit, typename Integer>
void cdf_from_logits(Rows<Logit> logits, LogBase base, unsigned precision, std::span<Integer> cdf);

/// As cdf_from_logits, for probabilities of any positive scale: float, double, Float16 or BFloat16. Throws
/// kInvalidArgument naming the first row that holds a NaN, an infinite or a negative value, or only zeros.
template <typename Probability, typename Integer>
void cdf_from_probabilities(Rows<Probability> probabilities, unsigned precision, std::span<Integer> cdf);

/// As cdf_from_probabilities, for counts: std::uint32_t, std::uint64_t or std::int64_t, none negative, not all zero in
/// a row.
template <typename Count, typename Integer>
void cdf_from_counts(Rows<Count> counts, unsigned precision, std::span<Integer> cdf);

/// Rows of `size` numbers, one after the other. Throws kInvalidArgument if the last is not whole.
template <typename T>
[[nodiscard]] Rows<T> rows_of(std::span<const T> values, std::size_t size) {
  if (size != 0 && values.size() % size != 0) {
    throw Error(Errc::kInvalidArgument, "rows: the last one is not whole");
  }
  return {values.data(), size == 0 ? 0 : values.size() / size, size, static_cast<std::ptrdiff_t>(size)};
}

/// As above, for rows one after the other.
template <typename Integer>
void cdf_from_logits(std::span<const std::int32_t> logits, std::size_t vocabulary, unsigned precision,
                     std::span<Integer> cdf) {
  cdf_from_logits(rows_of(logits, vocabulary), LogBase::kTwo, precision, cdf);
}
template <typename Integer>
void cdf_from_probabilities(std::span<const float> probabilities, std::size_t vocabulary, unsigned precision,
                            std::span<Integer> cdf) {
  cdf_from_probabilities(rows_of(probabilities, vocabulary), precision, cdf);
}
template <typename Count, typename Integer>
void cdf_from_counts(std::span<const Count> counts, std::size_t vocabulary, unsigned precision,
                     std::span<Integer> cdf) {
  cdf_from_counts(rows_of(counts, vocabulary), precision, cdf);
}

/// Writes the interval that the CDF of row i gives to symbols[i], without writing the CDF: for encoders, which need two
/// of its integers. `Integer` is std::uint32_t (precision <= 31) or std::uint64_t. Throws as cdf_from_logits, and for
/// a symbol that is not in the vocabulary.
template <typename Logit, typename Integer>
void intervals_from_logits(Rows<Logit> logits, LogBase base, std::span<const std::uint32_t> symbols, unsigned precision,
                           std::span<Integer> start, std::span<Integer> freq);
template <typename Probability, typename Integer>
void intervals_from_probabilities(Rows<Probability> probabilities, std::span<const std::uint32_t> symbols,
                                  unsigned precision, std::span<Integer> start, std::span<Integer> freq);

/// Throws kInvalidArgument naming the first row, and the rule it breaks; `row_size` is the vocabulary + 1.
template <typename Integer>
void check_cdf(std::span<const Integer> cdf, std::size_t row_size, unsigned precision);

}  // namespace foretell
