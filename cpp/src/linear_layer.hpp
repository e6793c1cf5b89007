// A linear layer, y = x W + b: float32 masters, trained by Adam, and 8-bit copies in every product. The twin of
// `foretell.exact.Linear` with its two optimisers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "adam.hpp"
#include "foretell/learned_state.hpp"
#include "packed_matrix.hpp"
#include "zeroed_array.hpp"

namespace foretell {

class LinearLayer {
 public:
  /// Operands are integers within +-kLimit; gradients from the softmax reach 128 on either side.
  static constexpr std::size_t kLimit = 127;

  /// Weights start uniform in +-spread, biases at zero. Throws std::bad_alloc.
  LinearLayer(std::size_t inputs, std::size_t outputs, int input_exponent, int output_exponent, double spread,
              std::uint32_t seed);

  /// Adds to the biases, outputs() numbers, and freezes.
  void add_to_biases(const float* numbers) noexcept;

  [[nodiscard]] std::size_t inputs() const noexcept { return inputs_; }
  [[nodiscard]] std::size_t outputs() const noexcept { return outputs_; }
  /// Of the rows that `forward` and `backward` write.
  [[nodiscard]] std::size_t output_columns() const noexcept { return forward_.columns; }
  [[nodiscard]] std::size_t input_columns() const noexcept { return backward_.columns; }
  /// The grid of the frozen weights.
  [[nodiscard]] int exponent() const noexcept { return exponent_; }

  /// Writes x W, before `scale` and `offset`: float32 [rows][output_columns()]. `x` is row-major, rows `stride` apart,
  /// padded with zeros to whole quads.
  void forward(const std::int8_t* x, std::size_t stride, std::size_t rows, float* out) const noexcept;

  /// What makes of a number of `forward` one in units of 2^output_exponent: product * scale() + offset()[output].
  [[nodiscard]] float scale() const noexcept { return scale_; }
  [[nodiscard]] const float* offset() const noexcept { return offset_.data(); }

  /// Writes gradient W^T: integers, float32 [rows][input_columns()]. `gradient` is as `x` of forward.
  void backward(const std::int8_t* gradient, std::size_t stride, std::size_t rows, float* out) const noexcept;

  /// What no number of `backward` exceeds, but for rounding, if no gradient is above kLimit.
  [[nodiscard]] double most_backward() const noexcept { return static_cast<double>(outputs_ * kLimit * kLimit); }

  /// Adds the frozen weights of one output to input_columns() numbers: one more in its gradient.
  void add_weights_of(std::size_t output, float* out) const noexcept;

  /// Takes one step and freezes. `x` is [steps in quads][inputs() in quads][4], a packed matrix like `gradient`
  /// [steps][outputs()], of the same parts; weight_unit and bias_unit are the units of their products and sums.
  void train(const std::int8_t* x, const PackedMatrix& gradient, float weight_unit, float bias_unit, double rate);

  void visit(StateVisitor& visitor, const std::string& name);

 private:
  void freeze() noexcept;
  void freeze_biases() noexcept;
  void pack_all() noexcept;
  void pack(std::size_t first_input, float factor) noexcept;

  std::size_t inputs_;
  std::size_t outputs_;
  int input_exponent_;
  int output_exponent_;

  ZeroedArray<float> weights_;  // [inputs in quads][output columns], the masters, padding zero
  ZeroedArray<float> weight_squares_;
  ZeroedArray<float> biases_;  // [output columns]
  ZeroedArray<float> bias_squares_;
  AdamSchedule schedule_;

  int exponent_ = 0;
  float scale_ = 0;
  ZeroedArray<float> offset_;
  PackedMatrix forward_;         // inputs x outputs
  PackedMatrix backward_;        // outputs x inputs
  ZeroedArray<float> gradient_;  // [4][output columns], of the weights that are being trained
};

}  // namespace foretell
