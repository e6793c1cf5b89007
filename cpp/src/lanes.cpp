#include "foretell/lanes.hpp"

#include <algorithm>
#include <string>

#include "checks.hpp"
#include "parallel.hpp"
#include "prefetch.hpp"
#include "symbol_search.hpp"
#include "targets.hpp"

namespace foretell {
namespace {

/// Lanes that are decoded in turn where the CDFs of many steps are known: two chains of operations overlap, and memory
/// still sees few enough streams of rows to run ahead of them (with rows from memory 85 M symbols/s; four lanes make
/// 63, eight 50).
constexpr std::size_t kAbreast = 2;

/// Symbols below which another thread costs more than it brings.
constexpr std::size_t kSymbolsPerThread = 4096;

std::string lane_name(std::size_t lane) { return "lane " + std::to_string(lane); }

void check_threads(std::size_t threads) {
  if (threads < 1 || threads > kMaxThreads) {
    throw Error(Errc::kInvalidArgument,
                "threads: " + std::to_string(threads) + " is not in 1.." + std::to_string(kMaxThreads));
  }
}

void check_symbol_count(std::size_t symbols, std::size_t expected) {
  if (symbols != expected) {
    throw Error(Errc::kInvalidArgument, "symbols: expected one for each lane and step, " + std::to_string(expected) +
                                            ", got " + std::to_string(symbols));
  }
}

/// Makes the room before threads are started: memory that a new thread asks for is new to the process, and mapping it
/// takes as long as coding.
template <typename Lanes>
void reserve_steps(Lanes& lanes, std::size_t steps) {
  for (auto& lane : lanes) {
    static_cast<void>(lane.words.reserve(steps));
  }
}

std::size_t useful_threads(std::size_t threads, std::size_t symbols) {
  return std::min(threads, symbols / kSymbolsPerThread + 1);
}

}  // namespace

// -- encoder ---------------------------------------------------------------------------------------------------------

LaneEncoder::LaneEncoder(std::size_t lanes, unsigned precision, bool with_checksum, std::size_t threads)
    : precision_(precision), with_checksum_(with_checksum), threads_(threads) {
  check_precision(precision);
  check_threads(threads);
  lanes_.resize(lanes);
}

template <typename Integer>
void LaneEncoder::encode_step(std::span<const std::uint32_t> symbols, CdfRows<Integer> cdf) {
  if (!usable_) {
    throw_unusable_encoder();
  }
  check_symbol_count(symbols.size(), lanes_.size());
  check_cdf_shape(cdf.count, cdf.row_size, symbols.size(), kMostPrecision<Integer>, precision_);
  const std::uint64_t total = std::uint64_t{1} << precision_;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    Interval interval{};
    if (!find_interval(cdf[i], symbols[i], total, interval)) [[unlikely]] {
      usable_ = false;
      throw_bad_row("symbols[" + std::to_string(i) + "]", "cdf, " + lane_name(i), symbols[i], cdf.row_size - 1,
                    interval, precision_);
    }
    Lane& lane = lanes_[i];
    if (with_checksum_) {
      lane.checksum.add(interval.start, interval.freq);
    }
    lane.words.commit(encode_symbol(lane.state, lane.words.reserve(1), interval.start, interval.freq, precision_));
  }
}

template <typename Integer>
void LaneEncoder::encode(std::span<const Integer> start, std::span<const Integer> freq, std::size_t steps) {
  if (!usable_) {
    throw_unusable_encoder();
  }
  check_interval_shape(start.size(), freq.size(), lanes_.size() * steps, kMostPrecision<Integer>, precision_);
  usable_ = false;  // whatever is thrown from here on leaves a hole in a stream
  const std::uint64_t total = std::uint64_t{1} << precision_;
  reserve_steps(lanes_, steps);
  in_parallel(useful_threads(threads_, start.size()), lanes_.size(), [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      Lane& lane = lanes_[i];
      with_checksum(with_checksum_, lane.checksum, [&](auto& checksum) {
        RangeEncoderState state = lane.state;
        std::uint32_t* out = lane.words.reserve(steps);
        for (std::size_t t = 0; t < steps; ++t) {
          const std::uint64_t first = start[i * steps + t];
          const std::uint64_t width = freq[i * steps + t];
          if (!is_interval(first, width, total)) [[unlikely]] {
            throw_bad_interval("start, freq [" + std::to_string(i) + ", " + std::to_string(t) + "]", first, width,
                               precision_);
          }
          checksum.add(first, width);
          out = encode_symbol(state, out, first, width, precision_);
        }
        lane.state = state;
        lane.words.commit(out);
      });
    }
  });
  usable_ = true;
}

