// Range coder: a queue of symbols (first in, first out), 64-bit state, 32-bit renormalisation, bytes out.
//
// READ ME FIRST
//
// An arithmetic coder narrows an interval of [0, 1). A symbol that owns [start, start + freq) of the 2^P slots of its
// CDF narrows the interval to that part of itself; the message is any number inside the last interval. This one keeps
// the 64 bits of the interval that still move. Three twists:
//
// 1. The interval is [low, low + range) and `low` may overflow. The digits above it are written already, so a carry
//    walks back through the written words (`propagate_carry`): 0xffffffff words turn to 0 until one absorbs it. One
//    always does: the whole interval lies inside [0, 1). Decoders never see a carry, they keep the message relative to
//    `low`.
// 2. `range` is at least 2^32 before a symbol and a CDF has at most 2^32 slots, so a slot is at least 1 wide
//    (r = range >> P >= 1), no symbol is lost, and one 32-bit shift always restores range >= 2^32: at most ONE word a
//    symbol. Bulk encoders reserve a word for each symbol and then write without a check.
// 3. Past the end of a stream the decoder reads zeros. So the end is the number in the last interval with the most
//    trailing zero bytes, and those are not written. It takes no extra bytes: n bytes hold a multiple of 2^-8n in any
//    interval at least that wide, so a stream is never longer than ceil(B / 8) bytes, where the last interval is 2^-B
//    wide. A stream carries no length of its own: whoever stores it must know where it ends, and how many symbols it
//    has.
//
// What it costs: r = range >> P drops at most 2^P of range, so a symbol costs its ideal -log2(freq / 2^P) bits plus at
// most log2(1 + 2^(P-32)): 0.0056 bits at P = 24, 2e-5 at P = 16, 1 at P = 32. That is the worst range; on average over
// ranges it is about 44 times less (0.00013 bits at P = 24, 0.03 at P = 32).
//
// Worked example, P = 2, CDF 0 1 2 4, symbol 2 (start 2, freq 2) then symbol 1 (start 1, freq 1):
//     low = 0, range = 2^64 - 1     r = 2^62 - 1   ->   low = 2^63 - 2, range = 2^63 - 2
//                                   r = 2^61 - 1   ->   low = 2^63 + 2^61 - 3, range = 2^61 - 1
// and the end is 0xa0 00 .. 00 = 2^63 + 2^61, inside [low, low + range): the stream is the one byte a0, for 3 bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "foretell/cdf_rows.hpp"
#include "foretell/checksum.hpp"
#include "foretell/errc.hpp"
#include "foretell/integers.hpp"
#include "foretell/pick.hpp"
#include "foretell/static_table.hpp"

