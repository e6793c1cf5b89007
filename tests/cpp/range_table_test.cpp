// RangeEncoder and RangeDecoder with a StaticTable.
#include <algorithm>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "check.hpp"
#include "foretell/range_coder.hpp"
#include "table_messages.hpp"

namespace foretell {
namespace {

using test::Bytes;
using test::make_table_message;
using test::TableMessage;
using test::Wide;

/// The stream by the general function, of which tables are a fast case.
Bytes encode_by_intervals(const TableMessage& message) {
  Wide start;
  Wide freq;
  message.intervals(start, freq);
  RangeEncoder encoder(message.precision);
  encoder.encode(std::span<const std::uint64_t>(start), std::span<const std::uint64_t>(freq));
  return encoder.finish();
}

Bytes encode_by_table(const TableMessage& message, const StaticTable& table, Integers symbols, Integers index) {
  RangeEncoder encoder(message.precision);
  encoder.encode_table(symbols, table, index);
  return encoder.finish();
}

template <typename Symbol>
void check_decodes(const TableMessage& message, const StaticTable& table, const Bytes& stream, Integers index) {
  RangeDecoder decoder(stream, message.precision);
  // Behind the symbols a sentinel: nothing more is written than was asked for.
  std::vector<Symbol> decoded(message.symbols.size() + 1, 77);
  decoder.decode_table(table, std::span(decoded).first(message.symbols.size()), index);
  CHECK(decoded.back() == 77);
  decoded.pop_back();
  CHECK(std::ranges::equal(decoded, message.symbols));
  decoder.finish();
}

void check_round_trip(const TableMessage& message) {
  const StaticTable table = message.table();
  const Bytes stream = encode_by_intervals(message);
  CHECK(encode_by_table(message, table, message.symbols, message.index) == stream);
  check_decodes<std::uint16_t>(message, table, stream, message.index);
  if (table.fits_byte()) {
    const std::vector<std::uint8_t> bytes(message.symbols.begin(), message.symbols.end());
    CHECK(encode_by_table(message, table, bytes, message.index) == stream);
    check_decodes<std::uint8_t>(message, table, stream, message.index);
  }
  if (table.rows() == 1) {
    CHECK(encode_by_table(message, table, message.symbols, {}) == stream);
    check_decodes<std::uint16_t>(message, table, stream, {});
  }
}

void one_cdf_equals_intervals() {
  for (unsigned precision = 1; precision <= 16; ++precision) {
    for (const std::size_t vocabulary : {1UL, 2UL, 3UL, 16UL, 255UL, 256UL, 257UL, 5000UL, 65536UL}) {
      for (const std::size_t length : {0UL, 1UL, 2UL, 31UL, 1000UL, 4096UL, 9001UL}) {
        if (vocabulary <= 1UL << precision && (vocabulary < 5000 || length < 2000)) {
          check_round_trip(make_table_message(length, length, 1, vocabulary, precision, length % 2 == 1));
        }
      }
    }
  }
}

void sets_equal_intervals() {
  for (unsigned precision = 1; precision <= 16; ++precision) {
    for (const std::size_t rows : {2UL, 3UL, 64UL, 300UL}) {
      for (const std::size_t vocabulary : {1UL, 2UL, 17UL, 256UL, 300UL}) {
        for (const std::size_t length : {0UL, 1UL, 100UL, 4097UL}) {
          if (vocabulary <= 1UL << precision) {
            const bool lopsided = length % 3 == 1;
            check_round_trip(make_table_message(length, length, rows, vocabulary, precision, lopsided));
            check_round_trip(make_table_message(length, length, rows, vocabulary, precision, lopsided, true));
          }
        }
      }
    }
  }
}

void symbols_that_cost_nothing_take_no_bytes() {
  check_round_trip(make_table_message(1, 20000, 1, 1, 16));
  check_round_trip(make_table_message(1, 20000, 5, 1, 16));
}

void calls_may_be_split_and_mixed() {
  const TableMessage message = make_table_message(1, 9000, 7, 200, 14, false, true);
  const StaticTable table = message.table();
  const auto symbols = std::span<const std::uint16_t>(message.symbols);
  const auto index = std::span<const std::int32_t>(message.index);
  Wide start;
  Wide freq;
  message.intervals(start, freq);
  RangeEncoder encoder(14);
  encoder.encode_table(symbols.first(5), table, index.first(5));
  encoder.encode(std::span<const std::uint64_t>(start).subspan(5, 100),
                 std::span<const std::uint64_t>(freq).subspan(5, 100));
  encoder.encode_table(symbols.subspan(105), table, index.subspan(105));
  const Bytes stream = encoder.finish();
  CHECK(stream == encode_by_intervals(message));
  RangeDecoder decoder(stream, 14);
  std::vector<std::uint16_t> decoded(9000);
  const std::span<std::uint16_t> out(decoded);
  decoder.decode_table(table, out.first(333), index.first(333));
  decoder.decode_table(table, out.subspan(333), index.subspan(333));
  CHECK(decoded == message.symbols);
  decoder.finish();
}

void every_integer_type_is_taken() {
  const TableMessage message = make_table_message(2, 500, 20, 100, 12);
  const StaticTable table = message.table();
  const Bytes stream = encode_by_intervals(message);
  const auto check_type = [&]<typename T>(T) {
    const std::vector<T> symbols(message.symbols.begin(), message.symbols.end());
    const std::vector<T> index(message.index.begin(), message.index.end());
    CHECK(encode_by_table(message, table, symbols, index) == stream);
    check_decodes<std::uint8_t>(message, table, stream, index);
    if constexpr (std::is_signed_v<T>) {
      std::vector<T> bad = symbols;
      bad[7] = -1;
      CHECK_THROWS(kInvalidArgument, static_cast<void>(encode_by_table(message, table, bad, index)));
      CHECK_THROWS(kInvalidArgument, static_cast<void>(encode_by_table(message, table, symbols, bad)));
    }
  };
  check_type(std::uint8_t{});
  check_type(std::uint16_t{});
  check_type(std::uint32_t{});
  check_type(std::uint64_t{});
  check_type(std::int8_t{});
  check_type(std::int16_t{});
  check_type(std::int32_t{});
  check_type(std::int64_t{});
}

void bad_arguments_change_nothing() {
  const TableMessage message = make_table_message(3, 5000, 4, 10, 8);
  const StaticTable table = message.table();
  const Bytes stream = encode_by_intervals(message);
  const StaticTable other = make_table_message(3, 0, 4, 10, 9).table();
  RangeEncoder encoder(8);
  RangeDecoder decoder(stream, 8);
  std::vector<std::uint8_t> decoded(5000);
  for (const std::size_t place : {0UL, 4095UL, 4096UL, 4999UL}) {
    for (const std::uint64_t bad : {std::uint64_t{10}, std::uint64_t{1} << 32, ~std::uint64_t{0}}) {
      Wide symbols(message.symbols.begin(), message.symbols.end());
      symbols[place] = bad;
      CHECK_THROWS(kInvalidArgument, encoder.encode_table(symbols, table, message.index));
      Wide index(message.index.begin(), message.index.end());
      index[place] = bad;
      CHECK_THROWS(kInvalidArgument, encoder.encode_table(message.symbols, table, index));
      CHECK_THROWS(kInvalidArgument, decoder.decode_table(table, std::span(decoded), index));
    }
  }
  CHECK_THROWS(kInvalidArgument, encoder.encode_table(message.symbols, other, message.index));
  CHECK_THROWS(kInvalidArgument, encoder.encode_table(message.symbols, table, {}));
  CHECK_THROWS(kInvalidArgument,
               encoder.encode_table(message.symbols, table, std::span<const std::int32_t>(message.index).first(7)));
  CHECK_THROWS(kInvalidArgument, decoder.decode_table(other, std::span(decoded), message.index));
  CHECK_THROWS(kInvalidArgument, decoder.decode_table(table, std::span(decoded)));
  const StaticTable wide = make_table_message(3, 0, 1, 257, 9).table();
  RangeDecoder nine(Bytes{}, 9);
  CHECK_THROWS(kInvalidArgument, nine.decode_table(wide, std::span(decoded)));
  encoder.encode_table(message.symbols, table, message.index);
  CHECK(encoder.finish() == stream);
  CHECK_THROWS(kInvalidArgument, encoder.encode_table(message.symbols, table, message.index));
  decoder.decode_table(table, std::span(decoded), message.index);
  CHECK(std::ranges::equal(decoded, message.symbols));
}

struct Outcome {
  Errc code;
  std::vector<std::uint32_t> symbols;  // meaningful if the code is kOk

