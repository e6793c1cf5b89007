#include "row_weights.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "exp2_table.hpp"
#include "targets.hpp"

namespace foretell {
namespace {

constexpr bool kHasVectors = FORETELL_X86_TARGETS != 0;

// -- places and sums -------------------------------------------------------------------------------------------------

struct FirstOf {
  [[gnu::always_inline]] static std::uint32_t run(const std::uint32_t* weights, std::size_t vocabulary,
                                                  std::uint32_t largest) noexcept {
    std::uint32_t first = ~std::uint32_t{0};
    for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(vocabulary); ++i) {
      first = std::min(first, i | (0 - std::uint32_t{weights[i] != largest}));  // all ones where it is not
    }
    return first;
  }
};

// -- floats as integers ----------------------------------------------------------------------------------------------

template <typename Float>
struct Layout;

template <>
struct Layout<float> {
  using Bits = std::uint32_t;
  using Signed = std::int32_t;
  static constexpr unsigned kMantissaBits = 23;
};

template <>
struct Layout<double> {
  using Bits = std::uint64_t;
  using Signed = std::int64_t;
  static constexpr unsigned kMantissaBits = 52;
};

template <typename Bits>
constexpr Bits kSign = Bits{1} << (8 * sizeof(Bits) - 1);

template <typename Float>
constexpr typename Layout<Float>::Bits kInfinity =
    std::bit_cast<typename Layout<Float>::Bits>(std::numeric_limits<Float>::infinity());

/// The bits of non-negative floats order as the floats do, so the largest is found without a float comparison.
template <typename Bits>
inline Bits without_sign_of_zero(Bits bits) noexcept {
  return bits & (0 - Bits{bits != kSign<Bits>});
}

template <typename Float>
struct WeighFloats {
  [[gnu::always_inline]] static Weighed run(const Float* p, std::size_t vocabulary, std::uint32_t* weights) noexcept {
    using Bits = typename Layout<Float>::Bits;
    constexpr unsigned kMantissaBits = Layout<Float>::kMantissaBits;
    constexpr Bits kImplicitBit = Bits{1} << kMantissaBits;
    constexpr unsigned kExcess = kMantissaBits + 1 - kWeightBits;  // bits of a mantissa that a weight has not
    constexpr Bits kMostDown = 8 * sizeof(Bits) - 1 - kExcess;
    Bits max = 0;
    for (std::size_t i = 0; i < vocabulary; ++i) {
      max = std::max(max, without_sign_of_zero(std::bit_cast<Bits>(p[i])));
    }
    if (max >= kInfinity<Float> || max == 0) [[unlikely]] {  // NaN, infinite and negative numbers are all above
      return {0, 0};
    }
    // A float is mantissa * 2^(exponent - bias); exponent 0 means 1 without the implicit bit, a denormal. If the
    // largest is one then all are, with one exponent, and all are brought up by the same shift.
    const Bits max_exponent = std::max(max >> kMantissaBits, Bits{1});
    const auto width = static_cast<unsigned>(std::bit_width(max));
    const unsigned up = max < kImplicitBit ? kMantissaBits + 1 - width : 0;
    std::uint64_t sum = 0;
    std::uint32_t largest = 0;
    for (std::size_t i = 0; i < vocabulary; ++i) {
      const Bits bits = without_sign_of_zero(std::bit_cast<Bits>(p[i]));
      const Bits exponent = bits >> kMantissaBits;
      const Bits mantissa = (bits & (kImplicitBit - 1)) | (exponent == 0 ? 0 : kImplicitBit);
      const Bits down = max_exponent - std::max(exponent, Bits{1});
      weights[i] = static_cast<std::uint32_t>(mantissa << up >> (std::min(down, kMostDown) + kExcess));
      largest = std::max(largest, weights[i]);
      sum += weights[i];
    }
    return {sum, FirstOf::run(weights, vocabulary, largest)};
  }
};

struct WidenBFloat16 {
  [[gnu::always_inline]] static void run(const BFloat16* from, std::size_t count, float* to) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
      to[i] = std::bit_cast<float>(std::uint32_t{from[i].bits} << 16);
    }
  }
};

