// Branches of x86 code: where their operands may be, for the filter and for the probe that decides on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "foretell/filters.hpp"

namespace foretell {

inline constexpr std::size_t kX86OperandBytes = 4;

/// Which instruction seems to start at a place.
enum class Branch : std::uint8_t { kNone, kCall, kConditional, kAddress };

struct Operand {
  Branch branch = Branch::kNone;
  std::size_t begin = 0;  // of its 4 bytes, all inside the block
};

/// Looks at the opcode at `i` alone, never at the operand: that is what makes a step of the filter one-to-one.
/// Conditional jumps and addresses are looked for if `wide`.
[[nodiscard]] inline Operand operand_at(std::span<const std::uint8_t> block, std::size_t i, bool wide) noexcept {
  const unsigned first = block[i];
  const std::size_t left = block.size() - i;
  if ((first & 0xfe) == 0xe8) {  // call, jmp
    return left >= 1 + kX86OperandBytes ? Operand{Branch::kCall, i + 1} : Operand{};
  }
  if (!wide || left < 2 + kX86OperandBytes) {
    return {};
  }
  const unsigned second = block[i + 1];
  if (first == 0x0f && (second & 0xf0) == 0x80) {  // jcc
    return {Branch::kConditional, i + 2};
  }
  // REX.W, then mov or lea, then a ModRM byte that says: rip and 32 bits.
  if ((first & 0xf8) == 0x48 && (second == 0x89 || second == 0x8b || second == 0x8d) && left >= 3 + kX86OperandBytes &&
      (block[i + 2] & 0xc7) == 0x05) {
    return {Branch::kAddress, i + 3};
  }
  return {};
}

[[nodiscard]] inline std::uint32_t read_little(const std::uint8_t* at) noexcept {
  return at[0] | std::uint32_t{at[1]} << 8 | std::uint32_t{at[2]} << 16 | std::uint32_t{at[3]} << 24;
}

/// True if the most significant byte is a sign: distances and targets of less than 2^24.
[[nodiscard]] constexpr bool is_plausible(std::uint8_t most_significant) noexcept {
  return most_significant == 0x00 || most_significant == 0xff;
}

/// The low 25 bits, with the uppermost of them as the sign of all 32: plausible again.
[[nodiscard]] constexpr std::uint32_t wrap_target(std::uint32_t value) noexcept {
  constexpr std::uint32_t kSign = std::uint32_t{1} << (kX86TargetBits - 1);
  return ((value & (2 * kSign - 1)) ^ kSign) - kSign;
}

void apply_x86(bool wide, std::span<std::uint8_t> block) noexcept;
void undo_x86(bool wide, std::span<std::uint8_t> block) noexcept;

}  // namespace foretell
