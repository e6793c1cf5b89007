#include "step_packing.hpp"

#include <algorithm>

namespace foretell {

StepPacking::StepPacking(std::size_t steps, std::size_t inputs, std::size_t outputs, std::size_t part)
    : width_(quads_of(inputs) * kQuad),
      // A quad more for each part, whose last one may be filled with zeros.
      inputs_((quads_of(steps) + steps / part + 1) * kQuad * width_),
      gradients_((quads_of(steps) + steps / part + 1) * kQuad, outputs, part),
      zeros_(std::max(width_, gradients_.columns)) {}

void StepPacking::clear() noexcept {
  gradients_.part_ends.clear();
  waiting_ = 0;
  quads_ = 0;
}

void StepPacking::append(const std::int8_t* x, const std::int8_t* gradient) noexcept {
  x_[waiting_] = x;
  g_[waiting_] = gradient;
  if (++waiting_ == kQuad) {
    flush();
  }
}

void StepPacking::end_part() {
  while (waiting_ != 0) {
    append(zeros_.data(), zeros_.data());
  }
  gradients_.part_ends.push_back(quads_);
}

void StepPacking::flush() noexcept {
  interleave(x_[0], x_[1], x_[2], x_[3], width_, inputs_.data() + quads_ * kQuad * width_);
  interleave(g_[0], g_[1], g_[2], g_[3], gradients_.columns, gradients_.quad(quads_));
  ++quads_;
  waiting_ = 0;
}

}  // namespace foretell
