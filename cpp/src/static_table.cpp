#include "foretell/static_table.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <string>

#include "foretell/cdf.hpp"
#include "foretell/errc.hpp"
#include "foretell/range_coder.hpp"

namespace foretell {

TableSymbol make_table_symbol(std::uint32_t start, std::uint32_t freq) noexcept {
  TableSymbol symbol{
      .reciprocal = 0,
      .freq_minus_1 = static_cast<std::uint16_t>(freq - 1),
      .start = static_cast<std::uint16_t>(start),
      .increment = 0,
      .shift = 0,
      .unused = 0,
  };
  if (freq == 1) {
    symbol.reciprocal = ~std::uint64_t{0};
    symbol.increment = 1;
    return symbol;
  }
  const auto k = static_cast<unsigned>(std::bit_width(freq - 1));  // 2^(k-1) < freq <= 2^k
  // D = 2^(63+k) is 128 bits wide: long division by freq, 2^63 first, then k zeros.
  std::uint64_t m = (std::uint64_t{1} << 63) / freq;
  std::uint64_t e = (std::uint64_t{1} << 63) % freq;
  for (unsigned i = 0; i < k; ++i) {
    m = 2 * m + (2 * e >= freq ? 1 : 0);
    e = 2 * e >= freq ? 2 * e - freq : 2 * e;
  }
  const bool up = e != 0 && freq - e <= e;
  symbol.reciprocal = up ? m + 1 : m;
  symbol.increment = e == 0 || up ? 0 : 1;
  symbol.shift = static_cast<std::uint8_t>(k - 1);
  return symbol;
}

namespace {

// One CDF takes 2^11 buckets of 8 bytes, 16 KiB, and leaves half of any first-level cache to others; twice as many make
// range decoders 1 % faster where that is large. A set takes at most 2^16 of them, 512 KiB, and 2^17 begins of 2 bytes,
// 256 KiB: what a second-level cache holds.
constexpr unsigned kMostBucketBits = 11;
constexpr unsigned kBucketBitsOfSet = 16;
constexpr unsigned kBeginBitsOfSet = 17;
constexpr unsigned kLeastBits = 4;  // for sets of thousands: less memory than their symbols take

/// log2 of how many entries a row gets, of 2^bits_of_set in all.
unsigned bits_of_row(std::size_t rows, unsigned precision, unsigned bits_of_set) {
  const auto row_bits = std::min(static_cast<unsigned>(std::bit_width(rows - 1)), bits_of_set);
  return std::min(precision, std::max(bits_of_set - row_bits, kLeastBits));
}

/// Calls add(row, symbol) with the symbol of every 2^shift-th slot of every row.
template <typename Add>
void for_first_slots(const StaticTable& table, unsigned shift, Add&& add) {
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const TableSymbol* const symbols = table.symbols() + table.first_symbols()[row];
    std::size_t symbol = 0;
    for (std::size_t slot = 0; slot < std::size_t{1} << table.precision(); slot += std::size_t{1} << shift) {
      while (symbols[symbol].start + std::size_t{symbols[symbol].freq_minus_1} < slot) {
        ++symbol;
      }
      add(row, symbol);
    }
  }
}

void check_table_precision(unsigned precision) {
  if (precision < 1 || precision > kMaxTablePrecision) {
    throw Error(Errc::kInvalidArgument, "precision: " + std::to_string(precision) + " is not in 1..16 for a table");
  }
}

void check_any(std::size_t rows) {
  if (rows == 0) {
    throw Error(Errc::kInvalidArgument, "cdf: a table needs at least one row");
  }
}

}  // namespace

template <typename Integer>
void StaticTable::append(std::span<const Integer> cdf) {
  const std::uint64_t total = std::uint64_t{1} << precision_;
  const std::size_t vocabulary = cdf.size() - 1;  // at most 2^precision, as the cdf rises
  if (symbols_.size() + vocabulary > std::numeric_limits<std::uint32_t>::max()) {
    throw Error(Errc::kInvalidArgument, "cdf: a table holds less than 2^32 symbols in all");
  }
  for (std::size_t s = 0; s < vocabulary; ++s) {
    const auto start = static_cast<std::uint32_t>(cdf[s]);
    const auto freq = static_cast<std::uint32_t>(slots_end(cdf, s, total)) - start;
    symbols_.push_back(make_table_symbol(start, freq));
    lasts_.push_back(static_cast<std::uint16_t>(start + freq - 1));
  }
  lasts_.insert(lasts_.end(), kLastsBehind, 0xffff);
  first_symbols_.push_back(static_cast<std::uint32_t>(symbols_.size()));
  vocabulary_ = std::max(vocabulary_, vocabulary);
}

