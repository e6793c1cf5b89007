// What a context remembers of its bits, in one byte: how many zeros and ones came, and which came last.
//
// A history is (zeros, ones), bounded, and the last bit once both are above zero. A bit adds one to its own count; if
// the other is above 2, part of it is forgotten, for what came lately foretells better. The states are numbered as a
// walk from "nothing yet", state 0, meets them. (The idea of indirect context models, Mahoney 2005; the rules and the
// numbers are our own.)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace foretell {

struct BitHistories {
  std::array<std::array<std::uint8_t, 2>, 256> next{};  // after a bit
  std::array<std::uint8_t, 256> aged{};                 // with half the counts, for a cell that another context wants
  std::array<std::uint8_t, 256> count{};                // bits remembered
  std::array<std::uint16_t, 256> rate{};                // 2^16 / (count + 1.5): step of a probability kept beside it
  std::array<std::uint16_t, 256> estimate{};            // (ones + 0.4) / (count + 0.8) * 2^16
  std::size_t size = 0;
};

namespace detail {

struct Counts {
  int zeros;
  int ones;
  int last;
  bool operator==(const Counts&) const = default;
};

/// The most that the larger count may be beside the smaller one.
constexpr int most_beside(int smaller) {
  constexpr std::array<int, 6> kMost = {35, 20, 10, 7, 6, 5};
  return smaller < 6 ? kMost[static_cast<std::size_t>(smaller)] : 0;
}

constexpr Counts after(Counts state, int bit) {
  std::array<int, 2> n = {state.zeros, state.ones};
  int& same = n[static_cast<std::size_t>(bit)];
  int& other = n[static_cast<std::size_t>(1 - bit)];
  ++same;
  if (other > 2) {
    int log2 = 0;
    while (2 << log2 <= other - 1) {
      ++log2;
    }
    other = 2 + log2;
  }
  while ((same < other ? same : other) > 5 ||
         (same < other ? other : same) > most_beside(same < other ? same : other)) {
    --(same > other ? same : other);
  }
  return {n[0], n[1], n[0] > 0 && n[1] > 0 ? bit : 0};
}

consteval BitHistories make_bit_histories() {
  BitHistories out;
  std::array<Counts, 256> states{};
  out.size = 1;
  for (std::size_t i = 0; i < out.size; ++i) {
    for (int bit = 0; bit < 2; ++bit) {
      const Counts wanted = after(states[i], bit);
      std::size_t j = 0;
      while (j < out.size && states[j] != wanted) {
        ++j;
      }
      if (j == out.size) {
        states.at(out.size++) = wanted;
      }
      out.next[i][static_cast<std::size_t>(bit)] = static_cast<std::uint8_t>(j);
    }
  }
  for (std::size_t i = 0; i < out.size; ++i) {
    const int count = states[i].zeros + states[i].ones;
    out.count[i] = static_cast<std::uint8_t>(count);
    out.rate[i] = static_cast<std::uint16_t>(131072 / (2 * count + 3));
    out.estimate[i] = static_cast<std::uint16_t>(65535 * (10 * states[i].ones + 4) / (10 * count + 8));
    const Counts half = {(states[i].zeros + 1) / 2, (states[i].ones + 1) / 2, states[i].last};
    for (std::size_t j = 0; j < out.size; ++j) {
      if (states[j] == half || (states[j].zeros == half.zeros && states[j].ones == half.ones && out.aged[i] == 0)) {
        out.aged[i] = static_cast<std::uint8_t>(j);
      }
    }
  }
  return out;
}

}  // namespace detail

inline constexpr BitHistories kBitHistories = detail::make_bit_histories();

}  // namespace foretell
