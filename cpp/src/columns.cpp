#include "columns.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "foretell/probe.hpp"

namespace foretell {
namespace {

// Shares of equal bytes are in units of 2^-16.
constexpr std::uint32_t kOne = 65536;
constexpr std::size_t kWindows = 16;        // looked at for all distances
constexpr std::size_t kVotes = 32;          // looked at for the distances found
constexpr std::size_t kMostSample = 65536;  // bytes in all windows together
constexpr std::size_t kLeastSample = 1024;
constexpr std::size_t kBudget = 256;      // comparisons for each byte of the block, which keeps to 10 ms a MB
constexpr std::size_t kFirstLags = 4224;  // for units and most rows; only if no row is found, for others
constexpr std::uint32_t kLeastExcess = kOne / 256;
constexpr unsigned kLeastScore = 550;

/// Shares of bytes that equal the one `lag` earlier, in windows spread evenly over the block.
class Equality {
 public:
  Equality(std::span<const std::uint8_t> block, std::size_t most_lag, std::size_t sample)
      : block_(block), first_(most_lag), window_(std::max<std::size_t>(64, sample / kWindows)) {
    window_ = std::min(window_, (block.size() - most_lag) / kWindows);
  }

  [[nodiscard]] std::uint32_t operator()(std::size_t lag) const noexcept {
    std::uint64_t equal = 0;
    for (std::size_t w = 0; w < kWindows; ++w) {
      const std::uint8_t* const at = block_.data() + first_ + w * (block_.size() - first_) / kWindows;
      equal += count_equal(at, at - lag, window_);
    }
    return static_cast<std::uint32_t>(equal * kOne / (window_ * kWindows));
  }

 private:
  std::span<const std::uint8_t> block_;
  std::size_t first_;  // position of the first window: so much is before each
  std::size_t window_;
};

/// share[lag] for the lags 1..; a lag out of range has 0.
struct Shares {
  std::vector<std::uint32_t> share;

