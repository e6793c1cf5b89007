// RansCoder with a StaticTable.
#include <algorithm>
#include <array>
#include <string>

#include "checks.hpp"
#include "foretell/rans.hpp"
#include "rans_kernels.hpp"
#include "table_positions.hpp"

namespace foretell {

static_assert(kTablePiece >= 2 * kMaxInterleave);  // a round, and the part of one that may end a message

void RansCoder::turn_to_cursor() noexcept {
  std::rotate(states_.begin(), states_.begin() + static_cast<std::ptrdiff_t>(cursor_), states_.end());
  cursor_ = 0;
}

void RansCoder::encode_table_reverse(Integers symbols, const StaticTable& table, Integers index) {
  check_usable();
  check_table_precision(table, precision_);
  check_symbols(table, symbols, index);
  turn_to_cursor();
  std::array<std::uint32_t, kTablePiece> memory;
  const auto positions = [&](std::size_t begin, std::size_t end) {
    if (!copy_positions(table, symbols, index, begin, std::span(memory).first(end - begin))) [[unlikely]] {
      failure_ = Errc::kInvalidArgument;
      throw_changed_meanwhile();
    }
    return memory.data() + (end - begin);
  };
  const std::size_t round = states_.size();
  const StateSpan states{states_.data(), round};
  const std::size_t rest = symbols.size() % round;
  for (std::size_t left = symbols.size() / round; left != 0;) {
    const std::size_t rounds = std::min(left, kTablePiece / round);
    const std::uint32_t* const end = positions(rest + (left - rounds) * round, rest + left * round);
    std::uint32_t* const top = words_.reserve(rounds * round);
    words_.set_top(push_rounds(states, top, end, rounds, table.symbols(), precision_));
    left -= rounds;
  }
  const std::uint32_t* const end = positions(0, rest);
  std::uint32_t* top = words_.reserve(rest);
  for (std::size_t i = 1; i <= rest; ++i) {
    top = push_symbol(states_[round - i], top, table.symbols()[*(end - i)], precision_);
  }
  words_.set_top(top);
  cursor_ = (round - rest) % round;
}

template <typename PopRounds, typename PopOne>
void RansCoder::pop_piece(std::size_t begin, std::size_t rounds, std::size_t rest, PopRounds&& pop_rounds_from,
                          PopOne&& pop_one) {
  const std::size_t round = states_.size();
  std::size_t done = 0;
  const std::uint32_t* next = words_.top();
  if (words_.size() >= round) {
    done = pop_rounds_from(0, rounds, next, words_.end() - round);
  }
  if (done != rounds || rest != 0) {
    // Either no whole round is left, or fewer words than a round may read. The end goes on in a copy, with zeros behind
    // it; a sound stream needs none of them.
    std::array<std::uint32_t, 2 * kMaxInterleave> tail;
    const std::size_t copied = std::min(static_cast<std::size_t>(words_.end() - next), round);
    std::copy(next, next + copied, tail.begin());
    std::fill_n(tail.begin() + static_cast<std::ptrdiff_t>(copied), round, 0);
    const std::uint32_t* at = tail.data();
    const std::uint32_t* const end = at + copied;
    done += pop_rounds_from(done, rounds - done, at, end);
    std::size_t popped = done * round;
    for (std::size_t i = 0; done == rounds && i < rest && at <= end; ++i) {
      pop_one(states_[i], at, popped++);
    }
    if (at > end) {
      failure_ = Errc::kTruncated;
      throw_decode_error(failure_, "symbol " + std::to_string(begin + popped));
    }
    next += at - tail.data();
  }
  words_.set_top(next);
}

template <typename Symbol>
void RansCoder::decode_table(const StaticTable& table, std::span<Symbol> symbols, Integers index) {
  check_usable();
  check_table_precision(table, precision_);
  if (sizeof(Symbol) == 1) {
    check_fits_byte(table);
  }
  check_index(table, index, symbols.size());
  turn_to_cursor();
  const std::size_t round = states_.size();
  const StateSpan states{states_.data(), round};
  const std::size_t all_rounds = symbols.size() / round;
  const std::size_t rest = symbols.size() % round;
  if (table.rows() == 1) {
    pop_piece(
        0, all_rounds, rest,
        [&](std::size_t done, std::size_t rounds, const std::uint32_t*& next, const std::uint32_t* limit) {
          return pop_rounds(states, next, limit, symbols.data() + done * round, rounds, table);
        },
        [&](std::uint64_t& state, const std::uint32_t*& next, std::size_t i) {
          symbols[i] = static_cast<Symbol>(pop_symbol(state, next, table.slots(), precision_));
        });
  } else {
    std::array<std::uint32_t, kTablePiece> rows;
    for (std::size_t begin = 0; begin < symbols.size();) {
      const std::size_t left = (symbols.size() - begin) / round;
      const std::size_t rounds_now = std::min(left, kTablePiece / round - 1);
      const std::size_t rest_now = rounds_now == left ? rest : 0;
      const auto piece = symbols.subspan(begin, rounds_now * round + rest_now);
      if (!copy_rows(table, index, begin, std::span(rows).first(piece.size()))) [[unlikely]] {
        failure_ = Errc::kInvalidArgument;
        throw_changed_meanwhile();
      }
      const OwnerByBegin owner_of(table);
      pop_piece(
          begin, rounds_now, rest_now,
          [&](std::size_t done, std::size_t rounds, const std::uint32_t*& next, const std::uint32_t* limit) {
            const std::size_t at = done * round;
            return pop_rounds(states, next, limit, rows.data() + at, piece.data() + at, rounds, table);
          },
          [&](std::uint64_t& state, const std::uint32_t*& next, std::size_t i) {
            piece[i] = static_cast<Symbol>(pop_symbol(state, next, owner_of, rows[i], precision_));
          });
      begin += piece.size();
    }
  }
  cursor_ = rest;
}

template void RansCoder::decode_table(const StaticTable&, std::span<std::uint8_t>, Integers);
template void RansCoder::decode_table(const StaticTable&, std::span<std::uint16_t>, Integers);

}  // namespace foretell
