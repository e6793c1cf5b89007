#include "table_positions.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <type_traits>
#include <utility>

#include "foretell/errc.hpp"
#include "targets.hpp"

namespace foretell {
namespace {

/// Copies numbers that are all below `limit`, and counts wrong ones in `bad`, for which it writes 0.
template <typename T>
struct CopyBelow {
  [[gnu::always_inline]] static bool run(const T* from, std::uint32_t* to, std::size_t count, std::uint32_t limit) {
    // In a type that holds limit, and in which a negative number is a large one.
    using Wide = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
    std::uint32_t bad = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const auto value = static_cast<Wide>(from[i]);
      const bool good = value < limit;
      to[i] = good ? static_cast<std::uint32_t>(value) : 0;
      bad |= good ? 0U : 1U;
    }
    return bad == 0;
  }
};

/// As copy_in_rows, for rows of equal length, which takes no look-up.
template <typename T>
struct CopyInEqualRows {
  [[gnu::always_inline]] static bool run(const T* symbols, std::uint32_t* rows, std::size_t count,
                                         std::uint32_t vocabulary) {
    using Wide = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
    std::uint32_t bad = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const auto value = static_cast<Wide>(symbols[i]);
      const bool good = value < vocabulary;
      rows[i] = rows[i] * vocabulary + (good ? static_cast<std::uint32_t>(value) : 0);
      bad |= good ? 0U : 1U;
    }
    return bad == 0;
  }
};

/// Turns rows into positions of their symbols.
template <typename T>
bool copy_in_rows(const T* symbols, std::uint32_t* rows, std::size_t count, const std::uint32_t* first_symbols) {
  bool all_good = true;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t first = first_symbols[rows[i]];
    const std::uint32_t size = first_symbols[rows[i] + 1] - first;
    const T symbol = symbols[i];
    const bool good = static_cast<std::uint64_t>(symbol) < size;
    rows[i] = first + (good ? static_cast<std::uint32_t>(symbol) : 0);
    all_good = all_good && good;
  }
  return all_good;
}

bool copy_below(Integers values, std::size_t begin, std::span<std::uint32_t> to, std::size_t limit) {
  return values.visit([&](auto all) {
    using T = std::remove_const_t<typename decltype(all)::element_type>;
    return for_isa<CopyBelow<T>>(all.data() + begin, to.data(), to.size(), static_cast<std::uint32_t>(limit));
  });
}

/// Returns where the first of `values` is that is not below limit(its place).
template <typename Limit>
std::size_t first_bad(Integers values, Limit&& limit) {
  return values.visit([&](auto all) {
    std::size_t i = 0;
    while (i < all.size() && std::cmp_greater_equal(all[i], 0) && std::cmp_less(all[i], limit(i))) {
      ++i;
    }
    return i;
  });
}

std::string at(Integers values, std::size_t place) {
  return values.visit([&](auto all) { return std::to_string(all[place]); });
}

/// Returns false as soon as copy(begin, piece) does, for one of the pieces of `count`.
template <typename Copy>
bool all_pieces(std::size_t count, Copy&& copy) {
  std::array<std::uint32_t, kTablePiece> piece;
  for (std::size_t begin = 0; begin < count; begin += kTablePiece) {
    if (!copy(begin, std::span(piece).first(std::min(count - begin, kTablePiece)))) {
      return false;
    }
  }
  return true;
}

}  // namespace

void throw_changed_meanwhile() {
  throw Error(Errc::kInvalidArgument, "symbols, index: another thread changed them while they were coded");
}

void check_table_precision(const StaticTable& table, unsigned precision) {
  if (table.precision() != precision) {
    throw Error(Errc::kInvalidArgument, "table: its precision is " + std::to_string(table.precision()) +
                                            ", the coder's " + std::to_string(precision));
  }
}

void check_fits_byte(const StaticTable& table) {
  if (!table.fits_byte()) {
    throw Error(Errc::kInvalidArgument,
                "symbols: bytes cannot hold the " + std::to_string(table.vocabulary()) + " symbols of the table");
  }
}

void check_index(const StaticTable& table, Integers index, std::size_t count) {
  if (index.size() != count && !(index.empty() && table.rows() == 1)) {
    throw Error(Errc::kInvalidArgument, "index: expected the row of each of the " + std::to_string(count) +
                                            " symbols, got " + std::to_string(index.size()));
  }
  const auto copy = [&](std::size_t begin, auto piece) { return copy_rows(table, index, begin, piece); };
  if (!all_pieces(index.size(), copy)) [[unlikely]] {
    const std::size_t i = first_bad(index, [&](std::size_t) { return table.rows(); });
    if (i == count) {
      throw_changed_meanwhile();
    }
    throw Error(Errc::kInvalidArgument, "index[" + std::to_string(i) + "]: " + at(index, i) + " is outside the " +
                                            std::to_string(table.rows()) + " rows of the table");
  }
}

void check_symbols(const StaticTable& table, Integers symbols, Integers index) {
  check_index(table, index, symbols.size());
  const auto copy = [&](std::size_t begin, auto piece) { return copy_positions(table, symbols, index, begin, piece); };
  if (!all_pieces(symbols.size(), copy)) [[unlikely]] {
    const auto row_at = [&](std::size_t i) {
      std::uint32_t row = 0;
      static_cast<void>(copy_rows(table, index, i, {&row, 1}));
      return row;
    };
    const std::size_t i = first_bad(symbols, [&](std::size_t place) { return table.vocabulary(row_at(place)); });
    if (i == symbols.size()) {
      throw_changed_meanwhile();
    }
    throw Error(Errc::kInvalidArgument, "symbols[" + std::to_string(i) + "]: " + at(symbols, i) + " is outside the " +
                                            std::to_string(table.vocabulary(row_at(i))) + " symbols of " +
                                            (table.rows() == 1 ? "the cdf" : "row " + std::to_string(row_at(i))));
  }
}

bool copy_rows(const StaticTable& table, Integers index, std::size_t begin, std::span<std::uint32_t> rows) noexcept {
  if (index.empty()) {
    std::ranges::fill(rows, 0);
    return true;
  }
  return copy_below(index, begin, rows, table.rows());
}

bool copy_positions(const StaticTable& table, Integers symbols, Integers index, std::size_t begin,
                    std::span<std::uint32_t> positions) noexcept {
  if (table.rows() == 1) {
    return copy_below(symbols, begin, positions, table.vocabulary());
  }
  const bool rows_good = copy_rows(table, index, begin, positions);
  const bool symbols_good = symbols.visit([&](auto all) {
    if (table.has_equal_rows()) {
      using T = std::remove_const_t<typename decltype(all)::element_type>;
      return for_isa<CopyInEqualRows<T>>(all.data() + begin, positions.data(), positions.size(),
                                         static_cast<std::uint32_t>(table.vocabulary()));
    }
    return copy_in_rows(all.data() + begin, positions.data(), positions.size(), table.first_symbols());
  });
  return rows_good && symbols_good;
}

}  // namespace foretell
