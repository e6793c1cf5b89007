// Loops over whole rounds: a round is one symbol from each of the interleaved states.
#pragma once

#include <cstddef>
#include <cstdint>

#include "foretell/static_table.hpp"

namespace foretell {

// Room is made for this many symbols at a time: a word for each of a long message would be memory, touched and cleared
// by the system, of which a tenth is used.
inline constexpr std::size_t kPushChunk = 4096;

/// The states, in the order in which they pop.
struct StateSpan {
  std::uint64_t* data;
  std::size_t size;
};

/// Pushes rounds * states.size symbols, which end at `end`, from the last to the first, and returns the new top. There
/// is room for as many words below `top`; every symbol is in the table.
template <typename Symbol>
[[nodiscard]] std::uint32_t* push_rounds(StateSpan states, std::uint32_t* top, const Symbol* end, std::size_t rounds,
                                         const StaticTable& table) noexcept;

/// With the kernel of isa(), or a lesser one if that suits the number of states better: pops rounds into `out` while
/// `next` is not above `limit` and returns how many; `limit` must have states.size readable words at and after it.
template <typename Symbol>
[[nodiscard]] std::size_t pop_rounds(StateSpan states, const std::uint32_t*& next, const std::uint32_t* limit,
                                     Symbol* out, std::size_t rounds, const StaticTable& table) noexcept;

// pop_rounds for one level, which must be supported. For AVX2 states.size is a multiple of 4, for AVX-512 it is 32
// or 64. (rans_kernels_x86.cpp)
[[nodiscard]] std::size_t pop_rounds_avx2(StateSpan states, const std::uint32_t*& next, const std::uint32_t* limit,
                                          std::uint8_t* out, std::size_t rounds, const StaticTable& table) noexcept;
[[nodiscard]] std::size_t pop_rounds_avx2(StateSpan states, const std::uint32_t*& next, const std::uint32_t* limit,
                                          std::uint16_t* out, std::size_t rounds, const StaticTable& table) noexcept;
[[nodiscard]] std::size_t pop_rounds_avx512(StateSpan states, const std::uint32_t*& next, const std::uint32_t* limit,
                                            std::uint8_t* out, std::size_t rounds, const StaticTable& table) noexcept;
[[nodiscard]] std::size_t pop_rounds_avx512(StateSpan states, const std::uint32_t*& next, const std::uint32_t* limit,
                                            std::uint16_t* out, std::size_t rounds, const StaticTable& table) noexcept;

}  // namespace foretell
