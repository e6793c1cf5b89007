// Quantisers and check_cdf: any numbers. What is no probability is refused, of all else comes a CDF.
#include "foretell/cdf.hpp"

#include <bit>
#include <cmath>
#include <type_traits>

#include "fuzz.hpp"

namespace foretell::fuzz {
namespace {

template <typename Integer>
bool is_cdf(std::span<const Integer> cdf, unsigned precision) {
  std::vector<std::uint64_t> wide(cdf.begin(), cdf.end());
  if (sizeof(Integer) == 2 && precision == 16 && wide.back() == 0) {
    wide.back() = 65536;
  }
  const bool rises = std::ranges::adjacent_find(wide, [](auto a, auto b) { return a >= b; }) == wide.end();
  return wide.front() == 0 && wide.back() == std::uint64_t{1} << precision && rises;
}

/// Numbers from raw bits; floats take every form, denormals, infinities and NaN among them.
template <typename Number>
std::vector<Number> make_numbers(Input& input, std::size_t count) {
  std::vector<Number> numbers(count);
  const std::uint8_t kind = input.byte();
  for (Number& number : numbers) {
    if constexpr (std::is_same_v<Number, float>) {
      const std::uint32_t bits = input.number<std::uint32_t>();
      number = std::bit_cast<float>(kind % 4 == 0 ? bits : bits & 0x7f7fffff);  // or all finite, none negative
    } else {
      number = static_cast<Number>(input.number<Number>() >> kind % (8 * sizeof(Number)));
    }
  }
  return numbers;
}

/// At least one is positive, and none is anything else but 0.
template <typename Number>
bool are_weights(std::span<const Number> row) {
  const auto fine = [](Number x) { return x >= 0 && (!std::is_floating_point_v<Number> || std::isfinite(x)); };
  return std::ranges::all_of(row, fine) && std::ranges::any_of(row, [](Number x) { return x > 0; });
}

enum class Source { kLogits, kProbabilities, kCounts };

/// Counts of more bits than a weight has lose the lowest, and the first of the largest may be the less likely.
template <Source kSource, typename Number>
Number weight(Number number, std::span<const Number> row) {
  if constexpr (kSource == Source::kCounts) {
    const auto bits = static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(std::ranges::max(row))));
    return static_cast<Number>(number >> (bits > kWeightBits ? bits - kWeightBits : 0));
  } else {
    return number;
  }
}

template <Source kSource, typename Number, typename Integer>
void quantise(Input& input, unsigned precision) {
  const std::size_t vocabulary = make_vocabulary(input, precision);
  const std::size_t rows = 1 + input.byte() % 3;
  const std::vector<Number> numbers = make_numbers<Number>(input, rows * vocabulary);
  std::vector<Integer> cdf(rows * (vocabulary + 1));
  const Errc code = thrown_by([&] {
    if constexpr (kSource == Source::kLogits) {
      cdf_from_logits(view(numbers), vocabulary, precision, std::span(cdf));
    } else if constexpr (kSource == Source::kProbabilities) {
      cdf_from_probabilities(view(numbers), vocabulary, precision, std::span(cdf));
    } else {
      cdf_from_counts(view(numbers), vocabulary, precision, std::span(cdf));
    }
  });
  bool fine = true;
  for (std::size_t r = 0; r < rows; ++r) {
    fine = fine && (kSource == Source::kLogits || are_weights(view(numbers).subspan(r * vocabulary, vocabulary)));
  }
  require(code == (fine ? Errc::kOk : Errc::kInvalidArgument), "probabilities, and nothing else, make a CDF");
  if (!fine) {
    return;
  }
  require(thrown_by([&] { check_cdf(view(cdf), vocabulary + 1, precision); }) == Errc::kOk, "a CDF is found sound");
  for (std::size_t r = 0; r < rows; ++r) {
    const auto row = view(cdf).subspan(r * (vocabulary + 1), vocabulary + 1);
    require(is_cdf(row, precision), "a quantiser keeps the rules");
    const auto given = view(numbers).subspan(r * vocabulary, vocabulary);
    const auto width = [&](std::size_t i) { return static_cast<Integer>(row[i + 1] - row[i]); };
    for (std::size_t i = 1; i < vocabulary; ++i) {  // a neighbour stands for all
      const Number a = weight<kSource>(given[i - 1], given);
      const Number b = weight<kSource>(given[i], given);
      require(!(a < b) || width(i - 1) <= width(i), "the more likely has no fewer slots");
      require(!(b < a) || width(i) <= width(i - 1), "the more likely has no fewer slots");
    }
  }
}

template <typename Integer>
void check(Input& input, unsigned precision) {
  std::vector<Integer> cdf;
  if (input.byte() % 2 == 0) {
    cdf = Rows{.cdf = make_row(input, make_vocabulary(input, precision), precision)}.as<Integer>();
    const std::size_t place = input.below(2 * cdf.size());  // half of the rows stay sound
    if (place < cdf.size()) {
      cdf[place] = input.number<Integer>();
    }
  } else {
    cdf = make_numbers<Integer>(input, 2 + input.byte() % 8);
  }
  const bool fine = is_cdf(view(cdf), precision);
  const Errc code = thrown_by([&] { check_cdf(view(cdf), cdf.size(), precision); });
  require(code == (fine ? Errc::kOk : Errc::kInvalidArgument), "what keeps the rules, and nothing else, is a CDF");
}

}  // namespace
}  // namespace foretell::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace foretell::fuzz;
  Input input(data, size);
  const std::uint8_t choice = input.byte();
  const unsigned precision = 1 + input.byte() % foretell::kMaxPrecision;
  with_integers(precision, choice / 8, [&](auto integer) {
    using Integer = decltype(integer);
    switch (choice % 8) {
      case 0:
        return quantise<Source::kLogits, std::int32_t, Integer>(input, precision);
      case 1:
        return quantise<Source::kCounts, std::uint32_t, Integer>(input, precision);
      case 2:
        return quantise<Source::kCounts, std::uint64_t, Integer>(input, precision);
      case 3:
        return quantise<Source::kCounts, std::int64_t, Integer>(input, precision);
      case 4:
      case 5:
        return quantise<Source::kProbabilities, float, Integer>(input, precision);
      default:
        return check<Integer>(input, precision);
    }
  });
  return 0;
}
