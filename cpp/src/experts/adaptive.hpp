// An adaptive probability: 22 bits of p, 10 bits of how often it was used, in one 32-bit word.
#pragma once

#include <array>
#include <cstdint>

namespace foretell {

namespace detail {

consteval std::array<std::uint32_t, 1024> make_adaptive_rates() {
  std::array<std::uint32_t, 1024> rates{};
  for (std::uint32_t n = 0; n < rates.size(); ++n) {
    rates[n] = 131072 / (2 * n + 3);  // 2^16 / (n + 1.5)
  }
  return rates;
}

}  // namespace detail

inline constexpr std::array<std::uint32_t, 1024> kAdaptiveRates = detail::make_adaptive_rates();

/// One that starts at p * 2^16.
[[nodiscard]] constexpr std::uint32_t adaptive(std::uint32_t probability) noexcept { return probability << 16; }

[[nodiscard]] inline std::uint32_t adaptive_probability(std::uint32_t word) noexcept { return word >> 16; }

/// Moves p by 1 / (uses + 1.5) of its distance to the bit; uses count up to `limit`, at most 1023.
[[nodiscard]] inline std::uint32_t adapted(std::uint32_t word, std::uint32_t bit, std::uint32_t limit) noexcept {
  const std::uint32_t uses = word & 1023;
  const std::int32_t p = static_cast<std::int32_t>(word >> 10);
  const std::int32_t target = static_cast<std::int32_t>(0x3fffffU & (0U - bit));
  const std::int32_t step = static_cast<std::int32_t>(std::int64_t{target - p} * kAdaptiveRates[uses] >> 16);
  return static_cast<std::uint32_t>(p + step) << 10 | (uses + (uses < limit ? 1U : 0U));
}

}  // namespace foretell
