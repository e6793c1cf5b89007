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
    freeze(b);
  }
}

void RunTrust::freeze(std::size_t bucket) noexcept {
  frozen_[bucket] = round_large(clip(weights_[bucket] * kLogitUnit, -kMostTrust, kMostTrust));
}

void RunTrust::visit(StateVisitor& visitor, const std::string& name) {
  visitor.visit(name + "weights", std::span<float>(weights_), -kMostLearned, kMostLearned);
  visitor.visit(name + "squares", std::span<float>(squares_), 0.0F, kMostLearned);
  for (std::size_t b = 0; b < kBuckets; ++b) {
    freeze(b);
  }
}

}  // namespace foretell
