// Binary arithmetic coder: a queue of bits (first in, first out), one 16-bit probability each, 32-bit state, bytes out.
//
// READ ME FIRST
//
// The range coder's little sister, for models that predict one bit at a time: mixers of contexts, significance maps,
// flags. A bit that is 1 with probability p / 2^16 narrows the interval to its lower p / 2^16, a 0 to what is above.
// Three twists:
//
// 1. The interval is [low, low + range) and `low` may overflow. The bytes above it are written already, so a carry
//    walks back through them (`add_carry`): 0xff bytes turn to 0 until one absorbs it. One always does: the whole
//    interval lies inside [0, 1). The ways to make carries impossible cut the interval where it straddles a byte, which
//    costs bits, and at 32 bits more of them than a 16-bit probability may lose. A carry costs the encoder one compare
//    a bit. Decoders never see one, they keep the message relative to `low`.
// 2. `range` is at least 2^24 before a bit and p at least 1, so both parts are at least 2^8 wide and two bytes always
//    restore it: at most TWO bytes a bit. Bulk encoders reserve that and then write without a check.
// 3. Past the end of a stream the decoder reads zeros, and an interval 2^24 wide holds a multiple of 2^24. So at most
//    ONE byte follows the settled ones: none if a number of only these lies in the last interval, else the lowest byte
//    that makes one. A stream is never longer than ceil(B / 8) bytes, where the last interval is 2^-B wide. For any
//    bits there is one stream, and `check_end` knows it: a decoder that read all the bits tells every other stream,
//    longer, shorter or flipped, from the one that its encoder wrote, unless it already decoded to other bits. A stream
//    carries no number of bits: whoever stores it must know that.
//
// What it costs: the product range * p is exact, and rounding it down moves the split by less than 1 of the 2^24 or
// more. So a 1 costs its ideal -log2(p / 2^16) bits plus at most log2(1 + 1 / (2^8 p)), at worst (p = 1) 0.0056 bits,
// and a 0 costs no more than its ideal. What one gains the other loses: bits that come as often as p says cost less
// than 4e-10 bits each over their entropy, at any p, and the start, a range of 2^32 - 1, costs 4e-10 bits once.
//
// Worked example: bit 1 at p = 2^15 (one half), then bit 0 at p = 2^14 (a quarter):
//     low = 0, range = 2^32 - 1     bound = 2^31 - 1   ->   low = 0, range = 2^31 - 1
//                                   bound = 2^29 - 1   ->   low = 2^29 - 1, range = 2^31 - 2^29
// and the end is 0x20 00 00 00 = 2^29, inside [low, low + range): the stream is the one byte 20, for 1.4 bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "foretell/checksum.hpp"
#include "foretell/errc.hpp"

