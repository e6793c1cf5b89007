#include "foretell/binary_coder.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "check.hpp"

namespace foretell {
namespace {

using Bytes = std::vector<std::uint8_t>;
using Bits = std::vector<std::uint8_t>;
using Probabilities = std::vector<std::uint16_t>;

struct Sample {
  Bits bits;
  Probabilities probabilities;
};

std::uint16_t random_probability(std::mt19937_64& random) {
  switch (random() % 4) {
    case 0:
      return static_cast<std::uint16_t>(1 + random() % 8);  // the rarest
    case 1:
      return static_cast<std::uint16_t>(65535 - random() % 8);  // the surest
    default:
      return static_cast<std::uint16_t>(1 + random() % 65535);
  }
}

/// Three quarters of the bits are drawn from their probabilities, the others are the unlikely ones.
Sample make_sample(std::uint64_t seed, std::size_t length) {
  std::mt19937_64 random(seed);
  Sample sample;
  for (std::size_t i = 0; i < length; ++i) {
    const std::uint16_t probability = random_probability(random);
    const bool drawn = random() % 65536 < probability;
    const bool unlikely = probability < 32768;
    sample.bits.push_back(static_cast<std::uint8_t>(random() % 4 == 0 ? unlikely : drawn));
    sample.probabilities.push_back(probability);
  }
  return sample;
}

Bytes encode(const Sample& sample) {
  BinaryEncoder encoder;
  encoder.encode(sample.bits, sample.probabilities);
  return encoder.finish();
}

/// True if `stream` decodes to the sample's bits and is found whole.
bool decodes(const Bytes& stream, const Sample& sample) {
  Bits bits(sample.bits.size());
  const Errc code = test::thrown_by([&] {
    BinaryDecoder decoder(stream);
    decoder.decode(sample.probabilities, bits);
    if (bits == sample.bits) {
      decoder.finish();
    }
  });
  CHECK(code == Errc::kOk || code == Errc::kCorrupt || code == Errc::kTruncated);
  return code == Errc::kOk && bits == sample.bits;
}

void worked_example_of_the_header() {
  CHECK(encode({{1, 0}, {1 << 15, 1 << 14}}) == Bytes{0x20});
  CHECK(decodes({0x20}, {{1, 0}, {1 << 15, 1 << 14}}));
}

void nothing_is_an_empty_stream() {
  CHECK(BinaryEncoder().finish().empty());
  BinaryDecoder(Bytes{}).finish();
}

void round_trips() {
  for (std::size_t length = 0; length < 300; ++length) {
    const Sample sample = make_sample(length, length);
    const Bytes stream = encode(sample);
    CHECK(stream == encode(sample));
    CHECK(decodes(stream, sample));
  }
  const Sample sample = make_sample(1, 20000);  // more bits than memory is reserved for at once
  CHECK(decodes(encode(sample), sample));
}

void one_bit_at_a_time_makes_the_same_stream() {
  const Sample sample = make_sample(2, 5000);
  BinaryEncoder encoder;
  for (std::size_t i = 0; i < sample.bits.size(); ++i) {
    encoder.encode_bit(sample.bits[i], sample.probabilities[i]);
  }
  const Bytes stream = encoder.finish();
  CHECK(stream == encode(sample));
  BinaryDecoder decoder(stream);
  for (std::size_t i = 0; i < sample.bits.size(); ++i) {
    CHECK(decoder.decode_bit(sample.probabilities[i]) == sample.bits[i]);
  }
  decoder.finish();
}

void free_functions_make_the_same_stream() {
  const Sample sample = make_sample(3, 5000);
  Bytes stream(sample.bits.size() * kBytesPerBit + kBytesPerEnd);
  std::uint8_t* out = stream.data();
  BinaryEncoderState encoder;
  for (std::size_t i = 0; i < sample.bits.size(); ++i) {
    out = encode_bit(encoder, out, sample.bits[i], sample.probabilities[i]);
    CHECK(encoder.range >= kBinaryBottom);
  }
  stream.resize(static_cast<std::size_t>(end_bits(encoder, out) - stream.data()));
  CHECK(stream == encode(sample));

  BinaryDecoderState decoder;
  CHECK(begin_bits(decoder, stream) == Errc::kOk);
  for (std::size_t i = 0; i < sample.bits.size(); ++i) {
    std::uint32_t bit = 2;
    CHECK(decode_bit(decoder, sample.probabilities[i], bit) == Errc::kOk);
    CHECK(bit == sample.bits[i]);
    CHECK(decoder.range >= kBinaryBottom && decoder.code < decoder.range);
  }
  CHECK(decoder.range == encoder.range && decoder.window - decoder.code == encoder.low);
  CHECK(check_end(decoder) == Errc::kOk);
}

void a_carry_passes_written_bytes() {
  // The bits of a number just below one half: their interval holds one half too, with 7f ff ff .. written. A 0 that
  // leaves little then lifts `low` above one half, and so does the end, if the 0 does not come.
  Bytes below_half(12, 0xff);
  below_half[0] = 0x7f;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    std::mt19937_64 random(seed);
    Sample sample;
    BinaryDecoderState decoder;
    CHECK(begin_bits(decoder, below_half) == Errc::kOk);
    Bytes stream(4096);
    std::uint8_t* out = stream.data();
    BinaryEncoderState encoder;
    while (decoder.next != decoder.end) {
      const std::uint16_t probability = random_probability(random);
      std::uint32_t bit = 0;
      CHECK(decode_bit(decoder, probability, bit) == Errc::kOk);
      out = encode_bit(encoder, out, bit, probability);
      sample.bits.push_back(static_cast<std::uint8_t>(bit));
      sample.probabilities.push_back(probability);
    }
    CHECK(stream[0] == 0x7f && stream[6] == 0xff);
    CHECK(encode(sample) == Bytes({0x80, 0, 0, 0, 0, 0, 0, 0}));  // settled bytes stay, zeros or not
    CHECK(decodes(encode(sample), sample));

    sample.bits.push_back(0);
    sample.probabilities.push_back(65535);
    static_cast<void>(encode_bit(encoder, out, 0, 65535));
    CHECK(stream[0] == 0x80 && stream[6] == 0);
    CHECK(decodes(encode(sample), sample));
  }
}

void cost_is_the_one_stated() {
  for (std::size_t length = 0; length < 400; ++length) {
    const Sample sample = make_sample(length, length);
    double least = 0;
    double most = 4e-10;
    for (std::size_t i = 0; i < length; ++i) {
      const double p = sample.probabilities[i];
      if (sample.bits[i] == 1) {
        least += 16 - std::log2(p);
        most += 16 - std::log2(p) + std::log2(1 + 1 / (256 * p));
      } else {
        least += 16 - std::log2(65536 - p) - std::log2(1 + 1 / (256 * (65536 - p)));
        most += 16 - std::log2(65536 - p);
      }
    }
    const auto size = static_cast<double>(encode(sample).size());
    CHECK(size <= std::ceil((most + 1e-9) / 8));
    CHECK(8 * size >= least - 8);  // an end may be as short as the interval is wide, and happen to need no byte
  }
}

void likely_bits_cost_their_entropy() {
  // Bits drawn from their probabilities: what the split loses one way it gains the other.
  std::mt19937_64 random(11);
  for (const int kind : {0, 1, 2}) {
    Sample sample;
    double ideal = 0;
    for (int i = 0; i < 1000000; ++i) {
      const auto p = static_cast<std::uint32_t>(kind == 0 ? 1 : kind == 1 ? 65535 : 1 + random() % 65535);
      const bool bit = random() % 65536 < p;
      sample.bits.push_back(bit);
      sample.probabilities.push_back(static_cast<std::uint16_t>(p));
      ideal += 16 - std::log2(bit ? p : 65536 - p);
    }
    const double excess = 8 * static_cast<double>(encode(sample).size()) - ideal;
    CHECK(excess > -8 && excess < 8);  // whole bytes; 4e-10 bits a bit are none of it
  }
}

void bad_arguments_fail_the_encoder() {
  const auto fails = [](auto&& use) {
    BinaryEncoder encoder;
    CHECK_THROWS(kInvalidArgument, use(encoder));
    CHECK_THROWS(kInvalidArgument, encoder.encode_bit(1, 1));
    CHECK_THROWS(kInvalidArgument, encoder.encode(Bits{1}, Probabilities{1}));
    CHECK_THROWS(kInvalidArgument, static_cast<void>(encoder.finish()));
  };
  fails([](BinaryEncoder& e) { e.encode(Bits{1, 2}, Probabilities{1, 1}); });
  fails([](BinaryEncoder& e) { e.encode(Bits{1, 1}, Probabilities{1, 0}); });
  for (const auto& [bit, probability] : {std::array{2, 1}, {-1, 1}, {1, 0}, {1, -1}, {1, 65536}}) {
    fails([bit, probability](BinaryEncoder& e) { e.encode_bit(bit, probability); });
  }
  BinaryEncoder encoder;
  CHECK_THROWS(kInvalidArgument, encoder.encode(Bits{1}, Probabilities{1, 1}));  // changes nothing
  encoder.encode_bit(1, 1 << 15);
  CHECK(encoder.finish() == encode({{1}, {1 << 15}}));
}

void bad_arguments_fail_the_decoder() {
  Bits bits(2);
  for (const int probability : {0, -1, 65536}) {
    BinaryDecoder decoder(Bytes{0x12});
    CHECK_THROWS(kInvalidArgument, static_cast<void>(decoder.decode_bit(probability)));
    CHECK_THROWS(kInvalidArgument, decoder.finish());
  }
  BinaryDecoder decoder(Bytes{0x12});
  CHECK_THROWS(kInvalidArgument, decoder.decode(Probabilities{1}, bits));  // changes nothing
  CHECK_THROWS(kInvalidArgument, decoder.decode(Probabilities{1, 0}, bits));
  CHECK_THROWS(kInvalidArgument, static_cast<void>(decoder.decode_bit(1)));
}

void every_other_stream_is_told_from_the_right_one() {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Sample sample = make_sample(seed, 30);
    const Bytes stream = encode(sample);
    CHECK(decodes(stream, sample));
    for (std::size_t length = 0; length < stream.size(); ++length) {
      CHECK(!decodes(Bytes(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(length)), sample));
    }
    for (std::size_t bit = 0; bit < 8 * stream.size(); ++bit) {
      Bytes flipped = stream;
      flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1U << bit % 8);
      CHECK(!decodes(flipped, sample));
    }
    for (const int more : {0x00, 0x01, 0xff}) {
      Bytes longer = stream;
      longer.push_back(static_cast<std::uint8_t>(more));
      CHECK(!decodes(longer, sample));
    }
  }
}