  bool operator==(const Outcome& other) const {
    return code == other.code && (code != Errc::kOk || symbols == other.symbols);
  }
};

/// Decodes a damaged stream by the table; whatever comes out is in it.
Outcome decode_by_table(const Bytes& stream, const TableMessage& message, const StaticTable& table) {
  std::vector<std::uint16_t> symbols(message.symbols.size());
  const Errc code = test::thrown_by([&] {
    RangeDecoder decoder(stream, message.precision);
    decoder.decode_table(table, std::span(symbols), message.index);
    decoder.finish();
  });
  CHECK(code == Errc::kOk || code == Errc::kTruncated || code == Errc::kCorrupt);
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    CHECK(symbols[i] < table.vocabulary(static_cast<std::size_t>(message.index[i])));
  }
  return {code, {symbols.begin(), symbols.end()}};
}

Outcome decode_by_rows(const Bytes& stream, const TableMessage& message) {
  std::vector<std::uint32_t> symbols(message.symbols.size());
  const Errc code = test::thrown_by([&] {
    RangeDecoder decoder(stream, message.precision);
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      const Wide& cdf = message.cdfs[static_cast<std::size_t>(message.index[i])];
      decoder.decode(CdfRows(std::span<const std::uint64_t>(cdf), cdf.size()), std::span(symbols).subspan(i, 1));
    }
    decoder.finish();
  });
  return {code, symbols};
}

