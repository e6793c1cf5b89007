#include "byte_logits.hpp"

#include <algorithm>

#include "float_grid.hpp"
#include "foretell/cdf.hpp"
#include "row_weights.hpp"
#include "targets.hpp"

namespace foretell {
namespace {

constexpr float kMostLogit = 0x1p30F;       // candidates add less than 2^30, so that the sum fits 32 bits
constexpr int kShift = kBytePrecision - 7;  // from frequencies to the gradient's grid
constexpr int kNoiseShift = kShift - 12;    // and from the noise's
constexpr std::int32_t kOne = 1 << kBytePrecision;

struct LogitsOf {
  [[gnu::always_inline]] static void run(const float* products, const float* offset, float scale,
                                         std::int32_t* logits) noexcept {
    for (std::size_t i = 0; i < kBytes; ++i) {
      logits[i] = round_large(clip(products[i] * scale + offset[i], -kMostLogit, kMostLogit));
    }
  }
};

/// The reference's float32 sum of a frequency and noise is exact where its floor could depend on that: below 2^24 in
/// units of 2^-17. Returns the largest before symbols are thought of.
struct LogitGradient {
  [[gnu::always_inline]] static std::int32_t run(const std::uint32_t* cdf, const std::uint16_t* noise,
                                                 std::int8_t* gradient) noexcept {
    std::int32_t most = 0;
    for (std::size_t i = 0; i < kBytes; ++i) {
      const auto freq = static_cast<std::int32_t>(cdf[i + 1] - cdf[i]);
      const std::int32_t g = (freq + (std::int32_t{noise[i]} << kNoiseShift)) >> kShift;
      most = std::max(most, g);
      gradient[i] = static_cast<std::int8_t>(std::min(g, 127));
    }
    return most;
  }
};

std::int32_t gradient_at(const std::uint32_t* cdf, const std::uint16_t* noise, std::size_t i) noexcept {
  return static_cast<std::int32_t>(cdf[i + 1] - cdf[i]) + (std::int32_t{noise[i]} << kNoiseShift);
}

}  // namespace

void logits_of(const float* products, const float* offset, float scale, std::int32_t* logits) noexcept {
  for_isa<LogitsOf>(products, offset, scale, logits);
}

void write_cdf(const std::int32_t* logits, std::uint32_t* cdf) {
  const RowScratch scratch(kBytes);
  const Weighed weighed = weigh_logits(logits, kBytes, LogBase::kTwo, scratch);
  spread(scratch.weights(), kBytes, weighed, kBytePrecision, cdf);
}

std::size_t logit_gradient(const std::uint32_t* cdf, std::uint8_t symbol, const std::uint16_t* noise,
                           std::int8_t* gradient) noexcept {
  const std::int32_t most = for_isa<LogitGradient>(cdf, noise, gradient);
  gradient[symbol] = static_cast<std::int8_t>((gradient_at(cdf, noise, symbol) - kOne) >> kShift);
  if (most < 128) {
    return kBytes;
  }
  std::size_t place = 0;
  while (gradient_at(cdf, noise, place) >> kShift < 128) {
    ++place;
  }
  return place == symbol ? kBytes : place;
}

}  // namespace foretell
