#include "foretell/range_coder.hpp"

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

Bytes encode(const test::Message& message, unsigned precision) {
  RangeEncoder encoder(precision);
  encoder.encode(view(message.start), view(message.freq));
  return encoder.finish();
}

void worked_example_of_the_header() {
  RangeEncoder encoder(2);
  encoder.encode(view(Wide{2, 1}), view(Wide{2, 1}));
  CHECK(encoder.finish() == Bytes{0xa0});
}

void nothing_is_an_empty_stream() {
  CHECK(RangeEncoder(24).finish().empty());
  RangeDecoder(Bytes{}, 24).finish();
}

void a_carry_passes_written_words() {
  // Slot 0x7fffffff of 2^31 keeps `low` close under the top of the interval until the last symbol's choice overflows
  // it.
  const unsigned precision = 31;
  const std::uint64_t last = (std::uint64_t{1} << precision) - 1;
  const Wide start{1, last, last, last, last};
  const Wide freq{2, 1, 1, 1, 1};
  RangeEncoder encoder(precision);
  encoder.encode(view(start), view(freq));
  const Bytes stream = encoder.finish();
  RangeDecoder decoder(stream, precision);
  const Wide cdf{0, 1, 3, last, last + 1};
  for (std::size_t i = 0; i < start.size(); ++i) {
    std::uint32_t symbol = 0;
    decoder.decode(CdfRows(view(cdf), cdf.size()), std::span(&symbol, 1));
    CHECK(symbol == (i == 0 ? 1U : 3U));
  }
  decoder.finish();
}

/// Codes the message with rows of `Integer`: 2^16 becomes 0 in uint16.
template <typename Integer>
void rows_round_trip(const test::Message& message, unsigned precision, const Bytes& stream) {
  std::vector<Integer> cdf;
  for (const std::uint64_t value : message.cdf) {
    cdf.push_back(static_cast<Integer>(value));
  }
  RangeEncoder by_cdf(precision);
  by_cdf.encode_symbols(view(message.symbols), CdfRows(view(cdf), message.row_size));
  CHECK(by_cdf.finish() == stream);

  RangeDecoder decoder(stream, precision);
  std::vector<std::uint32_t> symbols(message.symbols.size());
  decoder.decode(CdfRows(view(cdf), message.row_size), std::span(symbols));
  CHECK(symbols == message.symbols);
  decoder.finish();
}

void round_trips_at_every_precision() {
  for (unsigned precision = kMinPrecision; precision <= kMaxPrecision; ++precision) {
    for (const std::size_t vocabulary : {1UL, 2UL, 3UL, 256UL, 700UL}) {
      if (vocabulary > std::uint64_t{1} << precision) {
        continue;
      }
      for (const std::size_t length : {1UL, 2UL, 7UL, 200UL}) {
        const test::Message message = test::make_message(precision * 1000 + length, length, vocabulary, precision);
        const Bytes stream = encode(message, precision);

        rows_round_trip<std::uint64_t>(message, precision, stream);
        if (precision <= 31) {
          rows_round_trip<std::uint32_t>(message, precision, stream);
        }
        if (precision <= 16) {
          rows_round_trip<std::uint16_t>(message, precision, stream);
        }
      }
    }
  }
}

void end_costs_less_than_a_byte() {
  for (const unsigned precision : {1U, 8U, 16U, 24U, 32U}) {
    const std::size_t vocabulary = precision == 1 ? 2 : 200;
    for (std::size_t length = 0; length < 40; ++length) {
      const test::Message message = test::make_message(length, length, vocabulary, precision);
      double bits = 0;
      for (const std::uint64_t freq : message.freq) {
        bits += precision - std::log2(static_cast<double>(freq)) + std::log2(1 + std::exp2(precision - 32.0));
      }
      CHECK(static_cast<double>(encode(message, precision).size()) <= std::ceil((bits + 1e-6) / 8));
    }
  }
}

void bad_arguments_are_refused() {
  CHECK_THROWS(kInvalidArgument, RangeEncoder(0));
  CHECK_THROWS(kInvalidArgument, RangeEncoder(33));
  CHECK_THROWS(kInvalidArgument, RangeDecoder(Bytes{}, 33));
  const Wide one{1};
  for (const Wide& freq : {Wide{0}, Wide{256}, Wide{~std::uint64_t{0}}}) {
    RangeEncoder encoder(8);
    CHECK_THROWS(kInvalidArgument, encoder.encode(view(one), view(freq)));
    CHECK_THROWS(kInvalidArgument, encoder.encode(view(one), view(one)));  // it stays failed
    CHECK_THROWS(kInvalidArgument, static_cast<void>(encoder.finish()));
  }
  RangeEncoder encoder(8);
  CHECK_THROWS(kInvalidArgument, encoder.encode(view(one), view(Wide{1, 1})));
  CHECK_THROWS(kInvalidArgument,
               encoder.encode_symbols(view(std::vector<std::uint32_t>{2}), CdfRows(view(Wide{0, 1, 256}), 3)));
  RangeEncoder narrow(32);
  CHECK_THROWS(kInvalidArgument,
               narrow.encode(view(std::vector<std::uint32_t>{0}), view(std::vector<std::uint32_t>{1})));
}

