#include "foretell/range_coder.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "checks.hpp"
#include "prefetch.hpp"
#include "symbol_search.hpp"
#include "targets.hpp"

namespace foretell {
namespace {

/// Words for which memory is reserved at once: one for every symbol of a long message would be too much.
constexpr std::size_t kChunk = 4096;

/// The number of an interval that has the most trailing zero bytes (twist 3): its first `bytes` bytes, and zeros.
struct End {
  std::uint64_t value;  // 0 for 2^64: a carry, and no byte
  unsigned bytes;
};

End find_end(std::uint64_t low, std::uint64_t range) noexcept {
  // The smallest multiple of 2^(64 - 8 bytes) that is not below low is `up & mask` above it. 8 bytes always do.
  unsigned bytes = 0;
  std::uint64_t mask = ~std::uint64_t{0};  // 2^(64 - 8 bytes) - 1
  const std::uint64_t up = std::uint64_t{0} - low;
  while ((up & mask) >= range) {
    ++bytes;
    mask >>= 8;
  }
  return {low + (up & mask), bytes};
}

constexpr unsigned kDigestPart = 16;  // bits of the digest that one symbol carries
constexpr std::uint32_t kDigestMask = (std::uint32_t{1} << kDigestPart) - 1;

}  // namespace

Errc check_end(const RangeDecoderState& state) noexcept {
  // The last 8 bytes of the message, less what is left of it, are the encoder's low.
  std::uint64_t window = 0;
  for (const std::uint8_t* byte = state.next - (kTailBytes - state.zeros); byte != state.next; ++byte) {
    window = window << 8 | *byte;
  }
  window = state.zeros == kTailBytes ? 0 : window << 8 * state.zeros;
  const End end = find_end(window - state.code, state.range);
  return state.next == state.end && window == end.value && state.zeros == kTailBytes - end.bytes ? Errc::kOk
                                                                                                 : Errc::kCorrupt;
}

std::uint32_t* encode_digest(RangeEncoderState& state, std::uint32_t* out, std::uint32_t digest) noexcept {
  out = encode_symbol(state, out, digest >> kDigestPart, 1, kDigestPart);
  return encode_symbol(state, out, digest & kDigestMask, 1, kDigestPart);
}

Errc decode_digest(RangeDecoderState& state, std::uint32_t expected) noexcept {
  std::uint64_t digest = 0;
  for (int i = 0; i < 2; ++i) {
    std::uint64_t part = 0;
    if (const Errc status = find_slot(state, kDigestPart, part); status != Errc::kOk) {
      return status;
    }
    if (const Errc status = consume_symbol(state, part, 1, kDigestPart); status != Errc::kOk) {
      return status;
    }
    digest = digest << kDigestPart | part;
  }
  return digest == expected ? Errc::kOk : Errc::kCorrupt;
}

// -- words -----------------------------------------------------------------------------------------------------------

void EncodedWords::grow(std::size_t count) {
  const std::size_t capacity = std::max(size_ + count, 2 * capacity_);
  auto words = std::make_unique_for_overwrite<std::uint32_t[]>(capacity);
  std::copy_n(words_.get(), size_, words.get());
  words_ = std::move(words);
  capacity_ = capacity;
}

std::vector<std::uint8_t> EncodedWords::finish(const RangeEncoderState& state) {
  const End end = find_end(state.low, state.range);
  if (end.value < state.low) {
    propagate_carry(words_.get() + size_);
  }
  std::vector<std::uint8_t> stream(4 * size_ + end.bytes);
  std::uint8_t* byte = stream.data();
  for (std::size_t i = 0; i < size_; ++i, byte += 4) {
    const std::uint32_t word = words_[i];
    byte[0] = static_cast<std::uint8_t>(word >> 24);
    byte[1] = static_cast<std::uint8_t>(word >> 16);
    byte[2] = static_cast<std::uint8_t>(word >> 8);
    byte[3] = static_cast<std::uint8_t>(word);
  }
  for (unsigned i = 0; i < end.bytes; ++i) {
    *byte++ = static_cast<std::uint8_t>(end.value >> (56 - 8 * i));
  }
  return stream;
}

// -- encoder ---------------------------------------------------------------------------------------------------------

RangeEncoder::RangeEncoder(unsigned precision, bool with_checksum)
    : precision_(precision), with_checksum_(with_checksum) {
  check_precision(precision);
}

template <typename Integer>
void RangeEncoder::encode(std::span<const Integer> start, std::span<const Integer> freq) {
  if (!usable_) {
    throw_unusable_encoder();
  }
  check_interval_shape(start.size(), freq.size(), start.size(), kMostPrecision<Integer>, precision_);
  usable_ = false;  // whatever is thrown from here on leaves a hole in the stream
  const std::uint64_t total = std::uint64_t{1} << precision_;
  with_checksum(with_checksum_, checksum_, [&](auto& checksum) {
    RangeEncoderState state = state_;
    for (std::size_t begin = 0; begin < start.size(); begin += kChunk) {
      const std::size_t end = std::min(begin + kChunk, start.size());
      std::uint32_t* out = words_.reserve(end - begin);
      for (std::size_t i = begin; i < end; ++i) {
        const std::uint64_t first = start[i];
        const std::uint64_t width = freq[i];
        if (!is_interval(first, width, total)) [[unlikely]] {
          throw_bad_interval("start, freq [" + std::to_string(i) + "]", first, width, precision_);
        }
        checksum.add(first, width);
        out = encode_symbol(state, out, first, width, precision_);
      }
      words_.commit(out);
    }
    state_ = state;
  });
  usable_ = true;
}

template <typename Integer>
void RangeEncoder::encode_symbols(std::span<const std::uint32_t> symbols, CdfRows<Integer> cdf) {
  if (!usable_) {
    throw_unusable_encoder();
  }
  check_cdf_shape(cdf.count, cdf.row_size, symbols.size(), kMostPrecision<Integer>, precision_);
  usable_ = false;
  const std::uint64_t total = std::uint64_t{1} << precision_;
  with_checksum(with_checksum_, checksum_, [&](auto& checksum) {
    RangeEncoderState state = state_;
    for (std::size_t begin = 0; begin < symbols.size(); begin += kChunk) {
      const std::size_t end = std::min(begin + kChunk, symbols.size());
      std::uint32_t* out = words_.reserve(end - begin);
      for (std::size_t i = begin; i < end; ++i) {
        if (i + kEncodeAhead < symbols.size()) {
          prefetch_symbol(cdf[i + kEncodeAhead], symbols[i + kEncodeAhead]);
        }
        Interval interval{};
        if (!find_interval(cdf[i], symbols[i], total, interval)) [[unlikely]] {
          throw_bad_row("symbols[" + std::to_string(cdf.first + i) + "]", "cdf, row " + std::to_string(cdf.first + i),
                        symbols[i], cdf.row_size - 1, interval, precision_);
        }
        checksum.add(interval.start, interval.freq);
        out = encode_symbol(state, out, interval.start, interval.freq, precision_);
      }
      words_.commit(out);
    }
    state_ = state;
  });
  usable_ = true;
}

std::vector<std::uint8_t> RangeEncoder::finish() {
  if (!usable_) {
    throw_unusable_encoder();
  }
  usable_ = false;
  if (with_checksum_) {
    words_.commit(encode_digest(state_, words_.reserve(2), checksum_.digest()));
  }
  return words_.finish(state_);
}

template void RangeEncoder::encode(std::span<const std::uint32_t>, std::span<const std::uint32_t>);
template void RangeEncoder::encode(std::span<const std::uint64_t>, std::span<const std::uint64_t>);
template void RangeEncoder::encode_symbols(std::span<const std::uint32_t>, CdfRows<std::uint16_t>);
template void RangeEncoder::encode_symbols(std::span<const std::uint32_t>, CdfRows<std::uint32_t>);
template void RangeEncoder::encode_symbols(std::span<const std::uint32_t>, CdfRows<std::uint64_t>);

// -- decoder ---------------------------------------------------------------------------------------------------------

namespace {

/// Decodes one symbol a row and counts them in `decoded`; returns what stopped it.
template <typename Integer, typename Sum>
struct DecodeRows {
  template <Isa kIsa>
  [[gnu::always_inline]] static Errc run(RangeDecoderState* stream, CdfRows<Integer> cdf, unsigned precision,
                                         std::span<std::uint32_t> symbols, Sum* checksum, std::size_t* decoded) {
    RangeDecoderState state = *stream;
    const bool far = are_far(cdf);
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      if (far && i + kDecodeAhead < symbols.size()) {
        prefetch_row(cdf.row(i + kDecodeAhead), cdf.row_size);
      }
      const Errc status = decode_symbol(state, cdf[i], precision, symbols[i], SearchByCounting<kIsa>{}, *checksum);
      if (status != Errc::kOk) [[unlikely]] {
        *decoded = i;
        return status;
      }
    }
    *stream = state;
    return Errc::kOk;
  }
};

}  // namespace

