#include "foretell/isa.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace foretell {
namespace {

Isa best() noexcept {
#if defined(__GNUC__) && defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    return Isa::kAvx512;
  }
  if (__builtin_cpu_supports("avx2")) {
    return Isa::kAvx2;
  }
#endif
  return Isa::kScalar;
}

Isa choose() noexcept {
#if defined(__aarch64__) || defined(_M_ARM64)
  return Isa::kNeon;
#endif
  const Isa most = best();
  if (const char* wanted = std::getenv("FORETELL_ISA")) {
    for (const Isa isa : {Isa::kScalar, Isa::kAvx2, Isa::kAvx512}) {
      if (std::string_view(wanted) == name(isa)) {
        return std::min(isa, most);
      }
    }
  }
  return most;
}

}  // namespace

Isa isa() noexcept {
  static const Isa chosen = choose();
  return chosen;
}

const char* name(Isa isa) noexcept {
  switch (isa) {
    case Isa::kAvx2:
      return "avx2";
    case Isa::kAvx512:
      return "avx512";
    case Isa::kNeon:
      return "neon";
    default:
      return "scalar";
  }
}

}  // namespace foretell