namespace foretell {

inline constexpr unsigned kProbabilityBits = 16;
inline constexpr std::uint32_t kBinaryBottom = std::uint32_t{1} << 24;  // keeps the split's error below 2^-24
inline constexpr std::uint32_t kBinaryTop = ~std::uint32_t{0};          // 2^32 - 1: 2^32 itself does not fit
inline constexpr std::size_t kBytesPerBit = 2;                          // most that one bit makes an encoder write
inline constexpr std::size_t kBytesPerEnd = 1;                          // most that the end of a stream does
inline constexpr std::size_t kBinaryTailBytes = 4;  // the state's width: most zeros that a decoder may invent

/// Where the interval splits: the width of the part for 1. Both parts are at least 2^8 wide.
[[nodiscard]] inline std::uint32_t split_range(std::uint32_t range, std::uint16_t probability) noexcept {
  return static_cast<std::uint32_t>(std::uint64_t{range} * probability >> kProbabilityBits);
}

// -- encoder: state and the per-bit functions ------------------------------------------------------------------------

struct BinaryEncoderState {
  std::uint32_t low = 0;             // lowest number of the interval; digits above are in the written bytes
  std::uint32_t range = kBinaryTop;  // width of the interval; between bits kBinaryBottom <= range
};

/// Adds one to the number that the bytes up to `end` spell. Some byte is not 0xff (twist 1).
inline void add_carry(std::uint8_t* end) noexcept {
  while (++*--end == 0) {
  }
}

/// Encodes one bit, 0 or 1, and returns the new write pointer; `out` has room for kBytesPerBit bytes.
/// Expects 1 <= probability, of a 1, in 2^-16.
[[nodiscard]] inline std::uint8_t* encode_bit(BinaryEncoderState& state, std::uint8_t* out, std::uint32_t bit,
                                              std::uint16_t probability) noexcept {
  const std::uint32_t bound = split_range(state.range, probability);
  const std::uint32_t is_zero = bit - 1;  // a mask: bits are not predictable, so nothing branches on them
  const std::uint32_t offset = bound & is_zero;
  state.low += offset;
  if (state.low < offset) [[unlikely]] {
    add_carry(out);
  }
  state.range = bound + ((state.range - 2 * bound) & is_zero);
  if (state.range < kBinaryBottom) {
    const unsigned bytes = state.range < (kBinaryBottom >> 8) ? 2 : 1;
    out[0] = static_cast<std::uint8_t>(state.low >> 24);
    out[1] = static_cast<std::uint8_t>(state.low >> 16);  // overwritten by the next byte if it is not settled
    out += bytes;
    state.low <<= 8 * bytes;
    state.range <<= 8 * bytes;
  }
  return out;
}

/// Writes the end of the stream, at most kBytesPerEnd bytes, and returns the new write pointer.
[[nodiscard]] std::uint8_t* end_bits(const BinaryEncoderState& state, std::uint8_t* out) noexcept;

// -- decoder ---------------------------------------------------------------------------------------------------------

struct BinaryDecoderState {
  std::uint32_t code = 0;            // the message minus low; below range
  std::uint32_t range = kBinaryTop;  // as the encoder's
  std::uint32_t window = 0;          // the last four bytes of the message, so window - code is the encoder's low
  const std::uint8_t* next = nullptr;
  const std::uint8_t* end = nullptr;  // next <= end
  std::uint32_t zeros = 0;            // bytes invented past the end, <= kBinaryTailBytes
};

/// Reads one byte, zero past the end; kTruncated when that takes more zeros than any encoder leaves away.
[[nodiscard]] inline Errc read_byte(BinaryDecoderState& state) noexcept {
  std::uint32_t byte = 0;
  Errc status = Errc::kOk;
  if (state.next != state.end) [[likely]] {
    byte = *state.next++;
  } else if (state.zeros == kBinaryTailBytes) {
    status = Errc::kTruncated;
  } else {
    ++state.zeros;
  }
  state.code = state.code << 8 | byte;
  state.window = state.window << 8 | byte;
  return status;
}

/// Starts reading `data`, which must outlive the state; kCorrupt if it begins with a number above every message.
[[nodiscard]] inline Errc begin_bits(BinaryDecoderState& state, std::span<const std::uint8_t> data) noexcept {
  state = {.next = data.data(), .end = data.data() + data.size()};
  for (std::size_t i = 0; i < kBinaryTailBytes; ++i) {
    static_cast<void>(read_byte(state));  // even an empty stream needs no more than kBinaryTailBytes zeros
  }
  return state.code < state.range ? Errc::kOk : Errc::kCorrupt;
}

/// Decodes one bit; kTruncated if the stream ends before it. Damage gives other bits, never an access outside the
/// stream or an endless loop. Expects 1 <= probability, of a 1, in 2^-16.
[[nodiscard]] inline Errc decode_bit(BinaryDecoderState& state, std::uint16_t probability,
                                     std::uint32_t& bit) noexcept {
  const std::uint32_t bound = split_range(state.range, probability);
  bit = state.code < bound ? 1 : 0;
  const std::uint32_t is_zero = bit - 1;
  state.code -= bound & is_zero;
  state.range = bound + ((state.range - 2 * bound) & is_zero);
  if (state.range >= kBinaryBottom) {
    return Errc::kOk;
  }
  Errc status = read_byte(state);
  state.range <<= 8;
  if (state.range < kBinaryBottom) {
    status = read_byte(state);  // truncated again if it was before
    state.range <<= 8;
  }
  return status;
}

/// Compares the end of the stream with the one that an encoder writes for the bits decoded; kCorrupt if it is another.
[[nodiscard]] Errc check_end(const BinaryDecoderState& state) noexcept;

// -- whole streams: own their memory, check their input, throw foretell::Error ---------------------------------------
//
// After an error the object is in a failed state and refuses further use: a stream with a hole decodes to wrong bits.
// Not safe to share between threads without a lock. A decoder must be told whether its stream has a checksum
// (checksum.hpp), which is 32 bits of probability one half, the highest first.

class BinaryEncoder {
 public:
  explicit BinaryEncoder(bool with_checksum = false) : with_checksum_(with_checksum) {}

  /// Encodes bits.size() bits, each 0 or 1; probabilities[i] / 2^16, never 0, is the probability that bits[i] is 1.
  void encode(std::span<const std::uint8_t> bits, std::span<const std::uint16_t> probabilities);

  /// Encodes one bit.
  void encode_bit(int bit, int probability);

  /// Ends the stream and returns it; the encoder takes no more bits.
  [[nodiscard]] std::vector<std::uint8_t> finish();

 private:
  /// Makes room for `count` more bytes and returns where to write the first.
  [[nodiscard]] std::uint8_t* reserve(std::size_t count);
  void keep(const std::uint8_t* end) noexcept { size_ = static_cast<std::size_t>(end - bytes_.data()); }

  bool with_checksum_;
  bool usable_ = true;
  BinaryEncoderState state_;
  Checksum checksum_;                // of each bit with its probability
  std::vector<std::uint8_t> bytes_;  // the first size_ are written
  std::size_t size_ = 0;
};

class BinaryDecoder {
 public:
  /// `data` is one whole stream and must outlive the decoder. Throws kCorrupt if no stream begins as it does.
  explicit BinaryDecoder(std::span<const std::uint8_t> data, bool with_checksum = false);

  /// Decodes bits.size() bits, one probability each, as 0 or 1.
  void decode(std::span<const std::uint16_t> probabilities, std::span<std::uint8_t> bits);

  /// Decodes one bit.
  [[nodiscard]] int decode_bit(int probability);

  /// True if the stream is the one that an encoder writes for the bits decoded so far. False in a failed state.
  [[nodiscard]] bool is_exhausted() const noexcept;

  /// Throws kCorrupt or kTruncated unless is_exhausted().
  void finish();

 private:
  /// What `finish` finds.
  [[nodiscard]] Errc check_finish() const noexcept;

  bool with_checksum_;
  Errc failure_ = Errc::kOk;
  BinaryDecoderState state_;
  Checksum checksum_;
};

}  // namespace foretell
