// Which vector instructions kernels use, chosen when the program runs. The library is built for the baseline
// instruction set; functions for others carry a target attribute. All of them compute the same bytes.
#pragma once

#include <string_view>

#include "foretell/errc.hpp"

namespace foretell {

/// Each level includes those before it.
enum class Isa : int {
  kScalar = 0,
  kAvx2 = 1,    // AVX2, BMI2, POPCNT
  kAvx512 = 2,  // AVX-512 F, BW, DQ, VL
};

/// "scalar", "avx2" or "avx512".
[[nodiscard]] const char* name(Isa isa) noexcept;

/// The level of that name. Throws kInvalidArgument for any other.
[[nodiscard]] Isa isa_of_name(std::string_view name);

/// The highest level that this CPU, its operating system and this build support.
[[nodiscard]] Isa supported_isa() noexcept;

/// The level to use: supported_isa(), or that which the environment variable FORETELL_ISA names if it is lower. The
/// environment is read once. Throws kInvalidArgument if the variable holds anything else.
[[nodiscard]] Isa isa();

}  // namespace foretell
