#include "foretell/cdf.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <span>
#include <type_traits>
#include <vector>

#include "check.hpp"

namespace foretell {
namespace {

template <typename T>
Rows<T> rows_of(const std::vector<T>& values, std::size_t vocabulary) {
  return {values.data(), values.size() / vocabulary, vocabulary, static_cast<std::ptrdiff_t>(vocabulary)};
}

template <typename Integer, typename Logit = std::int32_t>
std::vector<Integer> from_logits(const std::vector<Logit>& logits, std::size_t vocabulary, unsigned precision,
                                 LogBase base = LogBase::kTwo) {
  std::vector<Integer> cdf(logits.size() / vocabulary * (vocabulary + 1));
  cdf_from_logits<Logit, Integer>(rows_of(logits, vocabulary), base, precision, cdf);
  return cdf;
}

template <typename Integer, typename Probability = float>
std::vector<Integer> from_probabilities(const std::vector<Probability>& p, std::size_t vocabulary, unsigned precision) {
  std::vector<Integer> cdf(p.size() / vocabulary * (vocabulary + 1));
  cdf_from_probabilities<Probability, Integer>(rows_of(p, vocabulary), precision, cdf);
  return cdf;
}

void table_entries() {
  CHECK(exp2_table()[0] == std::uint32_t{1} << 24);
  CHECK(exp2_table()[512] == 11863283);  // floor(2^23.5)
  CHECK(exp2_table()[1023] == 8394288);  // floor(2^24 / 2^(1023/1024))
  for (std::size_t f = 1; f < kExp2Entries; ++f) {
    CHECK(exp2_table()[f] < exp2_table()[f - 1]);
  }
}

void known_rows() {
  using Row = std::vector<std::uint32_t>;
  CHECK(from_logits<std::uint32_t>({0, 1024}, 2, 8) == (Row{0, 85, 256}));
  CHECK(from_logits<std::uint32_t>({-5}, 1, 8) == (Row{0, 256}));
  CHECK(from_probabilities<std::uint32_t>({0.5F, 0.25F, 0.25F, 0.0F}, 4, 8) == (Row{0, 127, 191, 255, 256}));
  CHECK(from_probabilities<std::uint32_t>({0.0F, 3e-45F}, 2, 8) == (Row{0, 1, 256}));  // a denormal
  CHECK(from_probabilities<std::uint32_t>({-0.0F, 1.0F}, 2, 8) == (Row{0, 1, 256}));
}

template <typename Integer>
void check_random_rows(unsigned precision) {
  std::mt19937_64 random(precision);
  for (std::size_t vocabulary = 1; vocabulary <= 300 && vocabulary <= std::uint64_t{1} << precision; ++vocabulary) {
    std::vector<std::int32_t> logits(2 * vocabulary);
    std::vector<float> p(2 * vocabulary);
    for (std::size_t i = 0; i < logits.size(); ++i) {
      logits[i] = static_cast<std::int32_t>(static_cast<std::uint32_t>(random())) >> (random() % 32);
      p[i] = static_cast<float>(random() % 1000 + 1) * std::numeric_limits<float>::denorm_min();
      p[i] *= random() % 2 == 0 ? 1e30F : 1.0F;
    }
    const std::vector<Integer> by_logits = from_logits<Integer>(logits, vocabulary, precision);
    const std::vector<Integer> by_probabilities = from_probabilities<Integer>(p, vocabulary, precision);
    check_cdf(std::span<const Integer>(by_logits), vocabulary + 1, precision);  // throws if it is none
    check_cdf(std::span<const Integer>(by_probabilities), vocabulary + 1, precision);
  }
}

void every_row_is_a_cdf() {
  for (unsigned precision = 1; precision <= 31; ++precision) {
    check_random_rows<std::uint32_t>(precision);
  }
  check_random_rows<std::uint64_t>(32);
}

void extreme_logits() {
  constexpr std::int32_t kMin = std::numeric_limits<std::int32_t>::min();
  constexpr std::int32_t kMax = std::numeric_limits<std::int32_t>::max();
  const auto cdf = from_logits<std::uint64_t>({kMin, kMax, kMin, kMax}, 4, 32);
  CHECK(cdf == (std::vector<std::uint64_t>{0, 1, 2147483648, 2147483649, 4294967296}));
}

template <typename Count>
std::vector<std::uint32_t> from_counts(const std::vector<Count>& counts, unsigned precision) {
  std::vector<std::uint32_t> cdf(counts.size() + 1);
  cdf_from_counts<Count, std::uint32_t>(rows_of(counts, counts.size()), precision, cdf);
  return cdf;
}

void counts_of_any_scale() {
  const std::vector<std::uint32_t> expected{0, 64, 255, 256};
  CHECK(from_counts<std::uint32_t>({1, 3, 0}, 8) == expected);
  CHECK(from_counts<std::int64_t>({1'000'000'000'000, 3'000'000'000'000, 0}, 8) == expected);
  CHECK(from_counts<std::uint64_t>({std::uint64_t{1} << 62, std::uint64_t{3} << 62, 0}, 8) == expected);
  CHECK_THROWS(kInvalidArgument, from_counts<std::int64_t>({1, -1}, 8));
  CHECK_THROWS(kInvalidArgument, from_counts<std::int64_t>({1, std::numeric_limits<std::int64_t>::min()}, 8));
  CHECK_THROWS(kInvalidArgument, from_counts<std::uint32_t>({0, 0}, 8));
}

/// The bits of a number that a Float16 holds, from those of the float.
Float16 to_float16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = bits >> 16 & 0x8000U;
  if (value == 0) {
    return {static_cast<std::uint16_t>(sign)};
  }
  const int exponent = static_cast<int>(bits >> 23 & 255U) - 112;
  const std::uint32_t mantissa = bits & 0x7fffffU;
  if (exponent <= 0) {
    return {static_cast<std::uint16_t>(sign | (mantissa | 0x800000U) >> (14 - exponent))};
  }
  return {static_cast<std::uint16_t>(sign | static_cast<std::uint32_t>(exponent) << 10 | mantissa >> 13)};
}

/// Equal numbers give equal CDFs, whatever their type.
void types_of_floats() {
  std::mt19937_64 random(3);
  for (std::size_t vocabulary = 1; vocabulary < 200; ++vocabulary) {
    std::vector<float> z(3 * vocabulary);
    for (float& value : z) {  // 11 bits, at any of float16's exponents, 0 and denormals among them
      value = static_cast<float>(static_cast<int>(random() % 2048) - 1024) / 16777216.0F *
              static_cast<float>(1 << random() % 16);
    }
    std::vector<float> p;
    for (const float value : z) {
      p.push_back(std::abs(value));
    }
    p[0] = p[vocabulary] = p[2 * vocabulary] = 1.0F / 16777216.0F;
    for (const bool are_logits : {false, true}) {
      const std::vector<float>& from = are_logits ? z : p;
      const std::vector<double> wide(from.begin(), from.end());
      std::vector<Float16> half;
      for (const float value : from) {
        half.push_back(to_float16(value));
      }
      using Row = std::vector<std::uint32_t>;
      const auto make = [&](const auto& values) -> Row {
        using T = typename std::remove_cvref_t<decltype(values)>::value_type;
        return are_logits ? from_logits<std::uint32_t, T>(values, vocabulary, 20, LogBase::kE)
                          : from_probabilities<std::uint32_t, T>(values, vocabulary, 20);
      };
      CHECK(make(from) == make(wide));
      CHECK(make(from) == make(half));
      std::vector<BFloat16> brain;
      std::vector<float> cut;
      for (const float value : from) {
        brain.push_back({static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16)});
        cut.push_back(std::bit_cast<float>(std::uint32_t{brain.back().bits} << 16));
      }
      CHECK(make(cut) == make(brain));
    }
  }
}

