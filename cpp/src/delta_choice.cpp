#include "delta_choice.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

namespace foretell {
namespace {

constexpr std::size_t kWindows = 4;
constexpr std::size_t kMostSample = 65536;
constexpr unsigned kPays = 94;          // percent of the unfiltered cost that a filter may leave
constexpr std::size_t kRepetitive = 2;  // a part of 1 / this of bytes foretold by repetition rules differences out

constexpr unsigned kLogBits = 8;  // costs are in units of 2^-8 bit

/// log2(1 + i / 256): its digits come one by one, as squaring doubles a logarithm.
constexpr auto kLogTable = [] {
  std::array<std::uint16_t, 256> table{};
  for (std::uint64_t i = 0; i < 256; ++i) {
    std::uint64_t x = (256 + i) << 22;  // 1.0 is 2^30
    unsigned digits = 0;
    for (unsigned k = 0; k < kLogBits; ++k) {
      x = x * x >> 30;
      digits = digits << 1 | (x >> 31 != 0 ? 1U : 0U);
      x >>= x >> 31 != 0 ? 1 : 0;
    }
    table[i] = static_cast<std::uint16_t>(digits);
  }
  return table;
}();

/// log2 of a positive number.
std::uint32_t log2_of(std::uint32_t x) noexcept {
  const auto power = static_cast<unsigned>(std::bit_width(x)) - 1;
  const std::uint32_t fraction = static_cast<std::uint32_t>(std::uint64_t{x} << 32 >> power >> 24) & 0xff;
  return (power << kLogBits) + kLogTable[fraction];
}

/// Counts bytes in contexts, and what coding them with those counts would cost; a count starts as a sixteenth.
class Counts {
 public:
  explicit Counts(std::size_t contexts) : counts_(contexts * 256), totals_(contexts) {}

  void add(std::size_t context, std::uint8_t byte) noexcept {
    std::uint32_t& count = counts_[context * 256 + byte];
    std::uint32_t& total = totals_[context];
    cost_ += log2_of(16 * total + 256) - log2_of(16 * count + 1);
    ++count;
    ++total;
  }
  [[nodiscard]] std::uint64_t cost() const noexcept { return cost_; }

 private:
  std::vector<std::uint32_t> counts_;
  std::vector<std::uint32_t> totals_;
  std::uint64_t cost_ = 0;
};

using Windows = std::vector<std::vector<std::uint8_t>>;

/// Copies of parts of the block, each starting at an even position.
Windows take_windows(std::span<const std::uint8_t> block) {
  const std::size_t size = std::min(kMostSample, std::max<std::size_t>(block.size() / 4, 2048)) / kWindows;
  Windows windows;
  for (std::size_t w = 0; w < kWindows && size <= block.size(); ++w) {
    const auto begin = block.begin() + static_cast<std::ptrdiff_t>(w * (block.size() - size) / (kWindows - 1) & ~1U);
    windows.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(size));
  }
  return windows;
}

/// The cheapest of: no context, the byte before, the byte `unit` before; each with the position's parity.
std::uint64_t cost_of(const Windows& windows, std::size_t unit, bool filtered) {
  Counts none(2);
  Counts last(512);
  Counts column(512);
  for (const auto& window : windows) {
    for (std::size_t i = kMostStride + 2; i < window.size(); ++i) {  // what a filter leaves as it was does not count
      const std::size_t parity = unit % 2 == 0 ? i % 2 : 0;
      none.add(parity, window[i]);
      last.add(parity << 8 | window[i - 1], window[i]);
      if (!filtered) {
        column.add(parity << 8 | window[i - unit], window[i]);
      }
    }
  }
  const std::uint64_t least = std::min(none.cost(), last.cost());
  return filtered ? least : std::min(least, column.cost());
}

/// True if the three bytes before often have been followed by the same byte.
bool is_repetitive(const Windows& windows) {
  constexpr unsigned kBits = 14;
  std::vector<std::uint8_t> next(std::size_t{1} << kBits);
  std::size_t hits = 0;
  std::size_t seen = 0;
  for (const auto& window : windows) {
    std::uint32_t recent = 0;
    for (const std::uint8_t byte : window) {
      std::uint8_t& guess = next[(recent * 0x9e3779b1U) >> (32 - kBits)];
      hits += guess == byte ? 1 : 0;
      guess = byte;
      recent = (recent << 8 | byte) & 0xffffff;
    }
    seen += window.size();
  }
  return hits * kRepetitive > seen;
}

}  // namespace

Filter choose_delta(std::span<const std::uint8_t> block, std::size_t unit) {
  const Windows windows = take_windows(block);
  if (unit > kMostStride || windows.empty() || is_repetitive(windows)) {
    return {};
  }
  std::vector<Filter> candidates = {{FilterKind::kDelta, static_cast<std::uint8_t>(unit)}};
  if (unit % 2 == 0) {
    for (const unsigned phase : {0U, 1U}) {
      const std::uint8_t parameter = delta16_parameter(static_cast<unsigned>(unit), phase);
      candidates.push_back({FilterKind::kDelta16Little, parameter});
      candidates.push_back({FilterKind::kDelta16Big, parameter});
    }
  }
  Filter best;
  std::uint64_t least = cost_of(windows, unit, false) * kPays / 100;
  for (const Filter candidate : candidates) {
    Windows filtered = windows;
    for (auto& window : filtered) {
      apply_filter(candidate, window);
    }
    const std::uint64_t cost = cost_of(filtered, unit, true);
    if (cost < least) {
      least = cost;
      best = candidate;
    }
  }
  return best;
}

}  // namespace foretell
