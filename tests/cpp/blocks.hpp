// Blocks of bytes of several kinds, the same on every machine.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace foretell::test {

using Block = std::vector<std::uint8_t>;

inline Block random_block(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Block block(size);
  for (std::uint8_t& byte : block) {
    byte = static_cast<std::uint8_t>(random());
  }
  return block;
}

/// Lines of words, a few of them frequent.
inline Block text_block(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::string> words(300);
  for (std::string& word : words) {
    for (std::uint64_t left = 1 + random() % 9; left != 0; --left) {
      word.push_back(static_cast<char>('a' + random() % 26 * (random() % 26) / 26));
    }
  }
  Block block;
  std::size_t line = 0;
  while (block.size() < size) {
    const std::uint64_t any = random();
    std::string word = words[any % 300 * (any >> 20 & 255) / 256];
    if (any >> 60 == 0) {
      word[0] = static_cast<char>(word[0] - 'a' + 'A');
    }
    block.insert(block.end(), word.begin(), word.end());
    line += word.size() + 1;
    block.push_back(line > 70 ? '\n' : any >> 58 == 1 ? ',' : ' ');
    line = line > 70 ? 0 : line;
  }
  block.resize(size);
  return block;
}

/// Records of 28 bytes: a counter, two constants, small and large numbers, a flag.
inline Block records_block(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Block block;
  std::uint32_t time = 1'500'000'000;
  std::uint32_t price = 10'000;
  const auto put = [&](std::uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) {
      block.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    }
  };
  while (block.size() < size) {
    time += static_cast<std::uint32_t>(random() % 100);
    price += static_cast<std::uint32_t>(random() % 21) - 10;
    put(time, 4);
    put(0x00010203, 4);
    put(price, 4);
    put(random() % 1000, 4);
    put(random() % 7, 2);
    put(0xffff, 2);
    put(random() & 0xffffff, 3);
    put(random() % 16 == 0 ? 1 : 0, 1);
    put(0, 4);
  }
  block.resize(size);
  return block;
}

/// Rows of 200 smooth 16-bit pixels, the less significant byte first.
inline Block image_block(std::size_t size, std::uint64_t seed) {
  constexpr std::size_t kWidth = 200;
  std::mt19937_64 random(seed);
  Block block;
  std::array<std::int32_t, kWidth> above;
  above.fill(2000);
  while (block.size() < size) {
    std::int32_t west = above[0];
    for (std::int32_t& north : above) {
      west = (west + north) / 2 + static_cast<std::int32_t>(random() % 81) - 39;
      west = west < 0 ? 0 : west;
      north = west;
      block.push_back(static_cast<std::uint8_t>(west));
      block.push_back(static_cast<std::uint8_t>(west >> 8));
    }
  }
  block.resize(size);
  return block;
}

/// Opcodes and operands with calls to a few functions.
inline Block code_block(std::size_t size, std::uint64_t seed) {
  constexpr std::uint8_t kCommon[] = {0x48, 0x89, 0x8b, 0x83, 0xc0, 0x45, 0x24,
                                      0x10, 0x55, 0x5d, 0xc3, 0x90, 0x74, 0x08};
  std::mt19937_64 random(seed);
  Block block;
  std::array<std::uint32_t, 24> functions;
  for (std::uint32_t& function : functions) {
    function = static_cast<std::uint32_t>(random() % (1U << 20));
  }
  while (block.size() < size) {
    const std::uint64_t any = random();
    if (any % 6 == 0) {
      block.push_back(0xe8);
      const std::uint32_t target = functions[(any >> 8) % functions.size()];
      const auto distance = target - static_cast<std::uint32_t>(block.size() + 4);
      for (unsigned shift = 0; shift < 32; shift += 8) {
        block.push_back(static_cast<std::uint8_t>(distance >> shift));
      }
    } else {
      for (std::uint64_t i = 0; i < 1 + (any >> 8) % 4; ++i) {
        block.push_back(kCommon[random() % std::size(kCommon)]);
      }
    }
  }
  block.resize(size);
  return block;
}

}  // namespace foretell::test
