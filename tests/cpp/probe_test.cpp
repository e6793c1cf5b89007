#include "foretell/probe.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "check.hpp"
#include "columns.hpp"

namespace foretell {
namespace {

using Bytes = std::vector<std::uint8_t>;
using Random = std::mt19937_64;

/// About normal: the sum of four uniform numbers, of mean 0.
int noise(Random& random, int width) {
  int sum = 0;
  for (int i = 0; i < 4; ++i) {
    sum += static_cast<int>(random() % static_cast<unsigned>(2 * width + 1)) - width;
  }
  return sum;
}

void push16(Bytes& block, int value, bool big) {
  const auto low = static_cast<std::uint8_t>(value);
  const auto high = static_cast<std::uint8_t>(value >> 8);
  block.push_back(big ? high : low);
  block.push_back(big ? low : high);
}

/// Channels of 16 bits that wander slowly.
Bytes make_sound(std::size_t samples, std::size_t channels, bool big) {
  Random random(7);
  std::vector<int> level(channels);
  std::vector<int> speed(channels);
  Bytes block;
  for (std::size_t i = 0; i < samples; ++i) {
    for (std::size_t c = 0; c < channels; ++c) {
      speed[c] = speed[c] * 15 / 16 + noise(random, 60);
      level[c] = level[c] * 127 / 128 + speed[c];
      push16(block, level[c], big);
    }
  }
  return block;
}

/// Pixels of `depth` bytes; rows are padded to a multiple of 4.
Bytes make_image(std::size_t width, std::size_t height, std::size_t depth) {
  Random random(5);
  const std::size_t row = (width * depth + 3) / 4 * 4;
  Bytes block(row * height);
  std::vector<int> above(width * depth);
  for (std::size_t y = 0; y < height; ++y) {
    std::vector<int> left(depth);
    for (std::size_t x = 0; x < width * depth; ++x) {
      int& pixel = left[x % depth];  // about 0, and near to both neighbours
      pixel = (pixel + 2 * above[x]) * 21 / 64 + noise(random, 8);
      above[x] = pixel;
      const int colour = 60 + 40 * static_cast<int>(x % depth);
      block[y * row + x] = static_cast<std::uint8_t>(std::clamp(colour + pixel / 4, 0, 255));
    }
  }
  return block;
}

Bytes make_random(std::size_t size) {
  Random random(3);
  Bytes block(size);
  for (std::uint8_t& byte : block) {
    byte = static_cast<std::uint8_t>(random());
  }
  return block;
}

Bytes make_records(std::size_t count) {
  Random random(11);
  Bytes block;
  for (std::size_t i = 0; i < count; ++i) {
    push16(block, static_cast<int>(random() % 5000), false);
    push16(block, 17, false);
    for (int k = 0; k < 7; ++k) {
      block.push_back(static_cast<std::uint8_t>(k < 4 ? random() : 40 + random() % 8));
    }
    block.push_back("abc"[random() % 3]);
  }
  return block;
}

/// Calls of a few functions, at any distance from each other; in 64-bit code what else there is starts with 48.
Bytes make_code(std::size_t size, bool wide) {
  Random random(13);
  Bytes block;
  while (block.size() < size) {
    for (std::size_t i = 3 + random() % 20; i != 0; --i) {
      block.push_back(static_cast<std::uint8_t>(random() % 200));
    }
    if (wide) {
      block.insert(block.end(), {0x48, 0x8b, 0x45, static_cast<std::uint8_t>(random())});
    }
    const std::size_t target = random() % 50 * 997;
    block.push_back(0xe8);
    const auto distance = static_cast<std::uint32_t>(target - (block.size() + 4));
    for (unsigned k = 0; k < 4; ++k) {
      block.push_back(static_cast<std::uint8_t>(distance >> 8 * k));
    }
  }
  return block;
}

Bytes make_text(std::size_t size) {
  Random random(17);
  constexpr std::string_view kWords[] = {"the ", "of ", "caf\xc3\xa9 ", "table, ", "and ", "Words\n", "follow ", "on "};
  std::string text;
  while (text.size() < size) {
    text += kWords[random() % std::size(kWords)];
  }
  return {text.begin(), text.end()};
}

void counts_equal_bytes() {
  Random random(1);
  for (const std::size_t size : {0U, 1U, 31U, 32U, 33U, 8160U, 8161U, 20000U}) {
    Bytes a(size);
    Bytes b(size);
    std::uint32_t equal = 0;
    for (std::size_t i = 0; i < size; ++i) {
      a[i] = static_cast<std::uint8_t>(random() % 3);
      b[i] = static_cast<std::uint8_t>(random() % 3);
      equal += a[i] == b[i] ? 1 : 0;
    }
    CHECK(count_equal(a.data(), b.data(), size) == equal);
    CHECK(count_equal(a.data(), a.data(), size) == size);
  }
}

void nothing_is_found_in_noise() {
  for (const Bytes& block : {Bytes(), Bytes(1), Bytes(100'000), make_random(511), make_random(512), make_random(5000),
                             make_random(300'000), Bytes(512, 'a')}) {
    const Probe found = probe(block);
    CHECK(found.kind == BlockKind::kOther);
    CHECK(found.filter == Filter{} && found.unit == 1 && found.row == 0);
  }
}

void text_is_text() {
  const Probe found = probe(make_text(100'000));
  CHECK(found.kind == BlockKind::kText && found.text_score == kFullScore);
  CHECK(found.filter == Filter{} && found.unit == 1 && found.row == 0);
  Bytes damaged = make_text(100'000);
  for (std::size_t i = 0; i < damaged.size(); i += 7) {
    damaged[i] = 1;
  }
  CHECK(probe(damaged).kind != BlockKind::kText);
}

void records_have_a_unit() {
  const Probe found = probe(make_records(8000));
  CHECK(found.kind == BlockKind::kColumns && found.unit == 12 && found.row == 0);
  CHECK(found.unit_score >= 900 && found.filter == Filter{});
}

void images_have_rows() {
  for (const std::size_t depth : {std::size_t{1}, std::size_t{3}, std::size_t{4}}) {
    const Probe found = probe(make_image(301, 400, depth));
    CHECK(found.kind == BlockKind::kColumns);
    CHECK(found.row == (301 * depth + 3) / 4 * 4);
    CHECK(depth == 1 || found.unit == depth);
    CHECK(found.filter == Filter{});
  }
  const Probe wide = probe(make_image(5001, 90, 3));  // of more than the first lags
  CHECK(wide.row == 15004 && wide.unit == 3);
}

void sound_is_filtered() {
  for (const std::size_t channels : {std::size_t{1}, std::size_t{2}}) {
    for (const bool big : {false, true}) {
      Bytes block = make_sound(100'000, channels, big);
      const FilterKind kind = big ? FilterKind::kDelta16Big : FilterKind::kDelta16Little;
      CHECK(probe(block).filter == (Filter{kind, static_cast<std::uint8_t>(2 * channels)}));
      block.insert(block.begin(), 0);  // samples at odd positions
      CHECK(probe(block).filter == (Filter{kind, static_cast<std::uint8_t>(2 * channels + 1)}));
    }
  }
}

void code_is_filtered() {
  const Probe narrow = probe(make_code(200'000, false));
  CHECK(narrow.kind == BlockKind::kX86 && narrow.filter == (Filter{FilterKind::kX86, kX86Calls}));
  const Probe wide = probe(make_code(200'000, true));
  CHECK(wide.filter == (Filter{FilterKind::kX86, kX86Wide}));
  Bytes unlinked = make_code(200'000, true);  // all distances 0, to be filled in by a linker: nothing to gain
  for (std::size_t i = 0; i + 5 <= unlinked.size(); ++i) {
    if (unlinked[i] == 0xe8) {
      std::fill_n(unlinked.begin() + static_cast<std::ptrdiff_t>(i) + 1, 4, std::uint8_t{0});
    }
  }
  CHECK(probe(unlinked).filter == Filter{});
}

}  // namespace
}  // namespace foretell

int main() {
  using namespace foretell;
  const test::Test tests[] = {
      {"counts equal bytes", counts_equal_bytes},
      {"nothing is found in noise", nothing_is_found_in_noise},
      {"text is text", text_is_text},
      {"records have a unit", records_have_a_unit},
      {"images have rows", images_have_rows},
      {"sound is filtered", sound_is_filtered},
      {"code is filtered", code_is_filtered},
  };
  return test::run_all(tests);
}
