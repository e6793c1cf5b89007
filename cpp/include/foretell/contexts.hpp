// What a byte model sees of the past: for each lane, rows of a table to look up and bytes that are expected next.
//
// READ ME FIRST
// 1. Integers only. The features at a step are a pure function of the symbols observed so far, so an encoder that scans
//    a chunk at once and a decoder that steps through it get the same ones, on any machine.
// 2. Lanes share the run tables: what one lane has seen, all others expect from the next step on. Within a step every
//    lane's features are taken before any lane's symbol is observed; symbols are then observed in the order of the
//    lanes.
// 3. FROZEN as model "ngram/1": a change of any hash, order or counter rule is a new model name.
//
// Rows (kSlots a lane): the last 1, 2, ... 6 bytes, the letters of the current word, and those with the word before it.
// Each slot owns a range of rows: 256 for one byte, 2^min(16, row_bits) for two, 2^row_bits for the others, which are
// hashed.
//
// Candidates (kCandidates a lane): for contexts of the orders below, the byte that followed the last time, and how far
// to trust it: confidence 0 = context never seen, 1 = seen once, up to 15 = foretold right every time. (The "run" or
// indirect model of the PAQ family, in one 32-bit cell: check 16 bits, byte 8, confidence 8.)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "foretell/learned_state.hpp"

namespace foretell {

class ByteContexts {
 public:
  static constexpr std::size_t kSlots = 8;
  static constexpr std::size_t kCandidates = 8;
  static constexpr std::size_t kConfidences = 16;
  /// The bytes each candidate's context spans; the last one is the current and the previous word instead.
  static constexpr std::array<unsigned, kCandidates> kOrders = {3, 4, 5, 6, 8, 12, 16, 0};
  static constexpr unsigned kMaxBits = 26;

  /// Throws kInvalidArgument unless both are in 8..kMaxBits, std::bad_alloc if there is no room. Memory is taken from
  /// the system as cells are first touched.
  ByteContexts(unsigned row_bits, unsigned run_bits);

  /// How many rows the slots own together.
  [[nodiscard]] std::size_t table_rows() const noexcept { return table_rows_; }
  [[nodiscard]] std::size_t lanes() const noexcept { return lanes_.size(); }

  /// Starts `lanes` lanes with nothing before them; the run tables stay.
  void begin(std::size_t lanes);

  /// Writes the features of the coming step, each array row-major [lanes][kSlots or kCandidates]: rows of the table,
  /// candidate bytes, and candidate * kConfidences + confidence.
  void features(std::span<std::int64_t> rows, std::span<std::int64_t> candidates,
                std::span<std::int64_t> buckets) const;

  /// Takes the symbol of each lane; throws kInvalidArgument unless there are lanes() of them.
  void observe(std::span<const std::uint8_t> symbols);

  /// Shows the run tables, not the lanes: `begin` is needed after it.
  void visit(StateVisitor& visitor, const std::string& name);

 private:
  struct Lane {
    std::uint64_t recent = 0;   // the last 8 bytes, newest lowest
    std::uint64_t earlier = 0;  // the 8 before those
    std::uint32_t word = 0;     // hash of the letters of the current word, 0 outside words
    std::uint32_t previous_word = 0;
  };
  struct Free {
    void operator()(std::uint32_t* cells) const noexcept { std::free(cells); }
  };
  struct Cell {
    std::size_t index;    // into runs_
    std::uint32_t check;  // the cell's upper 16 bits, if it is this context's
  };

  void locate();

  unsigned run_bits_;
  std::array<std::size_t, kSlots> first_row_{};
  std::array<unsigned, kSlots> slot_bits_{};
  std::size_t table_rows_ = 0;
  std::vector<Lane> lanes_;
  std::vector<Cell> cells_;                      // [lanes][kCandidates], always those of the coming step
  std::unique_ptr<std::uint32_t[], Free> runs_;  // [kCandidates][2^run_bits]
};

/// Numbers the distinct values of `values` (each >= 0) in order of first appearance: fills `inverse` (as long as
/// `values`) so that distinct[inverse[i]] == values[i], and returns `distinct`.
[[nodiscard]] std::vector<std::int64_t> distinct(std::span<const std::int64_t> values, std::span<std::int64_t> inverse);

}  // namespace foretell