void damaged_streams_end_as_those_of_cdfs() {
  for (const std::size_t rows : {1UL, 3UL}) {
    for (const unsigned precision : {5U, 12U, 16U}) {
      const TableMessage message = make_table_message(4, 120, rows, 20, precision, false, rows != 1);
      const StaticTable table = message.table();
      const auto outcome_of = [&](const Bytes& stream) {
        Outcome outcome = decode_by_table(stream, message, table);
        CHECK(outcome == decode_by_rows(stream, message));
        return outcome;
      };
      const Bytes stream = encode_by_intervals(message);
      const Outcome sound{Errc::kOk, {message.symbols.begin(), message.symbols.end()}};
      CHECK(outcome_of(stream) == sound);
      CHECK(stream.back() != 0);  // so that every cut changes the message
      for (std::size_t bytes = 0; bytes < stream.size(); ++bytes) {
        const Bytes cut(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(bytes));
        CHECK(outcome_of(cut) != sound);
      }
      for (std::size_t bit = 0; bit < 8 * stream.size(); ++bit) {
        Bytes flipped = stream;
        flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
        CHECK(bit >= 8 * (stream.size() - 8) || outcome_of(flipped) != sound);
      }
      std::mt19937_64 random(5);
      for (int round = 0; round < 300; ++round) {
        Bytes garbage(random() % 100);
        std::ranges::generate(garbage, [&] { return static_cast<std::uint8_t>(round % 3 == 0 ? 0xff : random()); });
        outcome_of(garbage);
      }
    }
  }
}

void a_failed_decoder_stays_failed() {
  const TableMessage message = make_table_message(4, 100, 1, 20, 8);
  const StaticTable table = message.table();
  std::vector<std::uint8_t> symbols(100);
  RangeDecoder decoder(Bytes{}, 8);
  CHECK_THROWS(kTruncated, decoder.decode_table(table, std::span(symbols)));
  CHECK_THROWS(kTruncated, decoder.decode_table(table, std::span(symbols).first(1)));
  CHECK_THROWS(kTruncated, decoder.finish());
  const Bytes top(8, 0xff);  // above the last slot
  RangeDecoder corrupt(top, 8);
  CHECK_THROWS(kCorrupt, corrupt.decode_table(table, std::span(symbols)));
}

}  // namespace
}  // namespace foretell

int main() {
  const foretell::test::Test tests[] = {
      {"one_cdf_equals_intervals", foretell::one_cdf_equals_intervals},
      {"sets_equal_intervals", foretell::sets_equal_intervals},
      {"symbols_that_cost_nothing_take_no_bytes", foretell::symbols_that_cost_nothing_take_no_bytes},
      {"calls_may_be_split_and_mixed", foretell::calls_may_be_split_and_mixed},
      {"every_integer_type_is_taken", foretell::every_integer_type_is_taken},
      {"bad_arguments_change_nothing", foretell::bad_arguments_change_nothing},
      {"damaged_streams_end_as_those_of_cdfs", foretell::damaged_streams_end_as_those_of_cdfs},
      {"a_failed_decoder_stays_failed", foretell::a_failed_decoder_stays_failed},
  };
  return foretell::test::run_all(tests);
}
