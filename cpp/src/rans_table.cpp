// RansCoder with one CDF for all symbols.
#include <algorithm>
#include <array>
#include <string>

#include "checks.hpp"
#include "foretell/rans.hpp"
#include "rans_kernels.hpp"

namespace foretell {
namespace {

template <typename Symbol>
void check_symbols(std::span<const Symbol> symbols, std::size_t vocabulary) {
  Symbol highest = 0;
  for (const Symbol symbol : symbols) {  // without a way out: compilers make it vector code
    highest = std::max(highest, symbol);
  }
  if (highest >= vocabulary) [[unlikely]] {
    const auto bad = std::ranges::find_if(symbols, [&](Symbol symbol) { return symbol >= vocabulary; });
    throw_bad_symbol("symbols[" + std::to_string(bad - symbols.begin()) + "]", *bad, vocabulary);
  }
}

}  // namespace

void RansCoder::check_table(const StaticTable& table) const {
  if (table.precision() != precision_) {
    throw Error(Errc::kInvalidArgument, "table: its precision is " + std::to_string(table.precision()) +
                                            ", the coder's " + std::to_string(precision_));
  }
}

void RansCoder::turn_to_cursor() noexcept {
  std::rotate(states_.begin(), states_.begin() + static_cast<std::ptrdiff_t>(cursor_), states_.end());
  cursor_ = 0;
}

template <typename Symbol>
void RansCoder::encode_table_reverse(std::span<const Symbol> symbols, const StaticTable& table) {
  check_usable();
  check_table(table);
  check_symbols(symbols, table.vocabulary());
  turn_to_cursor();
  const std::size_t round = states_.size();
  const StateSpan states{states_.data(), round};
  const std::size_t rest = symbols.size() % round;
  for (std::size_t left = symbols.size() / round; left != 0;) {
    const std::size_t rounds = std::min(left, std::max<std::size_t>(kPushChunk / round, 1));
    std::uint32_t* const top = words_.reserve(rounds * round);
    words_.set_top(push_rounds(states, top, symbols.data() + rest + left * round, rounds, table));
    left -= rounds;
  }
  std::uint32_t* top = words_.reserve(rest);
  for (std::size_t i = 0; i < rest; ++i) {
    top = push_symbol(states_[round - 1 - i], top, table.symbols()[symbols[rest - 1 - i]], precision_);
  }
  words_.set_top(top);
  cursor_ = (round - rest) % round;
}

template <typename Symbol>
void RansCoder::decode_table(const StaticTable& table, std::span<Symbol> symbols) {
  check_usable();
  check_table(table);
  if (sizeof(Symbol) == 1 && !table.fits_byte()) {
    throw Error(Errc::kInvalidArgument,
                "symbols: bytes cannot hold the " + std::to_string(table.vocabulary()) + " symbols of the table");
  }
  turn_to_cursor();
  const std::size_t round = states_.size();
  const StateSpan states{states_.data(), round};
  const std::size_t rounds = symbols.size() / round;
  const std::size_t rest = symbols.size() % round;
  std::size_t done = 0;
  const std::uint32_t* next = words_.top();
  if (words_.size() >= round) {
    done = pop_rounds(states, next, words_.end() - round, symbols.data(), rounds, table);
  }
  // Either no whole round is left, or fewer words than a round may read. The end goes on in a copy, with zeros behind
  // it; a sound stream needs none of them.
  std::array<std::uint32_t, 2 * kMaxInterleave> tail;
  const std::size_t copied = std::min(static_cast<std::size_t>(words_.end() - next), round);
  std::copy(next, next + copied, tail.begin());
  std::fill_n(tail.begin() + static_cast<std::ptrdiff_t>(copied), round, 0);
  const std::uint32_t* at = tail.data();
  const std::uint32_t* const end = at + copied;
  done += pop_rounds(states, at, end, symbols.data() + done * round, rounds - done, table);
  std::size_t popped = done * round;
  for (std::size_t i = 0; done == rounds && i < rest && at <= end; ++i) {
    symbols[popped++] = static_cast<Symbol>(pop_symbol(states_[i], at, table.slots(), precision_));
  }
  if (at > end) {
    failure_ = Errc::kTruncated;
    throw_decode_error(failure_, "symbol " + std::to_string(popped));
  }
  next += at - tail.data();
  words_.set_top(next);
  cursor_ = rest;
}

template void RansCoder::encode_table_reverse(std::span<const std::uint8_t>, const StaticTable&);
template void RansCoder::encode_table_reverse(std::span<const std::uint16_t>, const StaticTable&);
template void RansCoder::encode_table_reverse(std::span<const std::uint32_t>, const StaticTable&);
template void RansCoder::decode_table(const StaticTable&, std::span<std::uint8_t>);
template void RansCoder::decode_table(const StaticTable&, std::span<std::uint16_t>);

}  // namespace foretell
