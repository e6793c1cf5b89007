// Random messages with their CDFs, the same on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace foretell::test {

struct Message {
  std::size_t row_size;
  std::vector<std::uint32_t> symbols;
  std::vector<std::uint64_t> cdf;    // [length, row_size]
  std::vector<std::uint64_t> start;  // of each symbol
  std::vector<std::uint64_t> freq;
};

/// `length` symbols over `vocabulary`; every other CDF is as lopsided as the precision allows, which makes long runs of
/// 0x00 and 0xff words, and so carries.
inline Message make_message(std::uint64_t seed, std::size_t length, std::size_t vocabulary, unsigned precision) {
  std::mt19937_64 random(seed);
  const std::uint64_t spare = (std::uint64_t{1} << precision) - vocabulary;
  Message message{vocabulary + 1, {}, {}, {}, {}};
  for (std::size_t i = 0; i < length; ++i) {
    std::vector<std::uint64_t> freq(vocabulary, 1);
    const std::size_t favourite = random() % vocabulary;
    const std::uint64_t share = i % 2 == 0 || spare == 0 ? spare : random() % (spare + 1);
    freq[favourite] += share;
    freq[random() % vocabulary] += spare - share;
    const std::size_t symbol = random() % 4 == 0 ? random() % vocabulary : favourite;
    std::uint64_t end = 0;
    message.cdf.push_back(0);
    for (std::size_t s = 0; s < vocabulary; ++s) {
      if (s == symbol) {
        message.start.push_back(end);
        message.freq.push_back(freq[s]);
      }
      end += freq[s];
      message.cdf.push_back(end);
    }
    message.symbols.push_back(static_cast<std::uint32_t>(symbol));
  }
  return message;
}

}  // namespace foretell::test
