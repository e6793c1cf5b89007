#include "row_table.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>

#include "float_grid.hpp"
#include "targets.hpp"

namespace foretell {
namespace {

constexpr int kTableExponent = -12;
constexpr int kReadShift = RowTable::kReadExponent - kTableExponent;
constexpr std::int32_t kHalf = 1 << (kReadShift - 1);  // half a read step, in table steps
constexpr float kMostEntry = 32767.0F - static_cast<float>(kHalf);
constexpr float kEpsilon = 0x1p-13F;
constexpr std::size_t kMostWidth = 256;
constexpr std::size_t kAhead = 8;  // rows

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

struct LargestOf {
  [[gnu::always_inline]] static float run(const float* numbers, std::size_t count) noexcept {
    std::uint32_t most = 0;
    for (std::size_t i = 0; i < count; ++i) {
      most = std::max(most, magnitude_bits(numbers[i]));
    }
    return std::bit_cast<float>(most);
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

/// Takes the step of one row. `Sum` holds the sums of a row's gradients, and the sum of their magnitudes, exactly.
template <typename Sum>
[[gnu::always_inline]] inline void learn_row(const Step& step, std::size_t index, const Sum* total) noexcept {
  Sum magnitude = 0;
  for (std::size_t i = 0; i < step.width; ++i) {
    magnitude += total[i] < 0 ? -total[i] : total[i];
  }
  const float mean = static_cast<float>(magnitude) * step.unit * step.inverse_width;
  const float square = step.squares[index] + mean * mean;
  step.squares[index] = square;
  const float factor = step.rate_unit / (std::sqrt(square) + kEpsilon);
  std::int16_t* const row = step.table + index * step.width;
  for (std::size_t i = 0; i < step.width; ++i) {
    constexpr float kMostChange = 0x1p20F;  // takes any entry to its limit, as a larger one would
    const float change = clip(static_cast<float>(total[i]) * factor, -kMostChange, kMostChange);
    const float entry = static_cast<float>(row[i]) - static_cast<float>(round_small(change));
    row[i] = static_cast<std::int16_t>(static_cast<std::int32_t>(clip(entry, -kMostEntry, kMostEntry)));
  }
}

/// Where the gradients are: see RowTable::learn.
struct Gradients {
  const float* numbers;
  std::size_t per_group;
  std::size_t group_stride;
};

/// Adds up the gradients on a list and takes the row's step.
template <typename Sum>
struct LearnList {
  [[gnu::always_inline]] static void run(Step step, std::size_t index, Gradients gradients, const std::uint32_t* next,
                                         std::uint32_t at, std::uint32_t none) noexcept {
    alignas(64) std::array<Sum, kMostWidth> total;
    std::fill_n(total.data(), step.width, Sum{0});
    for (; at != none; at = next[at]) {
      const float* const gradient =
          gradients.numbers + at / gradients.per_group * gradients.group_stride + at % gradients.per_group * step.width;
      for (std::size_t i = 0; i < step.width; ++i) {
        total[i] += static_cast<Sum>(gradient[i]);
      }
    }
    learn_row(step, index, static_cast<const Sum*>(total.data()));
  }
};

}  // namespace

RowTable::RowTable(std::size_t rows, std::size_t width, double rate)
    : width_(width),
      rate_(static_cast<float>(rate * (1 << -kTableExponent))),
      inverse_width_(static_cast<float>(1.0 / static_cast<double>(width))),
      table_(rows * width),
      squares_(rows) {}

void RowTable::read(std::span<const std::int64_t> rows, std::int8_t* to) const noexcept {
  for_isa<ReadRows>(table_.data(), width_, rows.data(), rows.size(), to);
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

void RowTable::learn(std::span<const std::int64_t> rows, const float* gradient, std::size_t per_group,
                     std::size_t group_stride, int exponent) noexcept {
  group(rows);
  const float unit = power_of_two(exponent);
  const Step step{table_.data(), squares_.data(), width_, unit, unit * rate_, inverse_width_};
  const Gradients gradients{gradient, per_group, group_stride};
  const std::uint32_t* const next = next_.data();
  float most = 0;
  for (std::size_t g = 0; g * per_group < rows.size(); ++g) {
    most = std::max(most, for_isa<LargestOf>(gradient + g * group_stride, per_group * width_));
  }
  for (std::size_t i = 0; i < first_.size(); ++i) {
    if (i + kAhead < first_.size()) {
      prefetch_row(rows[first_[i + kAhead]]);
    }
    const auto row = static_cast<std::size_t>(rows[first_[i]]);
    const bool is_small = static_cast<double>(most) * static_cast<double>(counts_[i] * width_) < 0x1p31;
    if (is_small) {
      for_isa<LearnList<std::int32_t>>(step, row, gradients, next, first_[i], kNone);
    } else {
      for_isa<LearnList<double>>(step, row, gradients, next, first_[i], kNone);
    }
  }
}

}  // namespace foretell
