// From symbols, and the rows that they name, to positions in StaticTable::symbols(): what the encoders' kernels take,
// in pieces that stay in the first-level cache.
//
// The arrays are the caller's, and another thread of his may write to them while they are read. So everything is
// checked before the coder changes, and what a kernel gets is checked again in the very read that copied it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "foretell/integers.hpp"
#include "foretell/static_table.hpp"

namespace foretell {

inline constexpr std::size_t kTablePiece = 4096;  // symbols

/// Throws kInvalidArgument unless the table has the coder's precision.
void check_table_precision(const StaticTable& table, unsigned precision);

/// Throws kInvalidArgument unless `index` holds `count` rows of the table; for one CDF it may be empty.
void check_index(const StaticTable& table, Integers index, std::size_t count);

/// As check_index, and every symbol is one of its row.
void check_symbols(const StaticTable& table, Integers symbols, Integers index);

/// Throws kInvalidArgument unless bytes can hold the table's symbols, for Symbol = std::uint8_t.
void check_fits_byte(const StaticTable& table);

/// Copies the rows of the symbols from `begin`, as many as `rows` has room for. Returns false if one is not in the
/// table; its place then holds some row that is.
[[nodiscard]] bool copy_rows(const StaticTable& table, Integers index, std::size_t begin,
                             std::span<std::uint32_t> rows) noexcept;

/// As copy_rows, for the positions of the symbols themselves.
[[nodiscard]] bool copy_positions(const StaticTable& table, Integers symbols, Integers index, std::size_t begin,
                                  std::span<std::uint32_t> positions) noexcept;

/// What to throw if a copy returns false though it was checked.
[[noreturn]] void throw_changed_meanwhile();

}  // namespace foretell
