// One set of contexts at work: predicts the bits of a byte, from all experts and the network, and learns from them.
//
// READ ME FIRST
// 1. A context gives up to three inputs to the mixer: the probability of its cell, what its bit history has come to
//    mean, and the byte of its run. Beside them: two matches, the network's byte distribution.
// 2. Several mixers see the same inputs, each with weights chosen by another context; three mixers of a second layer
//    join them, and one or two final maps correct the average.
// 3. All in integers, so that encoder and decoder agree on any machine. Nothing here depends on the coder but the bit.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "experts/adaptive.hpp"
#include "experts/cells.hpp"
#include "experts/context_sets.hpp"
#include "experts/followers.hpp"
#include "experts/history.hpp"
#include "experts/match.hpp"
#include "experts/mixer.hpp"
#include "experts/refinement.hpp"
#include "experts/runs.hpp"
#include "foretell/learned_state.hpp"

namespace foretell {

/// What all sets of contexts and all lanes share.
struct Memory {
  Memory(unsigned cell_bits, unsigned history_bits)
      : cells(cell_bits),
        runs(cell_bits < 26 ? cell_bits - 2 : 24),
        history(history_bits),
        far_matches(history_bits < 22 ? history_bits : 22, 7),
        near_matches(history_bits < 20 ? history_bits : 20, 4) {}

  Cells cells;
  Runs runs;
  History history;
  Followers followers;
  MatchTable far_matches;
  MatchTable near_matches;

  void visit(StateVisitor& visitor, const std::string& name) {
    cells.visit(visitor, name + "cells");
    runs.visit(visitor, name + "runs");
    history.visit(visitor, name + "history");
    followers.visit(visitor, name + "followers.");
    far_matches.visit(visitor, name + "far_matches");
    near_matches.visit(visitor, name + "near_matches");
  }
};

struct Lane {
  Past past;
  Match far;
  Match near;

  void take(std::uint8_t byte, Memory& memory) noexcept {
    memory.history.put(past.position, byte);
    memory.followers.take(past, byte);
    past.take(byte);
    far.take(past, memory.history, memory.far_matches, 64);
    near.take(past, memory.history, memory.near_matches, 32);
  }

  void visit(StateVisitor& visitor, const std::string& name) {
    past.visit(visitor, name + "past.");
    far.visit(visitor, name + "far.");
    near.visit(visitor, name + "near.");
  }
};

template <typename Set>
class BytePredictor {
 public:
  BytePredictor();

  /// Codes one byte: coder(p * 2^16 of a one, bit's number 7..0) returns the bit. `cdf` is the network's, 257 integers
  /// of 24 bits, or null. Returns the byte; the lane has not taken it yet.
  template <typename Coder>
  [[gnu::always_inline]] std::uint8_t code(const Lane& lane, Memory& memory, RecordShape shape,
                                           const std::uint32_t* cdf, Coder& coder) noexcept;

  void visit(StateVisitor& visitor, const std::string& name);

 private:
  static constexpr std::size_t kContexts = Set::kContexts;
  static constexpr bool kHasRuns = !Set::kLight;
  static constexpr bool kHasPairMap = !Set::kLight;
  static constexpr std::size_t kPerContext = kHasRuns ? 3 : 2;
  static constexpr std::size_t kUsed = kContexts * kPerContext + 4;
  static constexpr std::size_t kInputs = (kUsed + 15) / 16 * 16;
  static constexpr std::size_t kSets = Set::kLight ? 2 : 9;
  static constexpr std::array<std::size_t, 9> kRows = {2048, 512, 2048, 2048, 4096, 256, 2048, 1024, 256};
  static constexpr std::uint32_t kHistoryLimit = 512;
  static constexpr std::uint32_t kRunLimit = 255;

