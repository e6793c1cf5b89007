// Attributes of functions for one level of foretell::Isa. What they call must be inlined into them, or carry the same
// attribute; a lambda inside does not inherit it.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__)
#define FORETELL_X86_TARGETS 1
#define FORETELL_TARGET_AVX2 __attribute__((target("avx2,bmi2,popcnt")))
#define FORETELL_TARGET_AVX512 __attribute__((target("avx2,bmi2,popcnt,avx512f,avx512bw,avx512dq,avx512vl")))
#else
#define FORETELL_X86_TARGETS 0
#endif
