// The n-gram memory network, model "ngram/1": predicts bytes and learns from them, bit for bit the same everywhere.
//
// READ ME FIRST
// 1. For each byte, eight hashed contexts each look up a learned row (contexts.hpp); the rows, side by side, feed one
//    hidden layer and a softmax over 256 bytes. Eight run contexts name the byte that they saw last, and each adds a
//    learned weight to that byte's logit.
// 2. FROZEN. All that it computes equals python/foretell/models/ngram.py, the reference, bit for bit: integer products,
//    and single IEEE operations in the reference's order (docs/exact.md).
// 3. It learns once a chunk, from all steps since the last time. `score` does the steps of a chunk at once for
//    encoders, which know them; a decoder alternates `predict` and `update`. Both give the same.
//
//     NgramNetwork network({.lanes = 1, .chunk = 32});
//     network.begin(1);
//     for (const std::uint8_t byte : message) {
//       const std::span<const std::uint32_t> cdf = network.predict();  // 257 integers, 2^24 last
//       ... code byte with cdf ...
//       network.update({&byte, 1});                                    // learns with each 32nd
//     }
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "foretell/learned_state.hpp"

namespace foretell {

/// All that is needed to rebuild a network. Rates are in units of 2^-16.
struct NgramParameters {
  std::uint32_t lanes = 128;    // 1..4096, the most lanes
  std::uint32_t chunk = 8;      // 1..1024, steps between updates
  std::uint32_t row_bits = 20;  // 8..24, log2 of the rows of a hashed context
  std::uint32_t run_bits = 22;  // 8..24, log2 of the cells of a run context
  std::uint32_t width = 32;     // 1..256, numbers in a row
  std::uint32_t hidden = 128;   // 1..2048, units of the hidden layer
  std::uint32_t layer_rate = 180;
  std::uint32_t row_rate = 6554;
  std::uint32_t run_rate = 3932;
  std::uint32_t decay = 1000;  // the layers' step size falls as 1 / sqrt(1 + decay * bytes * 2^-30)
  std::uint32_t seed = 0;      // of the initial weights and of dithering
};

class NgramNetwork {
 public:
  static constexpr std::size_t kVocabulary = 256;
  static constexpr std::size_t kRowSize = kVocabulary + 1;
  static constexpr unsigned kPrecision = 24;

  /// The untrained network. Throws kInvalidArgument for a parameter out of its range, or a chunk (lanes * chunk steps
  /// times the larger of 256 and hidden) of more than 2^23 numbers; std::bad_alloc if there is no room. Tables take
  /// memory as they are touched.
  explicit NgramNetwork(const NgramParameters& parameters);
  NgramNetwork(NgramNetwork&&) noexcept;
  NgramNetwork& operator=(NgramNetwork&&) noexcept;
  ~NgramNetwork();

  [[nodiscard]] const NgramParameters& parameters() const noexcept;

  /// Starts `lanes` lanes with nothing before them; what was learned stays. Steps that await learning are learned
  /// first. Throws kInvalidArgument unless lanes is in 1..parameters().lanes. The other calls need this one first.
  void begin(std::size_t lanes);
  [[nodiscard]] std::size_t lanes() const noexcept;  // 0 before begin

  /// Returns the CDFs of the coming step, [lanes][kRowSize] at kPrecision, valid until the next call. Allocates
  /// nothing.
  [[nodiscard]] std::span<const std::uint32_t> predict();

  /// Takes the symbols that came after `predict`, [lanes], and learns if that fills the chunk.
  void update(std::span<const std::uint8_t> symbols);

  /// Does t rounds of predict and update at once: symbols, start and freq are [t][lanes], step after step, with t at
  /// most steps_left().
  void score(std::span<const std::uint8_t> symbols, std::span<std::uint32_t> start, std::span<std::uint32_t> freq);

  /// As score, and returns the whole CDFs, [t][lanes][kRowSize], valid until the next call.
  [[nodiscard]] std::span<const std::uint32_t> score_rows(std::span<const std::uint8_t> symbols);

  // `update` in two halves, for callers that have something to do in between: observe() at each step, and learn() when
  // steps_left() is 0. Learning needs none of the caller's data, and may be done in another thread.

  /// As update, but never learns.
  void observe(std::span<const std::uint8_t> symbols);

  /// Trains on the steps that await it, if any, and starts another chunk.
  void learn();

  /// Steps until the chunk is full.
  [[nodiscard]] std::size_t steps_left() const noexcept;

  /// Shows all that was learned to a visitor (learned_state.hpp), its names beginning with `name`. Steps that await
  /// learning are learned first; there are no lanes after it.
  void visit(StateVisitor& visitor, const std::string& name);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace foretell
