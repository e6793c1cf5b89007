// A CDF for many symbols, or a set of CDFs of which each symbol names one, made ready once: no division to encode with
// them, hardly a search to decode.
//
// Decoders want all that they need of a slot in one access. Which one is best depends on what waits for it:
//
// - rANS, interleaved, waits for none: for one CDF an entry of 8 bytes for each of the 2^P slots, in a slow cache at
//   P = 16 (512 KiB) and in the fastest up to P = 12 (32 KiB).
// - A range decoder waits out every access. The slots of a CDF are cut into 2^B buckets of equal size, few enough for a
//   fast cache, that keep two symbols each: that of the first slot and the next one. Mostly a bucket lies in those,
//   unless its symbols are rare; then so is the search that follows.
// - rANS with a set of CDFs, for which entries for each slot are too large (256 of them: 128 MiB): buckets of 2 bytes,
//   four times as many in less memory, that keep only the symbol of the first slot. What follows it is compared, eight
//   symbols at a time, without a branch that noise decides.
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
  std::uint16_t unused;    // 0: vector kernels read the last 8 bytes as a number
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

/// What a range decoder needs of the slots that share their upper B bits.
struct TableBucket {
  std::uint16_t symbol;     // that of the first slot
  std::uint16_t start;      // its first slot
  std::uint16_t last;       // its last slot
  std::uint16_t next_last;  // the last slot of symbol + 1, or again `last` if there is none
};

// Slots that end symbols are compared so many at a time, which may be more than are left of a row.
inline constexpr std::size_t kLastsBehind = 8;

/// Immutable: may be shared between coders and threads.
class StaticTable {
 public:
  /// One CDF: V + 1 integers, strictly rising from 0 to 2^precision (2^16 is 0 in std::uint16_t). Throws
  /// kInvalidArgument if it does not, or precision exceeds kMaxTablePrecision.
  template <typename Integer>
  StaticTable(std::span<const Integer> cdf, unsigned precision);

  /// A set of R >= 1 such CDFs of equal length: `cdfs` is row-major, `row_size` = V + 1.
  template <typename Integer>
  StaticTable(std::span<const Integer> cdfs, std::size_t row_size, unsigned precision);

  /// A set of R >= 1 such CDFs of any lengths.
  StaticTable(std::span<const std::vector<std::uint64_t>> cdfs, unsigned precision);

  [[nodiscard]] unsigned precision() const noexcept { return precision_; }
  /// R.
  [[nodiscard]] std::size_t rows() const noexcept { return first_symbols_.size() - 1; }
  /// The largest V.
  [[nodiscard]] std::size_t vocabulary() const noexcept { return vocabulary_; }
  [[nodiscard]] std::size_t vocabulary(std::size_t row) const noexcept {
    return first_symbols_[row + 1] - first_symbols_[row];
  }
  /// True if all rows have V symbols.
  [[nodiscard]] bool has_equal_rows() const noexcept { return symbols_.size() == rows() * vocabulary_; }
  /// True if symbols fit std::uint8_t. They always fit std::uint16_t.
  [[nodiscard]] bool fits_byte() const noexcept { return vocabulary() <= 256; }

  /// Row after row, [V of the row] each.
  [[nodiscard]] const TableSymbol* symbols() const noexcept { return symbols_.data(); }
  /// [R + 1]: where in symbols() a row begins.
  [[nodiscard]] const std::uint32_t* first_symbols() const noexcept { return first_symbols_.data(); }
  /// [2^precision] for one CDF, nothing for a set.
  [[nodiscard]] const std::uint64_t* slots() const noexcept { return slots_.data(); }

  /// B.
  [[nodiscard]] unsigned bucket_bits() const noexcept { return bucket_bits_; }
  /// [R, 2^B]
  [[nodiscard]] const TableBucket* buckets() const noexcept { return buckets_.data(); }
  /// log2 of how many begins() there are in a row.
  [[nodiscard]] unsigned begin_bits() const noexcept { return begin_bits_; }
  /// [R, 2^begin_bits] for a set, nothing for one CDF: the symbol of the first of the slots that share their upper
  /// bits.
  [[nodiscard]] const std::uint16_t* begins() const noexcept { return begins_.data(); }
  /// Row after row the last slot of each symbol, then kLastsBehind numbers 0xffff; one such number stands before all.
  [[nodiscard]] const std::uint16_t* lasts() const noexcept { return lasts_.data() + 1; }

 private:
  template <typename Integer>
  void append(std::span<const Integer> cdf);
  void fill_buckets();
  void fill_begins();
  void fill_slots();
  void finish();

  unsigned precision_;
  unsigned bucket_bits_ = 0;  // <= precision_
  unsigned begin_bits_ = 0;   // <= precision_
  std::size_t vocabulary_ = 0;
  std::vector<std::uint32_t> first_symbols_{0};
  std::vector<TableSymbol> symbols_;
  std::vector<std::uint64_t> slots_;
  std::vector<TableBucket> buckets_;
  std::vector<std::uint16_t> begins_;
  std::vector<std::uint16_t> lasts_{0xffff};
};

}  // namespace foretell