void float_logits() {
  using Row = std::vector<std::uint32_t>;
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  CHECK((from_logits<std::uint32_t, float>({0, 1}, 2, 8, LogBase::kTwo)) == (Row{0, 85, 256}));
  CHECK((from_logits<std::uint32_t, double>({-1e308, 1e308, -kInfinity}, 3, 8, LogBase::kE)) == (Row{0, 1, 255, 256}));
  CHECK((from_logits<std::uint32_t, float>({0, -kInfinity, 0}, 3, 8, LogBase::kE)) == (Row{0, 128, 129, 256}));
  for (const std::vector<float>& z :
       {std::vector<float>{0, kNan}, {0, -kNan}, {kInfinity, 0}, {-kInfinity, -kInfinity}, {kInfinity, kInfinity}}) {
    CHECK_THROWS(kInvalidArgument, (from_logits<std::uint32_t, float>(z, 2, 16, LogBase::kE)));
    const std::vector<double> wide(z.begin(), z.end());
    CHECK_THROWS(kInvalidArgument, (from_logits<std::uint32_t, double>(wide, 2, 16, LogBase::kTwo)));
  }
  CHECK_THROWS(kInvalidArgument, (from_logits<std::uint32_t, Float16>({{0}, {0x7c00}}, 2, 16, LogBase::kE)));
  CHECK_THROWS(kInvalidArgument, (from_logits<std::uint32_t, BFloat16>({{0}, {0x7fc0}}, 2, 16, LogBase::kE)));
}

