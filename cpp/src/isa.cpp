#include "foretell/isa.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "targets.hpp"

namespace foretell {

const char* name(Isa isa) noexcept {
  switch (isa) {
    case Isa::kAvx2:
      return "avx2";
    case Isa::kAvx512:
      return "avx512";
    default:
      return "scalar";
  }
}

Isa isa_of_name(std::string_view name) {
  for (const Isa isa : {Isa::kScalar, Isa::kAvx2, Isa::kAvx512}) {
    if (name == foretell::name(isa)) {
      return isa;
    }
  }
  throw Error(Errc::kInvalidArgument, "FORETELL_ISA: '" + std::string(name) + "' is not one of scalar, avx2, avx512");
}

Isa supported_isa() noexcept {
#if FORETELL_X86_TARGETS
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt")) {
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
      return Isa::kAvx512;
    }
    return Isa::kAvx2;
  }
#endif
  return Isa::kScalar;
}

Isa isa() {
  static const Isa chosen = [] {
    const char* const forced = std::getenv("FORETELL_ISA");
    return forced == nullptr ? supported_isa() : std::min(supported_isa(), isa_of_name(forced));
  }();
  return chosen;
}

}  // namespace foretell
