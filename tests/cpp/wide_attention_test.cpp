#include "foretell/wide_attention.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "check.hpp"

namespace foretell {
namespace {

std::vector<std::int32_t> table() {
  std::vector<std::int32_t> weights(kWideWeights);
  for (std::size_t d = 0; d + 1 < weights.size(); ++d) {
    weights[d] = static_cast<std::int32_t>(std::lround(std::ldexp(std::exp2(-static_cast<double>(d) / 1024), 22)));
  }
  return weights;
}

const std::vector<std::int32_t> kWeights = table();

struct Case {
  std::size_t lanes, heads, group, head_width, positions;
};

// The last one is worth three threads, when all its positions come at once.
constexpr Case kCases[] = {{1, 1, 1, 4, 9},   {2, 1, 3, 16, 21}, {3, 2, 2, 17, 40},
                           {2, 3, 1, 64, 70}, {1, 2, 5, 33, 12}, {4, 2, 2, 8, 130}};

struct Cache {
  explicit Cache(const Case& c)
      : shape(c),
        keys(c.lanes * c.heads * c.positions * c.head_width),
        values(keys.size()),
        key_steps(c.lanes * c.heads * c.positions),
        value_steps(key_steps.size()) {}

  [[nodiscard]] WideCache view() {
    return {keys, values, key_steps, value_steps, shape.lanes, shape.heads, shape.positions, shape.head_width};
  }

