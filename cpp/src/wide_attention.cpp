#include "foretell/wide_attention.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include "float_grid.hpp"
#include "foretell/errc.hpp"
#include "parallel.hpp"
#include "targets.hpp"
#include "wide_rows.hpp"

namespace foretell {
namespace {

constexpr std::int64_t kUnit = 1024;  // steps of a score that are a factor of two in weight
constexpr double kMostScore = 0x1p40;
constexpr std::size_t kRows = 3;          // queries at a time; they share what is read of keys and values
constexpr std::size_t kKeys = 2;          // keys at a time
constexpr std::size_t kNumbers = 16;      // of a value at a time: with kRows queries, sums in 12 vectors of AVX2
constexpr std::size_t kWorth = 1U << 16;  // pairs of query and key that are worth a thread

/// As round_small, for |x| <= 2^51.
[[gnu::always_inline]] inline std::int64_t round_wide(double x) noexcept {
  constexpr double kShift = 0x1.8p52;
  return std::bit_cast<std::int64_t>(x + kShift) - std::bit_cast<std::int64_t>(kShift);
}

[[gnu::always_inline]] inline int exponent_of(float power) noexcept {
  return static_cast<int>(std::bit_cast<std::uint32_t>(power) >> 23) - 127;
}

/// Where the weight lies of what is `distance` 1024ths below the largest.
[[gnu::always_inline]] inline std::size_t place_of(std::int64_t distance) noexcept {
  constexpr std::int64_t kFar = kWideWeights - 1;
  return static_cast<std::size_t>(distance < kFar ? distance : kFar);
}

struct Call {
  const float* heads;
  std::size_t tokens;
  std::size_t query_heads;
  const WideCache* cache;
  std::size_t first;
  double scale;
  const std::int32_t* weights;
  float* out;

  [[nodiscard]] std::size_t group() const noexcept { return query_heads / cache->heads; }
  [[nodiscard]] std::size_t all_heads() const noexcept { return query_heads + 2 * cache->heads; }
  [[nodiscard]] const float* head(std::size_t lane, std::size_t token, std::size_t h) const noexcept {
    return heads + ((lane * tokens + token) * all_heads() + h) * cache->head_width;
  }
};

/// One head of keys and values in one lane.
struct Head {
  Head(const Call& c, std::size_t index)
      : call(c), lane(index / c.cache->heads), number(index % c.cache->heads), width(c.cache->head_width) {
    const WideCache& cache = *c.cache;
    keys = cache.keys.data() + index * cache.positions * width;
    values = cache.values.data() + index * cache.positions * width;
    key_steps = cache.key_steps.data() + index * cache.positions;
    value_steps = cache.value_steps.data() + index * cache.positions;
  }

  const Call& call;
  std::size_t lane;
  std::size_t number;
  std::size_t width;
  std::int16_t* keys;
  std::int16_t* values;
  float* key_steps;
  float* value_steps;
};

/// Memory that one thread uses for one tile of queries after the other.
struct Scratch {
  Scratch(std::size_t visible, std::size_t width)
      : integers(width),
        halves(2 * kRows * width),
        scores(kRows * visible),
        raises(visible),
        weights(kRows * visible),
        room(visible) {}

  std::vector<std::int16_t> integers;
  std::vector<std::int16_t> halves;
  std::vector<std::int64_t> scores;  // [rows][visible]
  std::vector<std::int64_t> raises;  // [visible]: the exponents of values' steps, as scores
  std::vector<double> weights;       // [visible][rows]
  std::size_t room;                  // visible
};

[[noreturn]] void throw_not_finite(const char* what, std::size_t lane, std::size_t token) {
  throw Error(Errc::kInvalidArgument, std::string("heads: ") + what + " of token " + std::to_string(token) +
                                          " in lane " + std::to_string(lane) + " has a number that is not finite");
}

struct Attend {
  /// Sets the scores of some keys.
  template <std::size_t kTileRows, std::size_t kTileKeys>
  [[gnu::always_inline]] static void score(const Head& head, Scratch& scratch, const double* row_scales,
                                           std::size_t key) {
    std::int64_t sums[kTileRows][kTileKeys];
    sum_products(scratch.halves.data(), head.keys + key * head.width, head.width, sums);
    for (std::size_t k = 0; k < kTileKeys; ++k) {
      for (std::size_t r = 0; r < kTileRows; ++r) {
        const double exact =
            static_cast<double>(sums[r][k]) * row_scales[r] * static_cast<double>(head.key_steps[key + k]);
        scratch.scores[r * scratch.room + key + k] = round_wide(std::clamp(exact, -kMostScore, kMostScore));
      }
    }
  }