template <typename Integer>
void LaneEncoder::encode_symbols(std::span<const std::uint32_t> symbols, CdfRows<Integer> cdf, std::size_t steps) {
  if (!usable_) {
    throw_unusable_encoder();
  }
  check_symbol_count(symbols.size(), lanes_.size() * steps);
  check_cdf_shape(cdf.count, cdf.row_size, symbols.size(), kMostPrecision<Integer>, precision_);
  usable_ = false;
  const std::uint64_t total = std::uint64_t{1} << precision_;
  const auto encode_lane = [&](std::size_t i) {
    Lane& lane = lanes_[i];
    with_checksum(with_checksum_, lane.checksum, [&](auto& checksum) {
      RangeEncoderState state = lane.state;
      std::uint32_t* out = lane.words.reserve(steps);
      for (std::size_t at = i * steps; at < (i + 1) * steps; ++at) {
        if (at + kEncodeAhead < symbols.size()) {
          prefetch_symbol(cdf[at + kEncodeAhead], symbols[at + kEncodeAhead]);
        }
        Interval interval{};
        if (!find_interval(cdf[at], symbols[at], total, interval)) [[unlikely]] {
          const std::string step = std::to_string(at - i * steps);
          throw_bad_row("symbols[" + std::to_string(i) + ", " + step + "]", "cdf, " + lane_name(i) + ", step " + step,
                        symbols[at], cdf.row_size - 1, interval, precision_);
        }
        checksum.add(interval.start, interval.freq);
        out = encode_symbol(state, out, interval.start, interval.freq, precision_);
      }
      lane.state = state;
      lane.words.commit(out);
    });
  };
  reserve_steps(lanes_, steps);
  in_parallel(useful_threads(threads_, symbols.size()), lanes_.size(), [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      encode_lane(i);
    }
  });
  usable_ = true;
}

std::vector<std::vector<std::uint8_t>> LaneEncoder::finish() {
  if (!usable_) {
    throw_unusable_encoder();
  }
  usable_ = false;
  std::vector<std::vector<std::uint8_t>> streams;
  streams.reserve(lanes_.size());
  for (Lane& lane : lanes_) {
    if (with_checksum_) {
      lane.words.commit(encode_digest(lane.state, lane.words.reserve(2), lane.checksum.digest()));
    }
    streams.push_back(lane.words.finish(lane.state));
  }
  return streams;
}

template void LaneEncoder::encode_step(std::span<const std::uint32_t>, CdfRows<std::uint16_t>);
template void LaneEncoder::encode_step(std::span<const std::uint32_t>, CdfRows<std::uint32_t>);
template void LaneEncoder::encode_step(std::span<const std::uint32_t>, CdfRows<std::uint64_t>);
template void LaneEncoder::encode(std::span<const std::uint32_t>, std::span<const std::uint32_t>, std::size_t);
template void LaneEncoder::encode(std::span<const std::uint64_t>, std::span<const std::uint64_t>, std::size_t);
template void LaneEncoder::encode_symbols(std::span<const std::uint32_t>, CdfRows<std::uint16_t>, std::size_t);
template void LaneEncoder::encode_symbols(std::span<const std::uint32_t>, CdfRows<std::uint32_t>, std::size_t);
template void LaneEncoder::encode_symbols(std::span<const std::uint32_t>, CdfRows<std::uint64_t>, std::size_t);

// -- decoder ---------------------------------------------------------------------------------------------------------