namespace foretell {

inline constexpr unsigned kMinPrecision = 1;
inline constexpr unsigned kMaxPrecision = 32;  // range >> P must stay >= 1 for range >= kRangeBottom
inline constexpr std::uint64_t kRangeBottom = std::uint64_t{1} << 32;
inline constexpr std::uint64_t kRangeTop = ~std::uint64_t{0};  // 2^64 - 1: 2^64 itself does not fit, costs 2^-64 bits
inline constexpr std::size_t kTailBytes = 8;  // the state's width: most zeros that a decoder may invent

// -- encoder: state and the per-symbol functions ---------------------------------------------------------------------

struct RangeEncoderState {
  std::uint64_t low = 0;            // lowest number of the interval; digits above are in the written words
  std::uint64_t range = kRangeTop;  // width of the interval; between symbols kRangeBottom <= range
};

/// Adds one to the number that the words up to `end` spell. Some word is not 0xffffffff (twist 1).
inline void propagate_carry(std::uint32_t* end) noexcept {
  while (++*--end == 0) {
  }
}

/// Encodes one symbol and returns the new write pointer; `out` has room for one word, as a number (not yet big-endian).
/// Expects 1 <= freq and start + freq <= 2^precision.
[[nodiscard]] inline std::uint32_t* encode_symbol(RangeEncoderState& state, std::uint32_t* out, std::uint64_t start,
                                                  std::uint64_t freq, unsigned precision) noexcept {
  const std::uint64_t slot = state.range >> precision;
  const std::uint64_t offset = slot * start;
  state.low += offset;
  if (state.low < offset) [[unlikely]] {
    propagate_carry(out);
  }
  const std::uint64_t range = slot * freq;
  *out = static_cast<std::uint32_t>(state.low >> 32);  // overwritten by the next word if it is not settled
  out += range < kRangeBottom ? 1 : 0;
  state.low = pick_less(range, kRangeBottom, state.low << 32, state.low);
  state.range = pick_less(range, kRangeBottom, range << 32, range);
  return out;
}

// -- decoder ---------------------------------------------------------------------------------------------------------

struct RangeDecoderState {
  std::uint64_t code = 0;           // the message minus low; a valid one stays below range
  std::uint64_t range = kRangeTop;  // as the encoder's
  const std::uint8_t* next = nullptr;
  const std::uint8_t* end = nullptr;  // next <= end
  std::uint32_t zeros = 0;            // bytes invented past the end, <= kTailBytes
};

/// Reads 4 bytes, most significant first.
[[nodiscard]] inline std::uint32_t load_big(const std::uint8_t* bytes) noexcept {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
}

/// The same, with zeros past the end; kTruncated when that takes more zeros than any encoder leaves away.
[[nodiscard]] inline Errc read_word(RangeDecoderState& state, std::uint32_t& word) noexcept {
  const auto left = static_cast<std::size_t>(state.end - state.next);
  const std::size_t taken = left < 4 ? left : 4;
  word = 0;
  for (std::size_t i = 0; i < taken; ++i) {
    word |= std::uint32_t{state.next[i]} << (24 - 8 * i);
  }
  state.next += taken;
  state.zeros += static_cast<std::uint32_t>(4 - taken);
  return state.zeros > kTailBytes ? Errc::kTruncated : Errc::kOk;
}

/// Starts reading `data`, which must outlive the state.
[[nodiscard]] inline RangeDecoderState begin_decode(std::span<const std::uint8_t> data) noexcept {
  RangeDecoderState state{.next = data.data(), .end = data.data() + data.size()};
  for (int i = 0; i < 2; ++i) {
    std::uint32_t word = 0;
    static_cast<void>(read_word(state, word));  // 8 bytes: even an empty stream needs no more than kTailBytes zeros
    state.code = state.code << 32 | word;
  }
  return state;
}

/// Finds which of the 2^precision slots the message lies in; kCorrupt if it lies above them all.
[[nodiscard]] inline Errc find_slot(const RangeDecoderState& state, unsigned precision, std::uint64_t& slot) noexcept {
  slot = state.code / (state.range >> precision);
  return slot >> precision != 0 ? Errc::kCorrupt : Errc::kOk;
}

/// Narrows to the symbol that owns [start, start + freq), which must hold the slot just found.
[[nodiscard, gnu::always_inline]] inline Errc consume_symbol(RangeDecoderState& state, std::uint64_t start,
                                                             std::uint64_t freq, unsigned precision) noexcept {
  const std::uint64_t slot_width = state.range >> precision;
  const std::uint64_t code = state.code - slot_width * start;
  const std::uint64_t range = slot_width * freq;
  if (state.end - state.next >= 4) [[likely]] {
    const std::uint64_t word = load_big(state.next);
    state.next += range < kRangeBottom ? 4 : 0;
    state.code = pick_less(range, kRangeBottom, code << 32 | word, code);
    state.range = pick_less(range, kRangeBottom, range << 32, range);
    return Errc::kOk;
  }
  state.code = code;
  state.range = range;
  if (range >= kRangeBottom) {
    return Errc::kOk;
  }
  std::uint32_t word = 0;
  const Errc status = read_word(state, word);
  state.code = code << 32 | word;
  state.range = range << 32;
  return status;
}

/// Symbols below .. below + length - 1, among them the one that is looked for.
struct SymbolRange {
  std::size_t below;
  std::size_t length;
};

/// Halves the symbols of a row until at most `enough` are left. row[below] <= slot holds all the time, and
/// row[below + length] is above the slot or the end.
template <typename Integer>
[[nodiscard]] inline SymbolRange halve_symbols(const Integer* row, std::size_t vocabulary, std::uint64_t slot,
                                               std::size_t enough) noexcept {
  SymbolRange left{0, vocabulary};
  while (left.length > enough) {
    const std::size_t half = left.length / 2;
    const std::uint64_t middle = row[left.below + half];
    left.below = pick_less(slot, middle, left.below, left.below + half);
    left.length = pick_less(slot, middle, half, left.length - half);
  }
  return left;
}

/// The search of decode_symbol, by halves; as fast as any where nothing is known of the processor.
struct SearchByHalves {
  template <typename Integer>
  std::size_t operator()(const Integer* row, std::size_t vocabulary, std::uint64_t slot) const noexcept {
    return halve_symbols(row, vocabulary, slot, 1).below;
  }
};

/// Decodes one symbol with its CDF: V + 1 integers from 0 to 2^precision. A CDF that breaks its rules gives
/// kInvalidArgument or a symbol that its encoder would not have meant, never an access outside `cdf` or an endless
/// loop. `search(row, V, slot)` returns how many of the entries 1 .. V-1 are not above the slot; `checksum` takes in
/// what was decoded.
template <typename Integer, typename Search = SearchByHalves, typename Sum = const NoChecksum>
[[nodiscard, gnu::always_inline]] inline Errc decode_symbol(RangeDecoderState& state, std::span<const Integer> cdf,
                                                            unsigned precision, std::uint32_t& symbol,
                                                            Search search = {}, Sum& checksum = kNoChecksum) noexcept {
  const std::uint64_t total = std::uint64_t{1} << precision;
  if (cdf.size() < 2 || cdf.front() != 0 || cdf.back() != static_cast<Integer>(total)) {
    return Errc::kInvalidArgument;
  }
  std::uint64_t slot = 0;
  if (const Errc status = find_slot(state, precision, slot); status != Errc::kOk) {
    return status;
  }
  const std::size_t found = search(cdf.data(), cdf.size() - 1, slot);
  const std::uint64_t start = cdf[found];
  const std::uint64_t next = slots_end(cdf, found, total);
  if (start > slot || next <= slot || next > total) {
    return Errc::kInvalidArgument;
  }
  symbol = static_cast<std::uint32_t>(found);
  checksum.add(start, next - start);
  return consume_symbol(state, start, next - start, precision);
}

/// Compares the end of the stream with the one that an encoder writes for the symbols decoded (twist 3); kCorrupt if it
/// is another. For any symbols there is one stream.
[[nodiscard]] Errc check_end(const RangeDecoderState& state) noexcept;

// -- a checksum as the last symbols of a stream (checksum.hpp) -------------------------------------------------------

/// Encodes the digest; `out` has room for two words.
[[nodiscard]] std::uint32_t* encode_digest(RangeEncoderState& state, std::uint32_t* out, std::uint32_t digest) noexcept;

/// Decodes a digest; kCorrupt if it is another than `expected`, kTruncated if the stream ends before it.
[[nodiscard]] Errc decode_digest(RangeDecoderState& state, std::uint32_t expected) noexcept;

// -- whole streams: own their memory, check their input, throw foretell::Error ---------------------------------------
//
// After an error the object is in a failed state and refuses further use: a stream with a hole decodes to wrong
// symbols. Not safe to share between threads without a lock. Starts and frequencies are std::uint32_t or
// std::uint64_t; CDFs as CdfRows says. Precision 32 needs std::uint64_t. Decoders of streams with a checksum must be
// told so.

/// Throws kInvalidArgument unless kMinPrecision <= precision <= kMaxPrecision.
void check_precision(unsigned precision);

/// Growing store of an encoder's words, and the end of its stream.
class EncodedWords {
 public:
  /// Makes room for `count` more words and returns where to write the first.
  [[nodiscard]] std::uint32_t* reserve(std::size_t count) {
    if (capacity_ - size_ < count) [[unlikely]] {
      grow(count);
    }
    return words_.get() + size_;
  }
  /// Keeps what was written up to `end`.
  void commit(const std::uint32_t* end) noexcept { size_ = static_cast<std::size_t>(end - words_.get()); }
  /// Returns the stream: the words, then the fewest bytes that end it (twist 3).
  [[nodiscard]] std::vector<std::uint8_t> finish(const RangeEncoderState& state);

