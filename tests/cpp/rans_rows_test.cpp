// Eight states at once are what one state after the other is: the same symbols, stacks and errors, whatever the stream
// and the rows.
#include "rans_rows.hpp"

#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "check.hpp"
#include "foretell/rans.hpp"
#include "messages.hpp"
#include "symbol_search.hpp"

namespace foretell {
namespace {

using Bytes = std::vector<std::uint8_t>;

template <typename T>
std::span<const T> view(const std::vector<T>& values) {
  return values;
}

struct Outcome {
  Errc code = Errc::kOk;
  std::string row;                     // that an error names
  std::vector<std::uint32_t> symbols;  // up to there
  Bytes left;                          // of the stream, if there is no error
};

/// Pops one symbol after the other, each with its row.
template <typename Integer>
Outcome pop_singly(const Bytes& stream, CdfRows<Integer> cdf, unsigned precision, std::size_t interleave) {
  std::vector<std::uint64_t> states(interleave);
  std::vector<std::uint32_t> words(stream.size() / 4);
  std::memcpy(states.data(), stream.data(), 8 * interleave);
  std::memcpy(words.data(), stream.data(), stream.size());
  const std::uint32_t* next = words.data() + 2 * interleave;
  const std::uint32_t* const end = words.data() + words.size();
  Outcome outcome;
  for (std::size_t i = 0; i < cdf.count; ++i) {
    std::uint32_t symbol = 0;
    outcome.code = pop_symbol(states[i % interleave], next, end, cdf[i], precision, symbol,
                              SearchByCounting<Isa::kScalar, kOverlappedBytes>{});
    if (outcome.code != Errc::kOk) {
      outcome.row = "row " + std::to_string(i) + ":";
      return outcome;
    }
    outcome.symbols.push_back(symbol);
  }
  const auto words_left = static_cast<std::size_t>(end - next);
  outcome.left.resize(8 * interleave);
  for (std::size_t i = 0; i < interleave; ++i) {
    std::memcpy(outcome.left.data() + 8 * i, &states[(cdf.count + i) % interleave], 8);
  }
  outcome.left.insert(outcome.left.end(), stream.end() - static_cast<std::ptrdiff_t>(4 * words_left), stream.end());
  return outcome;
}

/// The same by a RansCoder, in two calls, so that the second begins with any of the states.
template <typename Integer>
Outcome decode(const Bytes& stream, CdfRows<Integer> cdf, unsigned precision, std::size_t interleave,
               std::size_t first) {
  Outcome outcome;
  std::vector<std::uint32_t> symbols(cdf.count);
  try {
    RansCoder coder(stream, precision, interleave);
    coder.decode(cdf.slice(0, first), std::span(symbols).first(first));
    coder.decode(cdf.slice(first, cdf.count - first), std::span(symbols).subspan(first));
    outcome.left = coder.to_bytes();
  } catch (const Error& error) {
    outcome.code = error.code();
    outcome.row = error.what();
  }
  outcome.symbols = symbols;
  return outcome;
}

template <typename Integer>
bool decodes_alike(const Bytes& stream, CdfRows<Integer> cdf, unsigned precision, std::size_t interleave,
                   std::size_t first) {
  const Outcome singly = pop_singly(stream, cdf, precision, interleave);
  Outcome outcome = decode(stream, cdf, precision, interleave, first);
  outcome.symbols.resize(singly.symbols.size());
  return outcome.code == singly.code && outcome.symbols == singly.symbols && outcome.left == singly.left &&
         outcome.row.find(singly.row) != std::string::npos;
}

template <typename Integer>
std::vector<Integer> as(const std::vector<std::uint64_t>& cdf) {
  std::vector<Integer> narrow;
  for (const std::uint64_t value : cdf) {
    narrow.push_back(static_cast<Integer>(value));  // in uint16 rows 2^16 is 0
  }
  return narrow;
}

/// Cuts a stream, changes a byte of it, or leaves it; no state falls below 2^32.
void damage(std::mt19937_64& random, Bytes& stream, std::size_t interleave) {
  const std::size_t words = stream.size() / 4 - 2 * interleave;
  switch (random() % 4) {
    case 0:  // cut, so that words run out in any place of a round
      stream.resize(stream.size() - 4 * (random() % (words + 1)));
      break;
    case 1:  // any word, and what comes after it
      if (words != 0) {
        stream[8 * interleave + random() % (4 * words)] ^= static_cast<std::uint8_t>(1 + random() % 255);
      }
      break;
    case 2:  // the low half of a state, so that it stays one
      stream[8 * (random() % interleave) + random() % 4] ^= static_cast<std::uint8_t>(1 + random() % 255);
      break;
    default:
      break;
  }
}

template <typename Integer>
void try_rows(std::mt19937_64& random, unsigned precision) {
  const std::size_t vocabularies[] = {1, 2, 15, 16, 17, 33, 64, 65, 100, 255, 256, 257, 600};
  for (const std::size_t interleave : {8UL, 16UL, 24UL}) {
    for (const std::size_t vocabulary : vocabularies) {
      if (vocabulary > std::uint64_t{1} << precision) {
        continue;
      }
      const test::Message message = test::make_message(random(), 90, vocabulary, precision);
      RansCoder encoder(precision, interleave);
      encoder.encode_reverse(view(message.start), view(message.freq));
      const Bytes stream = encoder.to_bytes();
      const std::vector<Integer> sound = as<Integer>(message.cdf);
      const CdfRows<Integer> rows(view(sound), message.row_size);
      const Outcome outcome = decode(stream, rows, precision, interleave, random() % 91);
      CHECK(outcome.code == Errc::kOk && outcome.symbols == message.symbols);
      CHECK(decodes_alike(stream, rows, precision, interleave, random() % 91));

      for (int round = 0; round < 30; ++round) {
        Bytes damaged = stream;
        damage(random, damaged, interleave);
        CHECK(decodes_alike(damaged, rows, precision, interleave, random() % 91));

        std::vector<Integer> bad = sound;
        const std::size_t row = message.row_size * (random() % 90);
        const std::size_t places[] = {0, vocabulary, random() % message.row_size,
                                      message.symbols[row / message.row_size],
                                      message.symbols[row / message.row_size] + 1};
        bad[row + places[random() % 5]] = static_cast<Integer>(random() % 3 == 0 ? 0 : random() >> random() % 64);
        CHECK(decodes_alike(damaged, CdfRows(view(bad), message.row_size), precision, interleave, random() % 91));
      }
    }
  }
}

void any_stream_and_rows_decode_as_one_by_one() {
  std::mt19937_64 random(1);
  for (const unsigned precision : {1U, 8U, 15U, 16U}) {
    try_rows<std::uint16_t>(random, precision);
  }
  for (const unsigned precision : {1U, 16U, 24U, 31U}) {
    try_rows<std::uint32_t>(random, precision);
  }
  for (const unsigned precision : {16U, 32U}) {
    try_rows<std::uint64_t>(random, precision);
  }
}

void a_search_of_a_row_that_begins_too_high_stays_inside() {
  // No entry is at or below the slot: a search would end before the row, which is where the memory ends too.
  for (const std::size_t vocabulary : {1UL, 20UL, 256UL}) {
    std::vector<std::uint32_t> rows(8 * (vocabulary + 1), 1U << 16);
    for (const std::size_t good : {0UL, 1UL, 7UL}) {
      std::vector<std::uint32_t> some = rows;
      for (std::size_t i = 0; i < good; ++i) {
        some[i * (vocabulary + 1)] = 0;
      }
      Bytes stream(8 * 8 + 4 * 20, 0);
      for (std::size_t i = 0; i < 8; ++i) {
        stream[8 * i + 4] = 1;
      }
      CHECK(decodes_alike(stream, CdfRows(view(some), vocabulary + 1), 16, 8, 0));
    }
  }
}

void rows_may_lie_anywhere() {
  // Every other row of a table, backwards, and one row again and again.
  std::mt19937_64 random(2);
  const test::Message message = test::make_message(3, 64, 256, 16);
  const std::vector<std::uint16_t> cdf = as<std::uint16_t>(message.cdf);
  const auto size = static_cast<std::ptrdiff_t>(message.row_size);
  for (const std::ptrdiff_t stride : {2 * size, -size, std::ptrdiff_t{0}}) {
    const std::uint16_t* const begin = cdf.data() + (stride < 0 ? 63 * size : 0);
    const CdfRows<std::uint16_t> rows(begin, 32, message.row_size, stride);
    Bytes stream(8 * 16 + 4 * 64);
    for (std::uint8_t& byte : stream) {
      byte = static_cast<std::uint8_t>(1 + random() % 255);
    }
    CHECK(decodes_alike(stream, rows, 16, 16, 0));
    CHECK(decodes_alike(stream, rows, 16, 16, 5));
  }
}

}  // namespace
}  // namespace foretell

int main() {
  const foretell::test::Test tests[] = {
      {"any_stream_and_rows_decode_as_one_by_one", foretell::any_stream_and_rows_decode_as_one_by_one},
      {"a_search_of_a_row_that_begins_too_high_stays_inside",
       foretell::a_search_of_a_row_that_begins_too_high_stays_inside},
      {"rows_may_lie_anywhere", foretell::rows_may_lie_anywhere},
  };
  return foretell::test::run_all(tests);
}