  std::uint64_t seen_ = 0;  // bytes coded by this set
  std::array<std::array<std::uint32_t, 256>, kContexts> histories_;
  std::array<std::array<std::array<std::uint32_t, 2>, kMostRun + 1>, kContexts> run_maps_;
  std::uint32_t unread_ = adaptive(32768);
  std::array<std::uint32_t, 32> far_map_;
  std::array<std::uint32_t, 32> near_map_;
  std::vector<MixerSet<kInputs>> mixers_;
  std::vector<MixerSet<16>> finals_;
  Refinement by_byte_{65536};
  Refinement by_pair_{kHasPairMap ? 65536 : 0};
  alignas(64) std::array<std::int32_t, kInputs> inputs_{};
  alignas(64) std::array<std::int32_t, 16> mixed_{};
};

/// Steps of a match's length that the maps tell apart, below 32.
[[nodiscard]] inline std::uint32_t length_step(std::uint32_t length) noexcept {
  if (length < 16) {
    return length;
  }
  std::uint32_t step = 16;
  for (const std::uint32_t above : {24U, 32U, 48U, 64U, 128U, 256U, 512U, 2048U, 16384U}) {
    step += length >= above ? 1 : 0;
  }
  return step;
}

template <typename Set>
BytePredictor<Set>::BytePredictor() {
  far_map_.fill(adaptive(32768));
  near_map_.fill(adaptive(32768));
  for (auto& map : histories_) {
    for (std::size_t i = 0; i < map.size(); ++i) {
      map[i] = adaptive(kBitHistories.estimate[i]);
    }
  }
  for (auto& map : run_maps_) {
    for (auto& pair : map) {
      pair.fill(adaptive(32768));
    }
  }
  constexpr std::int32_t kFirstWeight = Set::kLight ? 12000 : 4000;
  mixers_.reserve(kSets);
  for (std::size_t i = 0; i < kSets; ++i) {
    mixers_.emplace_back(kRows[i], kFirstWeight, kUsed);
  }
  if constexpr (!Set::kLight) {
    finals_.reserve(3);
    for (const std::size_t rows : {std::size_t{256}, std::size_t{2048}, std::size_t{256}}) {
      finals_.emplace_back(rows, 65536 / static_cast<std::int32_t>(kSets), kSets);
    }
  }
}

template <typename Set>
void BytePredictor<Set>::visit(StateVisitor& visitor, const std::string& name) {
  visitor.visit(name + "seen", seen_);
  visitor.visit(name + "histories", flat<std::uint32_t>(histories_));
  if constexpr (kHasRuns) {
    visitor.visit(name + "run_maps", flat<std::uint32_t>(run_maps_));
  }
  visitor.visit(name + "far_map", std::span<std::uint32_t>(far_map_));
  visitor.visit(name + "near_map", std::span<std::uint32_t>(near_map_));
  for (std::size_t i = 0; i < mixers_.size(); ++i) {
    mixers_[i].visit(visitor, name + "mixers." + std::to_string(i));
  }
  for (std::size_t i = 0; i < finals_.size(); ++i) {
    finals_[i].visit(visitor, name + "finals." + std::to_string(i));
  }
  by_byte_.visit(visitor, name + "by_byte");
  if constexpr (kHasPairMap) {
    by_pair_.visit(visitor, name + "by_pair");
  }
}

template <typename Set>
template <typename Coder>
inline std::uint8_t BytePredictor<Set>::code(const Lane& lane, Memory& memory, RecordShape shape,
                                             const std::uint32_t* cdf, Coder& coder) noexcept {
  const Past& past = lane.past;
  std::array<std::uint64_t, kContexts> values;
  Set::fill(values.data(), past, memory.history, memory.followers, shape);
  std::array<std::uint32_t, kContexts> hashes;
  for (std::size_t i = 0; i < kContexts; ++i) {
    hashes[i] = static_cast<std::uint32_t>((values[i] + i * 0x9e3779b97f4a7c15 + 1) * 0xd6e8feb86659fd93 >> 32);
  }
  std::array<CellLine, kContexts> lines;
  std::array<std::uint32_t*, kContexts> places;
  std::array<std::uint32_t, kContexts> cells;
  std::array<Run, kContexts> runs;
  std::array<std::uint32_t*, kContexts> run_places;
  std::array<std::uint32_t*, kContexts> maps;
  for (std::size_t i = 0; i < kContexts; ++i) {
    lines[i] = memory.cells.line(hashes[i], 0);
    if constexpr (kHasRuns) {
      run_places[i] = memory.runs.place(hashes[i]);
    }
  }
  if constexpr (kHasRuns) {
    for (std::size_t i = 0; i < kContexts; ++i) {
      runs[i] = Runs::read(run_places[i], hashes[i]);
    }
  }
  const std::uint32_t byte1 = past.byte(1);
  const std::uint32_t order2 = static_cast<std::uint32_t>(past.last(2)) * 0x9e3779b1;
  const std::int32_t rate =
      12 + static_cast<std::int32_t>(409600 / (4096 + (seen_ < (1U << 26) ? seen_ : (1U << 26)) / 4));
  const std::int32_t final_rate = 6 + (rate - 12) / 4;
  const std::uint32_t far_step = length_step(lane.far.length);
  const std::uint32_t near_step = lane.near.length < 31 ? lane.near.length : 31;
  const std::uint64_t field = Set::kRecords ? (past.position - past.first) % shape.unit : 0;
  ++seen_;

  std::uint32_t partial = 1;  // the bits so far behind a leading one
  std::uint32_t low = 0;      // of the network's interval: cdf[low] .. cdf[low + width]
  for (std::uint32_t left = 8; left-- > 0;) {
    const std::uint32_t bit_number = 7 - left;
    if (left == 3) {
      for (std::size_t i = 0; i < kContexts; ++i) {
        lines[i] = memory.cells.line(hashes[i], partial);
      }
    }
    const std::uint32_t nibble = left >= 4 ? partial : (partial & ((1U << (3 - left)) - 1)) | 1U << (3 - left);

    const std::uint32_t place2 = order2 ^ partial * 0x85ebca6b;
    const std::size_t context1 = byte1 << 8 | partial;
    const std::size_t context2 = (place2 ^ place2 >> 16) & 0xffff;
    by_byte_.fetch(context1);
    if constexpr (kHasPairMap) {
      by_pair_.fetch(context2);
    }

    // -- inputs --
    std::int32_t* input = inputs_.data();
    std::size_t orders = 0;
    for (std::size_t i = 0; i < kContexts; ++i) {
      places[i] = lines[i].place(nibble);
      const std::uint32_t cell = lines[i].read(places[i]);
      cells[i] = cell;
      const std::uint32_t history = cell >> 8 & 255;
      const std::int32_t known = history != 0 ? -1 : 0;
      *input++ = stretch(cell >> 16) & known;
      *input++ = stretch(adaptive_probability(histories_[i][history])) & known;
      if (i < Set::kOrders) {
        orders += history != 0 ? 1 : 0;
      }
    }
    if constexpr (kHasRuns) {
      for (std::size_t i = 0; i < kContexts; ++i) {
        const std::uint32_t expected = runs[i].byte >> left;
        const bool agrees = expected >> 1 == partial && runs[i].count != 0;
        // One that is not asked learns on a map that nobody reads: whether it agrees is hard to foretell, for a branch.
        std::uint32_t* const asked = &run_maps_[i][runs[i].count][bit_number != 0];
        maps[i] = agrees ? asked : &unread_;
        const std::int32_t known = agrees ? -1 : 0;
        const std::int32_t sign = static_cast<std::int32_t>(expected & 1) - 1;  // -1: a zero is expected
        *input++ = ((stretch(adaptive_probability(*asked)) ^ sign) - sign) & known;
      }
    }
    const bool far = lane.far.length > 0 && (lane.far.byte | 256) >> (left + 1) == partial;
    const bool near = lane.near.length > 0 && (lane.near.byte | 256) >> (left + 1) == partial;
    const std::uint32_t far_bit = lane.far.byte >> left & 1;
    const std::uint32_t near_bit = lane.near.byte >> left & 1;
    const int far_logit = far ? stretch(adaptive_probability(far_map_[far_step])) : 0;
    const int near_logit = near ? stretch(adaptive_probability(near_map_[near_step])) : 0;
    *input++ = far_bit != 0 ? far_logit : -far_logit;
    *input++ = near_bit != 0 ? near_logit : -near_logit;
    *input++ = 256;
    int network = 0;
    if (cdf != nullptr) {
      const std::uint32_t half = 1U << left;
      const std::uint64_t whole = cdf[low + 2 * half] - cdf[low];
      const std::uint64_t ones = cdf[low + 2 * half] - cdf[low + half];
      const std::uint64_t p = (ones << 16) / whole;
      network = stretch(static_cast<std::uint32_t>(p < 65535 ? p : 65535));
    }
    *input++ = network;

    // -- mixing --
    int logit;
    int p;
    const std::uint32_t far_now = far ? far_step : 0;
    if constexpr (Set::kLight) {
      logit = (mixers_[0].mix(orders << 8 | partial, inputs_.data()) +
               mixers_[1].mix(far_now << 3 | bit_number, inputs_.data())) >>
              1;
    } else {
      const std::array<std::size_t, kSets> rows = {
          orders << 8 | partial,
          far_now << 3 | bit_number,
          byte1 << 3 | bit_number,
          past.byte(2) << 3 | bit_number,
          Set::kRecords ? (field < 511 ? field : 511) << 3 | bit_number : (past.classes & 511) << 3 | bit_number,
          partial,
          past.byte(3) << 3 | bit_number,
          ((past.word_length < 15 ? past.word_length : 15) << 3 | bit_number) << 3 | (far ? 2 + far_bit : 0) |
              (near ? 4 : 0),
          static_cast<std::size_t>((network + kLogitLimit) >> 8) << 3 | bit_number};
      for (std::size_t i = 0; i < kSets; ++i) {
        mixed_[i] = mixers_[i].mix(rows[i], inputs_.data());
      }
      logit = (finals_[0].mix(partial, mixed_.data()) + finals_[1].mix(byte1 << 3 | bit_number, mixed_.data()) +
               finals_[2].mix(far_now << 3 | bit_number, mixed_.data())) /
              3;
    }
    if constexpr (kHasPairMap) {
      p = (2 * squash(logit) + 3 * by_byte_.refine(context1, logit) + 3 * by_pair_.refine(context2, logit)) >> 3;
    } else {
      p = (squash(logit) + by_byte_.refine(context1, logit)) >> 1;
    }
    p = p < 1 ? 1 : p > 65535 ? 65535 : p;

    const std::uint32_t bit = coder(static_cast<std::uint16_t>(p), left);

    // -- learning --
    by_byte_.learn(bit);
    if constexpr (kHasPairMap) {
      by_pair_.learn(bit);
    }
    for (auto& final : finals_) {
      final.learn(mixed_.data(), bit, final_rate);
    }
    for (auto& mixer : mixers_) {
      mixer.learn(inputs_.data(), bit, rate);
    }
    for (std::size_t i = 0; i < kContexts; ++i) {
      std::uint32_t& history = histories_[i][cells[i] >> 8 & 255];
      history = adapted(history, bit, kHistoryLimit);
      lines[i].learn(places[i], cells[i], bit);
    }
    if constexpr (kHasRuns) {
      for (std::size_t i = 0; i < kContexts; ++i) {
        *maps[i] = adapted(*maps[i], (runs[i].byte >> left & 1) == bit ? 1 : 0, kRunLimit);
      }
    }
    if (far) {
      far_map_[far_step] = adapted(far_map_[far_step], far_bit == bit ? 1 : 0, 1023);
    }
    if (near) {
      near_map_[near_step] = adapted(near_map_[near_step], near_bit == bit ? 1 : 0, 1023);
    }
    low += bit << left;
    partial = partial << 1 | bit;
  }
  if constexpr (kHasRuns) {
    for (std::size_t i = 0; i < kContexts; ++i) {
      Runs::learn(runs[i], partial & 255);
    }
  }
  return static_cast<std::uint8_t>(partial);
}

}  // namespace foretell
