#include "foretell/exact_norm.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "check.hpp"

namespace foretell {
namespace {

constexpr double kEpsilon = 1e-5;

struct Rows {
  Rows(std::size_t count, std::size_t width, float size, unsigned seed) : x(count * width), weight(width), bias(width) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    for (float& value : x) {
      value = normal(random) * size;
    }
    for (std::size_t i = 0; i < width; ++i) {
      weight[i] = normal(random);
      bias[i] = normal(random);
    }
  }

  std::vector<float> x, weight, bias;
};

/// One row; `centred` for a LayerNorm.
std::vector<float> expected(const float* x, const Rows& rows, bool centred) {
  const std::size_t width = rows.weight.size();
  float largest = 0;
  for (std::size_t i = 0; i < width; ++i) {
    largest = std::max(largest, std::fabs(x[i]));
  }
  const double step = std::ldexp(1.0, std::clamp(largest == 0 ? -1000 : std::ilogb(largest) - 18, -40, 40));
  std::int64_t sum = 0;
  std::int64_t squares = 0;
  for (std::size_t i = 0; i < width; ++i) {
    const std::int64_t integer = std::llrint(std::clamp(static_cast<double>(x[i]) / step, -524287.0, 524287.0));
    sum += integer;
    squares += integer * integer;
  }
  const double part = 1.0 / static_cast<double>(width);
  const double mean = static_cast<double>(sum) * part;
  double spread = static_cast<double>(squares) * part;
  if (centred) {
    const double product = static_cast<double>(sum) * mean;
    spread = std::max(0.0, (static_cast<double>(squares) - product) * part);
  }
  const auto root =
      static_cast<float>(std::sqrt(static_cast<double>(static_cast<float>(spread * (step * step) + kEpsilon))));
  const auto centre = static_cast<float>(mean * step);
  std::vector<float> out(width);
  for (std::size_t i = 0; i < width; ++i) {
    const float moved = centred ? x[i] - centre : x[i];
    const float divided = moved / root;
    const float scaled = divided * rows.weight[i];
    out[i] = centred ? scaled + rows.bias[i] : scaled;
  }
  return out;
}

void norms_equal_one_number_at_a_time() {
  unsigned seed = 1;
  for (const std::size_t width : {1U, 3U, 16U, 31U, 576U, 4096U}) {
    for (const float size : {0.0F, 1e-40F, 1e-9F, 1.0F, 300.0F, 1e20F}) {
      const Rows rows(3, width, size, seed++);
      std::vector<float> rms(rows.x.size());
      std::vector<float> layer(rows.x.size());
      rms_norm(rows.x, rows.weight, kEpsilon, rms);
      layer_norm(rows.x, rows.weight, rows.bias, kEpsilon, layer);
      for (std::size_t row = 0; row < 3; ++row) {
        const std::size_t at = row * width;
        CHECK(std::ranges::equal(std::span(rms).subspan(at, width), expected(rows.x.data() + at, rows, false)));
        CHECK(std::ranges::equal(std::span(layer).subspan(at, width), expected(rows.x.data() + at, rows, true)));
      }
    }
  }
}

void order_changes_nothing_and_in_floats_it_does() {
  Rows rows(1, 999, 1.0F, 3);
  std::ranges::fill(rows.weight, 1.0F);
  std::vector<float> before(999);
  std::vector<float> after(999);
  const auto float_sum = [&] {
    float sum = 0;
    for (const float value : rows.x) {
      sum += value * value;
    }
    return sum;
  };
  rms_norm(rows.x, rows.weight, kEpsilon, before);
  const float sum = float_sum();
  std::ranges::reverse(rows.x);
  rms_norm(rows.x, rows.weight, kEpsilon, after);
  std::ranges::reverse(after);
  CHECK(after == before);
  CHECK(float_sum() != sum);  // the control
}

void what_does_not_fit_is_refused() {
  const Rows rows(2, 4, 1.0F, 1);
  std::vector<float> out(8);
  const std::span<const float> x(rows.x);
  const std::span<const float> weight(rows.weight);
  CHECK_THROWS(kInvalidArgument, rms_norm(x.first(7), weight, kEpsilon, out));
  CHECK_THROWS(kInvalidArgument, rms_norm(x, weight.first(0), kEpsilon, out));
  CHECK_THROWS(kInvalidArgument, rms_norm(x, weight, kEpsilon, std::span(out).first(4)));
  CHECK_THROWS(kInvalidArgument, layer_norm(x, weight, weight.first(3), kEpsilon, out));
  const std::vector<float> wide((1U << 15) + 1);
  std::vector<float> room(wide.size());
  CHECK_THROWS(kInvalidArgument, rms_norm(wide, wide, kEpsilon, room));
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    std::vector<float> broken = rows.x;
    broken[5] = bad;
    CHECK_THROWS(kInvalidArgument, rms_norm(broken, weight, kEpsilon, out));
    CHECK_THROWS(kInvalidArgument, layer_norm(broken, weight, rows.bias, kEpsilon, out));
  }
}

constexpr test::Test kTests[] = {
    {"norms equal one number at a time", norms_equal_one_number_at_a_time},
    {"order changes nothing, and in floats it does", order_changes_nothing_and_in_floats_it_does},
    {"what does not fit is refused", what_does_not_fit_is_refused},
};

}  // namespace
}  // namespace foretell

int main() { return foretell::test::run_all(foretell::kTests); }
