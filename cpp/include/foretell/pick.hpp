// A choice without a branch, for conditions that are noise: whether a word moves, which of two symbols owns a slot. No
// branch predictor learns those, and a wrong guess costs more than both outcomes. Compilers make branches of `a ? b :
// c` all the same, whatever they are told of its odds, hence the instruction itself where it is known.
#pragma once

#include <cstdint>

namespace foretell {

/// `a` if x < y, else `b`.
[[nodiscard]] inline std::uint64_t pick_less(std::uint64_t x, std::uint64_t y, std::uint64_t a,
                                             std::uint64_t b) noexcept {
#if defined(__GNUC__) && defined(__x86_64__)
  __asm__("cmpq %[y], %[x]\n\tcmovbq %[a], %[b]" : [b] "+r"(b) : [x] "r"(x), [y] "r"(y), [a] "r"(a) : "cc");
  return b;
#else
  return x < y ? a : b;
#endif
}

}  // namespace foretell