  /// Sets sums[row][number] to the weighted sums of the numbers of values from `at` on.
  template <std::size_t kTileRows, std::size_t kTileNumbers>
  [[gnu::always_inline]] static void mix(const Head& head, const Scratch& scratch, std::size_t visible, std::size_t at,
                                         double (&sums)[kTileRows][kTileNumbers]) {
    double mixed[kTileRows][kTileNumbers] = {};
    const std::int16_t* value = head.values + at;
    const double* weight = scratch.weights.data();
    for (std::size_t key = 0; key < visible; ++key, value += head.width, weight += kTileRows) {
#pragma GCC unroll 4
      for (std::size_t r = 0; r < kTileRows; ++r) {
#pragma GCC unroll 16
        for (std::size_t n = 0; n < kTileNumbers; ++n) {
          mixed[r][n] += weight[r] * static_cast<double>(value[n]);  // integers: exact
        }
      }
    }
    std::copy_n(&mixed[0][0], kTileRows * kTileNumbers, &sums[0][0]);
  }

  /// For queries number `row`.. of a head: those of a token one after the other, then those of the next token.
  template <std::size_t kTileRows>
  [[gnu::always_inline]] static void tile(const Head& head, Scratch& scratch, std::size_t row) {
    const Call& call = head.call;
    const std::size_t group = call.group();
    double row_scales[kTileRows];
    std::size_t seen[kTileRows];  // keys
    float* to[kTileRows];
    for (std::size_t r = 0; r < kTileRows; ++r) {
      const std::size_t token = (row + r) / group;
      const std::size_t h = head.number * group + (row + r) % group;
      const float step = QuantiseRow::run(call.head(head.lane, token, h), head.width, scratch.integers.data());
      if (step == 0) {
        throw_not_finite("a query", head.lane, token);
      }
      HalveRow::run(scratch.integers.data(), head.width, scratch.halves.data() + 2 * r * head.width);
      row_scales[r] = static_cast<double>(step) * call.scale;
      seen[r] = call.first + token + 1;
      to[r] = call.out + ((head.lane * call.tokens + token) * call.query_heads + h) * head.width;
    }
    const std::size_t visible = seen[kTileRows - 1];
    std::size_t key = 0;
    for (; key + kKeys <= visible; key += kKeys) {
      score<kTileRows, kKeys>(head, scratch, row_scales, key);
    }
    if (key != visible) {
      score<kTileRows, 1>(head, scratch, row_scales, key);
    }

    double total[kTileRows];
    double factor[kTileRows];
    for (std::size_t r = 0; r < kTileRows; ++r) {
      // What a key adds to the result is 2^(score / 1024 + its value's exponent) times an integer: those weights are
      // rounded against the largest of themselves.
      const std::int64_t* const scores = scratch.scores.data() + r * scratch.room;
      const std::int64_t* const raises = scratch.raises.data();
      std::int64_t top = scores[0];
      std::int64_t summit = scores[0] + raises[0];
      for (std::size_t k = 1; k < seen[r]; ++k) {
        top = std::max(top, scores[k]);
        summit = std::max(summit, scores[k] + raises[k]);
      }
      std::int64_t sum = 0;
      double* const weights = scratch.weights.data() + r;
      for (std::size_t k = 0; k < seen[r]; ++k) {
        sum += call.weights[place_of(top - scores[k])];
        weights[k * kTileRows] = call.weights[place_of(summit - scores[k] - raises[k])];
      }
      for (std::size_t k = seen[r]; k < visible; ++k) {
        weights[k * kTileRows] = 0;
      }
      total[r] = static_cast<double>(sum);
      const std::int64_t above = summit - top;
      const std::int64_t whole = (above + kUnit - 1) >> 10;
      factor[r] = call.weights[place_of(whole * kUnit - above)] * 0x1p-22 *
                  static_cast<double>(power_of_two(static_cast<int>(whole)));
    }

    std::size_t at = 0;
    for (; at + kNumbers <= head.width; at += kNumbers) {
      write<kTileRows, kNumbers>(head, scratch, visible, at, total, factor, to);
    }
    for (; at < head.width; ++at) {
      write<kTileRows, 1>(head, scratch, visible, at, total, factor, to);
    }
  }

