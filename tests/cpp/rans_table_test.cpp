// RansCoder with a StaticTable.
#include <algorithm>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "check.hpp"
#include "foretell/rans.hpp"
#include "table_messages.hpp"

namespace foretell {
namespace {

using test::Bytes;
using test::make_table_message;
using test::TableMessage;
using test::Wide;

/// The stream by the general functions, of which tables are a fast case.
Bytes encode_by_intervals(const TableMessage& message, std::size_t interleave) {
  Wide start;
  Wide freq;
  message.intervals(start, freq);
  RansCoder coder(message.precision, interleave);
  coder.encode_reverse(std::span<const std::uint64_t>(start), std::span<const std::uint64_t>(freq));
  return coder.to_bytes();
}

template <typename Symbol>
void check_round_trip_as(const TableMessage& message, const StaticTable& table, std::size_t interleave,
                         const Bytes& stream, Integers index) {
  const std::vector<Symbol> symbols(message.symbols.begin(), message.symbols.end());
  RansCoder encoder(table.precision(), interleave);
  encoder.encode_table_reverse(symbols, table, index);
  CHECK(encoder.to_bytes() == stream);
  RansCoder decoder(stream, table.precision(), interleave);
  // Behind the symbols a sentinel: no kernel writes more than it was asked for.
  std::vector<Symbol> decoded(symbols.size() + 1, 77);
  decoder.decode_table(table, std::span(decoded).first(symbols.size()), index);
  CHECK(decoded.back() == 77);
  decoded.pop_back();
  CHECK(decoded == symbols);
  decoder.finish();
}

void check_round_trip(const TableMessage& message, std::size_t interleave) {
  const StaticTable table = message.table();
  const Bytes stream = encode_by_intervals(message, interleave);
  check_round_trip_as<std::uint16_t>(message, table, interleave, stream, message.index);
  if (table.fits_byte()) {
    check_round_trip_as<std::uint8_t>(message, table, interleave, stream, message.index);
  }
  if (table.rows() == 1) {
    check_round_trip_as<std::uint16_t>(message, table, interleave, stream, {});
  }
}

constexpr std::size_t kInterleaves[] = {1, 2, 3, 4, 7, 8, 16, 20, 24, 32, 64, 100, kMaxInterleave};

void one_cdf_equals_intervals() {
  for (const unsigned precision : {1U, 4U, 11U, 12U, 16U}) {
    for (const std::size_t vocabulary : {1UL, 2UL, 3UL, 16UL, 256UL, 257UL, 2000UL}) {
      for (const std::size_t interleave : kInterleaves) {
        for (const std::size_t length : {0UL, 1UL, 31UL, 64UL, 1000UL, 9001UL}) {
          if (vocabulary <= 1UL << precision) {
            check_round_trip(make_table_message(length, length, 1, vocabulary, precision, length % 3 == 1), interleave);
          }
        }
      }
    }
  }
}

void sets_equal_intervals() {
  for (const unsigned precision : {1U, 4U, 10U, 13U, 16U}) {
    for (const std::size_t rows : {2UL, 5UL, 300UL}) {
      for (const std::size_t vocabulary : {1UL, 2UL, 17UL, 256UL, 300UL}) {
        for (const std::size_t interleave : kInterleaves) {
          for (const std::size_t length : {0UL, 1UL, 77UL, 5000UL}) {
            if (vocabulary <= 1UL << precision && (length < 1000 || rows < 100)) {
              const bool ragged = (interleave + rows) % 2 == 0;
              check_round_trip(make_table_message(length, length, rows, vocabulary, precision, length % 3 == 2, ragged),
                               interleave);
            }
          }
        }
      }
    }
  }
}

void batches_may_be_split() {
  for (const std::size_t rows : {1UL, 6UL}) {
    const TableMessage message = make_table_message(1, 500, rows, 200, 14);
    const StaticTable table = message.table();
    const auto symbols = std::span<const std::uint16_t>(message.symbols);
    const auto index = std::span<const std::int32_t>(message.index);
    for (const std::size_t interleave : {1UL, 8UL, 32UL}) {
      RansCoder coder(14, interleave);
      coder.encode_table_reverse(symbols.subspan(333), table, index.subspan(333));
      coder.encode_table_reverse(symbols.subspan(10, 323), table, index.subspan(10, 323));
      coder.encode_table_reverse(symbols.first(10), table, index.first(10));
      CHECK(coder.to_bytes() == encode_by_intervals(message, interleave));
      std::vector<std::uint16_t> decoded(500);
      const std::span<std::uint16_t> out(decoded);
      coder.decode_table(table, out.first(3), index.first(3));
      coder.decode_table(table, out.subspan(3, 67), index.subspan(3, 67));
      coder.decode_table(table, out.subspan(70), index.subspan(70));
      CHECK(decoded == message.symbols);
      coder.finish();
    }
  }
}

void bad_arguments_change_nothing() {
  const TableMessage message = make_table_message(3, 5000, 4, 10, 8);
  const StaticTable table = message.table();
  const StaticTable other = make_table_message(3, 0, 4, 10, 9).table();
  RansCoder coder(8, 2);
  std::vector<std::uint8_t> decoded(5000);
  for (const std::size_t place : {0UL, 4095UL, 4096UL, 4999UL}) {
    for (const std::uint64_t bad : {std::uint64_t{10}, std::uint64_t{1} << 32, ~std::uint64_t{0}}) {
      Wide symbols(message.symbols.begin(), message.symbols.end());
      symbols[place] = bad;
      CHECK_THROWS(kInvalidArgument, coder.encode_table_reverse(symbols, table, message.index));
      Wide index(message.index.begin(), message.index.end());
      index[place] = bad;
      CHECK_THROWS(kInvalidArgument, coder.encode_table_reverse(message.symbols, table, index));
      CHECK_THROWS(kInvalidArgument, coder.decode_table(table, std::span(decoded), index));
    }
  }
  CHECK_THROWS(kInvalidArgument, coder.encode_table_reverse(message.symbols, other, message.index));
  CHECK_THROWS(kInvalidArgument, coder.encode_table_reverse(message.symbols, table, {}));
  CHECK_THROWS(kInvalidArgument, coder.decode_table(other, std::span(decoded), message.index));
  CHECK_THROWS(kInvalidArgument, coder.decode_table(table, std::span(decoded)));
  const StaticTable wide = make_table_message(3, 0, 1, 257, 9).table();
  RansCoder nine(9);
  CHECK_THROWS(kInvalidArgument, nine.decode_table(wide, std::span(decoded)));
  CHECK(coder.is_exhausted() && nine.is_exhausted());
}

struct Outcome {
  Errc code;
  std::vector<std::uint32_t> symbols;  // meaningful if the code is kOk