void intervals_are_those_of_the_cdf() {
  std::mt19937_64 random(4);
  for (const std::size_t vocabulary : {1, 2, 7, 16, 17, 33, 300}) {
    std::vector<float> p(vocabulary);
    for (float& value : p) {
      value = static_cast<float>(random() % 50);
    }
    p.back() = 50;
    for (const unsigned precision : {9U, 16U, 24U, 31U}) {
      const auto cdf = from_probabilities<std::uint32_t, float>(p, vocabulary, precision);
      const Rows<float> rows{p.data(), vocabulary, vocabulary, 0};  // one row, for every symbol
      std::vector<std::uint32_t> symbols(vocabulary);
      std::iota(symbols.begin(), symbols.end(), 0U);
      std::vector<std::uint32_t> start(vocabulary);
      std::vector<std::uint32_t> freq(vocabulary);
      intervals_from_probabilities<float, std::uint32_t>(rows, symbols, precision, start, freq);
      for (std::size_t i = 0; i < vocabulary; ++i) {
        CHECK(start[i] == cdf[i]);
        CHECK(start[i] + freq[i] == cdf[i + 1]);
      }
      symbols[0] = static_cast<std::uint32_t>(vocabulary);
      CHECK_THROWS(kInvalidArgument,
                   (intervals_from_probabilities<float, std::uint32_t>(rows, symbols, precision, start, freq)));
    }
  }
}

void rows_apart() {
  const std::vector<float> p{0.5F, 0.25F, 0.25F, -1, 1, 2, 3, -1, 4, 4, 4};
  std::vector<std::uint32_t> cdf(12);
  cdf_from_probabilities<float, std::uint32_t>({p.data(), 3, 3, 4}, 8, cdf);
  std::vector<std::uint32_t> backwards(12);
  cdf_from_probabilities<float, std::uint32_t>({p.data() + 8, 3, 3, -4}, 8, backwards);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(cdf[i] == backwards[8 + i]);
    CHECK(cdf[4 + i] == backwards[4 + i]);
    CHECK(cdf[8 + i] == backwards[i]);
  }
}

void bad_arguments_are_refused() {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const std::vector<float>& p :
       {std::vector<float>{1, kNan}, {1, -kNan}, {kInfinity, 1}, {1, -kInfinity}, {1, -1e-45F}, {0, 0}, {-0.0F, 0}}) {
    CHECK_THROWS(kInvalidArgument, from_probabilities<std::uint32_t>(p, 2, 16));
  }
  CHECK_THROWS(kInvalidArgument, from_logits<std::uint32_t>({0, 0, 0}, 3, 1));  // 3 symbols in 2 slots
  CHECK_THROWS(kInvalidArgument, from_logits<std::uint32_t>({0, 0}, 2, 0));
  CHECK_THROWS(kInvalidArgument, from_logits<std::uint64_t>({0, 0}, 2, 33));
  CHECK_THROWS(kInvalidArgument, from_logits<std::uint32_t>({0, 0}, 2, 32));  // 2^32 does not fit
  std::vector<std::uint32_t> small(2);
  const std::vector<std::int32_t> zeros{0, 0};
  CHECK_THROWS(kInvalidArgument,
               cdf_from_logits<std::int32_t, std::uint32_t>(rows_of(zeros, 2), LogBase::kTwo, 8, small));
}

void check_finds_each_fault() {
  using Row = std::vector<std::uint32_t>;
  const auto code = [](const Row& row, unsigned precision) {
    return test::thrown_by([&] { check_cdf(std::span<const std::uint32_t>(row), row.size(), precision); });
  };
  CHECK(code({0, 1, 256}, 8) == Errc::kOk);
  for (const Row& row :
       {Row{1, 2, 256}, Row{0, 2, 255}, Row{0, 0, 256}, Row{0, 256, 256}, Row{0, 300, 256}, Row{0}, Row{}}) {
    CHECK(code(row, 8) == Errc::kInvalidArgument);
  }
}

}  // namespace
}  // namespace foretell

int main() {
  const foretell::test::Test tests[] = {
      {"table_entries", foretell::table_entries},
      {"known_rows", foretell::known_rows},
      {"every_row_is_a_cdf", foretell::every_row_is_a_cdf},
      {"extreme_logits", foretell::extreme_logits},
      {"types_of_floats", foretell::types_of_floats},
      {"float_logits", foretell::float_logits},
      {"intervals_are_those_of_the_cdf", foretell::intervals_are_those_of_the_cdf},
      {"rows_apart", foretell::rows_apart},
      {"counts_of_any_scale", foretell::counts_of_any_scale},
      {"bad_arguments_are_refused", foretell::bad_arguments_are_refused},
      {"check_finds_each_fault", foretell::check_finds_each_fault},
  };
  return foretell::test::run_all(tests);
}
