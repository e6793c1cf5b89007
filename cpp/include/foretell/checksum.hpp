// Checksum of a stream: 32 bits of a hash of all intervals coded, at the stream's end and part of it.
//
// An entropy coder has no redundancy: damage mostly decodes to other symbols and nothing more is seen. With a checksum
// the encoder codes 32 more bits after the last symbol, and a decoder that reached the same place by other symbols, by
// more or by fewer of them, or with other CDFs, reads something else there, but for one case in 2^32. So it is an end
// mark too. It costs its 4 bytes.
//
// FROZEN: streams decode only while these numbers stay. Each step is one-to-one in the hash so far, so two messages
// that differ in one symbol never have the same hash; the digest is its better half, mixed once more.
#pragma once

#include <bit>
#include <cstdint>

namespace foretell {

inline constexpr unsigned kChecksumBits = 32;

struct Checksum {
  static constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15;  // 2^64 over the golden ratio, odd

  std::uint64_t hash = kMultiplier;

  /// Takes in a symbol's slots. start < 2^32, and freq = 2^32 only where start is 0, so no two intervals are alike.
  void add(std::uint64_t start, std::uint64_t freq) noexcept {
    hash = std::rotl((hash ^ start ^ freq << 32) * kMultiplier, 32);
  }

  [[nodiscard]] std::uint32_t digest() const noexcept {
    return static_cast<std::uint32_t>((hash ^ hash >> 32) * kMultiplier >> 32);
  }
};

/// In the place of a Checksum where none is wanted.
struct NoChecksum {
  void add(std::uint64_t, std::uint64_t) const noexcept {}
};
inline constexpr NoChecksum kNoChecksum;

/// Calls function(checksum) if it is `wanted`, else function(kNoChecksum): so that the loop inside is compiled for
/// both, and costs nothing without.
template <typename Function>
auto with_checksum(bool wanted, Checksum& checksum, Function&& function) {
  if (wanted) {
    return function(checksum);
  }
  return function(kNoChecksum);
}

}  // namespace foretell