void StaticTable::fill_buckets() {
  bucket_bits_ = std::min(bits_of_row(rows(), precision_, kBucketBitsOfSet), kMostBucketBits);
  buckets_.reserve(rows() << bucket_bits_);
  for_first_slots(*this, precision_ - bucket_bits_, [&](std::size_t row, std::size_t symbol) {
    const std::uint16_t* const row_lasts = lasts() + first_symbols_[row] + kLastsBehind * row;
    buckets_.push_back({
        .symbol = static_cast<std::uint16_t>(symbol),
        .start = symbols_[first_symbols_[row] + symbol].start,
        .last = row_lasts[symbol],
        .next_last = row_lasts[std::min(symbol + 1, vocabulary(row) - 1)],
    });
  });
}

void StaticTable::fill_begins() {
  begin_bits_ = bits_of_row(rows(), precision_, kBeginBitsOfSet);
  begins_.reserve(rows() << begin_bits_);
  for_first_slots(*this, precision_ - begin_bits_, [&](std::size_t /*row*/, std::size_t symbol) {
    begins_.push_back(static_cast<std::uint16_t>(symbol));
  });
}

void StaticTable::fill_slots() {
  slots_.reserve(std::size_t{1} << precision_);
  for (std::uint64_t s = 0; s < symbols_.size(); ++s) {
    const std::uint64_t freq = symbols_[s].freq_minus_1 + 1U;
    for (std::uint64_t offset = 0; offset < freq; ++offset) {
      slots_.push_back(s << 48 | offset << 32 | freq);
    }
  }
}

void StaticTable::finish() {
  symbols_.shrink_to_fit();
  lasts_.shrink_to_fit();
  fill_buckets();
  if (rows() == 1) {
    fill_slots();
  } else {
    fill_begins();
  }
}

template <typename Integer>
StaticTable::StaticTable(std::span<const Integer> cdf, unsigned precision)
    : StaticTable(cdf, std::max<std::size_t>(cdf.size(), 1), precision) {}

template <typename Integer>
StaticTable::StaticTable(std::span<const Integer> cdfs, std::size_t row_size, unsigned precision)
    : precision_(precision) {
  check_table_precision(precision);
  check_cdf(cdfs, row_size, precision);
  const std::size_t count = cdfs.size() / row_size;
  check_any(count);
  symbols_.reserve(count * (row_size - 1));
  for (std::size_t row = 0; row < count; ++row) {
    append(cdfs.subspan(row * row_size, row_size));
  }
  finish();
}

StaticTable::StaticTable(std::span<const std::vector<std::uint64_t>> cdfs, unsigned precision) : precision_(precision) {
  check_table_precision(precision);
  check_any(cdfs.size());
  for (std::size_t row = 0; row < cdfs.size(); ++row) {
    const std::span<const std::uint64_t> cdf = cdfs[row];
    try {
      check_cdf(cdf, cdf.size(), precision);
    } catch (const Error& error) {
      throw Error(error.code(), "cdf[" + std::to_string(row) + "]: " + error.what());
    }
    append(cdf);
  }
  finish();
}

template StaticTable::StaticTable(std::span<const std::uint16_t>, unsigned);
template StaticTable::StaticTable(std::span<const std::uint32_t>, unsigned);
template StaticTable::StaticTable(std::span<const std::uint64_t>, unsigned);
template StaticTable::StaticTable(std::span<const std::uint16_t>, std::size_t, unsigned);
template StaticTable::StaticTable(std::span<const std::uint32_t>, std::size_t, unsigned);
template StaticTable::StaticTable(std::span<const std::uint64_t>, std::size_t, unsigned);

}  // namespace foretell
