// One CDF for all symbols, made ready once: no division to encode with it, no search to decode.
//
// Decoders read all that they need of a slot from one of 2^P entries of 8 bytes: one access, that of a slow cache at
// P = 16 (512 KiB) and of the fastest up to P = 12 (32 KiB).
//
// Encoders divide by a symbol's freq f with one multiplication. For every x < f * 2^(64-P) they need floor(x / f)
// exactly. Let 2^(k-1) < f <= 2^k and D = 2^(63+k) (the bits that a 64-bit reciprocal of f can hold: D / f < 2^64), and
// let D = m f + e with 0 <= e < f.
//     up:   floor(x (m + 1) / D)   is x / f too large by x (f - e) / (f D); exact if that is below 1 / f:  x (f - e) <
//     D down: floor((x + 1) m / D)   is (x + 1) / f too small by (x + 1) e / (f D); exact if that is at most 1 / f,
//     which
//                                  keeps it in [q, q + 1) for x = q f .. q f + f - 1:                   (x + 1) e <= D
// One of f - e and e is at most f / 2, and x + 1 <= f * 2^(64-P), so its product is at most f^2 * 2^(63-P). That is at
// most D = 2^(63+k) if f^2 <= 2^(k+P), and it is: f <= 2^k and f <= 2^P. (Up's "below" holds as x is less than x + 1.)
// If e = 0, f is a power of two and m = D / f itself is exact: "up" by nothing. For f = 1, where D / f = 2^64 does not
// fit with k = 0, "down" with D = 2^64, m = 2^64 - 1, e = 1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace foretell {

inline constexpr unsigned kMaxTablePrecision = 16;  // freq - 1, start and symbol fit 16 bits

/// The upper half of the 128-bit product.
[[nodiscard]] inline std::uint64_t multiply_high(std::uint64_t a, std::uint64_t b) noexcept {
#if defined(__SIZEOF_INT128__)
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>(static_cast<Wide>(a) * b >> 64);
#else
  const std::uint64_t low = (a & 0xffffffff) * (b & 0xffffffff);
  const std::uint64_t left = (a >> 32) * (b & 0xffffffff) + (low >> 32);
  const std::uint64_t right = (a & 0xffffffff) * (b >> 32) + (left & 0xffffffff);
  return (a >> 32) * (b >> 32) + (left >> 32) + (right >> 32);
#endif
}

/// What an encoder needs of one symbol.
struct TableSymbol {
  std::uint64_t reciprocal;    // m or m + 1
  std::uint16_t freq_minus_1;  // freq is 1..2^16
  std::uint16_t start;
  std::uint8_t increment;  // of x: 1 for "down", 0 for "up"
  std::uint8_t shift;      // log2(D) - 64
};

/// floor(x / freq), for x < freq * 2^(64-P).
[[nodiscard]] inline std::uint64_t divide(std::uint64_t x, const TableSymbol& symbol) noexcept {
  return multiply_high(x + symbol.increment, symbol.reciprocal) >> symbol.shift;
}

/// Returns the constants for 1 <= freq <= 2^kMaxTablePrecision.
[[nodiscard]] TableSymbol make_table_symbol(std::uint32_t start, std::uint32_t freq) noexcept;

/// What a decoder needs of one slot, in one number: freq in the low 32 bits, then 16 of slot - start, 16 of the symbol.
[[nodiscard]] inline std::uint64_t slot_freq(std::uint64_t entry) noexcept { return entry & 0xffffffff; }
[[nodiscard]] inline std::uint64_t slot_offset(std::uint64_t entry) noexcept { return entry >> 32 & 0xffff; }
[[nodiscard]] inline std::uint16_t slot_symbol(std::uint64_t entry) noexcept {
  return static_cast<std::uint16_t>(entry >> 48);
}

/// Immutable: may be shared between coders and threads.
class StaticTable {
 public:
  /// `cdf` holds V + 1 integers, strictly rising from 0 to 2^precision (2^16 is 0 in std::uint16_t); throws
  /// kInvalidArgument if it does not, or precision exceeds kMaxTablePrecision.
  template <typename Integer>
  StaticTable(std::span<const Integer> cdf, unsigned precision);

  [[nodiscard]] unsigned precision() const noexcept { return precision_; }
  [[nodiscard]] std::size_t vocabulary() const noexcept { return symbols_.size(); }
  /// True if symbols fit std::uint8_t. They always fit std::uint16_t.
  [[nodiscard]] bool fits_byte() const noexcept { return vocabulary() <= 256; }

  /// [V]
  [[nodiscard]] const TableSymbol* symbols() const noexcept { return symbols_.data(); }
  /// [2^precision]
  [[nodiscard]] const std::uint64_t* slots() const noexcept { return slots_.data(); }

 private:
  unsigned precision_;
  std::vector<TableSymbol> symbols_;
  std::vector<std::uint64_t> slots_;
};

}  // namespace foretell
