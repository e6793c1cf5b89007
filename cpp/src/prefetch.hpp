// Asking for memory before it is needed. A hint: it never faults and never changes a result.
#pragma once

#include <cstddef>

namespace foretell {

inline constexpr std::size_t kCacheLine = 64;

inline void prefetch([[maybe_unused]] const void* address) noexcept {
#if defined(__GNUC__)
  __builtin_prefetch(address);
#endif
}

}  // namespace foretell
