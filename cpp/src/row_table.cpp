#include "row_table.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>

#include "float_grid.hpp"
#include "huge_pages.hpp"
#include "targets.hpp"

namespace foretell {
namespace {

constexpr int kTableExponent = -12;
constexpr int kReadShift = RowTable::kReadExponent - kTableExponent;
constexpr std::int32_t kHalf = 1 << (kReadShift - 1);  // half a read step, in table steps
constexpr float kMostEntry = 32767.0F - static_cast<float>(kHalf);
constexpr float kEpsilon = 0x1p-13F;
constexpr std::size_t kMostWidth = 256;
constexpr std::size_t kAhead = 2 * 8;  // rows

struct ReadRows {
  [[gnu::always_inline]] static void run(const std::int16_t* table, std::size_t width, const std::int64_t* rows,
                                         std::size_t count, std::int8_t* to) noexcept {
    for (std::size_t r = 0; r < count; ++r, to += width) {
      const std::int16_t* const row = table + static_cast<std::size_t>(rows[r]) * width;
      for (std::size_t i = 0; i < width; ++i) {
        // Entries stay so far from the end of 16 bits that half a step fits.
        const auto steps = static_cast<std::int16_t>(static_cast<std::int16_t>(row[i] + kHalf) >> kReadShift);
        to[i] = static_cast<std::int8_t>(std::clamp<std::int16_t>(steps, -127, 127));
      }
    }
  }
};

/// What a step of the table is made of.
struct Step {
  std::int16_t* table;
  float* squares;
  std::size_t width;
  float unit;           // of the gradients
  float rate_unit;      // the unit times the rate
  float inverse_width;  // 1 / width
};

/// The sum of the magnitudes of a row's only gradient, rounded once. All are integers.
struct MagnitudeOf {
  [[gnu::always_inline]] static float run(const float* gradient, std::size_t width) noexcept {
    std::int32_t magnitude = 0;
    for (std::size_t i = 0; i < width; ++i) {
      magnitude += std::abs(static_cast<std::int32_t>(gradient[i]));
    }
    return static_cast<float>(magnitude);
  }
};

/// Adds up the gradients on a list, and returns the sum of the sums' magnitudes. `Sum` holds both exactly; what is
/// written and returned is rounded once.
template <typename Sum>
struct SumList {
  [[gnu::always_inline]] static float run(Gradients gradients, std::size_t width, const std::uint32_t* next,
                                          std::uint32_t at, std::uint32_t none, float* to) noexcept {
    alignas(ZeroedArray<Sum>::kAlignment) std::array<Sum, kMostWidth> total;
    std::fill_n(total.data(), width, Sum{0});
    for (; at != none; at = next[at]) {
      const float* const gradient = gradients[at];
      for (std::size_t i = 0; i < width; ++i) {
        total[i] += static_cast<Sum>(gradient[i]);
      }
    }
    Sum magnitude = 0;
    for (std::size_t i = 0; i < width; ++i) {
      magnitude += total[i] < 0 ? -total[i] : total[i];
      to[i] = static_cast<float>(total[i]);
    }
    return static_cast<float>(magnitude);
  }
};

constexpr std::size_t kBatch = 16;  // rows whose roots and quotients are found together

struct Batch {
  std::size_t count = 0;
  std::array<std::size_t, kBatch> rows{};
  std::array<const float*, kBatch> totals{};  // of each row's gradients
  std::array<float, kBatch> magnitudes{};
};

struct LearnBatch {
  [[gnu::always_inline]] static void run(Step step, const Batch* batch) noexcept {
    std::array<float, kBatch> squares{};
    std::array<float, kBatch> factors;
    for (std::size_t b = 0; b < batch->count; ++b) {
      squares[b] = step.squares[batch->rows[b]];
    }
    for (std::size_t b = 0; b < kBatch; ++b) {
      const float mean = batch->magnitudes[b] * step.unit * step.inverse_width;
      squares[b] = squares[b] + mean * mean;
      factors[b] = step.rate_unit / (std::sqrt(squares[b]) + kEpsilon);
    }
    for (std::size_t b = 0; b < batch->count; ++b) {
      step.squares[batch->rows[b]] = squares[b];
      const float factor = factors[b];
      const float* __restrict total = batch->totals[b];
      std::int16_t* __restrict row = step.table + batch->rows[b] * step.width;
      for (std::size_t i = 0; i < step.width; ++i) {
        constexpr float kMostChange = 0x1p20F;  // takes any entry to its limit, as a larger one would
        const float change = clip(total[i] * factor, -kMostChange, kMostChange);
        const float entry = static_cast<float>(row[i]) - static_cast<float>(round_small(change));
        row[i] = static_cast<std::int16_t>(static_cast<std::int32_t>(clip(entry, -kMostEntry, kMostEntry)));
      }
    }
  }
};

}  // namespace

RowTable::RowTable(std::size_t rows, std::size_t width, double rate)
    : width_(width),
      rate_(static_cast<float>(rate * (1 << -kTableExponent))),
      inverse_width_(static_cast<float>(1.0 / static_cast<double>(width))),
      table_(rows * width),
      squares_(rows),
      sums_(kBatch * width) {
  ask_for_huge_pages(table_.data(), table_.size() * sizeof(std::int16_t));
  ask_for_huge_pages(squares_.data(), squares_.size() * sizeof(float));
}

void RowTable::read(std::span<const std::int64_t> rows, std::int8_t* to) const noexcept {
  for_isa<ReadRows>(table_.data(), width_, rows.data(), rows.size(), to);
}

void RowTable::visit(StateVisitor& visitor, const std::string& name) {
  constexpr auto kMost = static_cast<std::int16_t>(kMostEntry);
  visitor.visit<std::int16_t>(name + "table", table_.all(), -kMost, kMost);
  visitor.visit(name + "squares", squares_.all(), 0.0F, kMostLearned);
}

void RowTable::reserve(std::size_t count) {
  first_.reserve(count);
  counts_.reserve(count);
  next_.resize(count);
  cells_.assign(std::size_t{2} << std::bit_width(count), kNone);
}

void RowTable::group(std::span<const std::int64_t> rows) noexcept {
  first_.clear();
  counts_.clear();
  std::fill(cells_.begin(), cells_.end(), kNone);
  const std::size_t mask = cells_.size() - 1;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto hash = static_cast<std::uint64_t>(rows[i]) * 0x9E3779B97F4A7C15;
    std::size_t at = static_cast<std::size_t>(hash >> 32) & mask;
    while (cells_[at] != kNone && rows[first_[cells_[at]]] != rows[i]) {
      at = (at + 1) & mask;
    }
    if (cells_[at] == kNone) {
      cells_[at] = static_cast<std::uint32_t>(first_.size());
      first_.push_back(static_cast<std::uint32_t>(i));
      counts_.push_back(1);
      next_[i] = kNone;
    } else {
      ++counts_[cells_[at]];
      std::uint32_t& head = first_[cells_[at]];
      next_[i] = head;
      head = static_cast<std::uint32_t>(i);
    }
  }
}

