// The steps of a chunk as the common dimension of a layer's gradient, x^T g: both operands in quads of four steps.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "packed_matrix.hpp"
#include "zeroed_array.hpp"

namespace foretell {

class StepPacking {
 public:
  /// Room for `steps` steps in parts of `part`. Throws std::bad_alloc.
  StepPacking(std::size_t steps, std::size_t inputs, std::size_t outputs, std::size_t part);

  void clear() noexcept;

  /// Appends a step: `inputs` bytes, padded with zeros to whole quads, and padded_columns(outputs) bytes. Both are read
  /// by the time that three more steps are appended or the part ends.
  void append(const std::int8_t* x, const std::int8_t* gradient) noexcept;

  /// Ends a part: sums of the steps before and after it are rounded apart. The last step is followed by this too, and
  /// then by finish().
  void end_part();
  void finish() noexcept { sum_columns(gradients_); }

  /// [steps in quads][inputs in quads][4].
  [[nodiscard]] const std::int8_t* inputs() const noexcept { return inputs_.data(); }
  [[nodiscard]] const PackedMatrix& gradients() const noexcept { return gradients_; }

 private:
  void flush() noexcept;

  std::size_t width_;  // inputs in whole quads
  ZeroedArray<std::int8_t> inputs_;
  PackedMatrix gradients_;
  ZeroedArray<std::int8_t> zeros_;
  std::array<const std::int8_t*, kQuad> x_{};
  std::array<const std::int8_t*, kQuad> g_{};
  std::size_t waiting_ = 0;
  std::size_t quads_ = 0;
};

}  // namespace foretell
