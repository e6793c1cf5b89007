// Loops over whole rounds: a round is one symbol from each of the interleaved states.
#pragma once

#include <cstddef>
#include <cstdint>

#include "foretell/rans.hpp"
#include "foretell/static_table.hpp"
#include "slot_owner.hpp"

namespace foretell {

// Room is made for this many symbols at a time: a word for each of a long message would be memory, touched and cleared
// by the system, of which a tenth is used.
inline constexpr std::size_t kPushChunk = 4096;

/// The states, in the order in which they pop.
struct StateSpan {
  std::uint64_t* data;
  std::size_t size;
};

/// pop_symbol for a symbol of a set of CDFs.
[[nodiscard, gnu::always_inline]] inline std::uint32_t pop_symbol(std::uint64_t& state, const std::uint32_t*& next,
                                                                  const OwnerByBegin& owner_of, std::size_t row,
                                                                  unsigned precision) noexcept {
  const std::uint64_t slot = top_slot(state, precision);
  const SlotOwner owner = owner_of(row, slot);
  const std::uint64_t rest = owner.freq * (state >> precision) + (slot - owner.start);
  const std::uint64_t moves = rest < kRansBottom ? 1 : 0;
  state = choose(moves, rest << 32 | *next, rest);
  next += moves;
  return owner.symbol;
}

/// With the kernel of isa(), or a lesser one if that suits the number of states better: pushes rounds * states.size
/// symbols, whose positions in `symbols` end at `end`, from the last to the first, and returns the new top. There is
/// room for as many words below `top`.
[[nodiscard]] std::uint32_t* push_rounds(StateSpan states, std::uint32_t* top, const std::uint32_t* end,
                                         std::size_t rounds, const TableSymbol* symbols, unsigned precision) noexcept;

/// With the kernel of isa(), or a lesser one if that suits the number of states better: pops rounds into `out` while
/// `next` is not above `limit` and returns how many; `limit` must have states.size readable words at and after it.
template <typename Symbol>
[[nodiscard]] std::size_t pop_rounds(StateSpan states, const std::uint32_t*& next, const std::uint32_t* limit,
                                     Symbol* out, std::size_t rounds, const StaticTable& table) noexcept;

/// As pop_rounds, the i-th symbol popped having rows[i] of the table.
template <typename Symbol>
[[nodiscard]] std::size_t pop_rounds(StateSpan states, const std::uint32_t*& next, const std::uint32_t* limit,
                                     const std::uint32_t* rows, Symbol* out, std::size_t rounds,
                                     const StaticTable& table) noexcept;

// push_rounds for one level, which must be supported. For AVX2 states.size is a multiple of 4, for AVX-512 of 8.
// (rans_push_x86.cpp)
[[nodiscard]] std::uint32_t* push_rounds_avx2(StateSpan states, std::uint32_t* top, const std::uint32_t* end,
                                              std::size_t rounds, const TableSymbol* symbols,
                                              unsigned precision) noexcept;
[[nodiscard]] std::uint32_t* push_rounds_avx512(StateSpan states, std::uint32_t* top, const std::uint32_t* end,
                                                std::size_t rounds, const TableSymbol* symbols,
                                                unsigned precision) noexcept;

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

// The same with rows. states.size is a multiple of 4 or 8.
[[nodiscard]] std::size_t pop_rounds_avx2(StateSpan states, const std::uint32_t*& next, const std::uint32_t* limit,
                                          const std::uint32_t* rows, std::uint8_t* out, std::size_t rounds,
                                          const StaticTable& table) noexcept;
[[nodiscard]] std::size_t pop_rounds_avx2(StateSpan states, const std::uint32_t*& next, const std::uint32_t* limit,
                                          const std::uint32_t* rows, std::uint16_t* out, std::size_t rounds,
                                          const StaticTable& table) noexcept;
[[nodiscard]] std::size_t pop_rounds_avx512(StateSpan states, const std::uint32_t*& next, const std::uint32_t* limit,
                                            const std::uint32_t* rows, std::uint8_t* out, std::size_t rounds,
                                            const StaticTable& table) noexcept;
[[nodiscard]] std::size_t pop_rounds_avx512(StateSpan states, const std::uint32_t*& next, const std::uint32_t* limit,
                                            const std::uint32_t* rows, std::uint16_t* out, std::size_t rounds,
                                            const StaticTable& table) noexcept;

}  // namespace foretell
