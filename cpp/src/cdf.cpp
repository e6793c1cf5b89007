#include "foretell/cdf.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "exp2_table.hpp"
#include "foretell/range_coder.hpp"

namespace foretell {
namespace {

constexpr unsigned kProductBits = 55;  // P + k of the normaliser: the widest that keeps w * m in 64 bits

[[noreturn]] void throw_row(std::size_t row, const std::string& what) {
  throw Error(Errc::kInvalidArgument, "row " + std::to_string(row) + ": " + what);
}

/// Checks the sizes of a quantiser's input and output and returns the number of rows.
template <typename Integer>
std::size_t checked_rows(std::size_t input, std::size_t vocabulary, unsigned precision, std::size_t output) {
  check_precision(precision);
  if (precision >= std::numeric_limits<Integer>::digits) {
    throw Error(Errc::kInvalidArgument, "cdf: precision 32 needs uint64, for 2^32 does not fit uint32");
  }
  if (vocabulary == 0 || vocabulary > std::uint64_t{1} << precision) {
    throw Error(Errc::kInvalidArgument, "vocabulary: " + std::to_string(vocabulary) + " symbols cannot share 2^" +
                                            std::to_string(precision) + " slots; it must be in 1..2^precision");
  }
  const std::size_t rows = input / vocabulary;
  if (input % vocabulary != 0 || output / (vocabulary + 1) != rows || output % (vocabulary + 1) != 0) {
    throw Error(Errc::kInvalidArgument, "cdf: " + std::to_string(input) + " values in rows of " +
                                            std::to_string(vocabulary) +
                                            " need as many rows of one more, got room for " + std::to_string(output));
  }
  return rows;
}

/// The normaliser of cdf.hpp. `largest` is the first index of the largest weight, `sum` the sum of the weights.
template <typename Integer>
void normalise(std::span<const std::uint32_t> weights, std::size_t largest, std::uint64_t sum, unsigned precision,
               Integer* cdf) noexcept {
  const std::size_t vocabulary = weights.size();
  const std::uint64_t total = std::uint64_t{1} << precision;
  const unsigned shift = kProductBits - precision;
  const std::uint64_t scale = ((total - vocabulary) << shift) / sum;  // < 2^32
  Integer end = 0;
  cdf[0] = 0;
  for (std::size_t i = 0; i < vocabulary; ++i) {
    end += static_cast<Integer>(1 + (weights[i] * scale >> shift));
    cdf[i + 1] = end;
  }
  const auto left = static_cast<Integer>(total - end);
  for (std::size_t i = largest; i < vocabulary; ++i) {
    cdf[i + 1] += left;
  }
}

}  // namespace

const std::array<std::uint32_t, kExp2Entries>& exp2_table() noexcept { return detail::kExp2Table; }

template <typename Integer>
void cdf_from_logits(std::span<const std::int32_t> logits, std::size_t vocabulary, unsigned precision,
                     std::span<Integer> cdf) {
  const std::size_t rows = checked_rows<Integer>(logits.size(), vocabulary, precision, cdf.size());
  std::vector<std::uint32_t> weights(vocabulary);
  for (std::size_t row = 0; row < rows; ++row) {
    const std::int32_t* z = logits.data() + row * vocabulary;
    std::int32_t max = z[0];
    for (std::size_t i = 1; i < vocabulary; ++i) {
      max = std::max(max, z[i]);
    }
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < vocabulary; ++i) {
      // Unsigned, so that the widest difference, 2^32 - 1, does not overflow. Weights have 25 bits: a shift of 31
      // clears them.
      const std::uint32_t d = static_cast<std::uint32_t>(max) - static_cast<std::uint32_t>(z[i]);
      const std::uint32_t weight =
          detail::kExp2Table[d % kExp2Entries] >> std::min(d >> kFractionBits, std::uint32_t{31});
      weights[i] = weight;
      sum += weight;
    }
    const auto largest = static_cast<std::size_t>(std::find(z, z + vocabulary, max) - z);  // T[d] = T[0] only for d = 0
    normalise<Integer>(weights, largest, sum, precision, cdf.data() + row * (vocabulary + 1));
  }
}

