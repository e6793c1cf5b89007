#include "foretell/contexts.hpp"

#include <algorithm>
#include <bit>
#include <new>
#include <string>

#include "foretell/errc.hpp"
#include "huge_pages.hpp"
#include "prefetch.hpp"

namespace foretell {
namespace {

constexpr std::uint32_t kConfidenceMask = 0xFF;
constexpr std::uint32_t kMaxConfidence = ByteContexts::kConfidences - 1;
constexpr std::uint32_t kWordMultiplier = 0x2F0B4C47;

/// The splitmix64 finaliser's first half: enough to spread contexts over a table by their upper bits.
constexpr std::uint64_t mix(std::uint64_t x) {
  x *= 0x9E3779B97F4A7C15;
  x ^= x >> 29;
  return x * 0xBF58476D1CE4E5B9;
}

/// The newest `count` (1..8) bytes of `bytes`.
constexpr std::uint64_t newest(std::uint64_t bytes, unsigned count) {
  return count == 8 ? bytes : bytes & ((std::uint64_t{1} << (8 * count)) - 1);
}

constexpr bool is_letter(std::uint8_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 128; }

void check_size(std::size_t size, std::size_t expected, const char* what) {
  if (size != expected) {
    throw Error{Errc::kInvalidArgument,
                std::string(what) + " must have " + std::to_string(expected) + " items, not " + std::to_string(size)};
  }
}

}  // namespace

ByteContexts::ByteContexts(unsigned row_bits, unsigned run_bits) : run_bits_(run_bits) {
  for (const unsigned bits : {row_bits, run_bits}) {
    if (bits < 8 || bits > kMaxBits) {
      throw Error{Errc::kInvalidArgument,
                  "row_bits and run_bits must be in 8.." + std::to_string(kMaxBits) + ", not " + std::to_string(bits)};
    }
  }
  slot_bits_.fill(row_bits);
  slot_bits_[0] = 8;
  slot_bits_[1] = std::min(16U, row_bits);
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    first_row_[slot] = table_rows_;
    table_rows_ += std::size_t{1} << slot_bits_[slot];
  }
  // calloc, not a vector: the system hands out zeros page by page, so that small inputs do not pay for large tables.
  runs_.reset(static_cast<std::uint32_t*>(std::calloc(kCandidates << run_bits, sizeof(std::uint32_t))));
  if (runs_ == nullptr) {
    throw std::bad_alloc{};
  }
  ask_for_huge_pages(runs_.get(), (kCandidates << run_bits) * sizeof(std::uint32_t));
}

void ByteContexts::begin(std::size_t lanes) {
  lanes_.assign(lanes, Lane{});
  cells_.resize(lanes * kCandidates);
  locate();
}

void ByteContexts::visit(StateVisitor& visitor, const std::string& name) {
  visitor.visit_words(name, {runs_.get(), kCandidates << run_bits_}, kMaxConfidence);
}

void ByteContexts::locate() {
  Cell* cell = cells_.data();
  for (const Lane& lane : lanes_) {
    for (std::size_t k = 0; k < kCandidates; ++k, ++cell) {
      const unsigned order = kOrders[k];
      std::uint64_t context = 0;
      if (order == 0) {
        context = mix(std::uint64_t{lane.word} << 32 | lane.previous_word) + newest(lane.recent, 1);
      } else if (order <= 8) {
        context = newest(lane.recent, order);
      } else {
        context = mix(lane.recent) + newest(lane.earlier, order - 8);
      }
      const std::uint64_t hash = mix(context + (k + 1) * 0xD6E8FEB86659FD93);
      cell->index = (k << run_bits_) + static_cast<std::size_t>(hash >> (64 - run_bits_));
      cell->check = static_cast<std::uint32_t>(hash) & 0xFFFF;
      prefetch(&runs_[cell->index]);
    }
  }
}

