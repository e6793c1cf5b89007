#include "x86_filter.hpp"

#include <utility>

namespace foretell {
namespace {

// One place's step. The last byte is plausible before and after it, and nothing changes if it is not: so each step is
// one-to-one, and the way back follows from what is found. The other three bytes of a target come most significant
// first.

void apply_step(std::uint8_t* at, std::uint32_t end) noexcept {
  if (is_plausible(at[3])) {
    const std::uint32_t target = wrap_target(read_little(at) + end);
    at[0] = static_cast<std::uint8_t>(target >> 16);
    at[1] = static_cast<std::uint8_t>(target >> 8);
    at[2] = static_cast<std::uint8_t>(target);
    at[3] = static_cast<std::uint8_t>(target >> 24);
  }
}

void undo_step(std::uint8_t* at, std::uint32_t end) noexcept {
  if (is_plausible(at[3])) {
    std::swap(at[0], at[2]);
    const std::uint32_t distance = wrap_target(read_little(at) - end);
    for (unsigned i = 0; i < kX86OperandBytes; ++i) {
      at[i] = static_cast<std::uint8_t>(distance >> 8 * i);
    }
  }
}

/// Where a distance counts from: the instruction's end. Modulo 2^32, of which wrap_target keeps 25 bits.
std::uint32_t end_of(std::size_t operand) noexcept { return static_cast<std::uint32_t>(operand + kX86OperandBytes); }

}  // namespace

void apply_x86(bool wide, std::span<std::uint8_t> block) noexcept {
  for (std::size_t i = block.size(); i-- > 0;) {
    if (const std::size_t operand = operand_at(block, i, wide); operand != 0) {
      apply_step(block.data() + operand, end_of(operand));
    }
  }
}

void undo_x86(bool wide, std::span<std::uint8_t> block) noexcept {
  for (std::size_t i = 0; i < block.size(); ++i) {
    if (const std::size_t operand = operand_at(block, i, wide); operand != 0) {
      undo_step(block.data() + operand, end_of(operand));
    }
  }
}

}  // namespace foretell