template <typename Integer>
void cdf_from_probabilities(std::span<const float> probabilities, std::size_t vocabulary, unsigned precision,
                            std::span<Integer> cdf) {
  constexpr std::uint32_t kInfinity = 0x7f800000;
  constexpr std::uint32_t kNegativeZero = 0x80000000;
  constexpr std::uint32_t kImplicitBit = 0x00800000;
  const std::size_t rows = checked_rows<Integer>(probabilities.size(), vocabulary, precision, cdf.size());
  std::vector<std::uint32_t> weights(vocabulary);
  for (std::size_t row = 0; row < rows; ++row) {
    const float* p = probabilities.data() + row * vocabulary;
    // The bits of non-negative floats order as the floats do, so the largest is found without a float comparison.
    std::uint32_t max = 0;
    std::size_t largest = 0;
    for (std::size_t i = 0; i < vocabulary; ++i) {
      std::uint32_t bits = std::bit_cast<std::uint32_t>(p[i]);
      bits = bits == kNegativeZero ? 0 : bits;
      if (bits >= kInfinity) [[unlikely]] {
        throw_row(row, "probability " + std::to_string(i) + " is " + std::to_string(p[i]) +
                           "; probabilities must be finite and not negative");
      }
      weights[i] = bits;
      largest = bits > max ? i : largest;
      max = std::max(max, bits);
    }
    if (max == 0) [[unlikely]] {
      throw_row(row, "all probabilities are 0; at least one must be positive");
    }
    // A float is mantissa * 2^(exponent - 150); exponent 0 means 1 without the implicit bit, a denormal. If the largest
    // is one then all are, with one exponent, and all are brought up by the same shift. The largest loses no bit, so
    // the first of the largest probabilities is the first of the largest weights.
    const std::uint32_t max_exponent = std::max(max >> 23, std::uint32_t{1});
    const int up = max < kImplicitBit ? std::countl_zero(max) - 8 : 0;
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < vocabulary; ++i) {
      const std::uint32_t exponent = weights[i] >> 23;
      const std::uint32_t mantissa = (weights[i] & (kImplicitBit - 1)) | (exponent == 0 ? 0 : kImplicitBit);
      const std::uint32_t down = max_exponent - std::max(exponent, std::uint32_t{1});
      weights[i] = mantissa << up >> std::min(down, std::uint32_t{31});
      sum += weights[i];
    }
    normalise<Integer>(weights, largest, sum, precision, cdf.data() + row * (vocabulary + 1));
  }
}

template <typename Integer>
void check_cdf(std::span<const Integer> cdf, std::size_t row_size, unsigned precision) {
  check_precision(precision);
  if (precision >= std::numeric_limits<Integer>::digits) {
    throw Error(Errc::kInvalidArgument, "cdf: precision 32 needs uint64, for 2^32 does not fit uint32");
  }
  if (row_size < 2 || cdf.size() % row_size != 0) {
    throw Error(
        Errc::kInvalidArgument,
        "cdf: a row holds one integer more than there are symbols, so at least 2, got " + std::to_string(row_size));
  }
  for (std::size_t row = 0; row < cdf.size() / row_size; ++row) {
    const std::span<const Integer> values = cdf.subspan(row * row_size, row_size);
    if (values.front() != 0) {
      throw_row(row, "cdf[0] must be 0, got " + std::to_string(values.front()));
    }
    if (values.back() != std::uint64_t{1} << precision) {
      throw_row(row,
                "the last value must be 2^" + std::to_string(precision) + ", got " + std::to_string(values.back()));
    }
    const auto fall = std::adjacent_find(values.begin(), values.end(), std::greater_equal<>());
    if (fall != values.end()) {
      throw_row(row,
                "the cdf must rise at every symbol, and does not at symbol " + std::to_string(fall - values.begin()));
    }
  }
}

template void cdf_from_logits(std::span<const std::int32_t>, std::size_t, unsigned, std::span<std::uint32_t>);
template void cdf_from_logits(std::span<const std::int32_t>, std::size_t, unsigned, std::span<std::uint64_t>);
template void cdf_from_probabilities(std::span<const float>, std::size_t, unsigned, std::span<std::uint32_t>);
template void cdf_from_probabilities(std::span<const float>, std::size_t, unsigned, std::span<std::uint64_t>);
template void check_cdf(std::span<const std::uint32_t>, std::size_t, unsigned);
template void check_cdf(std::span<const std::uint64_t>, std::size_t, unsigned);

}  // namespace foretell
