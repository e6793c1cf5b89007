// One body, compiled for each set of instructions: `for_isa<Kernel>(arguments...)` calls the one that isa() names.
//
// A kernel is a struct with a static, always-inlined `run`. Inlined into a function with a target attribute it is
// compiled for that target, with no file, flag or copy of its own. All that it calls is inlined too ("flatten"),
// whatever its size, for these are the innermost loops; what it calls for one target alone could not be otherwise. A
// `run` that wants to know for which takes an Isa as its first template argument. On
// 64-bit ARM the one body is compiled for NEON, the baseline.
#pragma once

#include "foretell/isa.hpp"

#if defined(__GNUC__) && defined(__x86_64__)
#define FORETELL_X86_TARGETS 1
#define FORETELL_AVX2 gnu::target("avx2")
#define FORETELL_AVX512 gnu::target("avx512f,avx512bw,avx512dq,avx512vl")
#define FORETELL_VNNI gnu::target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")  // not all with AVX-512 have it
#else
#define FORETELL_X86_TARGETS 0
#endif

namespace foretell {

template <typename Kernel, Isa kIsa, typename... Arguments>
[[gnu::always_inline]] inline auto run_kernel(Arguments... arguments) {
  if constexpr (requires { Kernel::template run<kIsa>(arguments...); }) {
    return Kernel::template run<kIsa>(arguments...);
  } else {
    return Kernel::run(arguments...);
  }
}

#if FORETELL_X86_TARGETS

template <typename Kernel, typename... Arguments>
[[FORETELL_AVX2, gnu::flatten]] auto run_avx2(Arguments... arguments) {
  return run_kernel<Kernel, Isa::kAvx2>(arguments...);
}

template <typename Kernel, typename... Arguments>
[[FORETELL_AVX512, gnu::flatten]] auto run_avx512(Arguments... arguments) {
  return run_kernel<Kernel, Isa::kAvx512>(arguments...);
}

#endif

template <typename Kernel, typename... Arguments>
[[gnu::flatten]] auto run_scalar(Arguments... arguments) {
  return run_kernel<Kernel, Isa::kScalar>(arguments...);
}

template <typename Kernel, typename... Arguments>
auto for_isa(Arguments... arguments) {
#if FORETELL_X86_TARGETS
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
  return run_scalar<Kernel>(arguments...);
}

}  // namespace foretell
