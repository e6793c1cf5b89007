// Held to the reference in torch by digests of its CDFs, so on processors without torch too. tests/test_native_ngram.py
// recomputes them from the reference.
#include "foretell/ngram_network.hpp"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "check.hpp"

namespace foretell {
namespace {

constexpr NgramParameters kSmall{.lanes = 8, .chunk = 4, .row_bits = 10, .run_bits = 10, .width = 8, .hidden = 32};

/// Words drawn by a linear congruential generator, step-major.
std::vector<std::uint8_t> text(std::size_t lanes, std::size_t steps) {
  constexpr std::array<std::string_view, 8> kWords = {"the ",  "quick ",   "fox, ",        "and ",
                                                      "Then ", "jumps.\n", "\x80\xfe\xff", "aaaaaaaaaaaaaaaaaaaaaaaa"};
  std::vector<std::uint8_t> lane_major;
  std::uint32_t state = 1;
  while (lane_major.size() < lanes * steps) {
    state = state * 1664525 + 1013904223;
    const std::string_view word = kWords[state >> 29];
    lane_major.insert(lane_major.end(), word.begin(), word.end());
  }
  std::vector<std::uint8_t> symbols(lanes * steps);
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    symbols[i] = lane_major[i % lanes * steps + i / lanes];
  }
  return symbols;
}

/// FNV-1a of 64 bits, over numbers.
class Digest {
 public:
  void add(std::span<const std::uint32_t> numbers) {
    for (const std::uint32_t number : numbers) {
      value_ = (value_ ^ number) * 0x100000001b3;
    }
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325;
};

struct Run {
  NgramParameters parameters;
  std::size_t lanes;
  std::size_t steps;
  std::uint64_t pinned;
};

/// Steps through it in two blocks, of which the first may leave part of a chunk to be learned.
std::uint64_t stepped(const Run& run) {
  NgramNetwork network(run.parameters);
  const std::vector<std::uint8_t> symbols = text(run.lanes, run.steps);
  Digest digest;
  const std::size_t first = run.steps / 2 + 1;
  for (std::size_t t = 0; t < run.steps; ++t) {
    if (t == 0 || t == first) {
      network.begin(run.lanes);
    }
    digest.add(network.predict());
    network.update(std::span(symbols).subspan(t * run.lanes, run.lanes));
  }
  return digest.value();
}

/// The same, as many steps at once as go.
std::uint64_t scored(const Run& run, std::size_t most) {
  NgramNetwork network(run.parameters);
  const std::vector<std::uint8_t> symbols = text(run.lanes, run.steps);
  Digest digest;
  const std::size_t first = run.steps / 2 + 1;
  for (std::size_t t = 0; t < run.steps;) {
    if (t == 0 || t == first) {
      network.begin(run.lanes);
    }
    const std::size_t count = std::min({most, network.steps_left(), (t < first ? first : run.steps) - t});
    digest.add(network.score_rows(std::span(symbols).subspan(t * run.lanes, count * run.lanes)));
    t += count;
  }
  return digest.value();
}

constexpr Run kRuns[] = {
    {kSmall, 8, 200, 0x864e18d6f484a9ad},
    {{.lanes = 1, .chunk = 32, .row_bits = 12, .run_bits = 12}, 1, 700, 0xdf353cd6b4b43aeb},
    {{.lanes = 2, .chunk = 3, .row_bits = 8, .run_bits = 8, .width = 5, .hidden = 13, .decay = 1U << 20, .seed = 7},
     2,
     300,
     0xd7a9b990beb4f94f},
    {{.lanes = 3,
      .chunk = 5,
      .row_bits = 8,
      .run_bits = 8,
      .width = 140,
      .hidden = 1100,
      .layer_rate = 65536,
      .row_rate = 1U << 20,
      .run_rate = 1U << 20},
     3,
     15,
     0x11d0910a3d50cee2},
};

void cdfs_are_those_of_the_reference() {
  for (const Run& run : kRuns) {
    const std::uint64_t digest = stepped(run);
    if (digest != run.pinned) {
      std::fprintf(stderr, "hidden %u: 0x%016" PRIx64 "\n", run.parameters.hidden, digest);
    }
    CHECK(digest == run.pinned);
  }
}

void scoring_equals_stepping() {
  for (const Run& run : kRuns) {
    for (const std::size_t most : {1000U, 2U}) {
      CHECK(scored(run, most) == run.pinned);
    }
  }
}

void another_seed_predicts_otherwise() {
  for (Run run : kRuns) {
    ++run.parameters.seed;
    CHECK(stepped(run) != run.pinned);
  }
}

void intervals_are_those_of_the_rows() {
  NgramNetwork one(kSmall);
  NgramNetwork other(kSmall);
  one.begin(3);
  other.begin(3);
  const std::vector<std::uint8_t> symbols = text(3, 4);
  const std::span<const std::uint32_t> rows = one.score_rows(symbols);
  std::array<std::uint32_t, 12> start;
  std::array<std::uint32_t, 12> freq;
  other.score(symbols, start, freq);
  for (std::size_t i = 0; i < 12; ++i) {
    const auto row = rows.subspan(i * NgramNetwork::kRowSize, NgramNetwork::kRowSize);
    CHECK(row.front() == 0 && row.back() == 1U << NgramNetwork::kPrecision);
    CHECK(start[i] == row[symbols[i]] && start[i] + freq[i] == row[symbols[i] + 1U] && freq[i] > 0);
  }
}

/// The two halves of update, and learning that is put off to the last moment.
void learning_can_be_called_apart() {
  NgramNetwork one(kSmall);
  NgramNetwork other(kSmall);
  one.begin(2);
  other.begin(2);
  const std::vector<std::uint8_t> symbols = text(2, 100);
  for (std::size_t t = 0; t < 100; ++t) {
    const auto column = std::span(symbols).subspan(2 * t, 2);
    if (other.steps_left() == 0) {
      CHECK_THROWS(kInvalidArgument, (void)other.predict());
      other.learn();
      other.learn();  // of nothing
    }
    const auto a = one.predict();
    const auto b = other.predict();
    CHECK(std::equal(a.begin(), a.end(), b.begin(), b.end()));
    one.update(column);
    other.observe(column);
  }
}

void it_learns() {
  NgramNetwork network({.lanes = 1, .chunk = 16, .row_bits = 12, .run_bits = 12, .width = 16, .hidden = 64});
  network.begin(1);
  const std::vector<std::uint8_t> symbols = text(1, 6000);
  std::uint64_t likely = 0;
  for (std::size_t t = 0; t < symbols.size(); ++t) {
    const auto row = network.predict();
    const std::uint32_t freq = row[symbols[t] + 1U] - row[symbols[t]];
    likely += t >= 5000 && freq > 1U << 23 ? 1 : 0;
    network.update(std::span(symbols).subspan(t, 1));
  }
  CHECK(likely > 600);
}

void it_moves() {
  NgramNetwork network(kSmall);
  network.begin(1);
  const std::uint32_t before = network.predict()[65];
  NgramNetwork moved(std::move(network));
  CHECK(moved.lanes() == 1 && moved.parameters().hidden == 32);
  CHECK(moved.predict()[65] == before);
}

void bad_calls_are_refused() {
  const auto with = [](auto change) {
    NgramParameters p = kSmall;
    change(p);
    NgramNetwork network(p);
  };
  CHECK_THROWS(kInvalidArgument, with([](auto& p) { p.lanes = 0; }));
  CHECK_THROWS(kInvalidArgument, with([](auto& p) { p.chunk = 1025; }));
  CHECK_THROWS(kInvalidArgument, with([](auto& p) { p.row_bits = 7; }));
  CHECK_THROWS(kInvalidArgument, with([](auto& p) { p.run_bits = 25; }));
  CHECK_THROWS(kInvalidArgument, with([](auto& p) { p.width = 257; }));
  CHECK_THROWS(kInvalidArgument, with([](auto& p) { p.hidden = 0; }));
  CHECK_THROWS(kInvalidArgument, with([](auto& p) { p.seed = 0xffffffff; }));
  CHECK_THROWS(kInvalidArgument, with([](auto& p) { p.lanes = 4096, p.chunk = 1024; }));

  NgramNetwork network(kSmall);
  const std::array<std::uint8_t, 12> symbols{};
  const std::span<const std::uint8_t> all(symbols);
  std::array<std::uint32_t, 12> numbers;
  CHECK_THROWS(kInvalidArgument, (void)network.predict());
  CHECK_THROWS(kInvalidArgument, network.update(all.first(1)));
  CHECK_THROWS(kInvalidArgument, (void)network.score_rows(all.first(1)));
  network.learn();
  CHECK_THROWS(kInvalidArgument, network.begin(0));
  CHECK_THROWS(kInvalidArgument, network.begin(9));
  network.begin(2);
  CHECK_THROWS(kInvalidArgument, network.update(all.first(2)));  // before predict
  (void)network.predict();
  CHECK_THROWS(kInvalidArgument, network.update(all.first(3)));
  CHECK_THROWS(kInvalidArgument, (void)network.score_rows(all.first(3)));
  CHECK_THROWS(kInvalidArgument, (void)network.score_rows(all.first(10)));
  CHECK_THROWS(kInvalidArgument, network.score(all.first(4), std::span(numbers).first(4), std::span(numbers).first(3)));
  CHECK(network.steps_left() == 4);
  CHECK(network.score_rows({}).empty());
}

constexpr test::Test kTests[] = {
    {"CDFs are those of the reference", cdfs_are_those_of_the_reference},
    {"scoring equals stepping", scoring_equals_stepping},
    {"control: another seed predicts otherwise", another_seed_predicts_otherwise},
    {"intervals are those of the rows", intervals_are_those_of_the_rows},
    {"learning can be called apart", learning_can_be_called_apart},
    {"it learns", it_learns},
    {"it moves", it_moves},
    {"bad calls are refused", bad_calls_are_refused},
};

}  // namespace
}  // namespace foretell

int main() { return foretell::test::run_all(foretell::kTests); }