void bad_cdfs_are_refused() {
  for (const Wide& cdf : {Wide{0}, Wide{1, 256}, Wide{0, 255}, Wide{0, 999, 256}, Wide{256, 0}, Wide{}}) {
    RangeDecoder decoder(Bytes{0x40}, 8);
    std::uint32_t symbol = 0;
    CHECK_THROWS(kInvalidArgument, decoder.decode(CdfRows(view(cdf), cdf.size()), std::span(&symbol, 1)));
  }
}

void truncated_streams_fail_or_decode_to_other_symbols() {
  const test::Message message = test::make_message(5, 60, 256, 24);
  const Bytes stream = encode(message, 24);
  CHECK(stream.back() != 0);  // so that every cut changes the message
  for (std::size_t length = 0; length < stream.size(); ++length) {
    const Bytes cut(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(length));
    std::vector<std::uint32_t> symbols(60);
    RangeDecoder decoder(cut, 24);
    const Errc code =
        test::thrown_by([&] { decoder.decode(CdfRows(view(message.cdf), message.row_size), std::span(symbols)); });
    CHECK(code == Errc::kOk ? symbols != message.symbols : code == Errc::kTruncated || code == Errc::kCorrupt);
  }
}

void too_many_zeros_are_truncation() {
  // Every symbol costs 8 bits, so the fourth shifts a third word in: 12 bytes of zeros, where 8 are the most that an
  // encoder leaves away.
  Wide cdf(257);
  for (std::size_t i = 0; i < cdf.size(); ++i) {
    cdf[i] = i;
  }
  RangeDecoder decoder(Bytes{}, 8);
  std::uint32_t symbol = 0;
  int decoded = 0;
  while (decoded < 100 &&
         test::thrown_by([&] { decoder.decode(CdfRows(view(cdf), 257), std::span(&symbol, 1)); }) == Errc::kOk) {
    ++decoded;
  }
  CHECK(decoded == 3);
  CHECK_THROWS(kTruncated, decoder.finish());
}

void bytes_left_over_are_corrupt() {
  const test::Message message = test::make_message(6, 10, 256, 24);
  Bytes stream = encode(message, 24);
  stream.insert(stream.end(), 9, 0);
  RangeDecoder decoder(stream, 24);
  std::vector<std::uint32_t> symbols(10);
  decoder.decode(CdfRows(view(message.cdf), message.row_size), std::span(symbols));
  CHECK(symbols == message.symbols);
  CHECK_THROWS(kCorrupt, decoder.finish());
  CHECK_THROWS(kCorrupt, decoder.finish());
}

void random_bytes_never_leave_bounds() {
  std::mt19937_64 random(7);
  for (int round = 0; round < 2000; ++round) {
    const auto precision = static_cast<unsigned>(8 + random() % 25);
    const test::Message message = test::make_message(random(), 20, 1 + random() % 200, precision);
    Bytes garbage(random() % 64);
    for (std::uint8_t& byte : garbage) {
      byte = static_cast<std::uint8_t>(round % 2 == 0 ? random() : 0xff);
    }
    Wide cdf = message.cdf;
    if (round % 3 == 0) {
      cdf[random() % cdf.size()] = random() >> (random() % 64);
    }
    RangeDecoder decoder(garbage, precision);
    std::vector<std::uint32_t> symbols(20);
    const Errc code =
        test::thrown_by([&] { decoder.decode(CdfRows(view(cdf), message.row_size), std::span(symbols)); });
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
      {"nothing_is_an_empty_stream", foretell::nothing_is_an_empty_stream},
      {"a_carry_passes_written_words", foretell::a_carry_passes_written_words},
      {"round_trips_at_every_precision", foretell::round_trips_at_every_precision},
      {"end_costs_less_than_a_byte", foretell::end_costs_less_than_a_byte},
      {"bad_arguments_are_refused", foretell::bad_arguments_are_refused},
      {"bad_cdfs_are_refused", foretell::bad_cdfs_are_refused},
      {"truncated_streams_fail_or_decode_to_other_symbols",
       foretell::truncated_streams_fail_or_decode_to_other_symbols},
      {"too_many_zeros_are_truncation", foretell::too_many_zeros_are_truncation},
      {"bytes_left_over_are_corrupt", foretell::bytes_left_over_are_corrupt},
      {"random_bytes_never_leave_bounds", foretell::random_bytes_never_leave_bounds},
  };
  return foretell::test::run_all(tests);
}
