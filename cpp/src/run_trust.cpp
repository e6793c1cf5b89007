#include "run_trust.hpp"

#include <cmath>

#include "float_grid.hpp"
#include "foretell/cdf.hpp"

namespace foretell {
namespace {

constexpr float kEpsilon = 0x1p-10F;
constexpr float kMostTrust = 0x1p26F;  // all that is added to a logit fits 32 bits
constexpr float kLogitUnit = 1 << kFractionBits;

}  // namespace

void RunTrust::learn(const std::array<std::int32_t, kBuckets>& gradient) noexcept {
  for (std::size_t b = 0; b < kBuckets; ++b) {
    if (b % ByteContexts::kConfidences == 0) {
      continue;  // of contexts never seen: such weights stay zero
    }
    const float g = static_cast<float>(gradient[b]) * 0x1p-7F;
    squares_[b] += g * g;
    weights_[b] -= g / (std::sqrt(squares_[b]) + kEpsilon) * rate_;
    frozen_[b] = round_large(clip(weights_[b] * kLogitUnit, -kMostTrust, kMostTrust));
  }
}

}  // namespace foretell
