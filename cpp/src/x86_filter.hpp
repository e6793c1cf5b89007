// Branches of x86 code: where their operands may be, for the filter and for the probe that decides on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "foretell/filters.hpp"

namespace foretell {

inline constexpr std::size_t kX86OperandBytes = 4;

/// Common instructions without other operands behind the address: arithmetic, cmp, test, mov, lea, and those of FF,
/// which call and push among others.
[[nodiscard]] constexpr bool addresses(unsigned opcode) noexcept {
  switch (opcode) {
    case 0x03:
    case 0x2b:
    case 0x33:
    case 0x39:
    case 0x3b:
    case 0x63:
    case 0x85:
    case 0x89:
    case 0x8b:
    case 0x8d:
    case 0xff:
      return true;
    default:
      return false;
  }
}

/// Returns where the 4 bytes of the operand of a branch at `i` begin, all of them inside the block, or 0 if none seems
/// to be there. Conditional jumps and addresses are looked for if `wide`. Looks at the opcode alone, never at the
/// operand: that is what makes a step of the filter one-to-one.
[[nodiscard]] inline std::size_t operand_at(std::span<const std::uint8_t> block, std::size_t i, bool wide) noexcept {
  const unsigned first = block[i];
  const std::size_t left = block.size() - i;
  if ((first & 0xfe) == 0xe8) {  // call, jmp
    return left >= 1 + kX86OperandBytes ? i + 1 : 0;
  }
  if (!wide || left < 2 + kX86OperandBytes) {
    return 0;
  }
  const unsigned second = block[i + 1];
  const bool conditional = first == 0x0f && (second & 0xf0) == 0x80;
  const bool address = (second & 0xc7) == 0x05 && addresses(first);  // a ModRM byte that says: rip and 32 bits
  return conditional || address ? i + 2 : 0;
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
