#include "foretell/cdf.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "checks.hpp"
#include "exp2_table.hpp"
#include "foretell/range_coder.hpp"
#include "targets.hpp"

namespace foretell {
namespace {

constexpr unsigned kMostVocabularyBits = 31;  // places of symbols are counted in 32 bits
constexpr unsigned kProductBits = 55;         // P + k of the normaliser: the widest that keeps w * m in 64 bits

[[noreturn]] void throw_row(std::size_t row, const std::string& what) {
  throw Error(Errc::kInvalidArgument, "row " + std::to_string(row) + ": " + what);
}

/// Checks the sizes of a quantiser's input and output and returns the number of rows.
template <typename Integer>
std::size_t checked_rows(std::size_t input, std::size_t vocabulary, unsigned precision, std::size_t output) {
  check_precision(precision);
  check_fits(kMostPrecision<Integer>, precision);
  if (vocabulary == 0 || vocabulary > std::uint64_t{1} << std::min(precision, kMostVocabularyBits)) {
    throw Error(Errc::kInvalidArgument, "vocabulary: " + std::to_string(vocabulary) + " symbols cannot share 2^" +
                                            std::to_string(precision) +
                                            " slots; it must be in 1..2^precision, and at most 2^31");
  }
  const std::size_t rows = input / vocabulary;
  if (input % vocabulary != 0 || output / (vocabulary + 1) != rows || output % (vocabulary + 1) != 0) {
    throw Error(Errc::kInvalidArgument, "cdf: " + std::to_string(input) + " values in rows of " +
                                            std::to_string(vocabulary) +
                                            " need as many rows of one more, got room for " + std::to_string(output));
  }
  return rows;
}

// The kernels are written as loops that compilers turn into vector instructions: no branch inside, one type a loop.

/// The normaliser of cdf.hpp. `largest` is the largest weight, `sum` the sum of the weights; weights are overwritten.
template <typename Integer>
[[gnu::always_inline]] inline void normalise(std::uint32_t* weights, std::size_t vocabulary, std::uint32_t largest,
                                             std::uint64_t sum, unsigned precision, Integer* cdf) noexcept {
  const std::uint64_t total = std::uint64_t{1} << precision;
  const unsigned shift = kProductBits - precision;
  const std::uint64_t scale = ((total - vocabulary) << shift) / sum;  // < 2^32
  constexpr std::uint32_t kNowhere = ~std::uint32_t{0};
  std::uint32_t first = kNowhere;
  for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(vocabulary); ++i) {
    first = std::min(first, i | (0 - std::uint32_t{weights[i] != largest}));  // all ones where it is not
  }
  // A frequency is below 2^32: at precision 32 only that of a vocabulary of 1 is not, and it is left to the rest.
  std::uint64_t given = 0;
  for (std::size_t i = 0; i < vocabulary; ++i) {
    weights[i] = static_cast<std::uint32_t>((weights[i] * scale >> shift) + 1);
    given += weights[i];
  }
  const std::uint64_t left = total - given;
  Integer end = 0;
  cdf[0] = 0;
  for (std::size_t i = 0; i < first; ++i) {
    end = static_cast<Integer>(end + weights[i]);
    cdf[i + 1] = end;
  }
  end = static_cast<Integer>(end + left);
  for (std::size_t i = first; i < vocabulary; ++i) {
    end = static_cast<Integer>(end + weights[i]);
    cdf[i + 1] = end;
  }
}

template <typename Integer>
struct LogitsToCdf {
  [[gnu::always_inline]] static void run(const std::int32_t* logits, std::size_t rows, std::size_t vocabulary,
                                         unsigned precision, std::uint32_t* weights, Integer* cdf) noexcept {
    for (std::size_t row = 0; row < rows; ++row) {
      const std::int32_t* z = logits + row * vocabulary;
      std::int32_t max = z[0];
      for (std::size_t i = 1; i < vocabulary; ++i) {
        max = std::max(max, z[i]);
      }
      std::uint64_t sum = 0;
      for (std::size_t i = 0; i < vocabulary; ++i) {
        // Unsigned, so that the widest difference, 2^32 - 1, does not overflow. Weights have 25 bits: a shift of 31
        // clears them.
        const std::uint32_t d = static_cast<std::uint32_t>(max) - static_cast<std::uint32_t>(z[i]);
        weights[i] = detail::kExp2Table[d % kExp2Entries] >> std::min(d >> kFractionBits, std::uint32_t{31});
        sum += weights[i];
      }
      // The largest weight is T[0], which no other difference than 0 has.
      normalise(weights, vocabulary, detail::kExp2Table[0], sum, precision, cdf + row * (vocabulary + 1));
    }
  }
};

constexpr std::uint32_t kInfinity = 0x7f800000;
constexpr std::uint32_t kNegativeZero = 0x80000000;
constexpr std::uint32_t kImplicitBit = 0x00800000;

/// The bits of non-negative floats order as the floats do, so the largest is found without a float comparison.
inline std::uint32_t without_sign_of_zero(std::uint32_t bits) noexcept {
  return bits & (0 - std::uint32_t{bits != kNegativeZero});
}

template <typename Integer>
struct ProbabilitiesToCdf {
  /// Returns the first row that holds something that is no probability, or only zeros; `rows` if there is none.
  [[gnu::always_inline]] static std::size_t run(const float* probabilities, std::size_t rows, std::size_t vocabulary,
                                                unsigned precision, std::uint32_t* weights, Integer* cdf) noexcept {
    for (std::size_t row = 0; row < rows; ++row) {
      const float* p = probabilities + row * vocabulary;
      std::uint32_t max = 0;
      for (std::size_t i = 0; i < vocabulary; ++i) {
        max = std::max(max, without_sign_of_zero(std::bit_cast<std::uint32_t>(p[i])));
      }
      if (max >= kInfinity || max == 0) [[unlikely]] {  // NaN, infinite and negative numbers are all above
        return row;
      }
      // A float is mantissa * 2^(exponent - 150); exponent 0 means 1 without the implicit bit, a denormal. If the
      // largest is one then all are, with one exponent, and all are brought up by the same shift. The largest loses no
      // bit, so the first of the largest probabilities is the first of the largest weights.
      const std::uint32_t max_exponent = std::max(max >> 23, std::uint32_t{1});
      const int up = max < kImplicitBit ? std::countl_zero(max) - 8 : 0;
      std::uint64_t sum = 0;
      std::uint32_t largest = 0;
      for (std::size_t i = 0; i < vocabulary; ++i) {
        const std::uint32_t bits = without_sign_of_zero(std::bit_cast<std::uint32_t>(p[i]));
        const std::uint32_t exponent = bits >> 23;
        const std::uint32_t mantissa = (bits & (kImplicitBit - 1)) | (exponent == 0 ? 0 : kImplicitBit);
        const std::uint32_t down = max_exponent - std::max(exponent, std::uint32_t{1});
        weights[i] = mantissa << up >> std::min(down, std::uint32_t{31});
        largest = std::max(largest, weights[i]);
        sum += weights[i];
      }
      normalise(weights, vocabulary, largest, sum, precision, cdf + row * (vocabulary + 1));
    }
    return rows;
  }
};

[[noreturn]] void throw_bad_probabilities(std::span<const float> p, std::size_t row) {
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (without_sign_of_zero(std::bit_cast<std::uint32_t>(p[i])) >= kInfinity) {
      throw_row(row, "probability " + std::to_string(i) + " is " + std::to_string(p[i]) +
                         "; probabilities must be finite and not negative");
    }
  }
  throw_row(row, "all probabilities are 0; at least one must be positive");
}

