#include "x86_filter.hpp"

#include <algorithm>

namespace foretell {
namespace {

void write_little(std::uint8_t* at, std::uint32_t value) noexcept {
  for (unsigned i = 0; i < 4; ++i) {
    at[i] = static_cast<std::uint8_t>(value >> 8 * i);
  }
}

// One place's step. Let A be the operands whose last byte is plausible, and B those whose first byte is. A step takes A
// to B (distance to target, most significant byte first), what is in B and not in A to what is in A and not in B (the
// same bytes reversed), and leaves alone what is in neither: one-to-one, and the way back follows from what is found.

void apply_step(std::uint8_t* at, std::uint32_t end) noexcept {
  if (is_plausible(at[3])) {
    write_little(at, wrap_target(read_little(at) + end));
    std::reverse(at, at + 4);
  } else if (is_plausible(at[0])) {
    std::reverse(at, at + 4);
  }
}

void undo_step(std::uint8_t* at, std::uint32_t end) noexcept {
  if (is_plausible(at[0])) {
    std::reverse(at, at + 4);
    write_little(at, wrap_target(read_little(at) - end));
  } else if (is_plausible(at[3])) {
    std::reverse(at, at + 4);
  }
}

/// Where a distance counts from: the instruction's end. Modulo 2^32, of which wrap_target keeps 25 bits.
std::uint32_t end_of(Operand operand) noexcept { return static_cast<std::uint32_t>(operand.begin + kX86OperandBytes); }

}  // namespace

void apply_x86(bool wide, std::span<std::uint8_t> block) noexcept {
  for (std::size_t i = block.size(); i-- > 0;) {
    const Operand operand = operand_at(block, i, wide);
    if (operand.branch != Branch::kNone) {
      apply_step(block.data() + operand.begin, end_of(operand));
    }
  }
}

void undo_x86(bool wide, std::span<std::uint8_t> block) noexcept {
  for (std::size_t i = 0; i < block.size(); ++i) {
    const Operand operand = operand_at(block, i, wide);
    if (operand.branch != Branch::kNone) {
      undo_step(block.data() + operand.begin, end_of(operand));
    }
  }
}

}  // namespace foretell
