// Adam without a mean (beta1 = 0) in single IEEE operations: what online coding trains best with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "foretell/learned_state.hpp"

namespace foretell {

/// The numbers of one step, rounded to float32 as the reference rounds them.
struct AdamStep {
  float decay;      // beta2 = 0.999, of the mean square
  float gain;       // 1 - beta2
  float root_unit;  // 1 / sqrt(1 - beta2^steps)
  float epsilon;
  float rate;
};

/// Counts steps; beta2^steps is multiplied step by step, in float64, as everything that is one number for a step.
class AdamSchedule {
 public:
  [[nodiscard]] AdamStep next(double rate) noexcept;

  void visit(StateVisitor& visitor, const std::string& name) { visitor.visit(name, power_, 0.0, 1.0); }

 private:
  double power_ = 1.0;
};

/// Takes a step on `count` weights down gradient * unit, and returns the bits of the largest |weight| after it.
std::uint32_t adam_step(float* weights, float* squares, const float* gradient, std::size_t count, float unit,
                        const AdamStep& step) noexcept;

}  // namespace foretell