  Case shape;
  std::vector<std::int16_t> keys, values;
  std::vector<float> key_steps, value_steps;
};

constexpr double kScale = 1024 * 1.4426950408889634 / 4;

/// heads [lanes][positions][(group + 2) * heads][head_width]: every third value far smaller than the others.
std::vector<float> heads_for(const Case& c, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  const std::size_t in_token = (c.group + 2) * c.heads;
  std::vector<float> heads(c.lanes * c.positions * in_token * c.head_width);
  for (std::size_t i = 0; i < heads.size(); ++i) {
    const std::size_t h = i / c.head_width % in_token;
    const bool faint = h >= in_token - c.heads && i / c.head_width / in_token % 3 == 0;
    heads[i] = normal(random) * (faint ? 1e-4F : 1.0F);
  }
  return heads;
}

/// A head's integers and its step.
double round_row(const float* x, std::size_t width, std::vector<std::int64_t>& integers) {
  float largest = 0;
  for (std::size_t i = 0; i < width; ++i) {
    largest = std::max(largest, std::fabs(x[i]));
  }
  const double step = std::ldexp(1.0, std::clamp(largest == 0 ? -1000 : std::ilogb(largest) - 14, -40, 40));
  integers.resize(width);
  for (std::size_t i = 0; i < width; ++i) {
    integers[i] = std::llrint(std::clamp(static_cast<double>(x[i]) / step, -32767.0, 32767.0));
  }
  return step;
}

std::int64_t weight_of(double distance) {
  return kWeights[static_cast<std::size_t>(std::min<double>(distance, kWideWeights - 1))];
}

/// One query at a time, one key after the other.
std::vector<float> expected(const Case& c, const std::vector<float>& heads) {
  const std::size_t query_heads = c.heads * c.group;
  const std::size_t in_token = query_heads + 2 * c.heads;
  std::vector<float> out;
  const auto head = [&](std::size_t lane, std::size_t token, std::size_t h) {
    return heads.data() + ((lane * c.positions + token) * in_token + h) * c.head_width;
  };
  for (std::size_t lane = 0; lane < c.lanes; ++lane) {
    for (std::size_t token = 0; token < c.positions; ++token) {
      for (std::size_t h = 0; h < query_heads; ++h) {
        std::vector<std::int64_t> query;
        std::vector<std::int64_t> other;
        const double query_step = round_row(head(lane, token, h), c.head_width, query);
        std::vector<double> scores;
        std::vector<double> raised;
        std::vector<std::vector<std::int64_t>> values;
        for (std::size_t k = 0; k <= token; ++k) {
          const double key_step = round_row(head(lane, k, query_heads + h / c.group), c.head_width, other);
          std::int64_t sum = 0;
          for (std::size_t i = 0; i < c.head_width; ++i) {
            sum += query[i] * other[i];
          }
          scores.push_back(std::nearbyint(static_cast<double>(sum) * (query_step * kScale) * key_step));
          const double value_step = round_row(head(lane, k, query_heads + c.heads + h / c.group), c.head_width, other);
          raised.push_back(scores.back() + 1024 * std::ilogb(value_step));
          values.push_back(other);
        }
        const double top = *std::max_element(scores.begin(), scores.end());
        const double summit = *std::max_element(raised.begin(), raised.end());
        std::int64_t total = 0;
        std::vector<std::int64_t> mixed(c.head_width);
        for (std::size_t k = 0; k <= token; ++k) {
          total += weight_of(top - scores[k]);
          for (std::size_t i = 0; i < c.head_width; ++i) {
            mixed[i] += weight_of(summit - raised[k]) * values[k][i];
          }
        }
        const double whole = std::ceil((summit - top) / 1024);
        const double factor =
            std::ldexp(static_cast<double>(weight_of(whole * 1024 - (summit - top))), static_cast<int>(whole) - 22);
        for (const std::int64_t sum : mixed) {
          out.push_back(static_cast<float>(static_cast<double>(sum) / static_cast<double>(total) * factor));
        }
      }
    }
  }
  return out;
}

/// In calls of `most` tokens.
std::vector<float> attend(const Case& c, const std::vector<float>& heads, std::size_t most, unsigned threads) {
  Cache cache(c);
  const std::size_t query_heads = c.heads * c.group;
  const std::size_t in_token = (query_heads + 2 * c.heads) * c.head_width;
  const std::size_t out_token = query_heads * c.head_width;
  std::vector<float> all(c.lanes * c.positions * out_token);
  for (std::size_t first = 0; first < c.positions; first += most) {
    const std::size_t tokens = std::min(most, c.positions - first);
    std::vector<float> some;
    for (std::size_t lane = 0; lane < c.lanes; ++lane) {
      const auto* const from = heads.data() + (lane * c.positions + first) * in_token;
      some.insert(some.end(), from, from + tokens * in_token);
    }
    std::vector<float> out(c.lanes * tokens * out_token);
    wide_attend(some, query_heads, cache.view(), first, kScale, kWeights, out, threads);
    for (std::size_t lane = 0; lane < c.lanes; ++lane) {
      std::copy_n(out.data() + lane * tokens * out_token, tokens * out_token,
                  all.data() + (lane * c.positions + first) * out_token);
    }
  }
  return all;
}

void it_equals_one_query_and_key_at_a_time() {
  unsigned seed = 1;
  for (const Case& c : kCases) {
    const std::vector<float> heads = heads_for(c, seed++);
    const std::vector<float> right = expected(c, heads);
    for (const std::size_t most : {std::size_t{1}, std::size_t{7}, c.positions}) {
      for (const unsigned threads : {1U, 3U}) {
        CHECK(attend(c, heads, most, threads) == right);
      }
    }
  }
}

void what_was_said_before_matters() {  // the control
  const Case& c = kCases[1];
  std::vector<float> heads = heads_for(c, 1);
  const std::vector<float> before = attend(c, heads, 5, 1);
  heads[c.head_width * c.group] += 1;  // the first key
  CHECK(attend(c, heads, 5, 1) != before);
}

void what_does_not_fit_is_refused() {
  const Case& c = kCases[0];
  const std::vector<float> heads = heads_for(c, 1);
  std::vector<float> out(c.positions * c.head_width);
  const auto call = [&](std::size_t in, std::size_t query_heads, std::size_t first, std::size_t weights, std::size_t to,
                        double scale) {
    Cache cache(c);
    wide_attend(std::span(heads).first(in), query_heads, cache.view(), first, scale, std::span(kWeights).first(weights),
                std::span(out).first(to), 1);
  };
  call(heads.size(), 1, 0, kWideWeights, out.size(), kScale);
  call(0, 1, 9, kWideWeights, 0, kScale);
  CHECK_THROWS(kInvalidArgument, call(heads.size(), 1, 1, kWideWeights, out.size(), kScale));
  CHECK_THROWS(kInvalidArgument, call(0, 1, 10, kWideWeights, 0, kScale));
  CHECK_THROWS(kInvalidArgument, call(heads.size() - 1, 1, 0, kWideWeights, out.size(), kScale));
  CHECK_THROWS(kInvalidArgument, call(heads.size(), 0, 0, kWideWeights, out.size(), kScale));
  CHECK_THROWS(kInvalidArgument, call(heads.size(), 1, 0, kWideWeights - 1, out.size(), kScale));
  CHECK_THROWS(kInvalidArgument, call(heads.size(), 1, 0, kWideWeights, out.size() - 1, kScale));
  CHECK_THROWS(kInvalidArgument, call(heads.size(), 1, 0, kWideWeights, out.size(), std::nan("")));
  for (std::size_t h = 0; h < 3; ++h) {  // a query, a key, a value
    std::vector<float> bad = heads;
    bad[h * c.head_width + 1] = std::numeric_limits<float>::infinity();
    CHECK_THROWS(kInvalidArgument, (void)attend(c, bad, 3, 1));
  }
}

constexpr test::Test kTests[] = {
    {"it equals one query and key at a time", it_equals_one_query_and_key_at_a_time},
    {"what was said before matters", what_was_said_before_matters},
    {"what does not fit is refused", what_does_not_fit_is_refused},
};

}  // namespace
}  // namespace foretell

int main() { return foretell::test::run_all(foretell::kTests); }
