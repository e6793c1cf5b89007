#include "foretell/static_table.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "check.hpp"
#include "foretell/errc.hpp"
#include "slot_owner.hpp"
#include "table_messages.hpp"

namespace foretell {
namespace {

using Row = std::vector<std::uint32_t>;

StaticTable make_table(const Row& cdf, unsigned precision) {
  return StaticTable(std::span<const std::uint32_t>(cdf), precision);
}

void multiply_high_is_the_upper_half() {
  const std::uint64_t top = ~std::uint64_t{0};
  CHECK(multiply_high(top, top) == top - 1);
  CHECK(multiply_high(std::uint64_t{1} << 63, 2) == 1);
  CHECK(multiply_high(0xffffffff, 0xffffffff) == 0);
  CHECK(multiply_high(0x100000001, 0xffffffffffffffff) == 0x100000000);
}

void quotients_are_exact_for_every_freq() {
  // Where a reciprocal that is slightly off shows first: multiples of freq and their neighbours, up to the largest x.
  std::mt19937_64 random(1);
  for (const unsigned precision : {1U, 2U, 3U, 8U, 12U, 15U, 16U}) {
    for (std::uint32_t freq = 1; freq <= 1U << precision; ++freq) {
      const TableSymbol symbol = make_table_symbol(0, freq);
      // x / freq < 2^(64-P): the last quotient, and how many of its remainders fit.
      const std::uint64_t last = ~std::uint64_t{0} >> precision;
      for (int round = 0; round < 12; ++round) {
        const std::uint64_t quotient = round < 4 ? last - static_cast<std::uint64_t>(round)
                                                 : (random() & last) >> (round % 3 == 0 ? random() % 40 : 0);
        for (const std::uint64_t x : {quotient * freq, quotient * freq + freq - 1, quotient * freq + freq / 2}) {
          CHECK(divide(x, symbol) == quotient);
        }
      }
      CHECK(divide(0, symbol) == 0);
    }
  }
}

void control_the_increment_is_needed() {
  // Without it "down" gives multiples of freq a quotient too small by one, so the test above can fail.
  std::size_t needed = 0;
  for (std::uint32_t freq = 1; freq <= 1U << 16; ++freq) {
    TableSymbol symbol = make_table_symbol(0, freq);
    symbol.increment = 0;
    const std::uint64_t last = ~std::uint64_t{0} >> 16;
    needed += divide(last * freq, symbol) != last ? 1 : 0;
  }
  CHECK(needed > 1000);
}

void every_slot_finds_its_symbol() {
  const Row cdf{0, 1, 4, 9, 16};
  const StaticTable table = make_table(cdf, 4);
  CHECK(table.precision() == 4 && table.vocabulary() == 4 && table.fits_byte());
  for (std::uint32_t slot = 0; slot < 16; ++slot) {
    const std::uint64_t entry = table.slots()[slot];
    const std::uint16_t symbol = slot_symbol(entry);
    CHECK(cdf[symbol] <= slot && slot < cdf[symbol + 1U]);
    CHECK(slot_offset(entry) == slot - cdf[symbol]);
    CHECK(slot_freq(entry) == cdf[symbol + 1U] - cdf[symbol]);
    CHECK(table.symbols()[symbol].start == cdf[symbol]);
    CHECK(table.symbols()[symbol].freq_minus_1 + 1U == slot_freq(entry));
  }
}

/// The owner of every slot of every row, by the look-ups of decoders, is that by the CDF.
void check_owners(const StaticTable& table, const std::vector<std::vector<std::uint64_t>>& cdfs) {
  CHECK(table.rows() == cdfs.size());
  for (std::size_t row = 0; row < cdfs.size(); ++row) {
    const std::vector<std::uint64_t>& cdf = cdfs[row];
    CHECK(table.vocabulary(row) == cdf.size() - 1);
    std::uint32_t symbol = 0;
    for (std::uint64_t slot = 0; slot < cdf.back(); ++slot) {
      symbol += cdf[symbol + 1] == slot ? 1 : 0;
      const auto is_right = [&](const SlotOwner& owner) {
        return owner.symbol == symbol && owner.start == cdf[symbol] && owner.freq == cdf[symbol + 1] - cdf[symbol];
      };
      if (!is_right(OwnerByBucket(table)(row, slot)) ||
          (cdfs.size() > 1 && !is_right(OwnerByBegin(table)(row, slot)))) {
        CHECK(is_right(OwnerByBucket(table)(row, slot)));
        CHECK(cdfs.size() == 1 || is_right(OwnerByBegin(table)(row, slot)));
        return;  // not 2^16 times
      }
      const TableSymbol& known = table.symbols()[table.first_symbols()[row] + symbol];
      CHECK(known.start == cdf[symbol] && known.freq_minus_1 + 1U == cdf[symbol + 1] - cdf[symbol]);
    }
  }
}

void every_slot_finds_its_owner() {
  for (const std::size_t rows : {1UL, 2UL, 5UL, 300UL}) {
    for (const unsigned precision : {1U, 3U, 8U, 11U, 12U, 16U}) {
      for (const std::size_t vocabulary : {1UL, 2UL, 9UL, 10UL, 256UL, 3000UL}) {
        if (vocabulary > 1UL << precision || (rows == 300 && precision == 16 && vocabulary != 256)) {
          continue;
        }
        for (const bool lopsided : {false, true}) {
          const test::TableMessage set =
              test::make_table_message(1, 0, rows, vocabulary, precision, lopsided, lopsided);
          check_owners(set.table(), set.cdfs);
        }
      }
    }
  }
}

void a_search_passes_many_rare_symbols() {
  // 60000 symbols of one slot, then one of all others: more in a bucket than are compared at once.
  std::vector<std::uint64_t> cdf(60001);
  for (std::size_t s = 0; s < cdf.size(); ++s) {
    cdf[s] = s;
  }
  cdf.push_back(65536);
  check_owners(StaticTable(std::span<const std::uint64_t>(cdf), 16), {cdf});
  std::vector<std::vector<std::uint64_t>> many(5000, {0, 65536});
  many[4999] = cdf;
  check_owners(StaticTable(std::span<const std::vector<std::uint64_t>>(std::vector{cdf, many[0], cdf}), 16),
               {cdf, many[0], cdf});
  const StaticTable large(std::span<const std::vector<std::uint64_t>>(many), 16);
  CHECK(large.bucket_bits() == 4 && large.begin_bits() == 4);
  CHECK(OwnerByBegin(large)(4999, 59999).symbol == 59999 && OwnerByBucket(large)(4999, 59999).symbol == 59999);
}

void sets_by_array_and_by_rows_are_equal() {
  const test::TableMessage set = test::make_table_message(1, 0, 7, 30, 10);
  std::vector<std::uint16_t> flat;
  for (const auto& cdf : set.cdfs) {
    flat.insert(flat.end(), cdf.begin(), cdf.end());
  }
  const StaticTable table(std::span<const std::uint16_t>(flat), 31, 10);
  check_owners(table, set.cdfs);
  CHECK(table.vocabulary() == 30 && table.has_equal_rows() && set.table().has_equal_rows());
  CHECK(!test::make_table_message(1, 0, 7, 30, 10, false, true).table().has_equal_rows());
}

void bad_sets_are_refused() {
  const std::vector<std::vector<std::uint64_t>> none;
  CHECK_THROWS(kInvalidArgument, StaticTable(std::span(none), 8));
  const std::vector<std::vector<std::uint64_t>> rows{{0, 256}, {0, 3, 3, 256}};
  CHECK_THROWS(kInvalidArgument, StaticTable(std::span(rows), 8));
  const std::vector<std::vector<std::uint64_t>> empty{{0, 256}, {}};
  CHECK_THROWS(kInvalidArgument, StaticTable(std::span(empty), 8));
  const Row flat{0, 4, 16, 0, 4, 15};
  CHECK_THROWS(kInvalidArgument, StaticTable(std::span<const std::uint32_t>(flat), 3, 4));
  CHECK_THROWS(kInvalidArgument, StaticTable(std::span<const std::uint32_t>(flat), 4, 4));
  CHECK_THROWS(kInvalidArgument, StaticTable(std::span<const std::uint32_t>(flat).first(0), 3, 4));
}

void the_largest_and_smallest_tables() {
  Row cdf(65537);
  for (std::uint32_t i = 0; i < cdf.size(); ++i) {
    cdf[i] = i;
  }
  const StaticTable full = make_table(cdf, 16);
  CHECK(full.vocabulary() == 65536 && !full.fits_byte() && slot_symbol(full.slots()[65535]) == 65535);
  const StaticTable one = make_table(Row{0, 65536}, 16);
  CHECK(one.vocabulary() == 1 && slot_freq(one.slots()[0]) == 65536 && slot_offset(one.slots()[65535]) == 65535);
  CHECK(make_table(Row{0, 1, 2}, 1).vocabulary() == 2);
}

void bad_cdfs_are_refused() {
  for (const Row& cdf : {Row{}, Row{0}, Row{1, 16}, Row{0, 15}, Row{0, 4, 4, 16}, Row{0, 9, 4, 16}, Row{0, 17, 16}}) {
    CHECK_THROWS(kInvalidArgument, static_cast<void>(make_table(cdf, 4)));
  }
  CHECK_THROWS(kInvalidArgument, static_cast<void>(make_table(Row{0, 1}, 0)));
  CHECK_THROWS(kInvalidArgument, static_cast<void>(make_table(Row{0, 1U << 17}, 17)));
}

}  // namespace
}  // namespace foretell

int main() {
  const foretell::test::Test tests[] = {
      {"multiply_high_is_the_upper_half", foretell::multiply_high_is_the_upper_half},
      {"quotients_are_exact_for_every_freq", foretell::quotients_are_exact_for_every_freq},
      {"control_the_increment_is_needed", foretell::control_the_increment_is_needed},
      {"every_slot_finds_its_symbol", foretell::every_slot_finds_its_symbol},
      {"every_slot_finds_its_owner", foretell::every_slot_finds_its_owner},
      {"a_search_passes_many_rare_symbols", foretell::a_search_passes_many_rare_symbols},
      {"sets_by_array_and_by_rows_are_equal", foretell::sets_by_array_and_by_rows_are_equal},
      {"bad_sets_are_refused", foretell::bad_sets_are_refused},
      {"the_largest_and_smallest_tables", foretell::the_largest_and_smallest_tables},
      {"bad_cdfs_are_refused", foretell::bad_cdfs_are_refused},
  };
  return foretell::test::run_all(tests);
}
