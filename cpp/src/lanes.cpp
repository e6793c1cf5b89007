#include "foretell/lanes.hpp"

#include <string>

#include "checks.hpp"
#include "symbol_search.hpp"
#include "targets.hpp"

namespace foretell {
namespace {

std::string lane_name(std::size_t lane) { return "lane " + std::to_string(lane); }

void check_symbol_count(std::size_t symbols, std::size_t lanes) {
  if (symbols != lanes) {
    throw Error(Errc::kInvalidArgument,
                "symbols: expected one a lane, " + std::to_string(lanes) + ", got " + std::to_string(symbols));
  }
}

/// Decodes one symbol a lane and counts them in `decoded`; returns what stopped it.
template <typename Integer>
struct DecodeLanes {
  [[gnu::always_inline]] static Errc run(std::span<RangeDecoderState> lanes, std::span<const Integer> cdf,
                                         std::size_t row_size, unsigned precision, std::span<std::uint32_t> symbols,
                                         std::size_t* decoded) {
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      const std::span<const Integer> row = cdf.subspan(i * row_size, row_size);
      const Errc status = decode_symbol(lanes[i], row, precision, symbols[i], SearchByCounting{});
      if (status != Errc::kOk) [[unlikely]] {
        *decoded = i;
        return status;
      }
    }
    return Errc::kOk;
  }
};

}  // namespace

LaneEncoder::LaneEncoder(std::size_t lanes, unsigned precision) : precision_(precision) {
  check_precision(precision);
  lanes_.resize(lanes);
}

template <typename Integer>
void LaneEncoder::encode_step(std::span<const std::uint32_t> symbols, std::span<const Integer> cdf,
                              std::size_t row_size) {
  if (!usable_) {
    throw_unusable_encoder();
  }
  check_symbol_count(symbols.size(), lanes_.size());
  check_cdf_shape(cdf.size(), lanes_.size(), row_size, kMostPrecision<Integer>, precision_);
  const std::uint64_t total = std::uint64_t{1} << precision_;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    const std::uint32_t symbol = symbols[i];
    if (symbol >= row_size - 1) [[unlikely]] {
      usable_ = false;
      throw_bad_symbol("symbols[" + std::to_string(i) + "]", symbol, row_size - 1);
    }
    const Integer* row = cdf.data() + i * row_size;
    const std::uint64_t first = row[symbol];
    const std::uint64_t width =
        slots_end(std::span(row, row_size), symbol, total) - first;  // wraps to a huge one if it falls
    if (!is_interval(first, width, total)) [[unlikely]] {
      usable_ = false;
      throw_bad_interval("cdf, " + lane_name(i) + ", symbol " + std::to_string(symbol), first, width, precision_);
    }
    Lane& lane = lanes_[i];
    lane.words.commit(encode_symbol(lane.state, lane.words.reserve(1), first, width, precision_));
  }
}

template <typename Integer>
void LaneEncoder::encode(std::span<const Integer> start, std::span<const Integer> freq, std::size_t steps) {
  if (!usable_) {
    throw_unusable_encoder();
  }
  check_interval_shape(start.size(), freq.size(), lanes_.size() * steps, kMostPrecision<Integer>, precision_);
  const std::uint64_t total = std::uint64_t{1} << precision_;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    Lane& lane = lanes_[i];
    RangeEncoderState state = lane.state;
    std::uint32_t* out = lane.words.reserve(steps);
    for (std::size_t t = 0; t < steps; ++t) {
      const std::uint64_t first = start[i * steps + t];
      const std::uint64_t width = freq[i * steps + t];
      if (!is_interval(first, width, total)) [[unlikely]] {
        usable_ = false;
        throw_bad_interval("start, freq [" + std::to_string(i) + ", " + std::to_string(t) + "]", first, width,
                           precision_);
      }
      out = encode_symbol(state, out, first, width, precision_);
    }
    lane.state = state;
    lane.words.commit(out);
  }
}

std::vector<std::vector<std::uint8_t>> LaneEncoder::finish() {
  if (!usable_) {
    throw_unusable_encoder();
  }
  usable_ = false;
  std::vector<std::vector<std::uint8_t>> streams;
  streams.reserve(lanes_.size());
  for (Lane& lane : lanes_) {
    streams.push_back(lane.words.finish(lane.state));
  }
  return streams;
}

template void LaneEncoder::encode_step(std::span<const std::uint32_t>, std::span<const std::uint16_t>, std::size_t);
template void LaneEncoder::encode_step(std::span<const std::uint32_t>, std::span<const std::uint32_t>, std::size_t);
template void LaneEncoder::encode_step(std::span<const std::uint32_t>, std::span<const std::uint64_t>, std::size_t);
template void LaneEncoder::encode(std::span<const std::uint32_t>, std::span<const std::uint32_t>, std::size_t);
template void LaneEncoder::encode(std::span<const std::uint64_t>, std::span<const std::uint64_t>, std::size_t);

LaneDecoder::LaneDecoder(std::span<const std::span<const std::uint8_t>> streams, unsigned precision)
    : precision_(precision) {
  check_precision(precision);
  lanes_.reserve(streams.size());
  for (const std::span<const std::uint8_t> stream : streams) {
    lanes_.push_back(begin_decode(stream));
  }
}

template <typename Integer>
void LaneDecoder::decode_step(std::span<const Integer> cdf, std::size_t row_size, std::span<std::uint32_t> symbols) {
  if (failure_ != Errc::kOk) {
    throw_failed_decoder(failure_);
  }
  check_symbol_count(symbols.size(), lanes_.size());
  check_cdf_shape(cdf.size(), lanes_.size(), row_size, kMostPrecision<Integer>, precision_);
  std::size_t decoded = 0;
  failure_ = for_isa<DecodeLanes<Integer>>(std::span(lanes_), cdf, row_size, precision_, symbols, &decoded);
  if (failure_ != Errc::kOk) [[unlikely]] {
    throw_decode_error(failure_, lane_name(decoded));
  }
}

void LaneDecoder::finish() {
  if (failure_ != Errc::kOk) {
    throw_failed_decoder(failure_);
  }
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (lanes_[i].next != lanes_[i].end) {
      failure_ = Errc::kCorrupt;
      throw Error(failure_,
                  lane_name(i) + ": " + std::to_string(lanes_[i].end - lanes_[i].next) +
                      " bytes are left after the last symbol; it holds more symbols, or bytes that do not belong");
    }
  }
}

template void LaneDecoder::decode_step(std::span<const std::uint16_t>, std::size_t, std::span<std::uint32_t>);
template void LaneDecoder::decode_step(std::span<const std::uint32_t>, std::size_t, std::span<std::uint32_t>);
template void LaneDecoder::decode_step(std::span<const std::uint64_t>, std::size_t, std::span<std::uint32_t>);

}  // namespace foretell
