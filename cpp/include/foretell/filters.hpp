// Filters: one-to-one changes of a block of bytes, made before it is coded and undone after it is decoded.
//
// READ ME FIRST
// 1. Any block of any length goes through any filter and comes back; none grows it. In place, one pass, no memory.
// 2. A filter is two small numbers that go into the file, kind and parameter. FROZEN: docs/format.md, "Filters",
// defines
//    each of them, and a change of any is a new kind.
// 3. Few data profit. A model that mixes contexts sees a difference by itself if one of its contexts is the byte that
// it
//    is taken to; what it cannot see is arithmetic that spans bytes. So 16-bit samples lose 5 % and x86 code 5 to 20 %
//    of their size, but bytes of most tables, images and texts are better left alone. probe.hpp decides.
//
// x86: a call holds the distance to its target, so calls to one function from many places all look different. The
// filter writes the target instead, the more significant bytes first, since they are the more certain ones. A distance
// that is not plausible (not within 2^24) is left alone. Every place is a step of its own, one-to-one on the block
// whatever the other places hold; apply takes them from the last to the first and undo from the first to the last. So
// what is an instruction need not be known, and overlaps do no harm.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "foretell/errc.hpp"

namespace foretell {

enum class FilterKind : std::uint8_t {
  kNone = 0,           // parameter 0
  kDelta = 1,          // less the byte `parameter` earlier
  kDelta16Little = 2,  // of 16-bit samples, the less significant byte first; parameter: DeltaSamples
  kDelta16Big = 3,     // the same, the more significant byte first
  kX86 = 4,            // targets of branches; parameter: kX86Calls or kX86Wide
};

inline constexpr unsigned kMostStride = 32;   // bytes from a sample to the one that it is compared to
inline constexpr std::uint8_t kX86Calls = 0;  // E8 and E9: call and jmp
inline constexpr std::uint8_t kX86Wide =
    1;  // also 0F 8x, conditional jumps, and addresses relative to rip, of 64-bit code
inline constexpr unsigned kX86TargetBits = 25;  // targets are kept modulo 2^25, with a sign

struct Filter {
  FilterKind kind = FilterKind::kNone;
  std::uint8_t parameter = 0;

  bool operator==(const Filter&) const = default;
};

/// The parameter of kDelta16Little and kDelta16Big: an even stride, 2..kMostStride, plus the phase, 0 or 1: whether
/// samples start at even or at odd positions of the block.
[[nodiscard]] constexpr std::uint8_t delta16_parameter(unsigned stride, unsigned phase) noexcept {
  return static_cast<std::uint8_t>(stride + phase);
}

/// True for the kinds and parameters defined above.
[[nodiscard]] bool is_known(Filter filter) noexcept;

/// The filter of two numbers read from a file; throws kCorrupt if there is none.
[[nodiscard]] Filter read_filter(std::uint64_t kind, std::uint64_t parameter);

/// Filters the block in place; throws kInvalidArgument unless is_known(filter).
void apply_filter(Filter filter, std::span<std::uint8_t> block);

/// Undoes apply_filter with the same filter on a block of the same length; throws kCorrupt unless is_known(filter).
void undo_filter(Filter filter, std::span<std::uint8_t> block);

}  // namespace foretell
