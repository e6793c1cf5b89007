// Lanes: N independent range-coder streams that advance together, one symbol each a step.
//
// A model that predicts N sequences at once codes one symbol of each a step. Each lane is a stream of its own, so lanes
// can be stored, sent and decoded apart, and their long chains of multiplications (or divisions) run side by side in
// the processor. What it costs is N ends: up to a byte of rounding for each lane.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "foretell/errc.hpp"
#include "foretell/range_coder.hpp"

namespace foretell {

/// The promises of RangeEncoder (failed state, threads, Integer) hold here too.
class LaneEncoder {
 public:
  LaneEncoder(std::size_t lanes, unsigned precision);

  [[nodiscard]] std::size_t lanes() const noexcept { return lanes_.size(); }
  [[nodiscard]] unsigned precision() const noexcept { return precision_; }

  /// Encodes one symbol a lane; `cdf` is row-major [lanes, row_size], row_size = V + 1.
  template <typename Integer>
  void encode_step(std::span<const std::uint32_t> symbols, std::span<const Integer> cdf, std::size_t row_size);

  /// Encodes `steps` symbols a lane; `start` and `freq` are row-major [lanes, steps].
  template <typename Integer>
  void encode(std::span<const Integer> start, std::span<const Integer> freq, std::size_t steps);

  /// Ends all streams and returns one for each lane.
  [[nodiscard]] std::vector<std::vector<std::uint8_t>> finish();

 private:
  struct Lane {
    RangeEncoderState state;
    EncodedWords words;
  };
  unsigned precision_;
  bool usable_ = true;
  std::vector<Lane> lanes_;
};

class LaneDecoder {
 public:
  /// One stream a lane; the bytes must outlive the decoder.
  LaneDecoder(std::span<const std::span<const std::uint8_t>> streams, unsigned precision);

  [[nodiscard]] std::size_t lanes() const noexcept { return lanes_.size(); }
  [[nodiscard]] unsigned precision() const noexcept { return precision_; }

  /// Decodes one symbol a lane; `cdf` is row-major [lanes, row_size].
  template <typename Integer>
  void decode_step(std::span<const Integer> cdf, std::size_t row_size, std::span<std::uint32_t> symbols);

  /// Throws kCorrupt if a lane has bytes left that no symbol needed.
  void finish();

 private:
  unsigned precision_;
  Errc failure_ = Errc::kOk;
  std::vector<RangeDecoderState> lanes_;
};

}  // namespace foretell
