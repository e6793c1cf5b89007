// Runs: for each context the byte that followed last, and how often in a row. A cell: check 16 bits, byte 8, count 8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "foretell/learned_state.hpp"
#include "huge_pages.hpp"
#include "prefetch.hpp"
#include "zeroed_array.hpp"

namespace foretell {

inline constexpr std::uint32_t kMostRun = 63;

struct Run {
  std::uint32_t* cell;
  std::uint32_t check;
  std::uint32_t byte;   // expected, with a leading one (so 0 and short partial bytes never agree by chance)
  std::uint32_t count;  // times in a row it came, 0: context not seen
};

class Runs {
 public:
  /// 2^bits cells.
  explicit Runs(unsigned bits) : shift_(32 - bits), cells_(std::size_t{1} << bits) {
    ask_for_huge_pages(cells_.data(), cells_.size() * sizeof(std::uint32_t));
  }

  [[nodiscard, gnu::always_inline]] std::uint32_t* place(std::uint32_t hash) noexcept {
    std::uint32_t* cell = &cells_[hash * 0x2c1b3c6d >> shift_];
    prefetch(cell);
    return cell;
  }

  [[nodiscard, gnu::always_inline]] static Run read(std::uint32_t* place, std::uint32_t hash) noexcept {
    const std::uint32_t cell = *place;
    const std::uint32_t check = hash & 0xffff;
    const bool known = cell >> 16 == check;
    return {place, check, (cell >> 8 & 255) | 256, known ? cell & 255 : 0};
  }

  [[gnu::always_inline]] static void learn(const Run& run, std::uint32_t byte) noexcept {
    const bool again = run.count > 0 && run.byte == (byte | 256);
    const std::uint32_t count = again ? (run.count < kMostRun ? run.count + 1 : kMostRun) : 1;
    *run.cell = run.check << 16 | byte << 8 | count;
  }

  void visit(StateVisitor& visitor, const std::string& name) { visitor.visit_words(name, cells_.all(), kMostRun); }

 private:
  unsigned shift_;
  ZeroedArray<std::uint32_t> cells_;
};

}  // namespace foretell
