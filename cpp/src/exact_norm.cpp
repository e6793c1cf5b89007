#include "foretell/exact_norm.hpp"

#include <cmath>
#include <string>

#include "foretell/errc.hpp"
#include "targets.hpp"
#include "wide_rows.hpp"

namespace foretell {
namespace {

constexpr int kBits = 20;

/// The integers of a row, of which the sum and that of the squares.
struct Moments {
  std::int64_t sum;
  std::int64_t squares;
  double step;  // 0 for a row that is not finite
};

[[gnu::always_inline]] inline Moments moments_of(const float* x, std::size_t width) noexcept {
  const RowGrid grid = grid_of<kBits>(x, width);
  Moments out{0, 0, static_cast<double>(grid.step)};
  for (std::size_t i = 0; i < width; ++i) {
    const std::int64_t integer = on_grid<kBits>(x[i], grid);
    out.sum += integer;
    out.squares += integer * integer;
  }
  return out;
}

[[gnu::always_inline]] inline float root_of(double mean_square, double epsilon) noexcept {
  return std::sqrt(static_cast<float>(mean_square + epsilon));
}

struct RmsNorm {
  [[gnu::always_inline]] static bool run(const float* x, const float* weight, std::size_t width, double epsilon,
                                         float* out) noexcept {
    const Moments moments = moments_of(x, width);
    const double mean =
        static_cast<double>(moments.squares) * (1.0 / static_cast<double>(width)) * (moments.step * moments.step);
    const float root = root_of(mean, epsilon);
    for (std::size_t i = 0; i < width; ++i) {
      out[i] = x[i] / root * weight[i];
    }
    return moments.step != 0;
  }
};

struct LayerNorm {
  [[gnu::always_inline]] static bool run(const float* x, const float* weight, const float* bias, std::size_t width,
                                         double epsilon, float* out) noexcept {
    const Moments moments = moments_of(x, width);
    const double part = 1.0 / static_cast<double>(width);
    const auto total = static_cast<double>(moments.sum);
    const double mean = total * part;
    const double variance = (static_cast<double>(moments.squares) - total * mean) * part;
    // Rounding may leave less than nothing of equal numbers.
    const float root = root_of((variance < 0 ? 0 : variance) * (moments.step * moments.step), epsilon);
    const auto centre = static_cast<float>(mean * moments.step);
    for (std::size_t i = 0; i < width; ++i) {
      out[i] = (x[i] - centre) / root * weight[i] + bias[i];
    }
    return moments.step != 0;
  }
};

void check_sizes(std::size_t x, std::size_t width, std::size_t out) {
  if (width < 1 || width > kMostNormWidth || x % width != 0 || out != x) {
    throw Error(Errc::kInvalidArgument, "x and out are not rows of 1 to " + std::to_string(kMostNormWidth) +
                                            " numbers, as many as the weight has");
  }
}

void check_row(bool is_finite, std::size_t row) {
  if (!is_finite) {
    throw Error(Errc::kInvalidArgument, "x: row " + std::to_string(row) + " has a number that is not finite");
  }
}

}  // namespace

void rms_norm(std::span<const float> x, std::span<const float> weight, double epsilon, std::span<float> out) {
  const std::size_t width = weight.size();
  check_sizes(x.size(), width, out.size());
  for (std::size_t at = 0; at < x.size(); at += width) {
    check_row(for_isa<RmsNorm>(x.data() + at, weight.data(), width, epsilon, out.data() + at), at / width);
  }
}

void layer_norm(std::span<const float> x, std::span<const float> weight, std::span<const float> bias, double epsilon,
                std::span<float> out) {
  const std::size_t width = weight.size();
  check_sizes(x.size(), width, out.size());
  if (bias.size() != width) {
    throw Error(Errc::kInvalidArgument, "bias: expected " + std::to_string(width) + " numbers, as the weight has");
  }
  for (std::size_t at = 0; at < x.size(); at += width) {
    check_row(for_isa<LayerNorm>(x.data() + at, weight.data(), bias.data(), width, epsilon, out.data() + at),
              at / width);
  }
}

}  // namespace foretell
