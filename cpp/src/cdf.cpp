#include "foretell/cdf.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include "checks.hpp"
#include "exp2_table.hpp"
#include "foretell/range_coder.hpp"
#include "prefetch.hpp"
#include "row_weights.hpp"

namespace foretell {
namespace {

constexpr unsigned kMostVocabularyBits = 31;  // places of symbols are counted in 32 bits

[[noreturn]] void throw_row(std::size_t row, const std::string& what) {
  throw Error(Errc::kInvalidArgument, "row " + std::to_string(row) + ": " + what);
}

void check_vocabulary(std::size_t vocabulary, unsigned precision) {
  check_precision(precision);
  if (vocabulary == 0 || vocabulary > std::uint64_t{1} << std::min(precision, kMostVocabularyBits)) {
    throw Error(Errc::kInvalidArgument, "vocabulary: " + std::to_string(vocabulary) + " symbols cannot share 2^" +
                                            std::to_string(precision) +
                                            " slots; it must be in 1..2^precision, and at most 2^31");
  }
}

// -- what is wrong with a refused row --------------------------------------------------------------------------------

float to_float(BFloat16 value) noexcept { return std::bit_cast<float>(std::uint32_t{value.bits} << 16); }

/// For messages only.
float to_float(Float16 value) noexcept {
  const int exponent = value.bits >> 10 & 31;
  const auto mantissa = static_cast<float>(value.bits & 1023);
  float magnitude = std::ldexp(exponent == 0 ? mantissa : mantissa + 1024, std::max(exponent, 1) - 25);
  if (exponent == 31) {
    magnitude = mantissa == 0 ? HUGE_VALF : NAN;
  }
  return std::signbit(static_cast<float>(static_cast<std::int16_t>(value.bits))) ? -magnitude : magnitude;
}

template <typename T>
auto readable(T value) noexcept {
  if constexpr (std::is_class_v<T>) {
    return to_float(value);
  } else {
    return value;
  }
}

template <typename Probability>
[[noreturn]] void throw_bad_probabilities(const Probability* p, std::size_t vocabulary, std::size_t row) {
  for (std::size_t i = 0; i < vocabulary; ++i) {
    const auto value = readable(p[i]);
    if (!(value >= 0) || std::isinf(value)) {
      throw_row(row, "probability " + std::to_string(i) + " is " + std::to_string(value) +
                         "; probabilities must be finite and not negative");
    }
  }
  throw_row(row, "all probabilities are 0; at least one must be positive");
}

template <typename Logit>
[[noreturn]] void throw_bad_logits(const Logit* z, std::size_t vocabulary, std::size_t row) {
  for (std::size_t i = 0; i < vocabulary; ++i) {
    const auto value = static_cast<double>(readable(z[i]));
    if (std::isnan(value) || value == HUGE_VAL) {
      throw_row(row, "logit " + std::to_string(i) + " is " + std::to_string(value) +
                         "; logits must be finite, or -infinity for what is masked");
    }
  }
  throw_row(row, "all logits are -infinity; at least one must be finite");
}

template <typename Count>
[[noreturn]] void throw_bad_counts(const Count* counts, std::size_t vocabulary, std::size_t row) {
  for (std::size_t i = 0; i < vocabulary; ++i) {
    if (std::cmp_less(counts[i], 0)) {
      throw_row(row,
                "count " + std::to_string(i) + " is " + std::to_string(counts[i]) + "; counts must not be negative");
    }
  }
  throw_row(row, "all counts are 0; at least one must be positive");
}

// -- rows, one after the other ---------------------------------------------------------------------------------------

// An input is a struct with `rows`, `weigh(row, scratch)` and `refuse(row, index)`.

template <typename Probability>
struct Probabilities {
  Rows<Probability> rows;

  [[nodiscard]] Weighed weigh(const Probability* row, const RowScratch& scratch) const noexcept {
    return weigh_probabilities(row, rows.size, scratch);
  }
  [[noreturn]] void refuse(std::size_t row) const { throw_bad_probabilities(rows[row], rows.size, row); }
};

template <typename Logit>
struct Logits {
  Rows<Logit> rows;
  LogBase base;

