#include "counter_hash.hpp"

#include "targets.hpp"

namespace foretell {
namespace {

struct FillUniform {
  [[gnu::always_inline]] static void run(float* to, std::size_t count, std::uint32_t first, float spread,
                                         std::uint32_t key) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
      const auto bits = static_cast<std::int32_t>(hash32(first + static_cast<std::uint32_t>(i), key) >> 8);
      to[i] = static_cast<float>(bits - (1 << 23)) * (1.0F / 8388608.0F) * spread;
    }
  }
};

struct FillNoise {
  [[gnu::always_inline]] static void run(std::uint16_t* to, std::size_t count, std::uint32_t key) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
      to[i] = static_cast<std::uint16_t>(hash32(static_cast<std::uint32_t>(i), key) >> 20);
    }
  }
};

}  // namespace

void fill_uniform(float* to, std::size_t count, std::uint32_t first, float spread, std::uint32_t seed) noexcept {
  for_isa<FillUniform>(to, count, first, spread, hash_key(seed));
}

NoiseBank::NoiseBank(std::uint32_t seed, std::size_t largest)
    : bank_(largest + kSpare), place_key_(hash_key(seed ^ 0x5BD1E995U)) {
  for_isa<FillNoise>(bank_.data(), bank_.size(), hash_key(seed));
}

const std::uint16_t* NoiseBank::take() noexcept { return bank_.data() + hash32(taken_++, place_key_) % kSpare; }

}  // namespace foretell
