#include "foretell/rans.hpp"

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
  };
  return foretell::test::run_all(tests);
}
