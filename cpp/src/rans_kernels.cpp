#include "rans_kernels.hpp"

#include <type_traits>

#include "foretell/isa.hpp"
#include "foretell/rans.hpp"
#include "targets.hpp"

namespace foretell {
namespace {

// `kGroup` states stay in registers while a group passes over its symbols; with fewer, every step waits for the last.

template <std::size_t kGroup>
std::uint32_t* push_groups(StateSpan states, std::uint32_t* top, const std::uint32_t* end, std::size_t rounds,
                           const TableSymbol* symbols, unsigned precision) noexcept {
  for (; rounds != 0; --rounds) {
    for (std::size_t group = states.size; group != 0; group -= kGroup) {
      std::uint64_t* const state = states.data + (group - kGroup);
      end -= kGroup;
      for (std::size_t i = kGroup; i-- != 0;) {
        top = push_symbol(state[i], top, symbols[end[i]], precision);
      }
    }
  }
  return top;
}

template <std::size_t kGroup, typename Symbol>
std::size_t pop_groups(StateSpan states, const std::uint32_t*& next, const std::uint32_t* limit, Symbol* out,
                       std::size_t rounds, const StaticTable& table) noexcept {
  const std::uint64_t* const slots = table.slots();
  const unsigned precision = table.precision();
  const std::uint32_t* word = next;
  std::size_t done = 0;
  for (; done != rounds && word <= limit; ++done) {
    for (std::size_t group = 0; group != states.size; group += kGroup) {
      std::uint64_t* const state = states.data + group;
      for (std::size_t i = 0; i != kGroup; ++i) {
        out[i] = static_cast<Symbol>(pop_symbol(state[i], word, slots, precision));
      }
      out += kGroup;
    }
  }
  next = word;
  return done;
}

template <std::size_t kGroup, typename Symbol>
std::size_t pop_groups(StateSpan states, const std::uint32_t*& next, const std::uint32_t* limit,
                       const std::uint32_t* rows, Symbol* out, std::size_t rounds, const StaticTable& table) noexcept {
  const OwnerByBegin owner_of(table);
  const unsigned precision = table.precision();
  const std::uint32_t* word = next;
  std::size_t done = 0;
  for (; done != rounds && word <= limit; ++done) {
    for (std::size_t group = 0; group != states.size; group += kGroup) {
      std::uint64_t* const state = states.data + group;
      for (std::size_t i = 0; i != kGroup; ++i) {
        out[i] = static_cast<Symbol>(pop_symbol(state[i], word, owner_of, rows[i], precision));
      }
      out += kGroup;
      rows += kGroup;
    }
  }
  next = word;
  return done;
}

/// Calls function(integral_constant) with the largest group that divides the number of states.
template <typename Function>
auto visit_group(std::size_t states, Function&& function) noexcept {
  if (states % 8 == 0) {
    return function(std::integral_constant<std::size_t, 8>{});
  }
  if (states % 4 == 0) {
    return function(std::integral_constant<std::size_t, 4>{});
  }
  if (states % 2 == 0) {
    return function(std::integral_constant<std::size_t, 2>{});
  }
  return function(std::integral_constant<std::size_t, 1>{});
}

}  // namespace

std::uint32_t* push_rounds(StateSpan states, std::uint32_t* top, const std::uint32_t* end, std::size_t rounds,
                           const TableSymbol* symbols, unsigned precision) noexcept {
#if FORETELL_X86_TARGETS
  // With fewer states a vector waits for its own last step, and single states are faster.
  if (isa() >= Isa::kAvx512 && states.size >= 16 && states.size % 8 == 0) {
    return push_rounds_avx512(states, top, end, rounds, symbols, precision);
  }
  if (isa() >= Isa::kAvx2 && states.size >= 16 && states.size % 4 == 0) {
    return push_rounds_avx2(states, top, end, rounds, symbols, precision);
  }
#endif
  return visit_group(states.size,
                     [&](auto group) { return push_groups<group()>(states, top, end, rounds, symbols, precision); });
}

template <typename Symbol>
std::size_t pop_rounds(StateSpan states, const std::uint32_t*& next, const std::uint32_t* limit, Symbol* out,
                       std::size_t rounds, const StaticTable& table) noexcept {
#if FORETELL_X86_TARGETS
  // With fewer states a vector waits for its own last step, and single states are faster.
  if (isa() >= Isa::kAvx512 && (states.size == 32 || states.size == 64)) {
    return pop_rounds_avx512(states, next, limit, out, rounds, table);
  }
  if (isa() >= Isa::kAvx2 && states.size >= 16 && states.size % 4 == 0) {
    return pop_rounds_avx2(states, next, limit, out, rounds, table);
  }
#endif
  return visit_group(states.size,
                     [&](auto group) { return pop_groups<group()>(states, next, limit, out, rounds, table); });
}

template <typename Symbol>
std::size_t pop_rounds(StateSpan states, const std::uint32_t*& next, const std::uint32_t* limit,
                       const std::uint32_t* rows, Symbol* out, std::size_t rounds, const StaticTable& table) noexcept {
#if FORETELL_X86_TARGETS
  if (isa() >= Isa::kAvx512 && states.size % 8 == 0) {
    return pop_rounds_avx512(states, next, limit, rows, out, rounds, table);
  }
  if (isa() >= Isa::kAvx2 && states.size % 4 == 0) {
    return pop_rounds_avx2(states, next, limit, rows, out, rounds, table);
  }
#endif
  return visit_group(states.size,
                     [&](auto group) { return pop_groups<group()>(states, next, limit, rows, out, rounds, table); });
}

template std::size_t pop_rounds(StateSpan, const std::uint32_t*&, const std::uint32_t*, std::uint8_t*, std::size_t,
                                const StaticTable&) noexcept;
template std::size_t pop_rounds(StateSpan, const std::uint32_t*&, const std::uint32_t*, std::uint16_t*, std::size_t,
                                const StaticTable&) noexcept;

template std::size_t pop_rounds(StateSpan, const std::uint32_t*&, const std::uint32_t*, const std::uint32_t*,
                                std::uint8_t*, std::size_t, const StaticTable&) noexcept;
template std::size_t pop_rounds(StateSpan, const std::uint32_t*&, const std::uint32_t*, const std::uint32_t*,
                                std::uint16_t*, std::size_t, const StaticTable&) noexcept;

}  // namespace foretell