RangeDecoder::RangeDecoder(std::span<const std::uint8_t> data, unsigned precision, bool with_checksum)
    : precision_(precision), with_checksum_(with_checksum), state_(begin_decode(data)) {
  check_precision(precision);
}

template <typename Integer>
void RangeDecoder::decode(CdfRows<Integer> cdf, std::span<std::uint32_t> symbols) {
  if (failure_ != Errc::kOk) {
    throw_failed_decoder(failure_);
  }
  check_cdf_shape(cdf.count, cdf.row_size, symbols.size(), kMostPrecision<Integer>, precision_);
  std::size_t decoded = 0;
  with_checksum(with_checksum_, checksum_, [&]<typename Sum>(Sum& checksum) {
    failure_ = for_isa<DecodeRows<Integer, Sum>>(&state_, cdf, precision_, symbols, &checksum, &decoded);
  });
  if (failure_ != Errc::kOk) [[unlikely]] {
    throw_decode_error(failure_, "row " + std::to_string(cdf.first + decoded));
  }
}

bool RangeDecoder::is_exhausted() const noexcept {
  return failure_ == Errc::kOk && check_stream_end(state_, with_checksum_, checksum_) == Errc::kOk;
}

void RangeDecoder::finish() {
  if (failure_ != Errc::kOk) {
    throw_failed_decoder(failure_);
  }
  failure_ = check_stream_end(state_, with_checksum_, checksum_);
  if (failure_ != Errc::kOk) {
    throw_bad_end(failure_, state_.end - state_.next, with_checksum_, "stream", "symbol");
  }
}

template void RangeDecoder::decode(CdfRows<std::uint16_t>, std::span<std::uint32_t>);
template void RangeDecoder::decode(CdfRows<std::uint32_t>, std::span<std::uint32_t>);
template void RangeDecoder::decode(CdfRows<std::uint64_t>, std::span<std::uint32_t>);

}  // namespace foretell
