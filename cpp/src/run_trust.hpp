// What the candidates of run contexts add to their bytes' logits: one learned weight for each context and confidence,
// trained by Adagrad (Duchi, Hazan & Singer 2011).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "foretell/contexts.hpp"
#include "foretell/learned_state.hpp"

namespace foretell {

class RunTrust {
 public:
  static constexpr std::size_t kBuckets = ByteContexts::kCandidates * ByteContexts::kConfidences;

  explicit RunTrust(double rate) noexcept : rate_(static_cast<float>(rate)) {}

  /// In the fixed point of logits.
  [[nodiscard]] std::int32_t operator[](std::size_t bucket) const noexcept { return frozen_[bucket]; }

  /// Takes one step: the gradient of each bucket is gradient[bucket] * 2^-7, magnitudes below 2^24.
  void learn(const std::array<std::int32_t, kBuckets>& gradient) noexcept;

  void visit(StateVisitor& visitor, const std::string& name);

 private:
  void freeze(std::size_t bucket) noexcept;

  float rate_;
  std::array<float, kBuckets> weights_{};
  std::array<float, kBuckets> squares_{};
  std::array<std::int32_t, kBuckets> frozen_{};
};

}  // namespace foretell