 private:
  void grow(std::size_t count);

  std::unique_ptr<std::uint32_t[]> words_;  // the first size_ are written
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

class RangeEncoder {
 public:
  explicit RangeEncoder(unsigned precision, bool with_checksum = false);

  [[nodiscard]] unsigned precision() const noexcept { return precision_; }

  /// Encodes start.size() symbols, the i-th owning slots [start[i], start[i] + freq[i]).
  template <typename Integer>
  void encode(std::span<const Integer> start, std::span<const Integer> freq);

  /// Encodes symbols.size() symbols; cdf[i] is the CDF of symbols[i].
  template <typename Integer>
  void encode_symbols(std::span<const std::uint32_t> symbols, CdfRows<Integer> cdf);

  /// Encodes symbols with a table of the same precision; index[i] names the row of symbols[i], and is needed only if
  /// the table has several. The stream is that of encode_symbols with those rows. Throws kInvalidArgument, and changes
  /// nothing, if a symbol is outside its row or an index outside the table.
  void encode_table(Integers symbols, const StaticTable& table, Integers index = {});

  /// Ends the stream and returns it; the encoder takes no more symbols.
  [[nodiscard]] std::vector<std::uint8_t> finish();

 private:
  unsigned precision_;
  bool with_checksum_;
  bool usable_ = true;
  RangeEncoderState state_;
  Checksum checksum_;
  EncodedWords words_;
};

class RangeDecoder {
 public:
  /// `data` is one whole stream and must outlive the decoder.
  RangeDecoder(std::span<const std::uint8_t> data, unsigned precision, bool with_checksum = false);

  [[nodiscard]] unsigned precision() const noexcept { return precision_; }

  /// Decodes symbols.size() symbols, one row of `cdf` each.
  template <typename Integer>
  void decode(CdfRows<Integer> cdf, std::span<std::uint32_t> symbols);

  /// Decodes symbols.size() symbols with a table; `index` as in encode_table, `Symbol` is std::uint16_t, or
  /// std::uint8_t if table.fits_byte().
  template <typename Symbol>
  void decode_table(const StaticTable& table, std::span<Symbol> symbols, Integers index = {});

  /// True if the stream is the one that an encoder writes for the symbols decoded so far. False in a failed state.
  [[nodiscard]] bool is_exhausted() const noexcept;

  /// Throws kCorrupt or kTruncated unless is_exhausted().
  void finish();

 private:
  unsigned precision_;
  bool with_checksum_;
  Errc failure_ = Errc::kOk;
  RangeDecoderState state_;
  Checksum checksum_;
};

}  // namespace foretell
