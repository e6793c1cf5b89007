#include "hidden_units.hpp"

#include <algorithm>
#include <bit>

#include "float_grid.hpp"
#include "targets.hpp"

namespace foretell {
namespace {

constexpr int kNoiseBits = 12;

struct Activate {
  [[gnu::always_inline]] static void run(const float* products, const float* offset, float scale, std::size_t count,
                                         std::int8_t* activations) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
      const float x = products[i] * scale + offset[i];
      activations[i] = static_cast<std::int8_t>(round_small(clip(x, 0.0F, static_cast<float>(kMostActivation))));
    }
  }
};

struct Gate {
  [[gnu::always_inline]] static std::uint32_t run(float* gradient, const std::int8_t* activations,
                                                  std::size_t count) noexcept {
    std::uint32_t most = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::int32_t a = activations[i];
      const std::uint32_t inside = a * (kMostActivation - a) > 0 ? 0xffffffffU : 0;  // all in 32 bits, for vectors
      const float kept = std::bit_cast<float>(std::bit_cast<std::uint32_t>(gradient[i]) & inside);
      gradient[i] = kept;
      most = std::max(most, magnitude_bits(kept));
    }
    return most;
  }
};

/// In integers: floor(x * 2^-e + m * 2^-12) = floor((x * 2^(s - e) + m * 2^(s - 12)) / 2^s) with s = max(e, 12). The
/// reference's float32 sum is exact: it has at most 7 + 15 bits.
struct Dither {
  [[gnu::always_inline]] static void run(const float* integers, int exponent, const std::uint16_t* noise,
                                         std::size_t count, std::int8_t* multiples) noexcept {
    const int shift = std::max(exponent, kNoiseBits);
    const int up = shift - exponent;
    const int noise_up = shift - kNoiseBits;
    for (std::size_t i = 0; i < count; ++i) {
      const std::int32_t x = static_cast<std::int32_t>(integers[i]) * (1 << up);
      const std::int32_t sum = (x + (std::int32_t{noise[i]} << noise_up)) >> shift;
      multiples[i] = static_cast<std::int8_t>(std::clamp(sum, -127, 127));
    }
  }
};

}  // namespace

void activate(const float* products, const float* offset, float scale, std::size_t count,
              std::int8_t* activations) noexcept {
  for_isa<Activate>(products, offset, scale, count, activations);
}

std::uint32_t gate(float* gradient, const std::int8_t* activations, std::size_t count) noexcept {
  return for_isa<Gate>(gradient, activations, count);
}

void dither(const float* integers, int exponent, const std::uint16_t* noise, std::size_t count,
            std::int8_t* multiples) noexcept {
  if (exponent == -kMostExponent) {  // the grid of zeros, to which noise below 1 adds nothing
    std::fill_n(multiples, count, std::int8_t{0});
    return;
  }
  for_isa<Dither>(integers, exponent, noise, count, multiples);
}

}  // namespace foretell
