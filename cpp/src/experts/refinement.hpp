// A final adaptive map (secondary estimation, "APM" or "SSE" in the PAQ family): what a logit came to mean in a
// context.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "experts/logistic.hpp"
#include "foretell/learned_state.hpp"
#include "prefetch.hpp"

namespace foretell {

class Refinement {
 public:
  explicit Refinement(std::size_t contexts) : cells_(contexts * kCells) {
    std::array<std::uint16_t, kCells> first;
    for (std::size_t i = 0; i < kCells; ++i) {
      first[i] = static_cast<std::uint16_t>(squash((static_cast<int>(i) - 16) * kLogitLimit / 16));
    }
    for (std::size_t i = 0; i < contexts; ++i) {
      std::copy(first.begin(), first.end(), &cells_[i * kCells]);
    }
  }

  /// Fetches a context's cells, which are too many for the nearest cache.
  [[gnu::always_inline]] void fetch(std::size_t context) const noexcept {
    prefetch(&cells_[context * kCells]);
    prefetch(&cells_[context * kCells + kCells - 1]);
  }

  /// p * 2^16, between the two cells nearest to the logit.
  [[nodiscard]] int refine(std::size_t context, int logit) noexcept {
    const int place = (logit + kLogitLimit) * 32 * 128 / (2 * kLogitLimit);  // in 1/128 of a cell
    const int cell = place >> 7 > 31 ? 31 : place >> 7;
    const int weight = place - (cell << 7);
    std::uint16_t* low = &cells_[context * kCells + static_cast<std::size_t>(cell)];
    nearest_ = low + (weight > 64 ? 1 : 0);
    return (low[0] * (128 - weight) + low[1] * weight) >> 7;
  }

  void learn(std::uint32_t bit) noexcept {
    const int value = *nearest_;
    *nearest_ = static_cast<std::uint16_t>(value + ((static_cast<int>(bit * 65535) - value) >> 6));
  }

  void visit(StateVisitor& visitor, const std::string& name) { visitor.visit(name, std::span<std::uint16_t>(cells_)); }

 private:
  static constexpr std::size_t kCells = 33;
  std::vector<std::uint16_t> cells_;
  std::uint16_t* nearest_ = nullptr;
};

}  // namespace foretell