/// Every Float16 is an ordinary float: a denormal, m * 2^-24, is one product of an exact power of two, of numbers that
/// are not denormal.
struct WidenFloat16 {
  [[gnu::always_inline]] static void run(const Float16* from, std::size_t count, float* to) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t magnitude = from[i].bits & 0x7fffU;
      const std::uint32_t sign = (from[i].bits & 0x8000U) << 16;
      const std::uint32_t ordinary = (magnitude << 13) + (112U << 23);
      const std::uint32_t special = magnitude << 13 | 0x7f800000U;
      const auto denormal =
          std::bit_cast<std::uint32_t>(static_cast<float>(static_cast<std::int32_t>(magnitude)) * (1.0F / 16777216.0F));
      const std::uint32_t finite = magnitude < 0x400U ? denormal : ordinary;
      to[i] = std::bit_cast<float>((magnitude >= 0x7c00U ? special : finite) | sign);
    }
  }
};

const float* widen(const BFloat16* row, std::size_t count, float* to) noexcept {
  for_isa<WidenBFloat16>(row, count, to);
  return to;
}

const float* widen(const Float16* row, std::size_t count, float* to) noexcept {
  for_isa<WidenFloat16>(row, count, to);
  return to;
}

// -- logits ----------------------------------------------------------------------------------------------------------

/// Writes how far each logit is below the largest, in 2^-kFractionBits of a bit.
struct FixedDistances {
  [[gnu::always_inline]] static void run(const std::int32_t* z, std::size_t vocabulary,
                                         std::uint32_t* distances) noexcept {
    std::int32_t max = z[0];
    for (std::size_t i = 1; i < vocabulary; ++i) {
      max = std::max(max, z[i]);
    }
    for (std::size_t i = 0; i < vocabulary; ++i) {
      // Unsigned, so that the widest difference, 2^32 - 1, does not overflow.
      const std::uint32_t d = static_cast<std::uint32_t>(max) - static_cast<std::uint32_t>(z[i]);
      distances[i] = std::min(d, kMostDistance);
    }
  }
};

/// As FixedDistances. Returns false if there is a NaN or +infinity, or nothing but -infinity.
template <typename Float>
struct FloatDistances {
  using Bits = typename Layout<Float>::Bits;
  using Signed = typename Layout<Float>::Signed;

  /// Integers that order as the floats do, -0 just below 0: the magnitude's bits are inverted for negative numbers. Its
  /// own inverse.
  [[gnu::always_inline]] static Signed key(Signed bits) noexcept {
    return bits ^ static_cast<Signed>(static_cast<Bits>(bits >> (8 * sizeof(Bits) - 1)) >> 1);
  }

  [[gnu::always_inline]] static bool run(const Float* z, std::size_t vocabulary, double unit,
                                         std::uint32_t* distances) noexcept {
    Signed max = std::numeric_limits<Signed>::min();
    Signed min = std::numeric_limits<Signed>::max();
    for (std::size_t i = 0; i < vocabulary; ++i) {
      const Signed k = key(std::bit_cast<Signed>(z[i]));
      max = std::max(max, k);
      min = std::min(min, k);
    }
    const auto infinity = static_cast<Signed>(kInfinity<Float>);
    const Signed minus_infinity = key(static_cast<Signed>(kInfinity<Float> | kSign<Bits>));
    if (max >= infinity || min < minus_infinity || max == minus_infinity) [[unlikely]] {
      return false;
    }
    const double top = std::bit_cast<Float>(key(max));
    for (std::size_t i = 0; i < vocabulary; ++i) {
      const double below = top - static_cast<double>(z[i]);
      const double scaled = below * unit;
      const double rounded = scaled + 0.5;
      constexpr double kMost = kMostDistance;
      distances[i] = static_cast<std::uint32_t>(static_cast<std::int32_t>(rounded < kMost ? rounded : kMost));
    }
    return true;
  }
};

struct LookUp {
  [[gnu::always_inline]] static std::uint64_t run(std::uint32_t* distances, std::size_t vocabulary) noexcept {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < vocabulary; ++i) {
      const std::uint32_t d = distances[i];
      distances[i] = detail::kExp2Table[d % kExp2Entries] >> (d >> kFractionBits);
      sum += distances[i];
    }
    return sum;
  }
};

Weighed weigh_distances(std::uint32_t* distances, std::size_t vocabulary) noexcept {
  // The largest weight is T[0], which no other distance than 0 has.
  const std::uint32_t first = for_isa<FirstOf>(static_cast<const std::uint32_t*>(distances), vocabulary, 0U);
  if constexpr (kHasVectors) {
    if (isa() == Isa::kAvx512) {
      return {look_up_avx512(distances, vocabulary), first};
    }
  }
  return {for_isa<LookUp>(distances, vocabulary), first};
}

