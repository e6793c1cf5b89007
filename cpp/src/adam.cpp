#include "adam.hpp"

#include <algorithm>
#include <cmath>

#include "float_grid.hpp"
#include "targets.hpp"

namespace foretell {
namespace {

constexpr double kBeta2 = 0.999;
constexpr float kEpsilon = 0x1p-27F;
// Mean squares that only decay stay here, well before they are denormals, which another library may flush to zero.
constexpr float kLeastSquare = 0x1p-100F;

struct Adam {
  [[gnu::always_inline]] static std::uint32_t run(float* __restrict weights, float* __restrict squares,
                                                  const float* __restrict gradient, std::size_t count, float unit,
                                                  AdamStep step) noexcept {
    std::uint32_t most = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const float g = gradient[i] * unit;
      const float decayed = squares[i] * step.decay;
      const float square = decayed + (g * g) * step.gain;
      const float kept = square < kLeastSquare ? kLeastSquare : square;
      squares[i] = kept;
      const float size = std::sqrt(kept) * step.root_unit + step.epsilon;
      const float weight = weights[i] - g / size * step.rate;
      weights[i] = weight;
      most = std::max(most, magnitude_bits(weight));
    }
    return most;
  }
};

}  // namespace

AdamStep AdamSchedule::next(double rate) noexcept {
  power_ *= kBeta2;
  return {static_cast<float>(kBeta2), static_cast<float>(1.0 - kBeta2),
          static_cast<float>(1.0 / std::sqrt(1.0 - power_)), kEpsilon, static_cast<float>(rate)};
}

std::uint32_t adam_step(float* weights, float* squares, const float* gradient, std::size_t count, float unit,
                        const AdamStep& step) noexcept {
  return for_isa<Adam>(weights, squares, gradient, count, unit, step);
}

}  // namespace foretell