template <typename Count, typename Integer>
struct CountsToCdf {
  /// Returns the first row that holds a negative number, or only zeros; `rows` if there is none.
  [[gnu::always_inline]] static std::size_t run(const Count* counts, std::size_t rows, std::size_t vocabulary,
                                                unsigned precision, std::uint32_t* weights, Integer* cdf) noexcept {
    for (std::size_t row = 0; row < rows; ++row) {
      const Count* c = counts + row * vocabulary;
      std::uint64_t max = 0;
      for (std::size_t i = 0; i < vocabulary; ++i) {
        max = std::max(max, static_cast<std::uint64_t>(c[i]));
      }
      if (max == 0 || max > static_cast<std::uint64_t>(std::numeric_limits<Count>::max())) [[unlikely]] {
        return row;  // negative numbers are above
      }
      const auto bits = static_cast<unsigned>(std::bit_width(max));
      const unsigned down = bits > kWeightBits ? bits - kWeightBits : 0;
      const unsigned up = bits < kWeightBits ? kWeightBits - bits : 0;
      std::uint64_t sum = 0;
      for (std::size_t i = 0; i < vocabulary; ++i) {
        weights[i] = static_cast<std::uint32_t>(static_cast<std::uint64_t>(c[i]) >> down << up);
        sum += weights[i];
      }
      normalise(weights, vocabulary, static_cast<std::uint32_t>(max >> down << up), sum, precision,
                cdf + row * (vocabulary + 1));
    }
    return rows;
  }
};

template <typename Count>
[[noreturn]] void throw_bad_counts(std::span<const Count> counts, std::size_t row) {
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (std::cmp_less(counts[i], 0)) {
      throw_row(row,
                "count " + std::to_string(i) + " is " + std::to_string(counts[i]) + "; counts must not be negative");
    }
  }
  throw_row(row, "all counts are 0; at least one must be positive");
}

}  // namespace

const std::array<std::uint32_t, kExp2Entries>& exp2_table() noexcept { return detail::kExp2Table; }

