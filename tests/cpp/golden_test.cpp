// Streams and CDFs that must never change: the same on every processor, with every set of instructions, in every
// release. A digest stands for many; a short stream of each coder is spelt out, so that a change can be read.
//
// A change of these numbers is a change of format: old files would not decode.
#include <array>
#include <bit>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <random>
#include <span>
#include <type_traits>
#include <vector>

#include "check.hpp"
#include "foretell/binary_coder.hpp"
#include "foretell/cdf.hpp"
#include "foretell/contexts.hpp"
#include "foretell/lanes.hpp"
#include "foretell/range_coder.hpp"
#include "foretell/rans.hpp"
#include "messages.hpp"

namespace foretell {
namespace {

using Bytes = std::vector<std::uint8_t>;

/// FNV-1a of 64 bits: of no use against malice, plenty against chance.
class Digest {
 public:
  void add(std::span<const std::uint8_t> bytes) {
    for (const std::uint8_t byte : bytes) {
      value_ = (value_ ^ byte) * 0x100000001b3;
    }
    value_ = (value_ ^ bytes.size()) * 0x100000001b3;  // where one ends is a part of it
  }
  /// Numbers as 8 bytes, the lowest first.
  template <typename Integer>
  void add_numbers(std::span<const Integer> numbers) {
    Bytes bytes;
    for (const Integer number : numbers) {
      for (unsigned shift = 0; shift < 64; shift += 8) {
        bytes.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(number) >> shift));
      }
    }
    add(bytes);
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325;
};

void check_digest(const char* what, std::uint64_t digest, std::uint64_t pinned) {
  if (digest != pinned) {
    std::fprintf(stderr, "%s: 0x%016" PRIx64 "\n", what, digest);
  }
  CHECK(digest == pinned);
}

void check_stream(const Bytes& stream, const Bytes& pinned) {
  if (stream != pinned) {
    for (const std::uint8_t byte : stream) {
      std::fprintf(stderr, "0x%02x, ", byte);
    }
    std::fprintf(stderr, "\n");
  }
  CHECK(stream == pinned);
}

template <typename T>
std::span<const T> view(const std::vector<T>& values) {
  return values;
}

template <typename Function>
void for_each_message(Function&& function) {
  for (const unsigned precision : {1U, 2U, 8U, 12U, 16U, 24U, 31U, 32U}) {
    for (const std::size_t vocabulary : {1UL, 2UL, 4UL, 17UL, 256UL, 300UL, 700UL}) {
      if (vocabulary <= std::uint64_t{1} << precision) {
        function(test::make_message(1000 * precision + vocabulary, 150, vocabulary, precision), precision);
      }
    }
  }
}

void range_streams() {
  Digest digest;
  for_each_message([&](const test::Message& message, unsigned precision) {
    RangeEncoder encoder(precision);
    encoder.encode_symbols(view(message.symbols), CdfRows(view(message.cdf), message.row_size));
    const Bytes stream = encoder.finish();
    digest.add(stream);
    std::vector<std::uint32_t> symbols(message.symbols.size());
    RangeDecoder decoder(stream, precision);
    decoder.decode(CdfRows(view(message.cdf), message.row_size), std::span(symbols));
    decoder.finish();
    CHECK(symbols == message.symbols);
  });
  check_digest("range", digest.value(), 0x09e384587450d2fb);

  Digest with_checksums;
  for_each_message([&](const test::Message& each, unsigned precision) {
    RangeEncoder encoder(precision, true);
    encoder.encode_symbols(view(each.symbols), CdfRows(view(each.cdf), each.row_size));
    with_checksums.add(encoder.finish());
  });
  check_digest("range, checksum", with_checksums.value(), 0x834ed2eac7fe6858);

  const test::Message message = test::make_message(1, 12, 5, 24);
  RangeEncoder encoder(24);
  encoder.encode(view(message.start), view(message.freq));
  check_stream(encoder.finish(), {0x00, 0x00, 0x03, 0xff, 0xfa, 0x01, 0xcf, 0x86, 0xff, 0x39});
}

void lane_streams() {
  Digest digest;
  for_each_message([&](const test::Message& message, unsigned precision) {
    const std::size_t lanes = 30;
    const std::size_t steps = message.symbols.size() / lanes;
    const std::size_t step_size = lanes * message.row_size;
    LaneEncoder encoder(lanes, precision);
    for (std::size_t t = 0; t < steps; ++t) {
      encoder.encode_step(view(message.symbols).subspan(t * lanes, lanes),
                          CdfRows(view(message.cdf).subspan(t * step_size, step_size), message.row_size));
    }
    const std::vector<Bytes> streams = encoder.finish();
    for (const Bytes& stream : streams) {
      digest.add(stream);
    }
    const std::vector<std::span<const std::uint8_t>> views(streams.begin(), streams.end());
    LaneDecoder decoder(views, precision);
    std::vector<std::uint32_t> symbols(message.symbols.size());
    for (std::size_t t = 0; t < steps; ++t) {
      decoder.decode_step(CdfRows(view(message.cdf).subspan(t * step_size, step_size), message.row_size),
                          std::span(symbols).subspan(t * lanes, lanes));
    }
    decoder.finish();
    CHECK(symbols == message.symbols);
  });
  check_digest("lanes", digest.value(), 0xd6f54b17d433147f);
}

void binary_streams() {
  Digest digest;
  std::mt19937_64 random(9);
  for (std::size_t length = 0; length < 3000; length += 1 + length / 4) {
    Bytes bits(length);
    std::vector<std::uint16_t> probabilities(length);
    for (std::size_t i = 0; i < length; ++i) {
      const std::uint64_t any = random();
      probabilities[i] = static_cast<std::uint16_t>(1 + (any >> 16 & 0xffff) % (i % 3 == 0 ? 4 : 65535));
      bits[i] = (any & 0xffff) < probabilities[i] ? 1 : 0;
    }
    BinaryEncoder encoder;
    encoder.encode(bits, probabilities);
    const Bytes stream = encoder.finish();
    digest.add(stream);
    Bytes decoded(length);
    BinaryDecoder decoder(stream);
    decoder.decode(probabilities, decoded);
    decoder.finish();
    CHECK(decoded == bits);
  }
  check_digest("binary", digest.value(), 0xc4f799dadcfbbe0e);

  BinaryEncoder encoder;
  encoder.encode(Bytes{1, 1, 0, 1, 0, 0, 0, 1}, std::vector<std::uint16_t>{500, 60000, 9, 32768, 1, 65535, 4096, 7});
  check_stream(encoder.finish(), {0x00, 0xe4, 0xe8, 0xf4, 0x75});
}

void rans_streams() {
  Digest digest;
  for_each_message([&](const test::Message& message, unsigned precision) {
    for (const std::size_t interleave : {1UL, 5UL, 8UL}) {
      RansCoder coder(precision, interleave);
      coder.encode_symbols_reverse(view(message.symbols), CdfRows(view(message.cdf), message.row_size));
      digest.add(coder.to_bytes());
      std::vector<std::uint32_t> symbols(message.symbols.size());
      coder.decode(CdfRows(view(message.cdf), message.row_size), std::span(symbols));
      coder.finish();
      CHECK(symbols == message.symbols);
    }
  });
  check_digest("rANS", digest.value(), 0xf235947d7906a23c);

  const test::Message message = test::make_message(1, 12, 5, 24);
  RansCoder coder(24, 2);
  coder.encode_reverse(view(message.start), view(message.freq));
  check_stream(coder.to_bytes(), {0xb8, 0x00, 0x00, 0x11, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
                                  0x00, 0x10, 0xee, 0xfb, 0x07, 0x73, 0xff, 0xff, 0xff, 0x00});
}

void rans_table_streams() {
  Digest digest;
  for (const unsigned precision : {1U, 8U, 12U, 16U}) {
    for (const std::size_t vocabulary : {2UL, 200UL, 1000UL}) {
      if (vocabulary > std::uint64_t{1} << precision) {
        continue;
      }
      const test::Message message = test::make_message(vocabulary, 2, vocabulary, precision);
      const StaticTable table(view(message.cdf).subspan(message.row_size), precision);
      std::mt19937_64 random(precision);
      std::vector<std::uint16_t> symbols(4000);
      for (std::uint16_t& symbol : symbols) {
        const std::uint64_t any = random();
        const std::uint64_t slot = any >> 1 & ((std::uint64_t{1} << precision) - 1);
        symbol = any % 2 == 0 ? slot_symbol(table.slots()[slot]) : static_cast<std::uint16_t>((any >> 32) % vocabulary);
      }
      for (const std::size_t interleave : {1UL, 2UL, 4UL, 8UL, 16UL, 20UL, 32UL, 64UL}) {
        RansCoder coder(precision, interleave);
        coder.encode_table_reverse(view(symbols), table);
        digest.add(coder.to_bytes());
        std::vector<std::uint16_t> decoded(symbols.size());
        coder.decode_table(table, std::span(decoded));
        coder.finish();
        CHECK(decoded == symbols);
      }
    }
  }
  check_digest("rANS, table", digest.value(), 0xd86b07ac25c4ea3b);
}

void table_set_streams() {
  Digest digest;
  for (const unsigned precision : {4U, 12U, 16U}) {
    std::vector<std::vector<std::uint64_t>> rows;
    for (const std::size_t vocabulary : {3UL, 16UL, 1UL, 16UL}) {
      rows.push_back(test::make_message(vocabulary, 1, vocabulary, precision).cdf);
    }
    const StaticTable table(rows, precision);
    std::mt19937_64 random(precision);
    std::vector<std::uint32_t> index(3000);
    std::vector<std::uint16_t> symbols(index.size());
    for (std::size_t i = 0; i < index.size(); ++i) {
      index[i] = static_cast<std::uint32_t>(random() % rows.size());
      symbols[i] = static_cast<std::uint16_t>(random() % table.vocabulary(index[i]));
    }
    for (const bool checksum : {false, true}) {
      RangeEncoder encoder(precision, checksum);
      encoder.encode_table(symbols, table, index);
      const Bytes stream = encoder.finish();
      digest.add(stream);
      std::vector<std::uint16_t> decoded(symbols.size());
      RangeDecoder decoder(stream, precision, checksum);
      decoder.decode_table(table, std::span(decoded), index);
      decoder.finish();
      CHECK(decoded == symbols);
    }
    for (const std::size_t interleave : {1UL, 4UL, 8UL, 32UL}) {
      RansCoder coder(precision, interleave);
      coder.encode_table_reverse(symbols, table, index);
      digest.add(coder.to_bytes());
      std::vector<std::uint16_t> decoded(symbols.size());
      coder.decode_table(table, std::span(decoded), index);
      coder.finish();
      CHECK(decoded == symbols);
    }
  }
  check_digest("table sets", digest.value(), 0xb3653f221b6f92b1);
}

/// CDFs of every quantiser from the same random bits.
template <typename Integer>
void add_cdfs(Digest& digest, unsigned precision, std::size_t vocabulary) {
  std::mt19937_64 random(100 * precision + vocabulary);
  std::vector<std::int32_t> logits;
  std::vector<float> probabilities;
  std::vector<std::uint64_t> counts;
  const std::size_t rows = 3;
  for (std::size_t i = 0; i < rows * vocabulary; ++i) {
    const std::uint64_t any = random();
    logits.push_back(static_cast<std::int32_t>(any % 40000) - 20000);
    // Any mantissa, and exponents over a range that is mostly lost: 2^-30 .. 2^1, and a few zeros and denormals.
    const auto bits = static_cast<std::uint32_t>((97 + (any >> 40) % 32) << 23 | (any & 0x7fffff));
    probabilities.push_back(std::bit_cast<float>(any >> 60 == 0 ? bits & 0xff : bits));
    counts.push_back(any >> (any % 64));
  }
  counts[0] = counts[vocabulary] = counts[2 * vocabulary] = 1;
  std::vector<Integer> cdf(rows * (vocabulary + 1));
  cdf_from_logits(view(logits), vocabulary, precision, std::span(cdf));
  digest.add_numbers(view(cdf));
  cdf_from_probabilities(view(probabilities), vocabulary, precision, std::span(cdf));
  digest.add_numbers(view(cdf));
  cdf_from_counts(view(counts), vocabulary, precision, std::span(cdf));
  digest.add_numbers(view(cdf));
}

void quantised_cdfs() {
  Digest digest;
  for (const unsigned precision : {1U, 8U, 10U, 16U, 24U, 31U, 32U}) {
    for (const std::size_t vocabulary : {1UL, 2UL, 3UL, 15UL, 64UL, 255UL, 256UL, 257UL, 1000UL}) {
      if (vocabulary > std::uint64_t{1} << precision) {
        continue;
      }
      add_cdfs<std::uint64_t>(digest, precision, vocabulary);
      if (precision <= 31) {
        add_cdfs<std::uint32_t>(digest, precision, vocabulary);
      }
      if (precision <= 16) {
        add_cdfs<std::uint16_t>(digest, precision, vocabulary);
      }
    }
  }
  check_digest("CDFs", digest.value(), 0xdaaff1c8865f52bd);
}

void features_of_contexts() {
  Digest digest;
  std::mt19937_64 random(4);
  const std::size_t lanes = 5;
  ByteContexts contexts(12, 10);
  contexts.begin(lanes);
  std::array<std::vector<std::int64_t>, 3> features;
  features.fill(std::vector<std::int64_t>(lanes * ByteContexts::kSlots));
  Bytes symbols(lanes, 'a');
  for (int step = 0; step < 500; ++step) {
    for (std::uint8_t& symbol : symbols) {
      const std::uint64_t any = random();
      symbol = static_cast<std::uint8_t>(any % 4 == 0 ? any >> 8 : symbol + 1 - 26 * (symbol == 'z'));
    }
    contexts.observe(symbols);
    contexts.features(features[0], features[1], features[2]);
    for (const auto& numbers : features) {
      digest.add_numbers(view(numbers));
    }
  }
  check_digest("contexts", digest.value(), 0x09f3ac5e80c439d1);
}

void control_one_other_symbol_is_another_digest() {
  test::Message message = test::make_message(1, 150, 256, 16);
  const auto digest_of = [&] {
    RangeEncoder encoder(16);
    encoder.encode_symbols(view(message.symbols), CdfRows(view(message.cdf), message.row_size));
    Digest digest;
    digest.add(encoder.finish());
    return digest.value();
  };
  const std::uint64_t before = digest_of();
  CHECK(digest_of() == before);
  message.symbols[77] ^= 1;
  CHECK(digest_of() != before);
}

}  // namespace
}  // namespace foretell

int main() {
  const foretell::test::Test tests[] = {
      {"range_streams", foretell::range_streams},
      {"lane_streams", foretell::lane_streams},
      {"binary_streams", foretell::binary_streams},
      {"rans_streams", foretell::rans_streams},
      {"rans_table_streams", foretell::rans_table_streams},
      {"table_set_streams", foretell::table_set_streams},
      {"quantised_cdfs", foretell::quantised_cdfs},
      {"features_of_contexts", foretell::features_of_contexts},
      {"control_one_other_symbol_is_another_digest", foretell::control_one_other_symbol_is_another_digest},
  };
  return foretell::test::run_all(tests);
}
