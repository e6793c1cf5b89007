#include "foretell/binary_coder.hpp"

#include <algorithm>
#include <string>

#include "checks.hpp"

namespace foretell {
namespace {

// Bits for which memory is reserved at once: two bytes for every bit of a long message would be sixteen times too much.
constexpr std::size_t kChunk = 4096;

[[noreturn]] void throw_bad_bit(const std::string& where, int bit) {
  throw Error(Errc::kInvalidArgument, where + ": " + std::to_string(bit) + " is neither 0 nor 1");
}

[[noreturn]] void throw_bad_probability(const std::string& where, int probability) {
  throw Error(Errc::kInvalidArgument,
              where + ": " + std::to_string(probability) + " is not in 1..65535, the chance of a 1 in 2^-16");
}

[[noreturn]] void throw_cut(const std::string& where) {
  throw Error(Errc::kTruncated, where + ": the stream ends before this bit; it was cut, or holds fewer bits");
}

constexpr std::uint16_t kHalf = 1 << (kProbabilityBits - 1);

constexpr bool is_bit(int bit) noexcept { return bit == 0 || bit == 1; }

constexpr bool is_probability(int probability) noexcept { return probability >= 1 && probability <= 0xffff; }

/// The end of a stream (twist 3): its byte, if it has one.
struct End {
  std::uint32_t value;  // of the message's last four bytes: the byte, and three zeros
  std::uint32_t bytes;  // 0 or 1
};

End find_end(std::uint32_t low, std::uint32_t range) noexcept {
  const std::uint32_t up = std::uint32_t{0} - low;  // from low to the next multiple of 2^32: 0, or behind a carry
  if (up < range) {
    return {0, 0};
  }
  return {low + (up & (kBinaryBottom - 1)), 1};  // below 2^32, which is not in the interval
}

}  // namespace

std::uint8_t* end_bits(const BinaryEncoderState& state, std::uint8_t* out) noexcept {
  const End end = find_end(state.low, state.range);
  if (end.bytes != 0) {
    *out++ = static_cast<std::uint8_t>(end.value >> 24);
  } else if (state.low != 0) {
    add_carry(out);
  }
  return out;
}

Errc check_end(const BinaryDecoderState& state) noexcept {
  const End end = find_end(state.window - state.code, state.range);
  // Three zeros or four: more were invented than read, so nothing is left either.
  return state.window == end.value && state.zeros == kBinaryTailBytes - end.bytes ? Errc::kOk : Errc::kCorrupt;
}

// -- encoder ---------------------------------------------------------------------------------------------------------

std::uint8_t* BinaryEncoder::reserve(std::size_t count) {
  if (bytes_.size() - size_ < count) {
    bytes_.resize(std::max(size_ + count, bytes_.size() * 2));
  }
  return bytes_.data() + size_;
}

void BinaryEncoder::encode(std::span<const std::uint8_t> bits, std::span<const std::uint16_t> probabilities) {
  if (!usable_) {
    throw_unusable_encoder();
  }
  if (bits.size() != probabilities.size()) {
    throw Error(Errc::kInvalidArgument, "bits, probabilities: expected as many of both, got " +
                                            std::to_string(bits.size()) + " and " +
                                            std::to_string(probabilities.size()));
  }
  usable_ = false;  // whatever is thrown from here on leaves a hole in the stream
  with_checksum(with_checksum_, checksum_, [&](auto& checksum) {
    BinaryEncoderState state = state_;
    for (std::size_t first = 0; first < bits.size(); first += kChunk) {
      const std::size_t last = std::min(first + kChunk, bits.size());
      std::uint8_t* out = reserve(kBytesPerBit * (last - first));
      for (std::size_t i = first; i < last; ++i) {
        const std::uint8_t bit = bits[i];
        const std::uint16_t probability = probabilities[i];
        if (bit > 1) [[unlikely]] {
          throw_bad_bit("bits[" + std::to_string(i) + "]", bit);
        }
        if (probability == 0) [[unlikely]] {
          throw_bad_probability("probabilities[" + std::to_string(i) + "]", probability);
        }
        checksum.add(bit, probability);
        out = foretell::encode_bit(state, out, bit, probability);
      }
      keep(out);
    }
    state_ = state;
  });
  usable_ = true;
}

void BinaryEncoder::encode_bit(int bit, int probability) {
  if (!usable_) {
    throw_unusable_encoder();
  }
  usable_ = false;
  if (!is_bit(bit)) {
    throw_bad_bit("bit", bit);
  }
  if (!is_probability(probability)) {
    throw_bad_probability("probability", probability);
  }
  if (with_checksum_) {
    checksum_.add(static_cast<std::uint64_t>(bit), static_cast<std::uint64_t>(probability));
  }
  std::uint8_t* const out = reserve(kBytesPerBit);
  keep(foretell::encode_bit(state_, out, static_cast<std::uint32_t>(bit), static_cast<std::uint16_t>(probability)));
  usable_ = true;
}

std::vector<std::uint8_t> BinaryEncoder::finish() {
  if (!usable_) {
    throw_unusable_encoder();
  }
  usable_ = false;
  std::uint8_t* out = reserve(kBytesPerBit * kChecksumBits + kBytesPerEnd);
  if (with_checksum_) {
    const std::uint32_t digest = checksum_.digest();
    for (unsigned i = kChecksumBits; i-- != 0;) {
      out = foretell::encode_bit(state_, out, digest >> i & 1, kHalf);
    }
  }
  keep(end_bits(state_, out));
  bytes_.resize(size_);
  return std::move(bytes_);
}

// -- decoder ---------------------------------------------------------------------------------------------------------

BinaryDecoder::BinaryDecoder(std::span<const std::uint8_t> data, bool with_checksum) : with_checksum_(with_checksum) {
  if (begin_bits(state_, data) != Errc::kOk) {
    throw Error(Errc::kCorrupt, "stream: it begins with a number that no encoder writes; it is damaged");
  }
}

void BinaryDecoder::decode(std::span<const std::uint16_t> probabilities, std::span<std::uint8_t> bits) {
  if (failure_ != Errc::kOk) {
    throw_failed_decoder(failure_);
  }
  if (bits.size() != probabilities.size()) {
    throw Error(Errc::kInvalidArgument, "bits, probabilities: expected as many of both, got " +
                                            std::to_string(bits.size()) + " and " +
                                            std::to_string(probabilities.size()));
  }
  with_checksum(with_checksum_, checksum_, [&](auto& checksum) {
    BinaryDecoderState state = state_;
    for (std::size_t i = 0; i < bits.size(); ++i) {
      const std::uint16_t probability = probabilities[i];
      if (probability == 0) [[unlikely]] {
        failure_ = Errc::kInvalidArgument;
        throw_bad_probability("probabilities[" + std::to_string(i) + "]", probability);
      }
      std::uint32_t bit = 0;
      if (const Errc status = foretell::decode_bit(state, probability, bit); status != Errc::kOk) [[unlikely]] {
        failure_ = status;
        throw_cut("bit " + std::to_string(i));
      }
      checksum.add(bit, probability);
      bits[i] = static_cast<std::uint8_t>(bit);
    }
    state_ = state;
  });
}

int BinaryDecoder::decode_bit(int probability) {
  if (failure_ != Errc::kOk) {
    throw_failed_decoder(failure_);
  }
  if (!is_probability(probability)) {
    failure_ = Errc::kInvalidArgument;
    throw_bad_probability("probability", probability);
  }
  std::uint32_t bit = 0;
  failure_ = foretell::decode_bit(state_, static_cast<std::uint16_t>(probability), bit);
  if (failure_ != Errc::kOk) {
    throw_cut("this bit");
  }
  if (with_checksum_) {
    checksum_.add(bit, static_cast<std::uint64_t>(probability));
  }
  return static_cast<int>(bit);
}

Errc BinaryDecoder::check_finish() const noexcept {
  if (!with_checksum_) {
    return check_end(state_);
  }
  BinaryDecoderState state = state_;
  std::uint32_t digest = 0;
  for (unsigned i = 0; i < kChecksumBits; ++i) {
    std::uint32_t bit = 0;
    if (const Errc status = foretell::decode_bit(state, kHalf, bit); status != Errc::kOk) {
      return status;
    }
    digest = digest << 1 | bit;
  }
  return digest == checksum_.digest() ? check_end(state) : Errc::kCorrupt;
}

bool BinaryDecoder::is_exhausted() const noexcept { return failure_ == Errc::kOk && check_finish() == Errc::kOk; }

void BinaryDecoder::finish() {
  if (failure_ != Errc::kOk) {
    throw_failed_decoder(failure_);
  }
  failure_ = check_finish();
  if (failure_ != Errc::kOk) {
    throw_bad_end(failure_, state_.end - state_.next, with_checksum_, "stream", "bit");
  }
}

}  // namespace foretell
