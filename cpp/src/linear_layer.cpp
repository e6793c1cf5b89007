#include "linear_layer.hpp"

#include <algorithm>

#include "counter_hash.hpp"
#include "float_grid.hpp"
#include "layer_packing.hpp"
#include "targets.hpp"

namespace foretell {
namespace {

struct LargestMagnitude {
  [[gnu::always_inline]] static std::uint32_t run(const float* numbers, std::size_t count) noexcept {
    std::uint32_t most = 0;
    for (std::size_t i = 0; i < count; ++i) {
      most = std::max(most, magnitude_bits(numbers[i]));
    }
    return most;
  }
};

}  // namespace

LinearLayer::LinearLayer(std::size_t inputs, std::size_t outputs, int input_exponent, int output_exponent,
                         double spread, std::uint32_t seed)
    : inputs_(inputs),
      outputs_(outputs),
      input_exponent_(input_exponent),
      output_exponent_(output_exponent),
      weights_(quads_of(inputs) * kQuad * padded_columns(outputs)),
      weight_squares_(weights_.size()),
      biases_(padded_columns(outputs)),
      bias_squares_(biases_.size()),
      offset_(biases_.size()),
      forward_(inputs, outputs, part_of(kLimit, kLimit)),
      backward_(outputs, inputs, part_of(kLimit + 1, kLimit)),
      gradient_(kQuad * padded_columns(outputs)) {
  for (std::size_t i = 0; i < inputs; ++i) {
    fill_uniform(weights_.data() + i * forward_.columns, outputs, static_cast<std::uint32_t>(i * outputs),
                 static_cast<float>(spread), seed);
  }
  freeze();
}

void LinearLayer::visit(StateVisitor& visitor, const std::string& name) {
  visitor.visit(name + "weights", weights_.all(), -kMostLearned, kMostLearned);
  visitor.visit(name + "weight_squares", weight_squares_.all(), 0.0F, kMostLearned);
  visitor.visit(name + "biases", biases_.all(), -kMostLearned, kMostLearned);
  visitor.visit(name + "bias_squares", bias_squares_.all(), 0.0F, kMostLearned);
  schedule_.visit(visitor, name + "schedule");
  freeze();
}

void LinearLayer::freeze() noexcept {
  exponent_ = exponent_for(for_isa<LargestMagnitude>(static_cast<const float*>(weights_.data()), weights_.size()));
  pack_all();
  freeze_biases();
}

void LinearLayer::add_to_biases(const float* numbers) noexcept {
  for (std::size_t j = 0; j < outputs_; ++j) {
    biases_[j] += numbers[j];
  }
  freeze_biases();
}

void LinearLayer::freeze_biases() noexcept {
  const float unit = power_of_two(-output_exponent_);
  for (std::size_t j = 0; j < outputs_; ++j) {
    offset_[j] = biases_[j] * unit;
  }
}

void LinearLayer::pack(std::size_t first_input, float factor) noexcept {
  pack_quad_row(weights_.data() + first_input * forward_.columns, forward_.columns, factor,
                forward_.quad(first_input / kQuad), backward_.data.data() + first_input * kQuad,
                backward_.columns * kQuad, quads_of(outputs_));
}

void LinearLayer::pack_all() noexcept {
  for (std::size_t i = 0; i < inputs_; i += kQuad) {
    pack(i, power_of_two(-exponent_));
  }
  sum_columns(forward_);
  sum_columns(backward_);
  scale_ = power_of_two(exponent_ + (input_exponent_ - output_exponent_));
}

void LinearLayer::forward(const std::int8_t* x, std::size_t stride, std::size_t rows, float* out) const noexcept {
  multiply({x, static_cast<std::ptrdiff_t>(stride), kQuad, rows}, forward_, out);
}

void LinearLayer::backward(const std::int8_t* gradient, std::size_t stride, std::size_t rows,
                           float* out) const noexcept {
  multiply({gradient, static_cast<std::ptrdiff_t>(stride), kQuad, rows}, backward_, out);
}

void LinearLayer::add_weights_of(std::size_t output, float* out) const noexcept {
  const std::int8_t* const weights = backward_.quad(output / kQuad) + output % kQuad;
  for (std::size_t i = 0; i < backward_.columns; ++i) {
    out[i] += static_cast<float>(weights[kQuad * i]);
  }
}

void LinearLayer::train(const std::int8_t* x, const PackedMatrix& gradient, float weight_unit, float bias_unit,
                        double rate) {
  const AdamStep step = schedule_.next(rate);
  const std::size_t columns = forward_.columns;
  const std::size_t padded_inputs = quads_of(inputs_) * kQuad;
  const float factor = power_of_two(-exponent_);
  std::uint32_t most = 0;
  // Four inputs at a time, all the way from the product to the copies, while they are in the nearest cache. The grid is
  // known only when all masters are, but it hardly ever changes.
  for (std::size_t i = 0; i < inputs_; i += kQuad) {
    multiply({x + i * kQuad, kQuad, static_cast<std::ptrdiff_t>(padded_inputs * kQuad), kQuad}, gradient,
             gradient_.data());
    const std::size_t first = i * columns;
    most = std::max(most, adam_step(weights_.data() + first, weight_squares_.data() + first, gradient_.data(),
                                    kQuad * columns, weight_unit, step));
    pack(i, factor);
  }
  std::fill_n(gradient_.data(), columns, 0.0F);
  for (std::size_t part = 0; part < gradient.part_ends.size(); ++part) {
    for (std::size_t j = 0; j < columns; ++j) {
      gradient_[j] += static_cast<float>(gradient.sums[part * columns + j]);  // below 2^24 all together
    }
  }
  (void)adam_step(biases_.data(), bias_squares_.data(), gradient_.data(), columns, bias_unit, step);
  freeze_biases();

  const int exponent = exponent_for(most);
  if (exponent != exponent_) {
    exponent_ = exponent;
    pack_all();
    return;
  }
  sum_columns(forward_);
  sum_columns(backward_);
}

}  // namespace foretell
