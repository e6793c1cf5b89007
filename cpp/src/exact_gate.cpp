#include "foretell/exact_gate.hpp"

#include <cstdint>
#include <string>

#include "foretell/errc.hpp"
#include "targets.hpp"

namespace foretell {
namespace {

constexpr float kRange = 20;
constexpr float kSteps = 256;  // of the table, for 1
constexpr float kUnit = 0x1p-24F;
constexpr float kLinear = 1.5957691216057308F;  // 2 sqrt(2 / pi), and that times 0.044715
constexpr float kCubic = 0.07135481627159844F;

/// x within the table's range; its lower end for a NaN.
[[gnu::always_inline]] inline float near(float x) noexcept {
  const float above = x > -kRange ? x : -kRange;
  return above < kRange ? above : kRange;
}

/// For -kRange..kRange: between the table's points by a line.
[[gnu::always_inline]] inline float sigmoid(float x, const float* table) noexcept {
  const float place = (x + kRange) * kSteps;
  const auto cell = static_cast<std::int32_t>(place);  // not negative: as floor
  const float low = table[cell];
  const float rise = table[cell + 1] - low;
  return (rise * (place - static_cast<float>(cell)) + low) * kUnit;
}

struct Silu {
  [[gnu::always_inline]] static void run(const float* x, const float* table, std::size_t count, float* out) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
      out[i] = sigmoid(near(x[i]), table) * x[i];
    }
  }
};

struct Gelu {
  [[gnu::always_inline]] static void run(const float* x, const float* table, std::size_t count, float* out) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
      const float z = near(x[i]);
      out[i] = sigmoid(near((z * z * kCubic + kLinear) * z), table) * x[i];
    }
  }
};

template <typename Kernel>
void apply(std::span<const float> x, std::span<const float> table, std::span<float> out) {
  if (table.size() != kSigmoidTable || out.size() != x.size()) {
    throw Error(Errc::kInvalidArgument, "expected a table of " + std::to_string(kSigmoidTable) +
                                            " numbers, and room for as many results as there are x");
  }
  for_isa<Kernel>(x.data(), table.data(), x.size(), out.data());
}

}  // namespace

void silu(std::span<const float> x, std::span<const float> table, std::span<float> out) { apply<Silu>(x, table, out); }
void gelu(std::span<const float> x, std::span<const float> table, std::span<float> out) { apply<Gelu>(x, table, out); }

}  // namespace foretell
