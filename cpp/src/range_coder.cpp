#include "foretell/range_coder.hpp"

#include <algorithm>
#include <string>

#include "checks.hpp"
#include "prefetch.hpp"
#include "symbol_search.hpp"
#include "targets.hpp"

namespace foretell {

void throw_unusable_encoder() {
  throw Error(Errc::kInvalidArgument,
              "encoder: it is finished or in a failed state after an earlier error; make a new one for a new stream");
}

void throw_failed_decoder(Errc failure) {
  throw Error(failure, "decoder: it is in a failed state after an earlier error; make a new one to decode again");
}

void throw_bad_interval(const std::string& where, std::uint64_t start, std::uint64_t freq, unsigned precision) {
  throw Error(Errc::kInvalidArgument, where + ": start " + std::to_string(start) + " and freq " + std::to_string(freq) +
                                          " are not a part of 2^" + std::to_string(precision) +
                                          " slots; freq must be at least 1 and start + freq at most 2^precision");
}

void throw_bad_symbol(const std::string& where, std::uint32_t symbol, std::size_t vocabulary) {
  throw Error(Errc::kInvalidArgument, where + ": symbol " + std::to_string(symbol) + " is outside the " +
                                          std::to_string(vocabulary) + " symbols of the cdf");
}

void throw_decode_error(Errc status, const std::string& where) {
  switch (status) {
    case Errc::kCorrupt:
      throw Error(status, where +
                              ": the stream holds a value that no encoder writes; it is damaged, or was made with "
                              "other cdfs or another precision");
    case Errc::kTruncated:
      throw Error(status, where + ": the stream ends before this symbol; it was cut, or holds fewer symbols");
    default:
      throw Error(status, where + ": the cdf must rise from 0 to 2^precision");
  }
}

void check_precision(unsigned precision) {
  if (precision < kMinPrecision || precision > kMaxPrecision) {
    throw Error(Errc::kInvalidArgument, "precision: " + std::to_string(precision) + " is not in 1..32");
  }
}

void check_fits(unsigned most_precision, unsigned precision) {
  if (precision > most_precision) {
    throw Error(Errc::kInvalidArgument,
                most_precision == 16 ? "cdf: uint16 rows reach precision 16, above that they must be uint32"
                                     : "cdf, start, freq: at precision 32 they must be uint64, for 2^32 does not "
                                       "fit uint32");
  }
}

void check_cdf_shape(std::size_t size, std::size_t rows, std::size_t row_size, unsigned most_precision,
                     unsigned precision) {
  check_fits(most_precision, precision);
  if (row_size < 2 || size / row_size != rows || size % row_size != 0) {
    throw Error(Errc::kInvalidArgument, "cdf: expected " + std::to_string(rows) + " rows of at least 2 integers, got " +
                                            std::to_string(size) + " integers in rows of " + std::to_string(row_size));
  }
}

void check_interval_shape(std::size_t start, std::size_t freq, std::size_t expected, unsigned most_precision,
                          unsigned precision) {
  check_fits(most_precision, precision);
  if (start != expected || freq != expected) {
    throw Error(Errc::kInvalidArgument, "start, freq: expected " + std::to_string(expected) + " integers each, got " +
                                            std::to_string(start) + " and " + std::to_string(freq));
  }
}

// -- words -----------------------------------------------------------------------------------------------------------

std::uint32_t* EncodedWords::reserve(std::size_t count) {
  if (words_.size() - size_ < count) {
    words_.resize(std::max(size_ + count, words_.size() * 2));
  }
  return words_.data() + size_;
}

std::vector<std::uint8_t> EncodedWords::finish(const RangeEncoderState& state) {
  // The smallest multiple of 2^(64 - 8 bytes) that is not below low is `distance` above it. 8 bytes always do.
  unsigned bytes = 0;
  std::uint64_t mask = ~std::uint64_t{0};  // 2^(64 - 8 bytes) - 1
  const std::uint64_t up = std::uint64_t{0} - state.low;
  while ((up & mask) >= state.range) {
    ++bytes;
    mask >>= 8;
  }
  const std::uint64_t value = state.low + (up & mask);  // 2^64 wraps to 0: a carry, and no byte of its own
  if (value < state.low) {
    propagate_carry(words_.data() + size_);
  }
  std::vector<std::uint8_t> stream(4 * size_ + bytes);
  std::uint8_t* at = stream.data();
  for (std::size_t i = 0; i < size_; ++i) {
    const std::uint32_t word = words_[i];
    at[0] = static_cast<std::uint8_t>(word >> 24);
    at[1] = static_cast<std::uint8_t>(word >> 16);
    at[2] = static_cast<std::uint8_t>(word >> 8);
    at[3] = static_cast<std::uint8_t>(word);
    at += 4;
  }
  for (unsigned i = 0; i < bytes; ++i) {
    *at++ = static_cast<std::uint8_t>(value >> (56 - 8 * i));
  }
  return stream;
}

namespace {

/// Decodes one symbol a row and counts them in `decoded`; returns what stopped it.
template <typename Integer>
struct DecodeRows {
  [[gnu::always_inline]] static Errc run(RangeDecoderState* stream, std::span<const Integer> cdf, std::size_t row_size,
                                         unsigned precision, std::span<std::uint32_t> symbols, std::size_t* decoded) {
    RangeDecoderState state = *stream;
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      if (i + kDecodeAhead < symbols.size()) {
        prefetch_row(cdf.data() + (i + kDecodeAhead) * row_size, row_size);
      }
      const std::span<const Integer> row = cdf.subspan(i * row_size, row_size);
      const Errc status = decode_symbol(state, row, precision, symbols[i], SearchByCounting{});
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

// -- encoder ---------------------------------------------------------------------------------------------------------

RangeEncoder::RangeEncoder(unsigned precision) : precision_(precision) { check_precision(precision); }

template <typename Integer>
void RangeEncoder::encode(std::span<const Integer> start, std::span<const Integer> freq) {
  if (!usable_) {
    throw_unusable_encoder();
  }
  check_interval_shape(start.size(), freq.size(), start.size(), kMostPrecision<Integer>, precision_);
  const std::uint64_t total = std::uint64_t{1} << precision_;
  std::uint32_t* out = words_.reserve(start.size());
  RangeEncoderState state = state_;
  for (std::size_t i = 0; i < start.size(); ++i) {
    const std::uint64_t first = start[i];
    const std::uint64_t width = freq[i];
    if (!is_interval(first, width, total)) [[unlikely]] {
      usable_ = false;
      throw_bad_interval("start, freq [" + std::to_string(i) + "]", first, width, precision_);
    }
    out = encode_symbol(state, out, first, width, precision_);
  }
  state_ = state;
  words_.commit(out);
}

template <typename Integer>
void RangeEncoder::encode_symbols(std::span<const std::uint32_t> symbols, std::span<const Integer> cdf,
                                  std::size_t row_size) {
  if (!usable_) {
    throw_unusable_encoder();
  }
  check_cdf_shape(cdf.size(), symbols.size(), row_size, kMostPrecision<Integer>, precision_);
  const std::uint64_t total = std::uint64_t{1} << precision_;
  std::uint32_t* out = words_.reserve(symbols.size());
  RangeEncoderState state = state_;
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    const std::uint32_t symbol = symbols[i];
    if (symbol >= row_size - 1) [[unlikely]] {
      usable_ = false;
      throw_bad_symbol("symbols[" + std::to_string(i) + "]", symbol, row_size - 1);
    }
    const Integer* row = cdf.data() + i * row_size;
    if (i + kEncodeAhead < symbols.size()) {
      prefetch(row + kEncodeAhead * row_size + std::min<std::size_t>(symbols[i + kEncodeAhead], row_size - 1));
    }
    const std::uint64_t first = row[symbol];
    const std::uint64_t width =
        slots_end(std::span(row, row_size), symbol, total) - first;  // wraps to a huge one if it falls
    if (!is_interval(first, width, total)) [[unlikely]] {
      usable_ = false;
      throw_bad_interval("cdf, row " + std::to_string(i) + ", symbol " + std::to_string(symbol), first, width,
                         precision_);
    }
    out = encode_symbol(state, out, first, width, precision_);
  }
  state_ = state;
  words_.commit(out);
}

std::vector<std::uint8_t> RangeEncoder::finish() {
  if (!usable_) {
    throw_unusable_encoder();
  }
  usable_ = false;
  return words_.finish(state_);
}

template void RangeEncoder::encode(std::span<const std::uint32_t>, std::span<const std::uint32_t>);
template void RangeEncoder::encode(std::span<const std::uint64_t>, std::span<const std::uint64_t>);
template void RangeEncoder::encode_symbols(std::span<const std::uint32_t>, std::span<const std::uint16_t>, std::size_t);
template void RangeEncoder::encode_symbols(std::span<const std::uint32_t>, std::span<const std::uint32_t>, std::size_t);
template void RangeEncoder::encode_symbols(std::span<const std::uint32_t>, std::span<const std::uint64_t>, std::size_t);

// -- decoder ---------------------------------------------------------------------------------------------------------

RangeDecoder::RangeDecoder(std::span<const std::uint8_t> data, unsigned precision)
    : precision_(precision), state_(begin_decode(data)) {
  check_precision(precision);
}

template <typename Integer>
void RangeDecoder::decode(std::span<const Integer> cdf, std::size_t row_size, std::span<std::uint32_t> symbols) {
  if (failure_ != Errc::kOk) {
    throw_failed_decoder(failure_);
  }
  check_cdf_shape(cdf.size(), symbols.size(), row_size, kMostPrecision<Integer>, precision_);
  std::size_t decoded = 0;
  failure_ = for_isa<DecodeRows<Integer>>(&state_, cdf, row_size, precision_, symbols, &decoded);
  if (failure_ != Errc::kOk) [[unlikely]] {
    throw_decode_error(failure_, "row " + std::to_string(decoded));
  }
}

void RangeDecoder::finish() {
  if (failure_ != Errc::kOk) {
    throw_failed_decoder(failure_);
  }
  if (state_.next != state_.end) {
    failure_ = Errc::kCorrupt;
    throw Error(failure_,
                "stream: " + std::to_string(state_.end - state_.next) +
                    " bytes are left after the last symbol; it holds more symbols, or bytes that do not belong");
  }
}

template void RangeDecoder::decode(std::span<const std::uint16_t>, std::size_t, std::span<std::uint32_t>);
template void RangeDecoder::decode(std::span<const std::uint32_t>, std::size_t, std::span<std::uint32_t>);
template void RangeDecoder::decode(std::span<const std::uint64_t>, std::size_t, std::span<std::uint32_t>);

}  // namespace foretell
