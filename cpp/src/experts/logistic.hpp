// Probabilities as logits and back, in integers: a logit is ln(p / (1 - p)) in units of 1/256.
//
// The tables are made by exact integer operations, because exp and log of a library differ between machines.
#pragma once

#include <array>
#include <cstdint>

namespace foretell {

inline constexpr int kLogitLimit = 2815;  // 11 in natural units: p = 1 / 59 000, about the least that 16 bits hold

struct LogisticTables {
  std::array<std::uint16_t, 2 * kLogitLimit + 1> squash{};  // of logit + kLogitLimit: p * 2^16, in 1..2^16 - 1
  std::array<std::int16_t, 4096> stretch{};                 // of the upper 12 bits of p * 2^16
};

namespace detail {

consteval LogisticTables make_logistic_tables() {
  constexpr std::uint64_t kOne = std::uint64_t{1} << 32;
  constexpr std::uint64_t kStep = 4278222805;  // round(2^32 * exp(-1 / 256))
  LogisticTables tables;
  std::array<std::uint32_t, 2 * kLogitLimit + 1> wide{};  // p * 2^32
  std::uint64_t power = kOne;                             // exp(-x / 256) * 2^32
  for (int x = 0; x <= kLogitLimit; ++x) {
    const std::uint64_t below = (power << 31) / ((kOne + power) >> 1);  // p of -x
    wide[static_cast<std::size_t>(kLogitLimit - x)] = static_cast<std::uint32_t>(below);
    wide[static_cast<std::size_t>(kLogitLimit + x)] = static_cast<std::uint32_t>(kOne - below);
    power = power * kStep >> 32;
  }
  for (std::size_t i = 0; i < wide.size(); ++i) {
    const std::uint64_t rounded = (std::uint64_t{wide[i]} + 32768) >> 16;
    tables.squash[i] = static_cast<std::uint16_t>(rounded < 1 ? 1 : rounded > 65535 ? 65535 : rounded);
  }
  std::size_t i = 0;
  for (std::size_t p = 0; p < tables.stretch.size(); ++p) {
    const std::uint64_t middle = (2 * p + 1) << 19;
    while (i + 1 < wide.size() && wide[i] < middle) {
      ++i;
    }
    tables.stretch[p] = static_cast<std::int16_t>(static_cast<int>(i) - kLogitLimit);
  }
  return tables;
}

}  // namespace detail

inline constexpr LogisticTables kLogistic = detail::make_logistic_tables();

[[nodiscard]] inline int clamp_logit(int logit) noexcept {
  return logit > kLogitLimit ? kLogitLimit : logit < -kLogitLimit ? -kLogitLimit : logit;
}

/// p * 2^16 of a logit within +-kLogitLimit.
[[nodiscard]] inline int squash(int logit) noexcept {
  return kLogistic.squash[static_cast<std::size_t>(logit + kLogitLimit)];
}

/// The logit of p * 2^16 in 0..2^16 - 1.
[[nodiscard]] inline int stretch(std::uint32_t probability) noexcept { return kLogistic.stretch[probability >> 4]; }

}  // namespace foretell
