// RangeEncoder and RangeDecoder with a StaticTable: the same numbers as with rows of CDFs, faster.
//
// Both are one chain of operations from symbol to symbol, so what counts is its length in cycles. Whether a word moves
// is noise that no branch predictor learns, so both outcomes are computed and one is picked. The decoder's chain is
//
//     slot = code / r          the division; its quotient has P bits, and processors stop early
//     owner of the slot        one access, to a bucket in the first-level cache
//     code - r * start         a multiplication
//     pick, and shift in a word
//
// and to shorten its last part both outcomes of `code` and of the next r = range >> P come straight from products:
//     no word:  code - r * start,                          r' = (r * freq) >> P
//     a word:   (code << 32 | word) - (r << 32) * start,   r' = (r * freq) << (32 - P)
// The second line is the first one after its shift by 32 bits: with the slot owned by the symbol,
// r * start <= code < r * (start + freq), so 0 <= code - r * start < r * freq < 2^32, and what wraps modulo 2^64 on the
// way wraps on both sides; r * freq << 32 loses nothing either, nor does its shift back by P <= 16. This needs no sound
// stream: any code with a slot below 2^P has such an owner, and every slot is compared with 2^P before it is looked up.
// r is never 0, for range stays at 2^32 or above.
#include <algorithm>
#include <array>
#include <string>

#include "checks.hpp"
#include "foretell/range_coder.hpp"
#include "slot_owner.hpp"
#include "table_positions.hpp"

