// floor(2^24 * 2^(-f / 1024)) for f = 0..1023, computed at compile time from integers alone.
//
// With x_0 = 1/2 and x_k = sqrt(x_{k-1}), x_k is 2^(-2^-k). Bit j of f stands for the factor 2^(-2^j / 1024) =
// x_{10-j}; the product of the factors of f's bits is the entry. Numbers in (0, 1) are held as 64-bit fractions, so
// each root and product is at most 2^-64 too small, and the at most 20 of them far less than the distance of any entry
// from the integer above it (the tests compare all 1024 with big integers).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "foretell/cdf.hpp"

namespace foretell::detail {

struct Wide {
  std::uint64_t high;
  std::uint64_t low;
};

/// The 128-bit product, by 32-bit digits: not every compiler has a 128-bit integer.
consteval Wide multiply_wide(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t kLow = 0xffffffff;
  const std::uint64_t low = (a & kLow) * (b & kLow);
  const std::uint64_t cross = (a >> 32) * (b & kLow) + (low >> 32);
  const std::uint64_t middle = (a & kLow) * (b >> 32) + (cross & kLow);
  return {(a >> 32) * (b >> 32) + (cross >> 32) + (middle >> 32), middle << 32 | (low & kLow)};
}

/// floor(sqrt(fraction)), both 64-bit fractions: the largest root with root^2 <= fraction * 2^64, bit by bit.
consteval std::uint64_t sqrt_fraction(std::uint64_t fraction) {
  std::uint64_t root = 0;
  for (int bit = 63; bit >= 0; --bit) {
    const std::uint64_t candidate = root | std::uint64_t{1} << bit;
    const Wide square = multiply_wide(candidate, candidate);
    if (square.high < fraction || (square.high == fraction && square.low == 0)) {
      root = candidate;
    }
  }
  return root;
}

/// 2^(-f / 1024) for f = 0..1023 as 64-bit fractions; that of 0, which is 1, is held as 0.
consteval std::array<std::uint64_t, kExp2Entries> make_exp2_fractions() {
  std::array<std::uint64_t, kFractionBits> factors{};  // factors[j] = 2^(-2^j / 1024)
  std::uint64_t x = std::uint64_t{1} << 63;
  for (std::size_t j = kFractionBits; j-- > 0;) {
    x = sqrt_fraction(x);
    factors[j] = x;
  }
  std::array<std::uint64_t, kExp2Entries> products{};
  for (std::size_t f = 1; f < kExp2Entries; ++f) {
    std::size_t top = 0;
    while (f >> (top + 1) != 0) {
      ++top;
    }
    const std::size_t rest = f ^ (std::size_t{1} << top);
    products[f] = rest == 0 ? factors[top] : multiply_wide(factors[top], products[rest]).high;
  }
  return products;
}

inline constexpr std::array<std::uint64_t, kExp2Entries> kExp2Fractions = make_exp2_fractions();

consteval std::array<std::uint32_t, kExp2Entries> make_exp2_table() {
  std::array<std::uint32_t, kExp2Entries> table{};
  table[0] = std::uint32_t{1} << kWeightBits;
  for (std::size_t f = 1; f < kExp2Entries; ++f) {
    table[f] = static_cast<std::uint32_t>(kExp2Fractions[f] >> (64 - kWeightBits));
  }
  return table;
}

inline constexpr std::array<std::uint32_t, kExp2Entries> kExp2Table = make_exp2_table();

}  // namespace foretell::detail
