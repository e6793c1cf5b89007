// rANS: a stack of symbols (last in, first out), 64-bit states, 32-bit words, N states interleaved into one stream.
//
// READ ME FIRST
//
// The message is one number x. Pushing a symbol that owns [start, start + freq) of the 2^P slots of its CDF takes
// x / freq, the quotient's place value being 2^P now, and lets the remainder choose one of the symbol's slots:
//
//     push: x' = (x / freq) * 2^P + start + x % freq
//     pop:  slot = x' % 2^P;  x = freq * (x' / 2^P) + slot - start
//
// Pop is the exact inverse, and x grows by the factor 2^P / freq, that is by the symbol's -log2 p bits.
// Three twists:
//
// 1. It is a stack: what was pushed last pops first. So bulk encoders run over their batch from its last symbol to its
//    first ("reverse"), and decoding gives the batch in its own order. Batches still come back last batch first.
// 2. x stays in [2^32, 2^64). A push that would leave it moves the low 32 bits to the stack of words first; a pop that
//    falls below fetches them back. Both do so exactly when the other needs it: push moves a word when x >= freq *
//    2^(64-P), which is when the new x would reach 2^64, and then x / 2^32 >= freq * 2^(32-P) brings the new x to 2^32
//    or above, so ONE word is enough, for every P in 1..32 and every freq in 1..2^P (nothing overflows: the test reads
//    x >> (64-P) >= freq, and never holds for freq = 2^P). Bulk encoders reserve a word for each symbol and write
//    without a check.
// 3. N states take turns, so that N chains of dependent operations overlap: the symbol popped n-th comes from state
//    n % N. All share the one stack of words. A state begins as 2^32, and popping everything brings all of them back
//    there. `finish` checks that: of damaged streams most end elsewhere, for a wrong symbol of another frequency leads
//    its state astray. Not all: bits that choose between symbols of equal frequency change the symbol and nothing else.
//
// What it costs: with x = q freq + r, a push gives x' = x * 2^P / freq + (start + r - r * 2^P / freq): the factor that
// the symbol must cost and at most start <= 2^P - freq beside, so freq / x <= 2^(P-32) in proportion, x being at least
// freq * 2^(32-P). A symbol costs its ideal -log2(freq / 2^P) bits plus at most log2(1 + 2^(P-32)); that is the worst
// state, on average it is far less. A stream is at most 8 bytes a state longer than that, for states are written whole.
//
// A stream: the N states, 8 bytes each, the next to pop first; then the words, 4 bytes each, the next to fetch first;
// all of them little-endian. It holds neither N nor the number of symbols.
//
// Worked example, P = 2, CDF 0 1 2 4, message: symbol 2 (start 2, freq 2), then symbol 1 (start 1, freq 1), N = 1:
//     begin                      x = 2^32
//     push 1, the last, first    x = (2^32 / 1) * 4 + 1 + 0          = 2^34 + 1
//     push 2                     x = ((2^34 + 1) / 2) * 4 + 2 + 1    = 2^35 + 3     stream 03 00 00 00 08 00 00 00
//     pop: slot 3 is symbol 2    x = 2 * (2^33) + 3 - 2              = 2^34 + 1
//     pop: slot 1 is symbol 1    x = 1 * (2^32) + 1 - 1              = 2^32         as it began
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "foretell/cdf_rows.hpp"
#include "foretell/errc.hpp"
#include "foretell/integers.hpp"
#include "foretell/range_coder.hpp"
#include "foretell/static_table.hpp"