namespace foretell {
namespace {

std::uint32_t* encode_positions(RangeEncoderState& stream, std::uint32_t* out, std::span<const std::uint32_t> positions,
                                const StaticTable& table) noexcept {
  const TableSymbol* const symbols = table.symbols();
  const unsigned precision = table.precision();
  RangeEncoderState state = stream;
  for (const std::uint32_t position : positions) {
    const TableSymbol& symbol = symbols[position];
    const std::uint64_t slot = state.range >> precision;
    const std::uint64_t offset = slot * symbol.start;
    state.low += offset;
    if (state.low < offset) [[unlikely]] {  // rare: a branch costs less than to look
      propagate_carry(out);
    }
    const std::uint64_t range = slot * symbol.freq_minus_1 + slot;
    *out = static_cast<std::uint32_t>(state.low >> 32);
    out += range < kRangeBottom ? 1 : 0;
    state.low = pick_less(range, kRangeBottom, state.low << 32, state.low);
    state.range = pick_less(range, kRangeBottom, range << 32, range);
  }
  stream = state;
  return out;
}

void add_symbol(Checksum& checksum, const TableSymbol& symbol) noexcept {
  checksum.add(symbol.start, std::uint64_t{symbol.freq_minus_1} + 1);
}

/// Decodes `count` symbols or up to the first that no encoder writes, and returns how many; 4 * count bytes are left.
/// The i-th symbol's row is rows[i], or 0 if kOneRow.
template <bool kOneRow, typename Symbol>
std::size_t decode_ahead(RangeDecoderState& stream, OwnerByBucket owner_of, unsigned precision,
                         const std::uint32_t* rows, Symbol* out, std::size_t count) noexcept {
  std::uint64_t code = stream.code;
  std::uint64_t range = stream.range;
  std::uint64_t slot_width = range >> precision;
  const std::uint8_t* next = stream.next;
  std::size_t i = 0;
  for (; i != count; ++i) {
    const std::uint64_t word = load_big(next);
    const std::uint64_t slot = code / slot_width;
    if (slot >> precision != 0) [[unlikely]] {
      break;
    }
    const SlotOwner owner = owner_of(kOneRow ? 0 : rows[i], slot);
    out[i] = static_cast<Symbol>(owner.symbol);
    const std::uint64_t stays = code - slot_width * owner.start;
    const std::uint64_t shifted = (code << 32 | word) - (slot_width << 32) * owner.start;
    range = slot_width * owner.freq;
    code = pick_less(range, kRangeBottom, shifted, stays);
    slot_width = pick_less(range, kRangeBottom, range << (32 - precision), range >> precision);
    next += range < kRangeBottom ? 4 : 0;
    range = pick_less(range, kRangeBottom, range << 32, range);
  }
  stream.code = code;
  stream.range = range;
  stream.next = next;
  return i;
}

/// Decodes a piece and counts its symbols in `decoded`; returns what stopped it.
template <bool kOneRow, typename Symbol>
Errc decode_piece(RangeDecoderState& state, const StaticTable& table, const std::uint32_t* rows,
                  std::span<Symbol> symbols, std::size_t& decoded) noexcept {
  const OwnerByBucket owner_of(table);
  const unsigned precision = table.precision();
  const std::size_t sure = std::min(symbols.size(), static_cast<std::size_t>(state.end - state.next) / 4);
  decoded = decode_ahead<kOneRow>(state, owner_of, precision, rows, symbols.data(), sure);
  for (; decoded != symbols.size(); ++decoded) {
    std::uint64_t slot = 0;
    if (const Errc status = find_slot(state, precision, slot); status != Errc::kOk) {
      return status;
    }
    const SlotOwner owner = owner_of(kOneRow ? 0 : rows[decoded], slot);
    symbols[decoded] = static_cast<Symbol>(owner.symbol);
    if (const Errc status = consume_symbol(state, owner.start, owner.freq, precision); status != Errc::kOk) {
      return status;
    }
  }
  return Errc::kOk;
}

}  // namespace

void RangeEncoder::encode_table(Integers symbols, const StaticTable& table, Integers index) {
  if (!usable_) {
    throw_unusable_encoder();
  }
  check_table_precision(table, precision_);
  check_symbols(table, symbols, index);
  std::array<std::uint32_t, kTablePiece> memory;
  for (std::size_t begin = 0; begin < symbols.size(); begin += kTablePiece) {
    const auto positions = std::span(memory).first(std::min(symbols.size() - begin, kTablePiece));
    if (!copy_positions(table, symbols, index, begin, positions)) [[unlikely]] {
      usable_ = false;
      throw_changed_meanwhile();
    }
    if (with_checksum_) {
      for (const std::uint32_t position : positions) {
        add_symbol(checksum_, table.symbols()[position]);
      }
    }
    std::uint32_t* const out = words_.reserve(positions.size());
    words_.commit(encode_positions(state_, out, positions, table));
  }
}

template <typename Symbol>
void RangeDecoder::decode_table(const StaticTable& table, std::span<Symbol> symbols, Integers index) {
  if (failure_ != Errc::kOk) {
    throw_failed_decoder(failure_);
  }
  check_table_precision(table, precision_);
  if (sizeof(Symbol) == 1) {
    check_fits_byte(table);
  }
  check_index(table, index, symbols.size());
  std::array<std::uint32_t, kTablePiece> rows;
  for (std::size_t begin = 0; begin < symbols.size(); begin += kTablePiece) {
    const auto piece = symbols.subspan(begin, std::min(symbols.size() - begin, kTablePiece));
    std::size_t decoded = 0;
    if (table.rows() == 1) {
      failure_ = decode_piece<true>(state_, table, nullptr, piece, decoded);
    } else if (copy_rows(table, index, begin, std::span(rows).first(piece.size()))) {
      failure_ = decode_piece<false>(state_, table, rows.data(), piece, decoded);
    } else {
      failure_ = Errc::kInvalidArgument;
      throw_changed_meanwhile();
    }
    if (failure_ != Errc::kOk) [[unlikely]] {
      throw_decode_error(failure_, "symbol " + std::to_string(begin + decoded));
    }
    if (with_checksum_) {
      for (std::size_t i = 0; i < piece.size(); ++i) {
        const std::size_t row = table.rows() == 1 ? 0 : rows[i];
        // Read from the caller's array, where another thread may have put anything.
        const std::size_t symbol = std::min<std::size_t>(piece[i], table.vocabulary(row) - 1);
        add_symbol(checksum_, table.symbols()[table.first_symbols()[row] + symbol]);
      }
    }
  }
}

template void RangeDecoder::decode_table(const StaticTable&, std::span<std::uint8_t>, Integers);
template void RangeDecoder::decode_table(const StaticTable&, std::span<std::uint16_t>, Integers);

}  // namespace foretell