template <typename Integer>
void cdf_from_logits(std::span<const std::int32_t> logits, std::size_t vocabulary, unsigned precision,
                     std::span<Integer> cdf) {
  const std::size_t rows = checked_rows<Integer>(logits.size(), vocabulary, precision, cdf.size());
  std::vector<std::uint32_t> weights(vocabulary);
  for_isa<LogitsToCdf<Integer>>(logits.data(), rows, vocabulary, precision, weights.data(), cdf.data());
}

template <typename Integer>
void cdf_from_probabilities(std::span<const float> probabilities, std::size_t vocabulary, unsigned precision,
                            std::span<Integer> cdf) {
  const std::size_t rows = checked_rows<Integer>(probabilities.size(), vocabulary, precision, cdf.size());
  std::vector<std::uint32_t> weights(vocabulary);
  const std::size_t bad = for_isa<ProbabilitiesToCdf<Integer>>(probabilities.data(), rows, vocabulary, precision,
                                                               weights.data(), cdf.data());
  if (bad != rows) {
    throw_bad_probabilities(probabilities.subspan(bad * vocabulary, vocabulary), bad);
  }
}

template <typename Count, typename Integer>
void cdf_from_counts(std::span<const Count> counts, std::size_t vocabulary, unsigned precision,
                     std::span<Integer> cdf) {
  const std::size_t rows = checked_rows<Integer>(counts.size(), vocabulary, precision, cdf.size());
  std::vector<std::uint32_t> weights(vocabulary);
  const std::size_t bad =
      for_isa<CountsToCdf<Count, Integer>>(counts.data(), rows, vocabulary, precision, weights.data(), cdf.data());
  if (bad != rows) {
    throw_bad_counts(counts.subspan(bad * vocabulary, vocabulary), bad);
  }
}

template <typename Integer>
void check_cdf(std::span<const Integer> cdf, std::size_t row_size, unsigned precision) {
  check_precision(precision);
  check_fits(kMostPrecision<Integer>, precision);
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
    if (values.back() != static_cast<Integer>(std::uint64_t{1} << precision)) {
      throw_row(row,
                "the last value must be 2^" + std::to_string(precision) + ", got " + std::to_string(values.back()));
    }
    // The end is what it must be, and in uint16 stored as 0: only whether the last symbol has a slot is left to see.
    auto fall = std::adjacent_find(values.begin(), values.end() - 1, std::greater_equal<>());
    const bool full = std::uint64_t{*(values.end() - 2)} >= std::uint64_t{1} << precision;
    if (fall != values.end() - 1 || full) {
      fall = std::min(fall, values.end() - 2);
      throw_row(row,
                "the cdf must rise at every symbol, and does not at symbol " + std::to_string(fall - values.begin()));
    }
  }
}

template void cdf_from_logits(std::span<const std::int32_t>, std::size_t, unsigned, std::span<std::uint16_t>);
template void cdf_from_logits(std::span<const std::int32_t>, std::size_t, unsigned, std::span<std::uint32_t>);
template void cdf_from_logits(std::span<const std::int32_t>, std::size_t, unsigned, std::span<std::uint64_t>);
template void cdf_from_probabilities(std::span<const float>, std::size_t, unsigned, std::span<std::uint16_t>);
template void cdf_from_probabilities(std::span<const float>, std::size_t, unsigned, std::span<std::uint32_t>);
template void cdf_from_probabilities(std::span<const float>, std::size_t, unsigned, std::span<std::uint64_t>);
template void cdf_from_counts(std::span<const std::uint32_t>, std::size_t, unsigned, std::span<std::uint16_t>);
template void cdf_from_counts(std::span<const std::uint32_t>, std::size_t, unsigned, std::span<std::uint32_t>);
template void cdf_from_counts(std::span<const std::uint32_t>, std::size_t, unsigned, std::span<std::uint64_t>);
template void cdf_from_counts(std::span<const std::uint64_t>, std::size_t, unsigned, std::span<std::uint16_t>);
template void cdf_from_counts(std::span<const std::uint64_t>, std::size_t, unsigned, std::span<std::uint32_t>);
template void cdf_from_counts(std::span<const std::uint64_t>, std::size_t, unsigned, std::span<std::uint64_t>);
template void cdf_from_counts(std::span<const std::int64_t>, std::size_t, unsigned, std::span<std::uint16_t>);
template void cdf_from_counts(std::span<const std::int64_t>, std::size_t, unsigned, std::span<std::uint32_t>);
template void cdf_from_counts(std::span<const std::int64_t>, std::size_t, unsigned, std::span<std::uint64_t>);
template void check_cdf(std::span<const std::uint16_t>, std::size_t, unsigned);
template void check_cdf(std::span<const std::uint32_t>, std::size_t, unsigned);
template void check_cdf(std::span<const std::uint64_t>, std::size_t, unsigned);

}  // namespace foretell
