#include "foretell/rans.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "check.hpp"
#include "messages.hpp"

namespace foretell {
namespace {

using Bytes = std::vector<std::uint8_t>;
using Wide = std::vector<std::uint64_t>;

template <typename T>
std::span<const T> view(const std::vector<T>& values) {
  return values;
}

Bytes encode(const test::Message& message, unsigned precision, std::size_t interleave) {
  RansCoder coder(precision, interleave);
  coder.encode_reverse(view(message.start), view(message.freq));
  return coder.to_bytes();
}

/// Decodes the whole message; kOk, or the code of whatever complained, construction and finish included.
Errc decode(const Bytes& stream, const test::Message& message, unsigned precision, std::size_t interleave,
            std::vector<std::uint32_t>& symbols) {
  return test::thrown_by([&] {
    RansCoder coder(stream, precision, interleave);
    symbols.assign(message.symbols.size(), 0);
    coder.decode(CdfRows(view(message.cdf), message.row_size), std::span(symbols));
    coder.finish();
  });
}

void worked_example_of_the_header() {
  RansCoder coder(2);
  coder.encode_reverse(view(Wide{2, 1}), view(Wide{2, 1}));
  CHECK((coder.to_bytes() == Bytes{3, 0, 0, 0, 8, 0, 0, 0}));
  const Wide cdf{0, 1, 2, 4, 0, 1, 2, 4};
  std::vector<std::uint32_t> symbols(2);
  CHECK(!coder.is_exhausted());
  coder.decode(CdfRows(view(cdf), 4), std::span(symbols));
  CHECK((symbols == std::vector<std::uint32_t>{2, 1}));
  CHECK(coder.is_exhausted());
  coder.finish();
}

void an_empty_stack_is_its_states() {
  for (const std::size_t interleave : {1UL, 2UL, 5UL}) {
    const Bytes stream = RansCoder(24, interleave).to_bytes();
    CHECK(stream.size() == 8 * interleave);
    RansCoder coder(stream, 24, interleave);
    CHECK(coder.is_exhausted());
    coder.finish();
  }
}

void round_trips_at_every_precision() {
  for (unsigned precision = kMinPrecision; precision <= kMaxPrecision; ++precision) {
    for (const std::size_t vocabulary : {1UL, 2UL, 3UL, 256UL}) {
      if (vocabulary > std::uint64_t{1} << precision) {
        continue;
      }
      for (const std::size_t length : {1UL, 2UL, 7UL, 200UL}) {
        for (const std::size_t interleave : {1UL, 2UL, 3UL, 8UL}) {
          const test::Message message = test::make_message(precision * 1000 + length, length, vocabulary, precision);
          const Bytes stream = encode(message, precision, interleave);

          RansCoder by_cdf(precision, interleave);
          by_cdf.encode_symbols_reverse(view(message.symbols), CdfRows(view(message.cdf), message.row_size));
          CHECK(by_cdf.to_bytes() == stream);

          std::vector<std::uint32_t> symbols;
          CHECK(decode(stream, message, precision, interleave, symbols) == Errc::kOk);
          CHECK(symbols == message.symbols);
        }
      }
    }
  }
}

void extreme_states_stay_in_range() {
  // The rarest and the most frequent symbol in every order of a few bits: states get as near to 2^32 and 2^64 as they
  // can.
  for (const unsigned precision : {1U, 2U, 16U, 31U, 32U}) {
    const std::uint64_t total = std::uint64_t{1} << precision;
    const Wide cdf{0, 1, total};
    for (unsigned pattern = 0; pattern < 4096; ++pattern) {
      const std::size_t length = 12;
      Wide table;
      std::vector<std::uint32_t> symbols(length);
      for (std::size_t i = 0; i < length; ++i) {
        symbols[i] = pattern >> i & 1U;
        table.insert(table.end(), cdf.begin(), cdf.end());
      }
      RansCoder coder(precision);
      coder.encode_symbols_reverse(view(symbols), CdfRows(view(table), 3));
      const Bytes stream = coder.to_bytes();
      std::vector<std::uint32_t> decoded(length);
      RansCoder again(stream, precision, 1);  // refuses a state below 2^32
      again.decode(CdfRows(view(table), 3), std::span(decoded));
      again.finish();
      CHECK(decoded == symbols);
    }
  }
}

void costs_eight_bytes_a_state_at_most() {
  for (const unsigned precision : {1U, 8U, 16U, 24U, 32U}) {
    const std::size_t vocabulary = precision == 1 ? 2 : 200;
    for (std::size_t length = 0; length < 300; length += 7) {
      for (const std::size_t interleave : {1UL, 4UL}) {
        const test::Message message = test::make_message(length, length, vocabulary, precision);
        double bits = 0;
        for (const std::uint64_t freq : message.freq) {
          bits += precision - std::log2(static_cast<double>(freq)) + std::log2(1 + std::exp2(precision - 32.0));
        }
        const auto size = static_cast<double>(encode(message, precision, interleave).size());
        CHECK(size <= (bits + 1e-6) / 8 + 8.0 * static_cast<double>(interleave));
      }
    }
  }
}

void a_stack_gives_back_the_last_batch_first() {
  const test::Message message = test::make_message(3, 9000, 100, 20);  // longer than any inner chunk
  const Bytes at_once = encode(message, 20, 3);
  RansCoder coder(20, 3);
  const auto start = view(message.start);
  const auto freq = view(message.freq);
  coder.encode_reverse(start.subspan(7000), freq.subspan(7000));
  coder.encode_reverse(start.subspan(100, 6900), freq.subspan(100, 6900));
  coder.encode_reverse(start.first(100), freq.first(100));
  CHECK(coder.to_bytes() == at_once);

  std::vector<std::uint32_t> symbols(9000);
  const auto cdf = view(message.cdf);
  const std::size_t row_size = message.row_size;
  coder.decode(CdfRows(cdf.first(50 * row_size), row_size), std::span(symbols).first(50));
  coder.encode_reverse(start.first(50), freq.first(50));  // pushed back
  CHECK(coder.to_bytes() == at_once);
  coder.decode(CdfRows(cdf.first(4000 * row_size), row_size), std::span(symbols).first(4000));
  coder.decode(CdfRows(cdf.subspan(4000 * row_size), row_size), std::span(symbols).subspan(4000));
  CHECK(symbols == message.symbols);
  coder.finish();
}

void bad_arguments_are_refused() {
  CHECK_THROWS(kInvalidArgument, RansCoder(0));
  CHECK_THROWS(kInvalidArgument, RansCoder(33));
  CHECK_THROWS(kInvalidArgument, RansCoder(8, 0));
  CHECK_THROWS(kInvalidArgument, RansCoder(8, kMaxInterleave + 1));
  CHECK_THROWS(kInvalidArgument, RansCoder(Bytes(8), 33, 1));
  const Wide one{1};
  for (const Wide& freq : {Wide{0}, Wide{256}, Wide{~std::uint64_t{0}}}) {
    RansCoder coder(8);
    CHECK_THROWS(kInvalidArgument, coder.encode_reverse(view(one), view(freq)));
    CHECK_THROWS(kInvalidArgument, coder.encode_reverse(view(one), view(one)));  // it stays failed
    CHECK_THROWS(kInvalidArgument, static_cast<void>(coder.to_bytes()));
    CHECK_THROWS(kInvalidArgument, coder.finish());
    CHECK(!coder.is_exhausted());
  }
  RansCoder coder(8);
  CHECK_THROWS(kInvalidArgument, coder.encode_reverse(view(one), view(Wide{1, 1})));
  CHECK_THROWS(kInvalidArgument,
               coder.encode_symbols_reverse(view(std::vector<std::uint32_t>{2}), CdfRows(view(Wide{0, 1, 256}), 3)));
  RansCoder narrow(32);
  CHECK_THROWS(kInvalidArgument,
               narrow.encode_reverse(view(std::vector<std::uint32_t>{0}), view(std::vector<std::uint32_t>{1})));
}

void bad_cdfs_are_refused() {
  for (const Wide& cdf : {Wide{0}, Wide{1, 256}, Wide{0, 255}, Wide{0, 999, 256}, Wide{256, 0}, Wide{}}) {
    RansCoder coder(8);
    std::uint32_t symbol = 0;
    CHECK_THROWS(kInvalidArgument, coder.decode(CdfRows(view(cdf), cdf.size()), std::span(&symbol, 1)));
  }
}

void every_cut_is_an_error() {
  for (const std::size_t interleave : {1UL, 3UL}) {
    const test::Message message = test::make_message(5, 60, 256, 24);
    const Bytes stream = encode(message, 24, interleave);
    for (std::size_t length = 0; length < stream.size(); ++length) {
      const Bytes cut(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(length));
      std::vector<std::uint32_t> symbols;
      CHECK(decode(cut, message, 24, interleave, symbols) == Errc::kTruncated);
    }
  }
}

/// Symbols drawn from one CDF in which no two have the same frequency: the check at the end has something to notice.
test::Message make_distinct(std::size_t length) {
  std::mt19937_64 random(11);
  test::Message message{65, {}, {}, {}, {}};
  for (std::size_t i = 0; i < length; ++i) {
    std::uint64_t end = 0;
    const std::uint64_t slot = random() % 2080;  // 1 + 2 + .. + 64
    for (std::uint64_t s = 0; s < 64; ++s) {
      message.cdf.push_back(end);
      const std::uint64_t freq = s + 1 + (s == 63 ? 4096 - 2080 : 0);
      if (slot >= end && slot < end + freq) {
        message.symbols.push_back(static_cast<std::uint32_t>(s));
        message.start.push_back(end);
        message.freq.push_back(freq);
      }
      end += freq;
    }
    message.cdf.push_back(end);
  }
  return message;
}

void flipped_bits_are_errors_or_other_symbols() {
  for (const std::size_t interleave : {1UL, 3UL}) {
    const test::Message message = make_distinct(100);
    const Bytes stream = encode(message, 12, interleave);
    std::size_t found = 0;
    for (std::size_t bit = 0; bit < 8 * stream.size(); ++bit) {
      Bytes flipped = stream;
      flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
      std::vector<std::uint32_t> symbols;
      const Errc code = decode(flipped, message, 12, interleave, symbols);
      CHECK(code == Errc::kOk ? symbols != message.symbols : code == Errc::kTruncated || code == Errc::kCorrupt);
      found += code != Errc::kOk ? 1 : 0;
    }
    CHECK(found > 8 * stream.size() * 9 / 10);
  }
}

void what_is_left_over_is_corrupt() {
  const test::Message message = test::make_message(6, 10, 256, 24);
  Bytes stream = encode(message, 24, 2);
  stream.insert(stream.end(), 8, 0);
  RansCoder coder(stream, 24, 2);
  std::vector<std::uint32_t> symbols(10);
  coder.decode(CdfRows(view(message.cdf), message.row_size), std::span(symbols));
  CHECK(symbols == message.symbols);
  CHECK(!coder.is_exhausted());
  CHECK_THROWS(kCorrupt, coder.finish());
  CHECK_THROWS(kCorrupt, coder.finish());
  CHECK_THROWS(kCorrupt, static_cast<void>(coder.to_bytes()));
}

void popping_from_nothing_is_truncation() {
  const Wide cdf{0, 255, 256};
  RansCoder coder(8);
  std::uint32_t symbol = 0;
  CHECK_THROWS(kTruncated, coder.decode(CdfRows(view(cdf), 3), std::span(&symbol, 1)));
  CHECK_THROWS(kTruncated, coder.finish());
}

void random_bytes_never_leave_bounds() {
  std::mt19937_64 random(7);
  for (int round = 0; round < 3000; ++round) {
    const auto precision = static_cast<unsigned>(8 + random() % 25);
    const std::size_t interleave = 1 + random() % 4;
    test::Message message = test::make_message(random(), 20, 1 + random() % 200, precision);
    Bytes garbage(round % 5 == 0 ? random() % 64 : 8 * interleave + 4 * (random() % 16));
    for (std::uint8_t& byte : garbage) {
      byte = static_cast<std::uint8_t>(round % 2 == 0 ? random() : 0xff);
    }
    if (round % 3 == 0) {
      message.cdf[random() % message.cdf.size()] = random() >> (random() % 64);
    }
    std::vector<std::uint32_t> symbols;
    const Errc code = decode(garbage, message, precision, interleave, symbols);
    for (const std::uint32_t symbol : symbols) {
      CHECK(code != Errc::kOk || symbol < message.row_size - 1);
    }
  }
}

// -- one CDF for all symbols -----------------------------------------------------------------------------------------

struct TableMessage {
  std::vector<std::uint32_t> cdf;
  std::vector<std::uint16_t> symbols;
};

/// `length` symbols drawn from a CDF of `vocabulary`, one of which takes most of what is spare if `lopsided`.
TableMessage make_table_message(std::uint64_t seed, std::size_t length, std::uint32_t vocabulary, unsigned precision,
                                bool lopsided) {
  std::mt19937_64 random(seed);
  const std::uint32_t total = 1U << precision;
  TableMessage message;
  for (std::uint32_t s = 1; s < vocabulary; ++s) {
    const std::uint64_t spare = random() % (total - vocabulary + 1);
    message.cdf.push_back(lopsided ? (s > vocabulary / 2 ? total - vocabulary : 0) : static_cast<std::uint32_t>(spare));
  }
  message.cdf.push_back(0);
  message.cdf.push_back(total - vocabulary);
  std::ranges::sort(message.cdf);
  for (std::uint32_t s = 0; s <= vocabulary; ++s) {
    message.cdf[s] += s;
  }
  for (std::size_t i = 0; i < length; ++i) {
    const auto slot = static_cast<std::uint32_t>(random() % total);
    message.symbols.push_back(
        static_cast<std::uint16_t>(std::ranges::upper_bound(message.cdf, slot) - message.cdf.begin() - 1));
  }
  return message;
}

/// The stream by the general functions, of which tables are a fast case.
Bytes encode_by_intervals(const TableMessage& message, unsigned precision, std::size_t interleave) {
  std::vector<std::uint32_t> start;
  std::vector<std::uint32_t> freq;
  for (const std::uint16_t symbol : message.symbols) {
    start.push_back(message.cdf[symbol]);
    freq.push_back(message.cdf[symbol + 1U] - message.cdf[symbol]);
  }
  RansCoder coder(precision, interleave);
  coder.encode_reverse(view(start), view(freq));
  return coder.to_bytes();
}

template <typename Symbol>
void check_table_round_trip(const TableMessage& message, const StaticTable& table, std::size_t interleave,
                            const Bytes& stream) {
  const std::vector<Symbol> symbols(message.symbols.begin(), message.symbols.end());
  RansCoder encoder(table.precision(), interleave);
  encoder.encode_table_reverse(view(symbols), table);
  CHECK(encoder.to_bytes() == stream);
  if constexpr (sizeof(Symbol) <= 2) {
    RansCoder decoder(stream, table.precision(), interleave);
    // Behind the symbols a sentinel: no kernel writes more than it was asked for.
    std::vector<Symbol> decoded(symbols.size() + 1, 77);
    decoder.decode_table(table, std::span(decoded).first(symbols.size()));
    CHECK(decoded.back() == 77);
    decoded.pop_back();
    CHECK(decoded == symbols);
    decoder.finish();
  }
}

void tables_equal_intervals() {
  for (const unsigned precision : {1U, 4U, 11U, 12U, 16U}) {
    for (const std::uint32_t vocabulary : {1U, 2U, 3U, 16U, 256U, 257U, 2000U}) {
      for (const std::size_t interleave : {1UL, 2UL, 3UL, 4UL, 7UL, 8UL, 16UL, 20UL, 32UL, 64UL, 100UL}) {
        if (vocabulary > 1U << precision) {
          continue;
        }
        for (const std::size_t length : {0UL, 1UL, 31UL, 64UL, 1000UL, 9001UL}) {
          const bool lopsided = length % 3 == 1;
          const TableMessage message = make_table_message(length, length, vocabulary, precision, lopsided);
          const StaticTable table(view(message.cdf), precision);
          const Bytes stream = encode_by_intervals(message, precision, interleave);
          check_table_round_trip<std::uint16_t>(message, table, interleave, stream);
          check_table_round_trip<std::uint32_t>(message, table, interleave, stream);
          if (table.fits_byte()) {
            check_table_round_trip<std::uint8_t>(message, table, interleave, stream);
          }
        }
      }
    }
  }
}

void table_batches_may_be_split() {
  const TableMessage message = make_table_message(1, 500, 200, 14, false);
  const StaticTable table(view(message.cdf), 14);
  const auto symbols = view(message.symbols);
  for (const std::size_t interleave : {1UL, 8UL, 32UL}) {
    RansCoder coder(14, interleave);
    coder.encode_table_reverse(symbols.subspan(333), table);
    coder.encode_table_reverse(symbols.subspan(10, 323), table);
    coder.encode_table_reverse(symbols.first(10), table);
    CHECK(coder.to_bytes() == encode_by_intervals(message, 14, interleave));
    std::vector<std::uint16_t> decoded(500);
    const std::span<std::uint16_t> out(decoded);
    coder.decode_table(table, out.first(3));
    coder.decode_table(table, out.subspan(3, 67));
    coder.decode_table(table, out.subspan(70));
    CHECK(decoded == message.symbols);
    coder.finish();
  }
}

void bad_table_arguments_change_nothing() {
  const std::vector<std::uint32_t> cdf{0, 1, 256};
  const StaticTable table(view(cdf), 8);
  RansCoder coder(8, 2);
  CHECK_THROWS(kInvalidArgument, coder.encode_table_reverse(view(std::vector<std::uint8_t>{0, 2}), table));
  const StaticTable other(view(std::vector<std::uint32_t>{0, 1, 512}), 9);
  CHECK_THROWS(kInvalidArgument, coder.encode_table_reverse(view(std::vector<std::uint8_t>{0}), other));
  std::vector<std::uint8_t> symbols(3);
  CHECK_THROWS(kInvalidArgument, coder.decode_table(other, std::span(symbols)));
  std::vector<std::uint32_t> many(258);
  for (std::uint32_t i = 0; i < many.size(); ++i) {
    many[i] = i == 257 ? 512 : i;
  }
  const StaticTable wide(view(many), 9);
  RansCoder nine(9);
  CHECK_THROWS(kInvalidArgument, nine.decode_table(wide, std::span(symbols)));
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
Outcome decode_by_table(const Bytes& stream, const StaticTable& table, std::size_t interleave, std::size_t length) {
  std::vector<std::uint8_t> symbols(length);
  const Errc code = test::thrown_by([&] {
    RansCoder coder(stream, table.precision(), interleave);
    coder.decode_table(table, std::span(symbols));
    coder.finish();
  });
  CHECK(code == Errc::kOk || code == Errc::kTruncated || code == Errc::kCorrupt);
  CHECK(std::ranges::all_of(symbols, [&](std::uint8_t symbol) { return symbol < table.vocabulary(); }));
  return {code, {symbols.begin(), symbols.end()}};
}

Outcome decode_by_rows(const Bytes& stream, const std::vector<std::uint32_t>& rows, std::size_t row_size,
                       unsigned precision, std::size_t interleave) {
  std::vector<std::uint32_t> symbols(rows.size() / row_size);
  const Errc code = test::thrown_by([&] {
    RansCoder coder(stream, precision, interleave);
    coder.decode(CdfRows(view(rows), row_size), std::span(symbols));
    coder.finish();
  });
  return {code, symbols};
}

void damaged_table_streams_end_as_those_of_cdfs() {
  const std::size_t length = 300;
  const TableMessage message = make_table_message(3, length, 20, 12, false);
  const StaticTable table(view(message.cdf), 12);
  std::vector<std::uint32_t> rows;
  for (std::size_t i = 0; i < length; ++i) {
    rows.insert(rows.end(), message.cdf.begin(), message.cdf.end());
  }
  for (const std::size_t interleave : {1UL, 3UL, 8UL, 16UL, 32UL, 64UL}) {
    const auto outcome_of = [&](const Bytes& stream) {
      Outcome outcome = decode_by_table(stream, table, interleave, length);
      CHECK(outcome == decode_by_rows(stream, rows, message.cdf.size(), 12, interleave));
      return outcome;
    };
    const Bytes stream = encode_by_intervals(message, 12, interleave);
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

}  // namespace
}  // namespace foretell

int main() {
  const foretell::test::Test tests[] = {
      {"worked_example_of_the_header", foretell::worked_example_of_the_header},
      {"an_empty_stack_is_its_states", foretell::an_empty_stack_is_its_states},
      {"round_trips_at_every_precision", foretell::round_trips_at_every_precision},
      {"extreme_states_stay_in_range", foretell::extreme_states_stay_in_range},
      {"costs_eight_bytes_a_state_at_most", foretell::costs_eight_bytes_a_state_at_most},
      {"a_stack_gives_back_the_last_batch_first", foretell::a_stack_gives_back_the_last_batch_first},
      {"bad_arguments_are_refused", foretell::bad_arguments_are_refused},
      {"bad_cdfs_are_refused", foretell::bad_cdfs_are_refused},
      {"every_cut_is_an_error", foretell::every_cut_is_an_error},
      {"flipped_bits_are_errors_or_other_symbols", foretell::flipped_bits_are_errors_or_other_symbols},
      {"what_is_left_over_is_corrupt", foretell::what_is_left_over_is_corrupt},
      {"popping_from_nothing_is_truncation", foretell::popping_from_nothing_is_truncation},
      {"random_bytes_never_leave_bounds", foretell::random_bytes_never_leave_bounds},
      {"tables_equal_intervals", foretell::tables_equal_intervals},
      {"table_batches_may_be_split", foretell::table_batches_may_be_split},
      {"bad_table_arguments_change_nothing", foretell::bad_table_arguments_change_nothing},
      {"damaged_table_streams_end_as_those_of_cdfs", foretell::damaged_table_streams_end_as_those_of_cdfs},
  };
  return foretell::test::run_all(tests);
}
