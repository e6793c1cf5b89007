// Which instructions the kernels use: chosen once, at run time. Every choice gives the same bytes.
#pragma once

namespace foretell {

enum class Isa : int {
  kScalar = 0,  // what the compiler's baseline has
  kAvx2 = 1,
  kAvx512 = 2,  // F, BW, DQ and VL
  kNeon = 3,    // every 64-bit ARM has it: there the compiler's baseline, for which no lesser body exists
};

/// Returns the best that this processor has and FORETELL_ISA allows: "scalar", "avx2" or "avx512" in the environment
/// when this is first called. A better one than the processor has, or an unknown name, changes nothing, and nothing
/// changes "neon".
[[nodiscard]] Isa isa() noexcept;

/// Returns "scalar", "avx2", "avx512" or "neon".
[[nodiscard]] const char* name(Isa isa) noexcept;

}  // namespace foretell
