// Random numbers from a counter and an integer hash (MurmurHash3's 32-bit finaliser), the same on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "foretell/learned_state.hpp"
#include "zeroed_array.hpp"

namespace foretell {

[[nodiscard]] constexpr std::uint32_t mix32(std::uint32_t x) noexcept {
  x = (x ^ x >> 16) * 0x85EBCA6BU;
  x = (x ^ x >> 13) * 0xC2B2AE35U;
  return x ^ x >> 16;
}

/// What a seed adds to a counter's hash before it is hashed again.
[[nodiscard]] constexpr std::uint32_t hash_key(std::uint32_t seed) noexcept { return mix32(seed ^ 0x9E3779B9U); }

[[nodiscard]] constexpr std::uint32_t hash32(std::uint32_t counter, std::uint32_t key) noexcept {
  return mix32(mix32(counter) + key);
}

/// Writes the numbers of the counters first, first + 1, ...: uniform in [-spread, spread), 24 hashed bits each.
void fill_uniform(float* to, std::size_t count, std::uint32_t first, float spread, std::uint32_t seed) noexcept;

/// Uniform noise for dithering, in units of 2^-12: one hashed bank, read from another place each time.
class NoiseBank {
 public:
  /// `largest`: the most numbers that one `take` may ask for. Throws std::bad_alloc.
  NoiseBank(std::uint32_t seed, std::size_t largest);

  /// The next noise, 0..4095: a place in the bank that depends on the number of calls before alone, with room for
  /// `largest` numbers after it.
  [[nodiscard]] const std::uint16_t* take() noexcept;

  void visit(StateVisitor& visitor, const std::string& name) { visitor.visit(name, taken_); }

 private:
  static constexpr std::size_t kSpare = std::size_t{1} << 16;  // places

  ZeroedArray<std::uint16_t> bank_;
  std::uint32_t place_key_;
  std::uint32_t taken_ = 0;
};

}  // namespace foretell