namespace {

/// Decodes `steps` symbols of each of the lanes begin .. end; returns what stopped it, and where in `at`.
template <typename Integer, bool kChecksum>
struct DecodeLanes {
  template <Isa kIsa>
  [[gnu::always_inline]] static Errc run(RangeDecoderState* lanes, Checksum* checksums, CdfRows<Integer> cdf,
                                         unsigned precision, std::uint32_t* symbols, std::size_t steps,
                                         std::size_t begin, std::size_t end, std::size_t* at) {
    const bool far = are_far(cdf);
    for (; begin < end; begin += kAbreast) {
      const std::size_t group_end = steps == 1 ? end : std::min(begin + kAbreast, end);
      for (std::size_t t = 0; t < steps; ++t) {
        for (std::size_t i = begin; i < group_end; ++i) {
          const std::size_t row = i * steps + t;
          if (far && t + kDecodeAhead < steps) {
            prefetch_row(cdf.row(row + kDecodeAhead), cdf.row_size);
          }
          Errc status = Errc::kOk;
          if constexpr (kChecksum) {
            status = decode_symbol(lanes[i], cdf[row], precision, symbols[row], SearchByCounting<kIsa>{}, checksums[i]);
          } else {
            status = decode_symbol(lanes[i], cdf[row], precision, symbols[row], SearchByCounting<kIsa>{});
          }
          if (status != Errc::kOk) [[unlikely]] {
            *at = row;
            return status;
          }
        }
      }
      if (steps == 1) {
        break;
      }
    }
    return Errc::kOk;
  }
};

}  // namespace

LaneDecoder::LaneDecoder(std::span<const std::span<const std::uint8_t>> streams, unsigned precision, bool with_checksum,
                         std::size_t threads)
    : precision_(precision), with_checksum_(with_checksum), threads_(threads), checksums_(streams.size()) {
  check_precision(precision);
  check_threads(threads);
  lanes_.reserve(streams.size());
  for (const std::span<const std::uint8_t> stream : streams) {
    lanes_.push_back(begin_decode(stream));
  }
}

template <typename Integer>
void LaneDecoder::decode_step(CdfRows<Integer> cdf, std::span<std::uint32_t> symbols) {
  decode(cdf, symbols, 1);
}

template <typename Integer>
void LaneDecoder::decode(CdfRows<Integer> cdf, std::span<std::uint32_t> symbols, std::size_t steps) {
  if (failure_ != Errc::kOk) {
    throw_failed_decoder(failure_);
  }
  check_symbol_count(symbols.size(), lanes_.size() * steps);
  check_cdf_shape(cdf.count, cdf.row_size, symbols.size(), kMostPrecision<Integer>, precision_);
  try {
    in_parallel(useful_threads(threads_, symbols.size()), lanes_.size(), [&](std::size_t begin, std::size_t end) {
      std::size_t at = 0;
      const auto run = [&]<typename Kernel>(Kernel) {
        return for_isa<Kernel>(lanes_.data(), checksums_.data(), cdf, precision_, symbols.data(), steps, begin, end,
                               &at);
      };
      const Errc status = with_checksum_ ? run(DecodeLanes<Integer, true>{}) : run(DecodeLanes<Integer, false>{});
      if (status != Errc::kOk) [[unlikely]] {
        const std::string step = steps == 1 ? "" : ", step " + std::to_string(at % steps);
        throw_decode_error(status, lane_name(at / steps) + step);
      }
    });
  } catch (const Error& error) {
    failure_ = error.code();
    throw;
  }
}

bool LaneDecoder::is_exhausted() const noexcept {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (check_stream_end(lanes_[i], with_checksum_, checksums_[i]) != Errc::kOk) {
      return false;
    }
  }
  return failure_ == Errc::kOk;
}

void LaneDecoder::finish() {
  if (failure_ != Errc::kOk) {
    throw_failed_decoder(failure_);
  }
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    failure_ = check_stream_end(lanes_[i], with_checksum_, checksums_[i]);
    if (failure_ != Errc::kOk) {
      throw_bad_end(failure_, lanes_[i].end - lanes_[i].next, with_checksum_, lane_name(i), "symbol");
    }
  }
}

template void LaneDecoder::decode_step(CdfRows<std::uint16_t>, std::span<std::uint32_t>);
template void LaneDecoder::decode_step(CdfRows<std::uint32_t>, std::span<std::uint32_t>);
template void LaneDecoder::decode_step(CdfRows<std::uint64_t>, std::span<std::uint32_t>);
template void LaneDecoder::decode(CdfRows<std::uint16_t>, std::span<std::uint32_t>, std::size_t);
template void LaneDecoder::decode(CdfRows<std::uint32_t>, std::span<std::uint32_t>, std::size_t);
template void LaneDecoder::decode(CdfRows<std::uint64_t>, std::span<std::uint32_t>, std::size_t);

}  // namespace foretell
