// One body, compiled for each set of instructions: `for_isa<Kernel>(arguments...)` calls the one that isa() names.
//
// A kernel is a struct with a static, always-inlined `run`. Inlined into a function with a target attribute it is
// compiled for that target, with no file, flag or copy of its own. On 64-bit ARM the one body is compiled for NEON, the
// baseline.
#pragma once

#include "foretell/isa.hpp"

namespace foretell {

#if defined(__GNUC__) && defined(__x86_64__)

template <typename Kernel, typename... Arguments>
[[gnu::target("avx2")]] auto run_avx2(Arguments... arguments) {
  return Kernel::run(arguments...);
}

template <typename Kernel, typename... Arguments>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]] auto run_avx512(Arguments... arguments) {
  return Kernel::run(arguments...);
}

#endif

template <typename Kernel, typename... Arguments>
auto for_isa(Arguments... arguments) {
#if defined(__GNUC__) && defined(__x86_64__)
  switch (isa()) {
    case Isa::kAvx512:
      return run_avx512<Kernel>(arguments...);
    case Isa::kAvx2:
      return run_avx2<Kernel>(arguments...);
    case Isa::kScalar:
    case Isa::kNeon:
      break;
  }
#endif
  return Kernel::run(arguments...);
}

}  // namespace foretell
