#include "foretell/exact_gate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "check.hpp"

namespace foretell {
namespace {

std::vector<float> table() {
  std::vector<float> out(kSigmoidTable);
  for (std::size_t k = 0; k < out.size(); ++k) {
    out[k] = static_cast<float>(std::nearbyint(0x1p24 / (1 + std::exp(20 - static_cast<double>(k) / 256))));
  }
  return out;
}

const std::vector<float> kTable = table();

std::vector<float> numbers() {
  std::vector<float> x = {0.0F, -0.0F, 20.0F, -20.0F, 19.999998F, 1e30F, -1e30F, 1e-45F, -1e-30F, 0.00390625F};
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 5);
  while (x.size() < 1003) {
    x.push_back(normal(random));
  }
  return x;
}

/// In single steps, each rounded.
float sigmoid(float x) {
  const float moved = std::clamp(x, -20.0F, 20.0F) + 20.0F;
  const float place = moved * 256.0F;
  const float cell = std::floor(place);
  const float low = kTable[static_cast<std::size_t>(cell)];
  const float rise = kTable[static_cast<std::size_t>(cell) + 1] - low;
  const float part = rise * (place - cell);
  return (part + low) * 0x1p-24F;
}

void gates_equal_one_step_at_a_time() {
  const std::vector<float> x = numbers();
  std::vector<float> out(x.size());
  silu(x, kTable, out);
  for (std::size_t i = 0; i < x.size(); ++i) {
    CHECK(out[i] == sigmoid(x[i]) * x[i]);
  }
  gelu(x, kTable, out);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float z = std::clamp(x[i], -20.0F, 20.0F);
    const float square = z * z;
    const float cubic = square * 0.07135481627159844F;
    const float sum = cubic + 1.5957691216057308F;
    CHECK(out[i] == sigmoid(sum * z) * x[i]);
  }
}

void gates_are_the_functions_they_are_named_for() {
  const std::vector<float> x = numbers();
  std::vector<float> out(x.size());
  double most = 0;
  silu(x, kTable, out);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double right = static_cast<double>(x[i]) / (1 + std::exp(-static_cast<double>(x[i])));
    most = std::max(most, std::fabs(out[i] - right) / (1 + std::fabs(right)));
  }
  CHECK(most < 1e-5);
  most = 0;
  gelu(x, kTable, out);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double z = x[i];
    const double right = 0.5 * z * (1 + std::tanh(0.7978845608028654 * (z + 0.044715 * z * z * z)));
    most = std::max(most, std::fabs(out[i] - right) / (1 + std::fabs(right)));
  }
  CHECK(most < 1e-5);
  CHECK(out[400] != x[400]);  // the control
}

void what_is_odd_stays_inside_the_table() {
  const std::vector<float> x = {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                                -std::numeric_limits<float>::infinity()};
  std::vector<float> out(3);
  silu(x, kTable, out);
  gelu(x, kTable, out);
  CHECK_THROWS(kInvalidArgument, silu(x, std::span(kTable).first(10), out));
  CHECK_THROWS(kInvalidArgument, gelu(x, kTable, std::span(out).first(2)));
}

constexpr test::Test kTests[] = {
    {"gates equal one step at a time", gates_equal_one_step_at_a_time},
    {"gates are the functions they are named for", gates_are_the_functions_they_are_named_for},
    {"what is odd stays inside the table", what_is_odd_stays_inside_the_table},
};

}  // namespace
}  // namespace foretell

int main() { return foretell::test::run_all(foretell::kTests); }