void impossible_streams_have_distinct_errors() {
  CHECK_THROWS(kCorrupt, BinaryDecoder(Bytes(4, 0xff)));
  CHECK_THROWS(kCorrupt, BinaryDecoder(Bytes{0x80}).finish());  // no bits, but a stream
  BinaryDecoder cut(Bytes{});
  int decoded = 0;
  while (decoded < 100 && test::thrown_by([&] { static_cast<void>(cut.decode_bit(1 << 15)); }) == Errc::kOk) {
    ++decoded;
  }
  CHECK(decoded == 7);  // all ones: the eighth needs a fifth byte
  CHECK_THROWS(kTruncated, cut.finish());
}

void random_bytes_never_leave_bounds() {
  std::mt19937_64 random(7);
  for (int round = 0; round < 2000; ++round) {
    Sample sample = make_sample(random(), 100);
    Bytes garbage(random() % 40);
    for (std::uint8_t& byte : garbage) {
      byte = static_cast<std::uint8_t>(round % 2 == 0 ? random() : 0xff);
    }
    Bits bits(100, 2);
    const Errc code = test::thrown_by([&] { BinaryDecoder(garbage).decode(sample.probabilities, bits); });
    for (const std::uint8_t bit : bits) {
      CHECK(code != Errc::kOk || bit <= 1);
    }
  }
}

}  // namespace
}  // namespace foretell