  template <std::size_t kTileRows, std::size_t kTileNumbers>
  [[gnu::always_inline]] static void write(const Head& head, const Scratch& scratch, std::size_t visible,
                                           std::size_t at, const double* total, const double* factor,
                                           float* const* to) {
    double sums[kTileRows][kTileNumbers];
    mix(head, scratch, visible, at, sums);
    for (std::size_t r = 0; r < kTileRows; ++r) {
      for (std::size_t n = 0; n < kTileNumbers; ++n) {
        to[r][at + n] = static_cast<float>(sums[r][n] / total[r] * factor[r]);
      }
    }
  }

  /// Takes the keys and values that come.
  [[gnu::always_inline]] static void fill(const Head& head) {
    const Call& call = head.call;
    for (std::size_t token = 0; token < call.tokens; ++token) {
      const std::size_t place = call.first + token;
      const std::size_t h = call.query_heads + head.number;
      const float key_step =
          QuantiseRow::run(call.head(head.lane, token, h), head.width, head.keys + place * head.width);
      const float value_step = QuantiseRow::run(call.head(head.lane, token, h + call.cache->heads), head.width,
                                                head.values + place * head.width);
      if (key_step == 0 || value_step == 0) {
        throw_not_finite(key_step == 0 ? "a key" : "a value", head.lane, token);
      }
      head.key_steps[place] = key_step;
      head.value_steps[place] = value_step;
    }
  }

  [[gnu::always_inline]] static void run(const Call* call, std::size_t begin, std::size_t end) {
    Scratch scratch(call->first + call->tokens, call->cache->head_width);
    for (std::size_t index = begin; index < end; ++index) {
      const Head head(*call, index);
      fill(head);
      for (std::size_t k = 0; k < scratch.room; ++k) {
        scratch.raises[k] = kUnit * exponent_of(head.value_steps[k]);
      }
      const std::size_t rows = call->tokens * call->group();
      std::size_t row = 0;
      for (; row + kRows <= rows; row += kRows) {
        tile<kRows>(head, scratch, row);
      }
      if (row + 2 == rows) {
        tile<2>(head, scratch, row);
      } else if (row + 1 == rows) {
        tile<1>(head, scratch, row);
      }
    }
  }
};

}  // namespace

void wide_attend(std::span<const float> heads, std::size_t query_heads, const WideCache& cache, std::size_t first,
                 double scale, std::span<const std::int32_t> weights, std::span<float> out, unsigned threads) {
  const std::size_t rows = cache.lanes * cache.heads * cache.positions;
  if (cache.heads == 0 || cache.head_width == 0 || query_heads % cache.heads != 0 || query_heads == 0 ||
      cache.keys.size() != rows * cache.head_width || cache.values.size() != rows * cache.head_width ||
      cache.key_steps.size() != rows || cache.value_steps.size() != rows || weights.size() != kWideWeights ||
      !std::isfinite(scale)) {
    throw Error(Errc::kInvalidArgument, "cache, weights, query_heads and scale do not fit each other");
  }
  const std::size_t of_token = cache.lanes * (query_heads + 2 * cache.heads) * cache.head_width;
  const std::size_t tokens = of_token == 0 ? 0 : heads.size() / of_token;
  if (heads.size() != tokens * of_token || out.size() != tokens * cache.lanes * query_heads * cache.head_width) {
    throw Error(Errc::kInvalidArgument,
                "heads and out are not those of whole tokens in " + std::to_string(cache.lanes) + " lanes");
  }
  if (first > cache.positions || tokens > cache.positions - first) {
    throw Error(Errc::kInvalidArgument, "a cache of " + std::to_string(cache.positions) + " positions cannot take " +
                                            std::to_string(tokens) + " after " + std::to_string(first));
  }
  const Call call{heads.data(), tokens, query_heads, &cache, first, scale, weights.data(), out.data()};
  const std::size_t pairs = cache.lanes * query_heads * tokens * (first + tokens);
  const std::size_t worth = std::max<std::size_t>(1, pairs / kWorth);
  in_parallel(std::min<std::size_t>(threads, worth), cache.lanes * cache.heads,
              [&](std::size_t begin, std::size_t end) { for_isa<Attend>(&call, begin, end); });
}

}  // namespace foretell
