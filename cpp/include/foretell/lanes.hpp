// Lanes: N independent range-coder streams that advance together, one symbol each a step.
//
// A model that predicts N sequences at once codes one symbol of each a step. Each lane is a stream of its own, so lanes
// can be stored, sent and decoded apart, and their long chains of multiplications (or divisions) run side by side in
// the processor. What it costs is N ends: up to a byte of rounding for each lane, and 4 bytes each with checksums.
//
// Where the CDFs of many steps are known, one call takes them all, and threads share the lanes: the bytes are the same
// for any number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "foretell/checksum.hpp"
#include "foretell/errc.hpp"
#include "foretell/range_coder.hpp"

namespace foretell {

inline constexpr std::size_t kMaxThreads = 1024;

/// The promises of RangeEncoder (failed state, threads, Integer) hold here too.
class LaneEncoder {
 public:
  /// `threads`, 1..kMaxThreads: how many may work at once in one call.
  LaneEncoder(std::size_t lanes, unsigned precision, bool with_checksum = false, std::size_t threads = 1);

  [[nodiscard]] std::size_t lanes() const noexcept { return lanes_.size(); }
  [[nodiscard]] unsigned precision() const noexcept { return precision_; }

  /// Encodes one symbol a lane, one row of `cdf` each.
  template <typename Integer>
  void encode_step(std::span<const std::uint32_t> symbols, CdfRows<Integer> cdf);

  /// Encodes `steps` symbols a lane; `start` and `freq` are row-major [lanes, steps].
  template <typename Integer>
  void encode(std::span<const Integer> start, std::span<const Integer> freq, std::size_t steps);

  /// Encodes `steps` symbols a lane; `symbols` and the rows of `cdf` are row-major [lanes, steps].
  template <typename Integer>
  void encode_symbols(std::span<const std::uint32_t> symbols, CdfRows<Integer> cdf, std::size_t steps);

  /// Ends all streams and returns one for each lane.
  [[nodiscard]] std::vector<std::vector<std::uint8_t>> finish();

 private:
  struct Lane {
    RangeEncoderState state;
    EncodedWords words;
    Checksum checksum;
  };
  unsigned precision_;
  bool with_checksum_;
  bool usable_ = true;
  std::size_t threads_;
  std::vector<Lane> lanes_;
};

class LaneDecoder {
 public:
  /// One stream a lane; the bytes must outlive the decoder.
  LaneDecoder(std::span<const std::span<const std::uint8_t>> streams, unsigned precision, bool with_checksum = false,
              std::size_t threads = 1);

  [[nodiscard]] std::size_t lanes() const noexcept { return lanes_.size(); }
  [[nodiscard]] unsigned precision() const noexcept { return precision_; }

  /// Decodes one symbol a lane, one row of `cdf` each.
  template <typename Integer>
  void decode_step(CdfRows<Integer> cdf, std::span<std::uint32_t> symbols);

  /// Decodes `steps` symbols a lane; `symbols` and the rows of `cdf` are row-major [lanes, steps].
  template <typename Integer>
  void decode(CdfRows<Integer> cdf, std::span<std::uint32_t> symbols, std::size_t steps);

  /// True if every stream is the one that an encoder writes for the symbols decoded so far. False in a failed state.
  [[nodiscard]] bool is_exhausted() const noexcept;

  /// Throws kCorrupt or kTruncated, naming a lane, unless is_exhausted().
  void finish();

 private:
  unsigned precision_;
  bool with_checksum_;
  Errc failure_ = Errc::kOk;
  std::size_t threads_;
  std::vector<RangeDecoderState> lanes_;
  std::vector<Checksum> checksums_;
};

}  // namespace foretell