int main() {
  const foretell::test::Test tests[] = {
      {"worked_example_of_the_header", foretell::worked_example_of_the_header},
      {"nothing_is_an_empty_stream", foretell::nothing_is_an_empty_stream},
      {"round_trips", foretell::round_trips},
      {"one_bit_at_a_time_makes_the_same_stream", foretell::one_bit_at_a_time_makes_the_same_stream},
      {"free_functions_make_the_same_stream", foretell::free_functions_make_the_same_stream},
      {"a_carry_passes_written_bytes", foretell::a_carry_passes_written_bytes},
      {"cost_is_the_one_stated", foretell::cost_is_the_one_stated},
      {"likely_bits_cost_their_entropy", foretell::likely_bits_cost_their_entropy},
      {"bad_arguments_fail_the_encoder", foretell::bad_arguments_fail_the_encoder},
      {"bad_arguments_fail_the_decoder", foretell::bad_arguments_fail_the_decoder},
      {"every_other_stream_is_told_from_the_right_one", foretell::every_other_stream_is_told_from_the_right_one},
      {"impossible_streams_have_distinct_errors", foretell::impossible_streams_have_distinct_errors},
      {"random_bytes_never_leave_bounds", foretell::random_bytes_never_leave_bounds},
  };
  return foretell::test::run_all(tests);
}