namespace foretell {

// Precision is that of all coders, kMinPrecision..kMaxPrecision (range_coder.hpp): at most 32, for twist 2 needs
// freq * 2^(32-P) to be whole.
inline constexpr std::uint64_t kRansBottom = std::uint64_t{1} << 32;  // b^1 .. b^2 with words in base b = 2^32
inline constexpr std::size_t kMaxInterleave = 1024;                   // far above any latency; states fit in L1

// -- per symbol ------------------------------------------------------------------------------------------------------
//
// A state is a std::uint64_t in [kRansBottom, 2^64). Words are pushed downwards: the stack grows to lower addresses, so
// that popping, and the finished stream, run forwards.

/// `a` if `condition` is 1, `b` if it is 0, in arithmetic: whether a word moves is noise that no branch predictor
/// learns, and compilers turn `condition ? a : b` into a branch.
[[nodiscard]] inline std::uint64_t choose(std::uint64_t condition, std::uint64_t a, std::uint64_t b) noexcept {
  return b ^ ((a ^ b) & (0 - condition));
}

/// Pushes one symbol and returns the new top of the words; there is room for one below `top`, which may be written to
/// even if it is not used. Expects 1 <= freq and start + freq <= 2^precision.
[[nodiscard]] inline std::uint32_t* push_symbol(std::uint64_t& state, std::uint32_t* top, std::uint64_t start,
                                                std::uint64_t freq, unsigned precision) noexcept {
  const std::uint64_t moves = state >> (64 - precision) >= freq ? 1 : 0;
  top[-1] = static_cast<std::uint32_t>(state);
  top -= moves;
  const std::uint64_t rest = choose(moves, state >> 32, state);
  const std::uint64_t quotient = rest / freq;
  state = (quotient << precision) + start + (rest - quotient * freq);
  return top;
}

/// The slot of the symbol that pops next.
[[nodiscard]] inline std::uint64_t top_slot(std::uint64_t state, unsigned precision) noexcept {
  return state & ((std::uint64_t{1} << precision) - 1);
}

/// Pops the symbol that owns [start, start + freq), which must hold the top slot; kTruncated if that needs a word and
/// none is left.
[[nodiscard, gnu::always_inline]] inline Errc pop_symbol(std::uint64_t& state, const std::uint32_t*& next,
                                                         const std::uint32_t* end, std::uint64_t start,
                                                         std::uint64_t freq, unsigned precision) noexcept {
  const std::uint64_t rest = freq * (state >> precision) + (top_slot(state, precision) - start);
  if (next == end) [[unlikely]] {
    state = rest;
    return rest < kRansBottom ? Errc::kTruncated : Errc::kOk;
  }
  state = pick_less(rest, kRansBottom, rest << 32 | *next, rest);
  next += rest < kRansBottom ? 1 : 0;
  return Errc::kOk;
}

/// Pops one symbol with its CDF: V + 1 integers from 0 to 2^precision. A CDF that breaks its rules gives
/// kInvalidArgument or a symbol that its encoder would not have meant, never an access outside `cdf` or an endless
/// loop. `search(row, V, slot)` returns how many of the entries 1 .. V-1 are not above the slot.
template <typename Integer, typename Search = SearchByHalves>
[[nodiscard, gnu::always_inline]] inline Errc pop_symbol(std::uint64_t& state, const std::uint32_t*& next,
                                                         const std::uint32_t* end, std::span<const Integer> cdf,
                                                         unsigned precision, std::uint32_t& symbol,
                                                         Search search = {}) noexcept {
  const std::uint64_t total = std::uint64_t{1} << precision;
  if (cdf.size() < 2 || cdf.front() != 0 || cdf.back() != static_cast<Integer>(total)) {
    return Errc::kInvalidArgument;
  }
  const std::uint64_t slot = top_slot(state, precision);
  const std::size_t found = search(cdf.data(), cdf.size() - 1, slot);
  const std::uint64_t start = cdf[found];
  const std::uint64_t after = slots_end(cdf, found, total);
  if (start > slot || after <= slot || after > total) {
    return Errc::kInvalidArgument;
  }
  symbol = static_cast<std::uint32_t>(found);
  return pop_symbol(state, next, end, start, after - start, precision);
}

// -- per symbol, with a StaticTable: the same numbers without division and search
// --------------------------------------

/// As push_symbol with the symbol's start and freq.
[[nodiscard]] inline std::uint32_t* push_symbol(std::uint64_t& state, std::uint32_t* top, const TableSymbol& symbol,
                                                unsigned precision) noexcept {
  const std::uint64_t moves = state >> (64 - precision) > symbol.freq_minus_1 ? 1 : 0;
  top[-1] = static_cast<std::uint32_t>(state);
  top -= moves;
  const std::uint64_t rest = choose(moves, state >> 32, state);
  // quotient * 2^P + start + rest - quotient * freq
  const std::uint64_t others = (std::uint64_t{1} << precision) - 1 - symbol.freq_minus_1;
  state = rest + symbol.start + divide(rest, symbol) * others;
  return top;
}

/// Pops one symbol. Reads a word at `next` even if the symbol needs none, so one must be there.
[[nodiscard]] inline std::uint16_t pop_symbol(std::uint64_t& state, const std::uint32_t*& next,
                                              const std::uint64_t* slots, unsigned precision) noexcept {
  const std::uint64_t entry = slots[top_slot(state, precision)];
  const std::uint64_t rest = slot_freq(entry) * (state >> precision) + slot_offset(entry);
  const std::uint64_t moves = rest < kRansBottom ? 1 : 0;
  state = choose(moves, rest << 32 | *next, rest);
  next += moves;
  return slot_symbol(entry);
}

// -- the whole stack: owns its memory, checks its input, throws foretell::Error --------------------------------------

/// Stack of words, the top at the lowest address.
class WordStack {
 public:
  WordStack() = default;
  explicit WordStack(std::size_t size);  // of words yet to be written from top()