  [[nodiscard]] std::uint32_t at(std::size_t lag) const noexcept { return lag < share.size() ? share[lag] : 0; }
  [[nodiscard]] std::size_t most() const noexcept { return share.size() - 1; }
};

/// What a share must exceed another one by to count: a quarter of its hits more, or of its misses less.
std::uint32_t needed_excess(std::uint32_t share) noexcept {
  return std::min(share / 4 + kLeastExcess, (kOne - share) / 4);
}

/// By how much the share at `unit` and at twice that, whichever is less, exceeds those of lags between; 0 if hardly.
std::uint32_t unit_excess(const Shares& shares, std::size_t unit) {
  const std::uint32_t on = std::min(shares.at(unit), shares.at(2 * unit));
  std::uint64_t sum = 0;
  for (std::size_t lag = 1; lag < 2 * unit; ++lag) {
    sum += lag == unit ? 0 : shares.at(lag);
  }
  const auto off = static_cast<std::uint32_t>(sum / (2 * unit - 2));
  return on > off + needed_excess(off) ? on - off : 0;
}

/// The smallest unit with 7 tenths of the best one's excess: 4 for a table of 4-byte numbers whose rows are of 24.
std::size_t find_unit(const Shares& shares) {
  std::array<std::uint32_t, kMostUnit + 1> excess{};
  const std::size_t most = std::min(kMostUnit, shares.most() / 2);
  for (std::size_t unit = 2; unit <= most; ++unit) {
    excess[unit] = unit_excess(shares, unit);
  }
  const std::uint32_t best = *std::max_element(excess.begin(), excess.end());
  if (best == 0) {
    return 1;
  }
  std::size_t unit = 2;
  while (std::uint64_t{excess[unit]} * 10 < std::uint64_t{best} * 7) {
    ++unit;
  }
  return unit;
}

/// The nearest lag with 8 tenths of the excess of the best one over the lags, multiples of `unit`, that lie between
/// half and seven eighths of it; 0 if there is none. So neither the slope from the first lags counts, nor a hill of two
/// rows.
std::size_t find_row(const Shares& shares, std::size_t unit, bool text) {
  const std::size_t least = std::max<std::size_t>(kMostUnit + 1, 3 * unit);
  std::vector<std::uint64_t> sums(shares.most() / unit + 1);  // of the shares at the first multiples of unit
  for (std::size_t i = 1; i < sums.size(); ++i) {
    sums[i] = sums[i - 1] + shares.at(i * unit);
  }
  std::vector<std::uint32_t> excess(shares.share.size());
  std::uint32_t best = 0;
  const std::size_t margin = 2 * unit;
  for (std::size_t lag = least; lag + margin <= shares.most(); ++lag) {
    const std::size_t begin = lag / 2 / unit;
    const std::size_t end = std::max(begin + 1, lag * 7 / 8 / unit);
    const auto before = static_cast<std::uint32_t>((sums[end] - sums[begin]) / (end - begin));
    if (shares.at(lag) <= before + needed_excess(before) * (text ? 2 : 1)) {
      continue;
    }
    bool top = true;
    for (std::size_t near = lag - margin; near <= lag + margin; ++near) {
      top = top && shares.at(near) <= shares.at(lag);
    }
    if (top) {
      excess[lag] = shares.at(lag) - before;
      best = std::max(best, excess[lag]);
    }
  }
  if (best == 0) {
    return 0;
  }
  std::size_t lag = least;
  while (std::uint64_t{excess[lag]} * 10 < std::uint64_t{best} * 8) {
    ++lag;
  }
  const auto near = excess.begin() + static_cast<std::ptrdiff_t>(lag);  // the top of the hill that `lag` is a part of
  const auto length = static_cast<std::ptrdiff_t>(std::min(lag / 16 + 1, excess.size() - lag));
  return static_cast<std::size_t>(std::max_element(near, near + length) - excess.begin());
}

/// In how many of the windows, in thousandths, more bytes equal those `lag` before than those at either other distance.
unsigned vote(std::span<const std::uint8_t> block, std::size_t lag, std::size_t other, std::size_t another) {
  const std::size_t first = std::max({lag, other, another});
  const std::size_t window = std::min<std::size_t>(1024, (block.size() - first) / kVotes);
  unsigned votes = 0;
  for (std::size_t w = 0; w < kVotes; ++w) {
    const std::uint8_t* const at = block.data() + first + w * (block.size() - first) / kVotes;
    const std::uint32_t equal = count_equal(at, at - lag, window);
    votes += equal > count_equal(at, at - other, window) && equal > count_equal(at, at - another, window) ? 1 : 0;
  }
  return static_cast<unsigned>(votes * kFullScore / kVotes);
}

/// Looks at up to `most_sample` bytes for each lag.
Shares measure(std::span<const std::uint8_t> block, std::size_t most_lag, std::size_t most_sample) {
  const std::size_t sample = std::clamp(block.size() * kBudget / most_lag, kLeastSample, most_sample);
  const Equality equality(block, most_lag, sample);
  Shares shares;
  shares.share.resize(most_lag + 1);
  for (std::size_t lag = 1; lag <= most_lag; ++lag) {
    shares.share[lag] = equality(lag);
  }
  return shares;
}

}  // namespace

std::uint32_t count_equal(const std::uint8_t* a, const std::uint8_t* b, std::size_t count) noexcept {
  // Lanes of bytes, which compilers turn into vectors; each is added up before it can overflow.
  constexpr std::size_t kLanes = 32;
  constexpr std::size_t kRounds = 255;
  std::uint32_t equal = 0;
  while (count >= kLanes) {
    std::array<std::uint8_t, kLanes> lanes{};
    const std::size_t rounds = std::min(kRounds, count / kLanes);
    for (std::size_t r = 0; r < rounds; ++r, a += kLanes, b += kLanes) {
      for (std::size_t l = 0; l < kLanes; ++l) {
        lanes[l] = static_cast<std::uint8_t>(lanes[l] + (a[l] == b[l] ? 1 : 0));
      }
    }
    for (const std::uint8_t lane : lanes) {
      equal += lane;
    }
    count -= rounds * kLanes;
  }
  for (std::size_t i = 0; i < count; ++i) {
    equal += a[i] == b[i] ? 1 : 0;
  }
  return equal;
}

Columns find_columns(std::span<const std::uint8_t> block, bool text) {
  Shares shares = measure(block, std::min(kFirstLags, block.size() / 8), kMostSample);
  Columns columns;
  if (!text) {
    const std::size_t unit = find_unit(shares);
    const unsigned score = unit == 1 ? 0 : vote(block, unit, unit - 1, unit + 1);
    if (score >= kLeastScore) {
      columns.unit = unit;
      columns.unit_score = score;
    }
  }
  std::size_t row = find_row(shares, columns.unit, text);
  if (const std::size_t most = std::min(kMostRow, block.size() / 8); row == 0 && !text && most > kFirstLags) {
    shares = measure(block, most, kMostSample / 4);
    row = find_row(shares, columns.unit, text);
  }
  columns.unit_share = shares.at(columns.unit);
  if (row != 0) {
    const std::size_t before = row * 3 / 4 / columns.unit * columns.unit;
    const unsigned score = vote(block, row, before, before - columns.unit);
    if (score >= kLeastScore) {
      columns.row = row;
      columns.row_score = score;
      columns.row_share = shares.at(row);
    }
  }
  return columns;
}

}  // namespace foretell
