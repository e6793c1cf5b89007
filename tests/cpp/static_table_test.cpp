#include "foretell/static_table.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "check.hpp"
#include "foretell/errc.hpp"

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
      {"the_largest_and_smallest_tables", foretell::the_largest_and_smallest_tables},
      {"bad_cdfs_are_refused", foretell::bad_cdfs_are_refused},
  };
  return foretell::test::run_all(tests);
}