void RowTable::learn(std::span<const std::int64_t> rows, Gradients gradients, double most, int exponent) noexcept {
  group(rows);
  const float unit = power_of_two(exponent);
  const Step step{table_.data(), squares_.data(), width_, unit, unit * rate_, inverse_width_};
  const std::uint32_t* const next = next_.data();
  Batch batch;
  for (std::size_t i = 0; i < first_.size(); ++i) {
    if (i + kAhead < first_.size()) {
      prefetch_row(rows[first_[i + kAhead]]);
    }
    const std::size_t b = batch.count++;
    float* const sums = sums_.data() + b * width_;
    const bool fits = most * static_cast<double>(counts_[i] * width_) < 0x1p30;
    batch.rows[b] = static_cast<std::size_t>(rows[first_[i]]);
    batch.totals[b] = sums;
    if (fits && counts_[i] == 1) {
      batch.totals[b] = gradients[first_[i]];
      batch.magnitudes[b] = for_isa<MagnitudeOf>(batch.totals[b], width_);
    } else if (fits) {
      batch.magnitudes[b] = for_isa<SumList<std::int32_t>>(gradients, width_, next, first_[i], kNone, sums);
    } else {
      batch.magnitudes[b] = for_isa<SumList<double>>(gradients, width_, next, first_[i], kNone, sums);
    }
    if (batch.count == kBatch || i + 1 == first_.size()) {
      for_isa<LearnBatch>(step, static_cast<const Batch*>(&batch));
      batch.count = 0;
    }
  }
}

}  // namespace foretell
