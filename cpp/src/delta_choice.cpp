#include "delta_choice.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

namespace foretell {
namespace {

constexpr std::size_t kWindows = 4;
constexpr std::size_t kLeastBlock = 65536;  // a shorter one may be part of an image of which no row was seen
constexpr std::size_t kLeastSample = 16384;
constexpr std::size_t kMostSample = 65535;  // so that counts fit 16 bits
constexpr unsigned kPays = 94;              // percent of the unfiltered cost that a filter may leave
constexpr std::size_t kRepetitive = 2;      // a part of 1 / this of bytes foretold by repetition rules differences out

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
    std::uint16_t& count = counts_[context * 256 + byte];
    std::uint32_t& total = totals_[context];
    cost_ += log2_of(16 * total + 256) - log2_of(16 * count + 1);
    ++count;
    ++total;
  }
  [[nodiscard]] std::uint64_t cost() const noexcept { return cost_; }

 private:
  std::vector<std::uint16_t> counts_;
  std::vector<std::uint32_t> totals_;
  std::uint64_t cost_ = 0;
};

using Windows = std::vector<std::vector<std::uint8_t>>;

/// Copies of parts of the block, each starting at an even position.
Windows take_windows(std::span<const std::uint8_t> block) {
  const std::size_t size = std::clamp(block.size() / 8, kLeastSample, kMostSample) / kWindows;
  Windows windows;
  for (std::size_t w = 0; w < kWindows; ++w) {
    const auto begin = block.begin() + static_cast<std::ptrdiff_t>(w * (block.size() - size) / (kWindows - 1) & ~1U);
    windows.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(size));
  }
  return windows;
}

/// The cheapest of: no context, the byte before, the byte `unit` before; each with the position's parity.
std::uint64_t cost_of(const Windows& windows, std::size_t unit, bool filtered) {
  Counts none(2);
  Counts last(512);
  Counts column(filtered ? 0 : 512);
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

/// Sum of the absolute differences that the filter makes.
std::uint64_t total_difference(const Windows& windows, Filter filter) {
  const std::size_t low = filter.kind == FilterKind::kDelta16Big ? 1 : 0;
  const std::size_t stride = filter.parameter & ~1U;
  std::uint64_t sum = 0;
  for (const auto& window : windows) {
    const auto sample = [&](std::size_t i) { return window[i + low] | window[i + 1 - low] << 8; };
    for (std::size_t i = stride + (filter.parameter & 1U); i + 1 < window.size(); i += 2) {
      const unsigned up = static_cast<unsigned>(sample(i) - sample(i - stride)) & 0xffff;
      sum += std::min(up, 0x10000 - up);
    }
  }
  return sum;
}

/// The order, phase and stride of 16-bit samples that leaves the smallest differences. Where both channels are alike
/// the unit found is one sample, and a pair of samples may still be the better stride.
Filter find_samples(const Windows& windows, std::size_t unit) {
  Filter best;
  std::uint64_t least = ~std::uint64_t{0};
  for (std::size_t stride = unit; stride <= std::max<std::size_t>(unit, 4); stride += 2) {
    for (const unsigned phase : {0U, 1U}) {
      for (const FilterKind kind : {FilterKind::kDelta16Little, FilterKind::kDelta16Big}) {
        const Filter filter{kind, delta16_parameter(static_cast<unsigned>(stride), phase)};
        const std::uint64_t sum = total_difference(windows, filter);
        if (sum < least) {
          least = sum;
          best = filter;
        }
      }
    }
  }
  return best;
}

}  // namespace

Filter choose_delta(std::span<const std::uint8_t> block, std::size_t unit) {
  // Differences of bytes over more than one are of pixels or numbers, which a mixer does better without.
  if (block.size() < kLeastBlock || unit > kMostStride || (unit != 1 && unit % 2 != 0)) {
    return {};
  }
  Windows windows = take_windows(block);
  if (is_repetitive(windows)) {
    return {};
  }
  const Filter filter = unit == 1 ? Filter{FilterKind::kDelta, 1} : find_samples(windows, unit);
  const std::uint64_t plain = cost_of(windows, unit, false);
  for (auto& window : windows) {
    apply_filter(filter, window);
  }
  return cost_of(windows, unit, true) < plain * kPays / 100 ? filter : Filter{};
}

}  // namespace foretell
