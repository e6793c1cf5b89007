// The memory of contexts: one 32-bit cell for each bit position of each context met, in one table for all of them.
//
// A cell holds a probability (16 bits), a bit history (8) and a check (8). A context owns, for each half of a byte, a
// line of 16 cells that it shares with others: its 15 partial values go to 15 places turned by a hash, so that contexts
// with few of them fit into one line beside each other. A cell whose check is another's counts as new. One that
// remembers several bits is not overwritten at once, but aged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "experts/bit_history.hpp"
#include "foretell/learned_state.hpp"
#include "huge_pages.hpp"
#include "prefetch.hpp"
#include "zeroed_array.hpp"

namespace foretell {

inline constexpr std::uint32_t kNewCell = 0x80000000;  // one half, nothing remembered

/// Where a context's cells are for one half of a byte.
struct CellLine {
  std::uint32_t* cells;
  std::uint32_t turn;
  std::uint32_t check;

  [[nodiscard, gnu::always_inline]] std::uint32_t* place(std::uint32_t partial) const noexcept {
    return cells + ((partial + turn) & 15);
  }
  /// The cell's content for this context.
  [[nodiscard, gnu::always_inline]] std::uint32_t read(const std::uint32_t* place) const noexcept {
    const std::uint32_t cell = *place;
    return (cell & 255) == check && (cell & 0xff00) != 0 ? cell : kNewCell;
  }
  /// Learns the bit; `cell` is what read() gave.
  [[gnu::always_inline]] void learn(std::uint32_t* place, std::uint32_t cell, std::uint32_t bit) const noexcept {
    const std::uint32_t history = cell >> 8 & 255;
    if (history == 0) {
      const std::uint32_t other = *place >> 8 & 255;
      if ((*place & 255) != check && kBitHistories.count[other] > 1) {
        *place = (*place & 0xffff00ff) | std::uint32_t{kBitHistories.aged[other]} << 8;
        return;
      }
    }
    const std::int32_t p = static_cast<std::int32_t>(cell >> 16);
    const std::int32_t target = static_cast<std::int32_t>(bit * 65535);
    const std::int32_t moved =
        p + static_cast<std::int32_t>(std::int64_t{target - p} * kBitHistories.rate[history] >> 16);
    *place = static_cast<std::uint32_t>(moved) << 16 | std::uint32_t{kBitHistories.next[history][bit]} << 8 | check;
  }
};

class Cells {
 public:
  /// 2^bits cells.
  explicit Cells(unsigned bits) : shift_(64 - (bits - 4)), cells_(std::size_t{1} << bits) {
    ask_for_huge_pages(cells_.data(), cells_.size() * sizeof(std::uint32_t));
  }

  /// The line of a context's hash, and fetches it. `partial` is 0 for the first half of a byte, then 16..31.
  [[nodiscard, gnu::always_inline]] CellLine line(std::uint32_t hash, std::uint32_t partial) noexcept {
    std::uint64_t mixed = std::uint64_t{hash + partial * 0x9e3779b1} * 0x9e3779b97f4a7c15;
    mixed = (mixed ^ mixed >> 32) * 0xd6e8feb86659fd93;
    std::uint32_t* cells = &cells_[static_cast<std::size_t>(mixed >> shift_) << 4];
    prefetch(cells);
    return {cells, static_cast<std::uint32_t>(mixed >> 28 & 15), static_cast<std::uint32_t>(mixed >> 20 & 255)};
  }

  void visit(StateVisitor& visitor, const std::string& name) { visitor.visit(name, cells_.all()); }

 private:
  unsigned shift_;
  ZeroedArray<std::uint32_t> cells_;
};

}  // namespace foretell