  [[nodiscard]] Weighed weigh(const Logit* row, const RowScratch& scratch) const noexcept {
    return weigh_logits(row, rows.size, base, scratch);
  }
  [[noreturn]] void refuse(std::size_t row) const { throw_bad_logits(rows[row], rows.size, row); }
};

template <typename Count>
struct Counts {
  Rows<Count> rows;

  [[nodiscard]] Weighed weigh(const Count* row, const RowScratch& scratch) const noexcept {
    return weigh_counts(row, rows.size, scratch);
  }
  [[noreturn]] void refuse(std::size_t row) const { throw_bad_counts(rows[row], rows.size, row); }
};

/// The processor's own prefetching does not keep up with short rows, above all not with those that are written: without
/// this a row of 256 takes up to four times as long when the output does not fit the cache.
template <typename T, typename Integer>
[[gnu::always_inline]] inline void prefetch_rows_after(std::size_t row, const Rows<T>& rows, Integer* cdf) noexcept {
  constexpr std::size_t kMostBytes = 4096;
  if (rows.size * sizeof(Integer) <= kMostBytes && rows.size * sizeof(T) <= kMostBytes) {
    if (row + 1 < rows.count) {
      prefetch_row(cdf + (row + 1) * (rows.size + 1), rows.size + 1);
    }
    if (row + 2 < rows.count) {
      prefetch_row(rows[row + 2], rows.size);
    }
  }
}

template <typename Input, typename Integer>
void quantise(const Input& input, unsigned precision, std::span<Integer> cdf) {
  const std::size_t vocabulary = input.rows.size;
  check_vocabulary(vocabulary, precision);
  check_fits(kMostPrecision<Integer>, precision);
  if (cdf.size() / (vocabulary + 1) != input.rows.count || cdf.size() % (vocabulary + 1) != 0) {
    throw Error(Errc::kInvalidArgument,
                "cdf: " + std::to_string(input.rows.count) + " rows of " + std::to_string(vocabulary) +
                    " need as many rows of one more, got room for " + std::to_string(cdf.size()));
  }
  const RowScratch scratch(vocabulary);
  for (std::size_t row = 0; row < input.rows.count; ++row) {
    const Weighed weighed = input.weigh(input.rows[row], scratch);
    if (weighed.sum == 0) [[unlikely]] {
      input.refuse(row);
    }
    prefetch_rows_after(row, input.rows, cdf.data());
    spread(scratch.weights(), vocabulary, weighed, precision, cdf.data() + row * (vocabulary + 1));
  }
}

template <typename Input, typename Integer>
void find_intervals(const Input& input, std::span<const std::uint32_t> symbols, unsigned precision,
                    std::span<Integer> start, std::span<Integer> freq) {
  const std::size_t vocabulary = input.rows.size;
  check_vocabulary(vocabulary, precision);
  check_interval_shape(start.size(), freq.size(), input.rows.count, kMostPrecision<Integer>, precision);
  if (symbols.size() != input.rows.count) {
    throw Error(Errc::kInvalidArgument, "symbols: expected one for each of the " + std::to_string(input.rows.count) +
                                            " rows, got " + std::to_string(symbols.size()));
  }
  const RowScratch scratch(vocabulary);
  for (std::size_t row = 0; row < input.rows.count; ++row) {
    if (symbols[row] >= vocabulary) [[unlikely]] {
      throw_bad_symbol("row " + std::to_string(row), symbols[row], vocabulary);
    }
    const Weighed weighed = input.weigh(input.rows[row], scratch);
    if (weighed.sum == 0) [[unlikely]] {
      input.refuse(row);
    }
    const Interval interval = weighed_interval(scratch.weights(), vocabulary, weighed, precision, symbols[row]);
    start[row] = static_cast<Integer>(interval.start);
    freq[row] = static_cast<Integer>(interval.freq);
  }
}

}  // namespace

const std::array<std::uint32_t, kExp2Entries>& exp2_table() noexcept { return detail::kExp2Table; }

template <typename Logit, typename Integer>
void cdf_from_logits(Rows<Logit> logits, LogBase base, unsigned precision, std::span<Integer> cdf) {
  quantise(Logits<Logit>{logits, base}, precision, cdf);
}

template <typename Probability, typename Integer>
void cdf_from_probabilities(Rows<Probability> probabilities, unsigned precision, std::span<Integer> cdf) {
  quantise(Probabilities<Probability>{probabilities}, precision, cdf);
}

template <typename Count, typename Integer>
void cdf_from_counts(Rows<Count> counts, unsigned precision, std::span<Integer> cdf) {
  quantise(Counts<Count>{counts}, precision, cdf);
}

template <typename Logit, typename Integer>
void intervals_from_logits(Rows<Logit> logits, LogBase base, std::span<const std::uint32_t> symbols, unsigned precision,
                           std::span<Integer> start, std::span<Integer> freq) {
  find_intervals(Logits<Logit>{logits, base}, symbols, precision, start, freq);
}

template <typename Probability, typename Integer>
void intervals_from_probabilities(Rows<Probability> probabilities, std::span<const std::uint32_t> symbols,
                                  unsigned precision, std::span<Integer> start, std::span<Integer> freq) {
  find_intervals(Probabilities<Probability>{probabilities}, symbols, precision, start, freq);
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

template void check_cdf(std::span<const std::uint16_t>, std::size_t, unsigned);
template void check_cdf(std::span<const std::uint32_t>, std::size_t, unsigned);
template void check_cdf(std::span<const std::uint64_t>, std::size_t, unsigned);

// Every input with every output.
#define FORETELL_EACH_OUTPUT(MACRO, T) MACRO(T, std::uint16_t) MACRO(T, std::uint32_t) MACRO(T, std::uint64_t)
#define FORETELL_WIDE_OUTPUTS(MACRO, T) MACRO(T, std::uint32_t) MACRO(T, std::uint64_t)
#define FORETELL_LOGITS(T, I) template void cdf_from_logits(Rows<T>, LogBase, unsigned, std::span<I>);
#define FORETELL_PROBABILITIES(T, I) template void cdf_from_probabilities(Rows<T>, unsigned, std::span<I>);
#define FORETELL_COUNTS(T, I) template void cdf_from_counts(Rows<T>, unsigned, std::span<I>);
#define FORETELL_LOGIT_INTERVALS(T, I)                                                                          \
  template void intervals_from_logits(Rows<T>, LogBase, std::span<const std::uint32_t>, unsigned, std::span<I>, \
                                      std::span<I>);
#define FORETELL_INTERVALS(T, I)                                                                              \
  template void intervals_from_probabilities(Rows<T>, std::span<const std::uint32_t>, unsigned, std::span<I>, \
                                             std::span<I>);

FORETELL_EACH_OUTPUT(FORETELL_LOGITS, std::int32_t)
FORETELL_EACH_OUTPUT(FORETELL_LOGITS, float)
FORETELL_EACH_OUTPUT(FORETELL_LOGITS, double)
FORETELL_EACH_OUTPUT(FORETELL_LOGITS, Float16)
FORETELL_EACH_OUTPUT(FORETELL_LOGITS, BFloat16)
FORETELL_WIDE_OUTPUTS(FORETELL_LOGIT_INTERVALS, std::int32_t)
FORETELL_WIDE_OUTPUTS(FORETELL_LOGIT_INTERVALS, float)
FORETELL_WIDE_OUTPUTS(FORETELL_LOGIT_INTERVALS, double)
FORETELL_WIDE_OUTPUTS(FORETELL_LOGIT_INTERVALS, Float16)
FORETELL_WIDE_OUTPUTS(FORETELL_LOGIT_INTERVALS, BFloat16)
FORETELL_EACH_OUTPUT(FORETELL_PROBABILITIES, float)
FORETELL_EACH_OUTPUT(FORETELL_PROBABILITIES, double)
FORETELL_EACH_OUTPUT(FORETELL_PROBABILITIES, Float16)
FORETELL_EACH_OUTPUT(FORETELL_PROBABILITIES, BFloat16)
FORETELL_WIDE_OUTPUTS(FORETELL_INTERVALS, float)
FORETELL_WIDE_OUTPUTS(FORETELL_INTERVALS, double)
FORETELL_WIDE_OUTPUTS(FORETELL_INTERVALS, Float16)
FORETELL_WIDE_OUTPUTS(FORETELL_INTERVALS, BFloat16)
FORETELL_EACH_OUTPUT(FORETELL_COUNTS, std::uint32_t)
FORETELL_EACH_OUTPUT(FORETELL_COUNTS, std::uint64_t)
FORETELL_EACH_OUTPUT(FORETELL_COUNTS, std::int64_t)

}  // namespace foretell
