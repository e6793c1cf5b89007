// Logistic mixing (Mahoney 2005): a weighted sum of logits, its weights taken from the row that a context selects, each
// moved after the bit towards what would have coded it shorter. Integers: sums of them are the same in any order, so
// that every set of instructions gives the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "experts/logistic.hpp"
#include "foretell/learned_state.hpp"
#include "zeroed_array.hpp"

namespace foretell {

inline constexpr std::int32_t kWeightLimit = (1 << 19) - 1;  // weights are in units of 2^-16: within +-8

/// One row of weights for each of `rows` contexts. kInputs is a multiple of 16, for vectors.
template <std::size_t kInputs>
class MixerSet {
  static_assert(kInputs % 16 == 0);

 public:
  MixerSet(std::size_t rows, std::int32_t weight, std::size_t used) : weights_(rows * kInputs) {
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t i = 0; i < used; ++i) {
        weights_[row * kInputs + i] = weight;
      }
    }
  }

  /// The logit that the row makes of the inputs, each within +-4095.
  [[nodiscard, gnu::always_inline]] int mix(std::size_t row, const std::int32_t* inputs) noexcept {
    row_ = &weights_[row * kInputs];
    const std::int32_t* weights = row_;
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < kInputs; ++i) {
      sum += (inputs[i] * weights[i]) >> 8;
    }
    logit_ = clamp_logit(sum >> 8);
    return logit_;
  }

  /// Learns from the bit at `rate` (2^-20 of the logit's unit); the row and the inputs are those of mix().
  [[gnu::always_inline]] void learn(const std::int32_t* inputs, std::uint32_t bit, std::int32_t rate) noexcept {
    const std::int32_t error = static_cast<std::int32_t>(bit * 65535) - squash(logit_);
    const std::int32_t step = (error * rate) >> 4;
    if (step == 0 || step == -1) {
      return;  // nothing left of it
    }
    std::int32_t* weights = row_;
    for (std::size_t i = 0; i < kInputs; ++i) {
      std::int32_t weight = weights[i] + ((inputs[i] * step + (1 << 16)) >> 17);
      weight = weight > kWeightLimit ? kWeightLimit : weight;
      weights[i] = weight < -kWeightLimit ? -kWeightLimit : weight;
    }
  }

  void visit(StateVisitor& visitor, const std::string& name) {
    visitor.visit(name, weights_.all(), -kWeightLimit, kWeightLimit);
  }

 private:
  ZeroedArray<std::int32_t> weights_;
  std::int32_t* row_ = nullptr;
  int logit_ = 0;
};

}  // namespace foretell
