// Context mixing beside the network: blocks of bytes to payloads and back. Model "mix/1".
//
// READ ME FIRST
// 1. Experts, adaptive probabilities under hashed contexts, runs and matches, predict bit by bit; a mixer that learns
//    which of them to trust joins their logits, and those of the n-gram network's byte distribution, into one
//    probability for the binary coder. (Logistic mixing: Mahoney 2005, and the PAQ family after it.)
// 2. Integers in the experts, exact operations in the network: a payload decodes everywhere. FROZEN as "mix/1".
// 3. A block may be filtered and may use contexts of records: what the encoder found in it stands before its bits
//    (docs/format.md). The next block goes on with all that was learned; a failed decode leaves the object unusable.
//
//     MixCodec encoder({.cell_bits = 22});          MixCodec decoder({.cell_bits = 22});
//     MixBlock block = encoder.encode(bytes);       decoder.decode(block.payload, plain);
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "foretell/learned_state.hpp"
#include "foretell/ngram_network.hpp"

namespace foretell {

struct MixParameters {
  std::uint32_t contexts = 1;              // 0: few, for speed; 1: all
  std::uint32_t cell_bits = 22;            // 12..30, log2 of the cells of contexts, 4 bytes each
  std::uint32_t history_bits = 22;         // 12..30, log2 of the bytes that matches reach back
  std::optional<NgramParameters> network;  // with one lane
};

struct MixBlock {
  std::vector<std::uint8_t> payload;
  double ideal_bits;  // sum of -log2 p of the coded bits; for people, nothing coded depends on it
};

/// Called now and then with the bytes done since the last call; an exception it throws ends the block.
using MixProgress = std::function<void(std::size_t)>;

class MixCodec {
 public:
  /// Throws kInvalidArgument for a parameter out of its range, std::bad_alloc if there is no room.
  explicit MixCodec(const MixParameters& parameters);
  MixCodec(MixCodec&&) noexcept;
  MixCodec& operator=(MixCodec&&) noexcept;
  ~MixCodec();

  /// Codes a block and learns it; an empty one has an empty payload.
  [[nodiscard]] MixBlock encode(std::span<const std::uint8_t> block, const MixProgress& progress = {});

  /// Undoes `encode` of a codec with the same past: fills `block`. Throws kCorrupt or kTruncated if no encoder in this
  /// state wrote the payload (many wrong ones decode to wrong bytes instead).
  void decode(std::span<const std::uint8_t> payload, std::span<std::uint8_t> block, const MixProgress& progress = {});

  /// Shows all that was learned to a visitor (learned_state.hpp). A codec with the same parameters that is filled with
  /// it goes on as this one would.
  void visit(StateVisitor& visitor);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace foretell