// -- counts ----------------------------------------------------------------------------------------------------------

template <typename Count>
struct WeighCounts {
  [[gnu::always_inline]] static Weighed run(const Count* c, std::size_t vocabulary, std::uint32_t* weights) noexcept {
    std::uint64_t max = 0;
    for (std::size_t i = 0; i < vocabulary; ++i) {
      max = std::max(max, static_cast<std::uint64_t>(c[i]));
    }
    if (max == 0 || max > static_cast<std::uint64_t>(std::numeric_limits<Count>::max())) [[unlikely]] {
      return {0, 0};  // negative numbers are above
    }
    const auto bits = static_cast<unsigned>(std::bit_width(max));
    const unsigned down = bits > kWeightBits ? bits - kWeightBits : 0;
    const unsigned up = bits < kWeightBits ? kWeightBits - bits : 0;
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < vocabulary; ++i) {
      weights[i] = static_cast<std::uint32_t>(static_cast<std::uint64_t>(c[i]) >> down << up);
      sum += weights[i];
    }
    return {sum, FirstOf::run(weights, vocabulary, static_cast<std::uint32_t>(max >> down << up))};
  }
};

// -- the normaliser --------------------------------------------------------------------------------------------------

/// A frequency less one is below 2^32, as is a sum of them.
[[gnu::always_inline]] inline std::uint32_t scaled(std::uint32_t weight, Scale scale) noexcept {
  return static_cast<std::uint32_t>(std::uint64_t{weight} * scale.factor >> scale.shift);
}

template <typename Integer>
struct Spread {
  [[gnu::always_inline]] static void run(const std::uint32_t* weights, std::size_t vocabulary, Weighed weighed,
                                         unsigned precision, Integer* cdf) noexcept {
    const Scale scale = scale_of(weighed.sum, vocabulary, precision);
    std::uint64_t end = 0;
    cdf[0] = 0;
    for (std::size_t i = 0; i < vocabulary; ++i) {
      end += std::uint64_t{scaled(weights[i], scale)} + 1;
      cdf[i + 1] = static_cast<Integer>(end);
    }
    const auto left = static_cast<Integer>((std::uint64_t{1} << precision) - end);
    for (std::size_t i = weighed.first; i < vocabulary; ++i) {
      cdf[i + 1] = static_cast<Integer>(cdf[i + 1] + left);
    }
  }
};

struct IntervalOf {
  [[gnu::always_inline]] static std::uint64_t sum(const std::uint32_t* weights, std::size_t begin, std::size_t end,
                                                  Scale scale) noexcept {
    const auto factor = static_cast<std::uint32_t>(scale.factor);
    std::uint64_t sum = 0;
    for (std::size_t i = begin; i < end; ++i) {
      sum += std::uint64_t{weights[i]} * factor >> scale.shift;
    }
    return sum;
  }

  [[gnu::always_inline]] static Interval run(const std::uint32_t* weights, std::size_t vocabulary, Weighed weighed,
                                             unsigned precision, std::size_t symbol) noexcept {
    const Scale scale = scale_of(weighed.sum, vocabulary, precision);
    const std::uint64_t before = sum(weights, 0, symbol, scale);
    const std::uint64_t after = sum(weights, symbol, vocabulary, scale);
    const std::uint64_t left = (std::uint64_t{1} << precision) - vocabulary - before - after;
    Interval interval{before + symbol, std::uint64_t{scaled(weights[symbol], scale)} + 1};
    if (weighed.first < symbol) {
      interval.start += left;
    } else if (weighed.first == symbol) {
      interval.freq += left;
    }
    return interval;
  }
};

}  // namespace

RowScratch::Buffers& RowScratch::of_thread() noexcept {
  thread_local Buffers buffers;
  return buffers;
}

RowScratch::RowScratch(std::size_t vocabulary) : buffers_(&of_thread()) {
  if (buffers_->size < vocabulary) {
    *buffers_ = {};
    buffers_->weights = std::make_unique_for_overwrite<std::uint32_t[]>(vocabulary);
    buffers_->widened = std::make_unique_for_overwrite<float[]>(vocabulary);
    buffers_->size = vocabulary;
  }
}

RowScratch::~RowScratch() {
  constexpr std::size_t kMostKept = std::size_t{1} << 18;  // a megabyte each
  if (buffers_->size > kMostKept) {
    *buffers_ = {};
  }
}

