#include "foretell/wide_product.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "check.hpp"

namespace foretell {
namespace {

struct Case {
  std::size_t rows, inputs, outputs;
};

// Around the sizes of tiles, vectors and parts; the last one is cut into blocks of rows, and worth two threads.
constexpr Case kCases[] = {{1, 1, 1},   {2, 7, 3},   {3, 32, 2},   {4, 33, 5},    {7, 480, 4},
                           {5, 481, 6}, {3, 576, 9}, {8, 961, 11}, {1, 20000, 2}, {260, 577, 31}};

enum class Kind { kAny, kExtreme };

struct Operands {
  Operands(const Case& c, Kind kind, unsigned seed)
      : x(c.rows * c.inputs), integers(c.outputs * c.inputs), scale(c.outputs), bias(c.outputs), inputs(c.inputs) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
    for (float& value : x) {
      value = kind == Kind::kExtreme ? (random() % 2 == 0 ? -32767.0F : 32767.0F) : uniform(random);
    }
    for (std::int16_t& value : integers) {
      value = kind == Kind::kExtreme ? std::int16_t{-32768} : static_cast<std::int16_t>(random() % 65535 - 32767);
    }
    for (std::size_t o = 0; o < c.outputs; ++o) {
      scale[o] = std::ldexp(1.0, -static_cast<int>(o % 20));
      bias[o] = uniform(random);
    }
    if (kind == Kind::kExtreme) {  // all of one sign in the first row: the largest sum
      std::fill_n(x.begin(), c.inputs, 32767.0F);
    }
  }

  [[nodiscard]] WideMatrix matrix() const { return {integers, scale, inputs}; }

  std::vector<float> x;
  std::vector<std::int16_t> integers;
  std::vector<double> scale;
  std::vector<float> bias;
  std::size_t inputs;
};

/// The step of a row, from its largest magnitude by the library's own means.
double step_of(const float* row, std::size_t inputs) {
  float largest = 0;
  for (std::size_t k = 0; k < inputs; ++k) {
    largest = std::max(largest, std::fabs(row[k]));
  }
  const int exponent = largest == 0 ? -1000 : std::ilogb(largest) - 14;
  return std::ldexp(1.0, std::clamp(exponent, -40, 40));
}

std::vector<double> expected(const Case& c, const Operands& o) {
  std::vector<double> out(c.rows * c.outputs);
  for (std::size_t r = 0; r < c.rows; ++r) {
    const float* const row = o.x.data() + r * c.inputs;
    const double step = step_of(row, c.inputs);
    for (std::size_t n = 0; n < c.outputs; ++n) {
      std::int64_t sum = 0;
      for (std::size_t k = 0; k < c.inputs; ++k) {
        const double integer = std::clamp(std::nearbyint(static_cast<double>(row[k]) / step), -32767.0, 32767.0);
        sum += static_cast<std::int64_t>(integer) * o.integers[n * c.inputs + k];
      }
      out[r * c.outputs + n] = static_cast<double>(sum) * o.scale[n] * step;
    }
  }
  return out;
}

void products_are_exact() {
  for (const Kind kind : {Kind::kAny, Kind::kExtreme}) {
    unsigned seed = 1;
    for (const Case& c : kCases) {
      const Operands o(c, kind, seed++);
      const std::vector<double> right = expected(c, o);
      for (const unsigned threads : {1U, 2U, 7U}) {
        std::vector<double> product(right.size());
        wide_product(o.x, o.matrix(), product, threads);
        CHECK(product == right);
        std::vector<float> plain(right.size());
        std::vector<float> biased(right.size());
        wide_forward(o.x, o.matrix(), {}, plain, threads);
        wide_forward(o.x, o.matrix(), o.bias, biased, threads);
        for (std::size_t i = 0; i < right.size(); ++i) {
          CHECK(plain[i] == static_cast<float>(right[i]));
          CHECK(biased[i] == static_cast<float>(right[i]) + o.bias[i % c.outputs]);
        }
      }
    }
  }
}

void a_float_would_not_hold_the_sums() {  // the control
  const Case c{1, 576, 1};
  const Operands o(c, Kind::kAny, 5);
  const double right = expected(c, o)[0];
  CHECK(static_cast<double>(static_cast<float>(right)) != right);
}

void rows_of_any_size_are_rounded_to_even_on_their_grid() {
  for (const float size : {0.0F, 1e-45F, 1e-38F, 1e-13F, 1.0F, 1e13F, 1e38F, 0x1p-26F}) {
    const Case c{1, 5, 1};
    Operands o(c, Kind::kAny, 7);
    o.x = {size, -size * 0.75F, size * (1.5F / 32768), size * (2.5F / 32768), -size * (2.5F / 32768)};
    std::vector<double> product(1);
    wide_product(o.x, o.matrix(), product, 1);
    CHECK(product == expected(c, o));
  }
}

void what_does_not_fit_is_refused() {
  const Operands o({2, 4, 3}, Kind::kAny, 1);
  std::vector<double> out(6);
  const auto product = [&](std::size_t x, std::size_t integers, std::size_t scale, std::size_t inputs, std::size_t to) {
    wide_product(std::span(o.x).first(x),
                 {std::span(o.integers).first(integers), std::span(o.scale).first(scale), inputs},
                 std::span(out).first(to), 1);
  };
  product(8, 12, 3, 4, 6);
  product(0, 12, 3, 4, 0);
  CHECK_THROWS(kInvalidArgument, product(7, 12, 3, 4, 6));
  CHECK_THROWS(kInvalidArgument, product(8, 11, 3, 4, 6));
  CHECK_THROWS(kInvalidArgument, product(8, 12, 2, 4, 6));
  CHECK_THROWS(kInvalidArgument, product(8, 12, 3, 0, 6));
  CHECK_THROWS(kInvalidArgument, product(8, 12, 3, 4, 5));
  std::vector<float> floats(6);
  CHECK_THROWS(kInvalidArgument, wide_forward(o.x, o.matrix(), std::span(o.bias).first(2), floats, 1));
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    std::vector<float> x = o.x;
    x[6] = -bad;
    CHECK_THROWS(kInvalidArgument, wide_product(x, o.matrix(), out, 1));
  }
}

constexpr test::Test kTests[] = {
    {"products are exact", products_are_exact},
    {"a float would not hold the sums", a_float_would_not_hold_the_sums},
    {"rows of any size are rounded to even on their grid", rows_of_any_size_are_rounded_to_even_on_their_grid},
    {"what does not fit is refused", what_does_not_fit_is_refused},
};

}  // namespace
}  // namespace foretell

int main() { return foretell::test::run_all(foretell::kTests); }