  /// Makes room for `count` more words, at least one, and returns the top, below which they go.
  [[nodiscard]] std::uint32_t* reserve(std::size_t count);
  /// Takes `top`, somewhere between the room reserved and end(), as the top.
  void set_top(const std::uint32_t* top) noexcept { top_ = static_cast<std::size_t>(top - words_.get()); }

  [[nodiscard]] std::uint32_t* top() noexcept { return words_.get() + top_; }
  [[nodiscard]] const std::uint32_t* top() const noexcept { return words_.get() + top_; }
  [[nodiscard]] const std::uint32_t* end() const noexcept { return words_.get() + capacity_; }
  [[nodiscard]] std::size_t size() const noexcept { return capacity_ - top_; }

 private:
  std::unique_ptr<std::uint32_t[]> words_;  // those from top_ are written
  std::size_t top_ = 0;
  std::size_t capacity_ = 0;
};

/// Encoder and decoder at once. After an error of coding the object is in a failed state and refuses further use. Not
/// safe to share between threads without a lock. Starts and frequencies are std::uint32_t or std::uint64_t; CDFs as
/// CdfRows says. Precision 32 needs std::uint64_t.
class RansCoder {
 public:
  /// An empty stack. Throws kInvalidArgument unless 1 <= interleave <= kMaxInterleave.
  explicit RansCoder(unsigned precision, std::size_t interleave = 1);
  /// The stack that to_bytes() of one with the same precision and interleave wrote. Throws kTruncated if `data` is too
  /// short or no whole number of words, kCorrupt if a state is one that no encoder leaves. Copies `data`.
  RansCoder(std::span<const std::uint8_t> data, unsigned precision, std::size_t interleave);

  [[nodiscard]] unsigned precision() const noexcept { return precision_; }
  [[nodiscard]] std::size_t interleave() const noexcept { return states_.size(); }

  /// Pushes start.size() symbols, the last of them first; the i-th owns slots [start[i], start[i] + freq[i]).
  template <typename Integer>
  void encode_reverse(std::span<const Integer> start, std::span<const Integer> freq);

  /// Pushes symbols.size() symbols, the last of them first; cdf[i] is the CDF of symbols[i].
  template <typename Integer>
  void encode_symbols_reverse(std::span<const std::uint32_t> symbols, CdfRows<Integer> cdf);

  /// Pops symbols.size() symbols, one row of `cdf` each, in order.
  template <typename Integer>
  void decode(CdfRows<Integer> cdf, std::span<std::uint32_t> symbols);

  /// Pushes symbols.size() symbols with a table, the last of them first; index[i] names the row of symbols[i], and is
  /// needed only if the table has several. The stream is that of encode_symbols_reverse with those rows. Throws
  /// kInvalidArgument, and changes nothing, if the table has another precision, a symbol is outside its row or an index
  /// outside the table.
  void encode_table_reverse(Integers symbols, const StaticTable& table, Integers index = {});

  /// Pops symbols.size() symbols with a table, in order; `index` as in encode_table_reverse. `Symbol` is std::uint16_t,
  /// or std::uint8_t if table.fits_byte().
  template <typename Symbol>
  void decode_table(const StaticTable& table, std::span<Symbol> symbols, Integers index = {});

  /// The stream. The stack stays as it is.
  [[nodiscard]] std::vector<std::uint8_t> to_bytes() const;

  /// True if the stack is as it was when it began: no words, all states 2^32. False in a failed state.
  [[nodiscard]] bool is_exhausted() const noexcept;

  /// Throws kCorrupt unless is_exhausted(): the message was longer, or the stream is damaged.
  void finish();

 private:
  void check_usable() const;
  /// Pops so many rounds and then `rest` symbols; `begin` counts those before them.
  template <typename PopRounds, typename PopOne>
  void pop_piece(std::size_t begin, std::size_t rounds, std::size_t rest, PopRounds&& pop_rounds_from,
                 PopOne&& pop_one);
  void turn_to_cursor() noexcept;

  unsigned precision_;
  Errc failure_ = Errc::kOk;
  std::vector<std::uint64_t> states_;  // each in [kRansBottom, 2^64)
  std::size_t cursor_ = 0;             // the state that pops next, < states_.size()
  WordStack words_;
};

}  // namespace foretell