template <typename Probability>
Weighed weigh_probabilities(const Probability* row, std::size_t vocabulary, const RowScratch& scratch) noexcept {
  std::uint32_t* const weights = scratch.weights();
  if constexpr (std::is_same_v<Probability, Float16> || std::is_same_v<Probability, BFloat16>) {
    return weigh_probabilities(widen(row, vocabulary, scratch.widened()), vocabulary, scratch);
  } else {
    if constexpr (kHasVectors && std::is_same_v<Probability, float>) {
      Weighed weighed{};
      if ((isa() == Isa::kAvx512 && weigh_avx512(row, vocabulary, weights, weighed)) ||
          (isa() == Isa::kAvx2 && weigh_avx2(row, vocabulary, weights, weighed))) {
        return weighed;
      }
    }
    return for_isa<WeighFloats<Probability>>(row, vocabulary, weights);
  }
}

template <typename Logit>
Weighed weigh_logits(const Logit* row, std::size_t vocabulary, LogBase base, const RowScratch& scratch) noexcept {
  std::uint32_t* const distances = scratch.weights();
  if constexpr (std::is_same_v<Logit, Float16> || std::is_same_v<Logit, BFloat16>) {
    return weigh_logits(widen(row, vocabulary, scratch.widened()), vocabulary, base, scratch);
  } else if constexpr (std::is_same_v<Logit, std::int32_t>) {
    for_isa<FixedDistances>(row, vocabulary, distances);
    return weigh_distances(distances, vocabulary);
  } else {
    const double unit = base == LogBase::kTwo ? kUnitOfBits : kUnitOfNats;
    if (!for_isa<FloatDistances<Logit>>(row, vocabulary, unit, distances)) {
      return {0, 0};
    }
    return weigh_distances(distances, vocabulary);
  }
}

template <typename Count>
Weighed weigh_counts(const Count* row, std::size_t vocabulary, const RowScratch& scratch) noexcept {
  return for_isa<WeighCounts<Count>>(row, vocabulary, scratch.weights());
}

template <typename Integer>
void spread(const std::uint32_t* weights, std::size_t vocabulary, Weighed weighed, unsigned precision,
            Integer* cdf) noexcept {
  if constexpr (kHasVectors && sizeof(Integer) < 8) {
    if (isa() == Isa::kAvx512) {
      return spread_avx512(weights, vocabulary, weighed, precision, cdf);
    }
    if (isa() == Isa::kAvx2) {
      return spread_avx2(weights, vocabulary, weighed, precision, cdf);
    }
  }
  Spread<Integer>::run(weights, vocabulary, weighed, precision, cdf);
}

Interval weighed_interval(const std::uint32_t* weights, std::size_t vocabulary, Weighed weighed, unsigned precision,
                          std::size_t symbol) noexcept {
  return for_isa<IntervalOf>(weights, vocabulary, weighed, precision, symbol);
}

template Weighed weigh_probabilities(const float*, std::size_t, const RowScratch&) noexcept;
template Weighed weigh_probabilities(const double*, std::size_t, const RowScratch&) noexcept;
template Weighed weigh_probabilities(const Float16*, std::size_t, const RowScratch&) noexcept;
template Weighed weigh_probabilities(const BFloat16*, std::size_t, const RowScratch&) noexcept;
template Weighed weigh_logits(const std::int32_t*, std::size_t, LogBase, const RowScratch&) noexcept;
template Weighed weigh_logits(const float*, std::size_t, LogBase, const RowScratch&) noexcept;
template Weighed weigh_logits(const double*, std::size_t, LogBase, const RowScratch&) noexcept;
template Weighed weigh_logits(const Float16*, std::size_t, LogBase, const RowScratch&) noexcept;
template Weighed weigh_logits(const BFloat16*, std::size_t, LogBase, const RowScratch&) noexcept;
template Weighed weigh_counts(const std::uint32_t*, std::size_t, const RowScratch&) noexcept;
template Weighed weigh_counts(const std::uint64_t*, std::size_t, const RowScratch&) noexcept;
template Weighed weigh_counts(const std::int64_t*, std::size_t, const RowScratch&) noexcept;
template void spread(const std::uint32_t*, std::size_t, Weighed, unsigned, std::uint16_t*) noexcept;
template void spread(const std::uint32_t*, std::size_t, Weighed, unsigned, std::uint32_t*) noexcept;
template void spread(const std::uint32_t*, std::size_t, Weighed, unsigned, std::uint64_t*) noexcept;

}  // namespace foretell