void ByteContexts::features(std::span<std::int64_t> rows, std::span<std::int64_t> candidates,
                            std::span<std::int64_t> buckets) const {
  check_size(rows.size(), lanes_.size() * kSlots, "rows");
  check_size(candidates.size(), lanes_.size() * kCandidates, "candidates");
  check_size(buckets.size(), lanes_.size() * kCandidates, "buckets");
  std::size_t r = 0;
  for (const Lane& lane : lanes_) {
    for (std::size_t slot = 0; slot < kSlots; ++slot, ++r) {
      std::uint64_t context = 0;
      if (slot < 6) {
        context = newest(lane.recent, static_cast<unsigned>(slot) + 1);
      } else if (slot == 6) {  // outside words, what separates them
        context = lane.word != 0 ? lane.word : newest(lane.recent, 1) << 32;
      } else {
        context = std::uint64_t{lane.word} << 32 | lane.previous_word;
      }
      const unsigned bits = slot_bits_[slot];
      const bool direct = slot < 2 && bits == 8 * (slot + 1);
      const std::uint64_t row = direct ? context : mix(context + (slot + 1) * 0xA0761D6478BD642F) >> (64 - bits);
      rows[r] = static_cast<std::int64_t>(first_row_[slot] + row);
    }
  }
  for (std::size_t c = 0; c < cells_.size(); ++c) {
    const std::uint32_t run = runs_[cells_[c].index];
    const bool known = run >> 16 == cells_[c].check;
    candidates[c] = known ? (run >> 8) & 0xFF : 0;
    buckets[c] = static_cast<std::int64_t>((c % kCandidates) * kConfidences + (known ? run & kConfidenceMask : 0));
  }
}

void ByteContexts::observe(std::span<const std::uint8_t> symbols) {
  check_size(symbols.size(), lanes_.size(), "symbols");
  const Cell* cell = cells_.data();
  for (std::size_t l = 0; l < symbols.size(); ++l) {
    const std::uint8_t symbol = symbols[l];
    for (std::size_t k = 0; k < kCandidates; ++k, ++cell) {
      std::uint32_t& run = runs_[cell->index];
      const std::uint32_t confidence = run & kConfidenceMask;
      const bool known = run >> 16 == cell->check && confidence != 0;
      if (known && ((run >> 8) & 0xFF) == symbol) {
        run += confidence < kMaxConfidence ? 1 : 0;
      } else if (known && confidence > 3) {
        run = (run & ~kConfidenceMask) | confidence >> 2;  // one surprise does not overturn a long run
      } else {
        run = cell->check << 16 | std::uint32_t{symbol} << 8 | 1;
      }
    }
    Lane& lane = lanes_[l];
    lane.earlier = lane.earlier << 8 | lane.recent >> 56;
    lane.recent = lane.recent << 8 | symbol;
    if (is_letter(symbol)) {
      const std::uint32_t lower = symbol >= 'A' && symbol <= 'Z' ? symbol + 32U : symbol;
      lane.word = std::max(1U, (lane.word + lower + 1) * kWordMultiplier);
    } else if (lane.word != 0) {
      lane.previous_word = lane.word;
      lane.word = 0;
    }
  }
  locate();
}

std::vector<std::int64_t> distinct(std::span<const std::int64_t> values, std::span<std::int64_t> inverse) {
  check_size(inverse.size(), values.size(), "inverse");
  std::vector<std::int64_t> found;
  found.reserve(values.size());
  // Open addressing at most half full; a cell holds 1 + a position in `found`.
  const unsigned bits = static_cast<unsigned>(std::bit_width(values.size())) + 1;
  std::vector<std::uint32_t> cells(std::size_t{1} << bits);
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::size_t at = static_cast<std::size_t>(mix(static_cast<std::uint64_t>(values[i])) >> (64 - bits));
    while (cells[at] != 0 && found[cells[at] - 1] != values[i]) {
      at = (at + 1) & (cells.size() - 1);
    }
    if (cells[at] == 0) {
      found.push_back(values[i]);
      cells[at] = static_cast<std::uint32_t>(found.size());
    }
    inverse[i] = cells[at] - 1;
  }
  return found;
}

}  // namespace foretell