  bool operator==(const Outcome& other) const {
    return code == other.code && (code != Errc::kOk || symbols == other.symbols);
  }
};

/// Decodes a damaged stream by the table; whatever comes out is in it.
Outcome decode_by_table(const Bytes& stream, const TableMessage& message, const StaticTable& table,
                        std::size_t interleave) {
  std::vector<std::uint8_t> symbols(message.symbols.size());
  const Errc code = test::thrown_by([&] {
    RansCoder coder(stream, table.precision(), interleave);
    coder.decode_table(table, std::span(symbols), message.index);
    coder.finish();
  });
  CHECK(code == Errc::kOk || code == Errc::kTruncated || code == Errc::kCorrupt);
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    CHECK(symbols[i] < table.vocabulary(static_cast<std::size_t>(message.index[i])));
  }
  return {code, {symbols.begin(), symbols.end()}};
}

Outcome decode_by_rows(const Bytes& stream, const TableMessage& message, std::size_t interleave) {
  std::vector<std::uint32_t> symbols(message.symbols.size());
  const Errc code = test::thrown_by([&] {
    RansCoder coder(stream, message.precision, interleave);
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      const Wide& cdf = message.cdfs[static_cast<std::size_t>(message.index[i])];
      coder.decode(CdfRows(std::span<const std::uint64_t>(cdf), cdf.size()), std::span(symbols).subspan(i, 1));
    }
    coder.finish();
  });
  return {code, symbols};
}

void damaged_streams_end_as_those_of_cdfs() {
  for (const std::size_t rows : {1UL, 3UL}) {
    const TableMessage message = make_table_message(3, 300, rows, 20, 12, false, rows != 1);
    const StaticTable table = message.table();
    for (const std::size_t interleave : {1UL, 3UL, 8UL, 16UL, 32UL, 64UL}) {
      const auto outcome_of = [&](const Bytes& stream) {
        Outcome outcome = decode_by_table(stream, message, table, interleave);
        CHECK(outcome == decode_by_rows(stream, message, interleave));
        return outcome;
      };
      const Bytes stream = encode_by_intervals(message, interleave);
      const Outcome sound{Errc::kOk, {message.symbols.begin(), message.symbols.end()}};
      CHECK(outcome_of(stream) == sound);
      for (std::size_t bytes = 0; bytes < stream.size(); ++bytes) {
        const Bytes cut(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(bytes));
        CHECK(outcome_of(cut).code == Errc::kTruncated);
      }
      for (std::size_t bit = 0; bit < 8 * stream.size(); ++bit) {
        Bytes flipped = stream;
        flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
        CHECK(outcome_of(flipped) != sound);
      }
      std::mt19937_64 random(5);
      for (int round = 0; round < 300; ++round) {
        Bytes garbage(8 * interleave + 4 * (random() % 100));
        std::ranges::generate(garbage, [&] { return static_cast<std::uint8_t>(random()); });
        outcome_of(garbage);
      }
    }
  }
}

}  // namespace
}  // namespace foretell

int main() {
  const foretell::test::Test tests[] = {
      {"one_cdf_equals_intervals", foretell::one_cdf_equals_intervals},
      {"sets_equal_intervals", foretell::sets_equal_intervals},
      {"batches_may_be_split", foretell::batches_may_be_split},
      {"bad_arguments_change_nothing", foretell::bad_arguments_change_nothing},
      {"damaged_streams_end_as_those_of_cdfs", foretell::damaged_streams_end_as_those_of_cdfs},
  };
  return foretell::test::run_all(tests);
}
