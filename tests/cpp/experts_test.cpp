// The parts of the experts, each by itself: tables, adaptive probabilities, cells, runs, matches, mixers, coders.
#include "experts/experts.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <random>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "blocks.hpp"
#include "check.hpp"

namespace foretell {
namespace {

constexpr std::int64_t kMost32 = std::numeric_limits<std::int32_t>::max();

// -- logistic.hpp --

void squash_is_the_logistic_function() {
  for (int logit = -kLogitLimit; logit <= kLogitLimit; ++logit) {
    const double exact = 65536.0 / (1.0 + std::exp(-logit / 256.0));
    CHECK(std::abs(squash(logit) - exact) <= 1.0);
    CHECK(squash(logit) >= 1 && squash(logit) <= 65535);
    CHECK(std::abs(squash(logit) + squash(-logit) - 65536) <= 1);
    CHECK(logit == -kLogitLimit || squash(logit) >= squash(logit - 1));
  }
  CHECK(squash(0) == 32768);
  CHECK(clamp_logit(kLogitLimit + 1) == kLogitLimit && clamp_logit(-1'000'000) == -kLogitLimit);
  CHECK(clamp_logit(kLogitLimit) == kLogitLimit && clamp_logit(-5) == -5);
}

void stretch_is_its_inverse() {
  for (std::uint32_t i = 0; i < 4096; ++i) {
    const std::uint32_t probability = i * 16;
    const double p = (i + 0.5) / 4096;
    const double exact = std::clamp(256 * std::log(p / (1 - p)), -1.0 * kLogitLimit, 1.0 * kLogitLimit);
    const int logit = stretch(probability);
    CHECK(std::abs(logit - exact) <= 1.0);
    CHECK(logit >= -kLogitLimit && logit <= kLogitLimit);
    CHECK(stretch(probability + 15) == logit);
    CHECK(i == 0 || logit >= stretch(probability - 1));
    CHECK(std::abs(logit + stretch(65535 - probability)) <= 1);
    // There and back: within half of the 16 that one entry stands for, and a logit's step, at most 64.
    CHECK(std::abs(squash(logit) - static_cast<int>(probability + 8)) <= 8 + 64);
  }
  for (int logit = -kLogitLimit; logit <= kLogitLimit; ++logit) {
    CHECK(std::abs(squash(stretch(static_cast<std::uint32_t>(squash(logit)))) - squash(logit)) <= 8 + 64);
    if (std::abs(logit) < 512) {  // where entries are finer than logits
      CHECK(std::abs(stretch(static_cast<std::uint32_t>(squash(logit))) - logit) <= 2);
    }
  }
}

// -- bit_history.hpp --

void bit_histories_are_closed() {
  const BitHistories& histories = kBitHistories;
  CHECK(histories.size > 100 && histories.size <= 256);
  CHECK(histories.count[0] == 0);
  std::set<std::size_t> reached = {0};
  for (std::size_t i = 0; i < histories.size; ++i) {
    for (const std::size_t bit : {0U, 1U}) {
      const std::size_t next = histories.next[i][bit];
      reached.insert(next);
      CHECK(next != 0 && next < histories.size);
      CHECK(histories.count[next] <= histories.count[i] + 1);
      CHECK(bit == 1 ? histories.estimate[next] >= histories.estimate[i]
                     : histories.estimate[next] <= histories.estimate[i]);
    }
    CHECK(histories.count[i] <= 35);
    CHECK(histories.rate[i] > 65536 / 40 && histories.rate[i] <= 131072 / 3);
    CHECK(histories.estimate[i] > 0 && histories.estimate[i] < 65535);
  }
  CHECK(reached.size() == histories.size);
}

void a_history_stays_with_what_comes() {
  std::uint8_t state = 0;
  for (int i = 0; i < 100; ++i) {
    state = kBitHistories.next[state][1];
  }
  CHECK(kBitHistories.count[state] == 35 && kBitHistories.estimate[state] > 64000);
  CHECK(kBitHistories.next[state][1] == state);
  for (int i = 0; i < 6; ++i) {
    state = kBitHistories.next[state][0];
  }
  CHECK(kBitHistories.estimate[state] < 32768);  // most of the ones are forgotten
}

void aged_histories_hold_less() {
  for (std::size_t i = 0; i < kBitHistories.size; ++i) {
    const std::size_t aged = kBitHistories.aged[i];
    CHECK(aged < kBitHistories.size);
    CHECK((aged == 0) == (i == 0) || kBitHistories.count[i] <= 2);
    CHECK(kBitHistories.count[aged] <= kBitHistories.count[i]);
    CHECK(kBitHistories.count[i] <= 2 || kBitHistories.count[aged] < kBitHistories.count[i]);
    const bool likely = kBitHistories.estimate[i] > 40000;
    CHECK(!likely || kBitHistories.estimate[aged] >= 32767);  // what was likely is not unlikely now
  }
}

// -- adaptive.hpp --

void adaptive_probabilities_converge() {
  for (const std::uint32_t bit : {0U, 1U}) {
    std::uint32_t word = adaptive(32768);
    CHECK(adaptive_probability(word) == 32768);
    for (int i = 0; i < 3000; ++i) {
      const std::uint32_t before = adaptive_probability(word);
      word = adapted(word, bit, 255);
      CHECK(bit == 1 ? adaptive_probability(word) >= before : adaptive_probability(word) <= before);
      CHECK((word & 1023) == static_cast<std::uint32_t>(std::min(i + 1, 255)));
    }
    CHECK(bit == 1 ? adaptive_probability(word) >= 65530 : adaptive_probability(word) <= 5);
  }
  std::mt19937_64 random(1);
  std::uint32_t word = adaptive(60000);
  for (int i = 0; i < 20000; ++i) {
    word = adapted(word, random() % 10 == 0 ? 1 : 0, 1023);
  }
  CHECK(std::abs(static_cast<int>(adaptive_probability(word)) - 6554) < 1300);
  CHECK((word & 1023) == 1023);
}

void adaptive_probabilities_keep_their_range() {
  for (const std::uint32_t uses : {0U, 1U, 100U, 1022U, 1023U}) {
    for (const std::uint32_t p : {0U, 1U, 2U, 0x200000U, 0x3ffffeU, 0x3fffffU}) {
      for (const std::uint32_t bit : {0U, 1U}) {
        const std::uint32_t after = adapted(p << 10 | uses, bit, 1023);
        CHECK(bit == 1 ? after >> 10 >= p : after >> 10 <= p);
        CHECK((after & 1023) == (uses < 1023 ? uses + 1 : 1023));
      }
    }
  }
  CHECK((adapted(adaptive(1) | 512, 1, 512) & 1023) == 512);
  CHECK((adapted(adaptive(1) | 600, 1, 512) & 1023) == 600);  // a lower limit takes nothing back
}

// -- mixer.hpp --

constexpr std::int32_t kTestRate = 112;  // the highest of the predictor

void a_mixer_trusts_what_is_right() {
  MixerSet<16> mixer(4, 12000, 3);
  std::mt19937_64 random(2);
  alignas(64) std::int32_t inputs[16] = {};
  for (int i = 0; i < 3000; ++i) {
    const std::uint32_t bit = random() & 1;
    inputs[0] = static_cast<std::int32_t>(random() % 1601) - 800;  // noise
    inputs[1] = bit == 1 ? 500 : -500;
    inputs[2] = bit == 1 ? -300 : 300;  // wrong, and so useful
    (void)mixer.mix(1, inputs);
    mixer.learn(inputs, bit, kTestRate);
  }
  const auto alone = [&](std::size_t row, std::size_t which) {
    alignas(64) std::int32_t one[16] = {};
    one[which] = 256;
    return mixer.mix(row, one);
  };
  CHECK(alone(1, 1) > 256);
  CHECK(alone(1, 2) < 0);
  CHECK(std::abs(alone(1, 0)) < alone(1, 1) / 4);
  for (const std::size_t row : {0U, 2U, 3U}) {  // the others are as they were
    CHECK(alone(row, 0) == 12000 * 256 >> 16 && alone(row, 1) == alone(row, 0) && alone(row, 2) == alone(row, 0));
  }
  CHECK(alone(1, 3) == 0 && alone(0, 15) == 0);  // not used: no weight
}

void weights_stay_within_their_limit() {
  MixerSet<96> mixer(1, 4000, 96);
  alignas(64) std::int32_t zeros[96] = {};
  alignas(64) std::int32_t inputs[96];
  alignas(64) std::int32_t one[96] = {};
  for (const std::uint32_t bit : {1U, 0U, 1U}) {
    for (std::size_t i = 0; i < 96; ++i) {
      inputs[i] = i % 2 == 0 ? kLogitLimit : -kLogitLimit;
    }
    for (int i = 0; i < 500; ++i) {
      (void)mixer.mix(0, zeros);  // undecided, so that each bit is a surprise
      mixer.learn(inputs, bit, kTestRate);
    }
    for (const std::size_t which : {0U, 1U, 94U, 95U}) {
      one[which] = 256;
      const int logit = mixer.mix(0, one);
      one[which] = 0;
      const bool up = (bit == 1) == (which % 2 == 0);
      CHECK(up ? logit == kWeightLimit >> 8 : logit == (-kWeightLimit * 256 >> 8) >> 8);
    }
    CHECK(mixer.mix(0, inputs) == (bit == 1 ? kLogitLimit : -kLogitLimit));  // sums of the largest
  }
}

/// What a mixer computes in 32 bits, at its extremes. Undefined behaviour is a sanitizer's to find; this says how far
/// away it is.
void products_of_mixers_fit() {
  constexpr std::int64_t kInput = 4095;  // mix() promises it; stretch() gives no more than kLogitLimit
  static_assert(kLogitLimit <= kInput);
  constexpr std::int64_t kMostInputs = 96;
  constexpr std::int64_t kStep = 65535 * kTestRate >> 4;
  std::printf("     of 2^31: weighted input %.2f, sum %.2f, error by rate %.2f, input by step %.2f\n",
              static_cast<double>(kInput * kWeightLimit) / 0x1p31,
              static_cast<double>(kMostInputs * (kInput * kWeightLimit >> 8)) / 0x1p31,
              static_cast<double>(65535 * kTestRate) / 0x1p31,
              static_cast<double>(kInput * kStep + (1 << 16)) / 0x1p31);
  CHECK(kInput * kWeightLimit <= kMost32);
  CHECK(kMostInputs * ((kInput * kWeightLimit >> 8) + 1) <= kMost32);
  CHECK(65535 * kTestRate <= kMost32);
  CHECK(kInput * kStep + (1 << 16) <= kMost32);
  CHECK(kWeightLimit + ((kInput * kStep) >> 17) <= kMost32);
}

// -- refinement.hpp --

void a_refinement_starts_as_squash_and_learns() {
  Refinement refinement(3);
  int before = 0;
  for (int logit = -kLogitLimit; logit <= kLogitLimit; ++logit) {
    const int p = refinement.refine(1, logit);
    CHECK(p >= before && p >= 1 && p <= 65535);
    CHECK(std::abs(p - squash(logit)) < 600);  // straight lines between 33 points of a curve
    before = p;
  }
  const int at_500 = refinement.refine(1, 500);
  for (int i = 0; i < 2000; ++i) {
    (void)refinement.refine(1, 500);
    refinement.learn(0);
  }
  CHECK(refinement.refine(1, 500) < at_500 / 2);
  CHECK(refinement.refine(0, 500) == at_500 && refinement.refine(2, 500) == at_500);
  CHECK(refinement.refine(1, -2000) <= squash(-2000) + 100);
  for (const int logit : {-kLogitLimit, kLogitLimit}) {
    for (const std::uint32_t bit : {0U, 1U}) {
      for (int i = 0; i < 3000; ++i) {
        const int p = refinement.refine(2, logit);
        CHECK(p >= 0 && p <= 65535);
        refinement.learn(bit);
      }
      CHECK(bit == 1 ? refinement.refine(2, logit) > 65000 : refinement.refine(2, logit) < 500);
    }
  }
}

// -- cells.hpp --

/// Teaches the line's cell the bit so many times.
void teach(const CellLine& line, std::uint32_t* place, std::uint32_t bit, int times) {
  for (; times > 0; --times) {
    line.learn(place, line.read(place), bit);
  }
}

void a_cell_learns() {
  Cells cells(12);
  const CellLine line = cells.line(12345, 0);
  std::uint32_t* const place = line.place(1);
  CHECK(line.read(place) == kNewCell);
  std::uint32_t before = line.read(place) >> 16;
  for (int i = 0; i < 200; ++i) {
    teach(line, place, 1, 1);
    const std::uint32_t now = line.read(place) >> 16;
    CHECK(now >= before && now <= 65535);
    before = now;
  }
  CHECK(before > 64000);
  teach(line, place, 0, 500);
  CHECK(line.read(place) >> 16 < 1500);
  std::set<const std::uint32_t*> places;
  for (std::uint32_t partial = 1; partial < 16; ++partial) {
    places.insert(line.place(partial));
    CHECK(line.place(partial) >= line.cells && line.place(partial) < line.cells + 16);
  }
  CHECK(places.size() == 15);
}

void a_cell_of_another_is_new_and_ages() {
  std::uint32_t cell = 0;
  const CellLine first{&cell, 0, 17};
  const CellLine second{&cell, 0, 18};
  teach(first, &cell, 1, 40);
  const std::uint32_t full = cell;
  CHECK(second.read(&cell) == kNewCell);
  teach(second, &cell, 0, 1);  // not at once
  CHECK(first.read(&cell) >> 16 == full >> 16 && first.read(&cell) != full);
  CHECK(kBitHistories.count[cell >> 8 & 255] < kBitHistories.count[full >> 8 & 255]);
  teach(second, &cell, 0, 8);
  CHECK(first.read(&cell) == kNewCell && (cell & 255) == 18);
  CHECK(second.read(&cell) >> 16 < 32768);
}

void a_table_keeps_to_its_memory() {
  Cells cells(12);
  std::mt19937_64 random(3);
  const std::uint32_t* low = nullptr;
  const std::uint32_t* high = nullptr;
  std::set<const std::uint32_t*> lines;
  std::set<std::uint32_t> turns;
  for (int i = 0; i < 20000; ++i) {
    const CellLine line = cells.line(static_cast<std::uint32_t>(random()), i % 17 == 0 ? 0 : 15 + i % 17);
    low = low == nullptr || line.cells < low ? line.cells : low;
    high = high == nullptr || line.cells > high ? line.cells : high;
    CHECK(line.turn < 16 && line.check < 256);
    lines.insert(line.cells);
    turns.insert(line.turn);
  }
  CHECK(high - low == 4096 - 16);
  CHECK(lines.size() == 256 && turns.size() == 16);
  CHECK(reinterpret_cast<std::uintptr_t>(low) % 64 == 0);  // a line is a line of the cache
}

// -- runs.hpp --

void runs_count_what_came_again() {
  Runs runs(12);
  const std::uint32_t hash = 0xabcd1234;
  std::uint32_t* const place = runs.place(hash);
  CHECK(Runs::read(place, hash).count == 0);
  for (std::uint32_t i = 1; i < 100; ++i) {
    Runs::learn(Runs::read(place, hash), 0x41);
    const Run run = Runs::read(place, hash);
    CHECK(run.byte == 0x141 && run.count == std::min(i, kMostRun));
  }
  CHECK(Runs::read(place, hash ^ 1).count == 0);  // another context's
  Runs::learn(Runs::read(place, hash), 0x42);
  CHECK(Runs::read(place, hash).byte == 0x142 && Runs::read(place, hash).count == 1);
  Runs::learn(Runs::read(place, hash ^ 1), 0x42);
  CHECK(Runs::read(place, hash).count == 0 && Runs::read(place, hash ^ 1).count == 1);
}

// -- history.hpp, match.hpp, followers.hpp --

void a_history_is_a_ring() {
  History history(12);
  CHECK(history.size() == 4096);
  for (std::uint64_t i = 0; i < 10000; ++i) {
    history.put(i, static_cast<std::uint8_t>(i % 251));
  }
  for (std::uint64_t i = 10000 - 4096; i < 10000; ++i) {
    CHECK(history.at(i) == i % 251);
  }
  CHECK(history.at(0) == history.at(8192) && history.at(~std::uint64_t{0}) == history.at(8191));
}

void the_past_knows_words_and_lines() {
  Past past;
  for (const char c : {'T', 'h', 'e', ' ', 'c', 'a', 't', '\n', 't', 'h', 'e'}) {
    past.take(static_cast<std::uint8_t>(c));
  }
  CHECK(past.position == 11 && past.line == 8 && past.line_before == 0);
  CHECK(past.byte(1) == 'e' && past.byte(2) == 'h' && past.byte(8) == ' ');
  CHECK(past.last(2) == ('h' << 8 | 'e') && past.last(8) == past.recent);
  CHECK(past.word_length == 3);
  CHECK(past.word == past.word_before_that);  // whatever the case of the letters
  CHECK(past.word != past.word_before && past.word != 0);
  past.take('.');
  CHECK(past.word == 0 && past.word_length == 0);
  CHECK((past.classes & 7) == static_cast<std::uint32_t>(ByteClass::kOther));
  for (int i = 0; i < 100; ++i) {
    past.take(255);
  }
  CHECK(past.classes < 1U << 30 && past.word_length == 100);
}

/// A lane's past, with one match.
struct Follower {
  History history{12};
  MatchTable table{12, 4};
  Past past;
  Match match;

  void take(const test::Block& bytes) {
    for (const std::uint8_t byte : bytes) {
      history.put(past.position, byte);
      past.take(byte);
      match.take(past, history, table, 32);
    }
  }
};

void a_match_is_found_followed_and_left() {
  const test::Block once = test::random_block(60, 4);
  Follower lane;
  lane.take({1, 2, 3});
  lane.take(once);
  CHECK(lane.match.length == 0);
  lane.take({9, 8, 7});
  lane.take(test::Block(once.begin(), once.begin() + 3));
  CHECK(lane.match.length == 0);
  for (std::uint32_t i = 4; i < 60; ++i) {
    lane.take({once[i - 1]});
    CHECK(lane.match.length == i && lane.match.byte == once[i]);
  }
  lane.take({static_cast<std::uint8_t>(once[59] ^ 1)});
  CHECK(lane.match.length == 0);
}

void a_match_is_as_long_as_it_is() {
  const test::Block once = test::random_block(50, 5);
  // Found late: up to 32 bytes back are compared, and not before what differs.
  Follower late;
  late.take(once);
  for (std::size_t i = 0; i < 40; ++i) {
    late.history.put(late.past.position, once[i]);
    late.past.take(once[i]);
  }
  late.take({once[40]});
  CHECK(late.match.length == 32 && late.match.byte == once[41]);
  Follower other;
  other.take(once);
  test::Block changed = once;
  changed[20] ^= 1;
  for (std::size_t i = 0; i < 30; ++i) {
    other.history.put(other.past.position, changed[i]);
    other.past.take(changed[i]);
  }
  other.take({changed[30]});
  CHECK(other.match.length == 10 && other.match.byte == once[31]);
}

void matches_end_at_their_most() {
  Follower lane;
  lane.take(test::Block(70'000, 5));  // round the ring many times
  CHECK(lane.match.length == 65535 && lane.match.byte == 5);
  lane.take({6});
  CHECK(lane.match.length == 0);
  lane.take(test::random_block(10'000, 6));
  CHECK(lane.match.length < 4096);
}

void steps_of_lengths_grow() {
  std::uint32_t before = 0;
  for (std::uint32_t length = 0; length <= 65535; ++length) {
    const std::uint32_t step = length_step(length);
    CHECK(step == before || step == before + 1);
    before = step;
  }
  CHECK(length_step(0) == 0 && length_step(15) == 15 && before < 32);
}

void followers_are_the_last_two() {
  Followers followers;
  Past past;
  for (const std::uint8_t byte : test::Block{1, 2, 3, 1, 2, 4, 1, 2}) {
    followers.take(past, byte);
    past.take(byte);
  }
  CHECK(followers.of_byte(past) == (3 << 8 | 4) && followers.of_pair(past) == (3 << 8 | 4));
  followers.take(past, 5);
  CHECK(followers.of_byte(past) == (4 << 8 | 5));
  past.take(5);
  CHECK(followers.of_byte(past) == 0);
}

// -- context_sets.hpp --

template <typename Set>
void check_contexts(RecordShape shape) {
  History history(12);
  Followers followers;
  Past past;
  std::vector<std::uint64_t> before;
  for (const std::uint8_t byte : test::random_block(10000, 7)) {
    std::vector<std::uint64_t> values(Set::kContexts + 1, 0x1234567812345678);
    Set::fill(values.data(), past, history, followers, shape);
    CHECK(values.back() == 0x1234567812345678);  // no more than it says
    CHECK(std::count(values.begin(), values.end(), 0x1234567812345678) == 1);
    history.put(past.position, byte);
    followers.take(past, byte);
    past.take(byte);
  }
}

void sets_fill_all_their_contexts() {
  static_assert(LightSet::kOrders <= 7 && TextSet::kOrders <= 7 && RecordSet::kOrders <= 7);  // rows of the first mixer
  check_contexts<LightSet>({});
  check_contexts<TextSet>({});
  for (const RecordShape shape : {RecordShape{1, 0}, RecordShape{28, 0}, RecordShape{3, 300}, RecordShape{2, 400},
                                  RecordShape{2, 3}, RecordShape{65535, 0}, RecordShape{65534, 65535}}) {
    check_contexts<RecordSet>(shape);
  }
}

// -- bit_coders.hpp --

void a_reader_reads_what_a_writer_wrote() {
  std::mt19937_64 random(8);
  const test::Block bytes = test::random_block(5000, 9);
  std::vector<std::uint16_t> probabilities(8 * bytes.size());
  for (std::uint16_t& p : probabilities) {
    const std::uint64_t any = random();
    p = static_cast<std::uint16_t>(any % 3 == 0 ? 1 : any % 3 == 1 ? 65535 : 1 + (any >> 8) % 65535);
  }
  BitWriter writer;
  double exact = 0;
  std::size_t at = 0;
  for (const std::uint8_t byte : bytes) {
    writer.begin_byte(byte);
    for (std::uint32_t place = 8; place-- > 0; ++at) {
      const std::uint32_t bit = byte >> place & 1U;
      exact -= std::log2((bit == 1 ? probabilities[at] : 65536 - probabilities[at]) / 65536.0);
      CHECK(writer(probabilities[at], place) == bit);
    }
  }
  CHECK(std::abs(writer.ideal_bits() - exact) < 1e-6 * exact);
  const std::vector<std::uint8_t> stream = writer.finish();
  CHECK(static_cast<double>(8 * stream.size()) < exact * 1.001 + 64);
  const auto read = [&](std::span<const std::uint8_t> payload) {
    BitReader reader(payload);
    std::size_t i = 0;
    std::size_t wrong = 0;
    for (const std::uint8_t byte : bytes) {
      reader.begin_byte(0);
      std::uint32_t found = 0;
      for (std::uint32_t place = 8; place-- > 0; ++i) {
        found = found << 1 | reader(probabilities[i], place);
      }
      wrong += found != byte ? 1 : 0;
    }
    CHECK(reader.status() == Errc::kOk || reader.finish() == reader.status());
    return std::pair(reader.finish(), wrong);
  };
  CHECK(read(stream) == std::pair(Errc::kOk, std::size_t{0}));
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, stream.size() / 2, stream.size() - 1}) {
    const auto [code, wrong] = read(std::span(stream).first(size));
    CHECK(code != Errc::kOk || wrong > 0);
  }
}

// -- byte_predictor.hpp, experts.hpp --

/// A coder that only looks: it gives the bits of a byte and keeps the probability of all of them.
struct Looker {
  std::uint8_t byte = 0;
  double bits = 0;
  std::uint32_t operator()(std::uint16_t probability, std::uint32_t place) {
    CHECK(probability >= 1);
    const std::uint32_t bit = byte >> place & 1U;
    bits -= std::log2((bit == 1 ? probability : 65536 - probability) / 65536.0);
    return bit;
  }
};

/// Bits that the set takes for a block.
template <typename Set>
double bits_of(const test::Block& block, RecordShape shape, const std::vector<std::uint32_t>* cdf) {
  Memory memory(14, 14);
  Lane lane;
  BytePredictor<Set> predictor;
  Looker looker;
  for (const std::uint8_t byte : block) {
    looker.byte = byte;
    CHECK(predictor.code(lane, memory, shape, cdf == nullptr ? nullptr : cdf->data(), looker) == byte);
    lane.take(byte, memory);
  }
  return looker.bits;
}

void a_predictor_learns() {
  const test::Block zeros(1500, 0);
  const test::Block noise = test::random_block(1500, 10);
  for (const RecordShape shape : {RecordShape{1, 0}, RecordShape{4, 32}}) {
    CHECK(bits_of<RecordSet>(zeros, shape, nullptr) < 300);
    CHECK(bits_of<RecordSet>(noise, shape, nullptr) < 8 * 1500 * 1.15);
  }
  CHECK(bits_of<TextSet>(zeros, {}, nullptr) < 300);
  CHECK(bits_of<TextSet>(noise, {}, nullptr) < 8 * 1500 * 1.15);
  CHECK(bits_of<LightSet>(zeros, {}, nullptr) < 300);
}

void a_predictor_hears_the_network() {
  const test::Block noise = test::random_block(1500, 10);
  std::vector<std::uint32_t> half(257);  // all of it to the bytes below 16
  for (std::uint32_t i = 0; i < 257; ++i) {
    half[i] = i <= 16 ? i * ((1U << 20) - 15) : (1U << 24) - 256 + i;
  }
  test::Block low = noise;
  for (std::uint8_t& byte : low) {
    byte &= 15;
  }
  CHECK(half[16] == (1U << 24) - 240 && half[256] == 1U << 24);
  CHECK(bits_of<TextSet>(low, {}, &half) < 4.6 * 1500);
  CHECK(bits_of<TextSet>(low, {}, &half) < bits_of<TextSet>(low, {}, nullptr));
  CHECK(bits_of<LightSet>(low, {}, &half) < bits_of<LightSet>(low, {}, nullptr));
  CHECK(bits_of<TextSet>(noise, {}, &half) > 8 * 1500);  // a network that is wrong
}

void experts_code_with_every_set() {
  for (const bool light : {true, false}) {
    for (const BlockContexts contexts :
         {BlockContexts{}, BlockContexts{true, {28, 0}}, BlockContexts{true, {2, 400}}}) {
      Experts writing(light, 12, 12);
      Experts reading(light, 12, 12);
      for (std::uint64_t seed = 0; seed < 2; ++seed) {
        const test::Block block = test::records_block(2800, seed);
        test::Block bytes = block;
        BitWriter writer;
        writing.begin(contexts);
        code_bytes(writing, writer, bytes.data(), bytes.size(), nullptr);
        CHECK(bytes == block);
        const std::vector<std::uint8_t> stream = writer.finish();
        test::Block found(block.size());
        BitReader reader(stream);
        reading.begin(contexts);
        code_bytes(reading, reader, found.data(), 1000, nullptr);  // in two pieces
        code_bytes(reading, reader, found.data() + 1000, found.size() - 1000, nullptr);
        CHECK(reader.finish() == Errc::kOk && found == block);
        CHECK(writing.lane.past.first == 2800 * seed);
      }
    }
  }
}

}  // namespace
}  // namespace foretell

int main() {
  const foretell::test::Test tests[] = {
      {"squash_is_the_logistic_function", foretell::squash_is_the_logistic_function},
      {"stretch_is_its_inverse", foretell::stretch_is_its_inverse},
      {"bit_histories_are_closed", foretell::bit_histories_are_closed},
      {"a_history_stays_with_what_comes", foretell::a_history_stays_with_what_comes},
      {"aged_histories_hold_less", foretell::aged_histories_hold_less},
      {"adaptive_probabilities_converge", foretell::adaptive_probabilities_converge},
      {"adaptive_probabilities_keep_their_range", foretell::adaptive_probabilities_keep_their_range},
      {"a_mixer_trusts_what_is_right", foretell::a_mixer_trusts_what_is_right},
      {"weights_stay_within_their_limit", foretell::weights_stay_within_their_limit},
      {"products_of_mixers_fit", foretell::products_of_mixers_fit},
      {"a_refinement_starts_as_squash_and_learns", foretell::a_refinement_starts_as_squash_and_learns},
      {"a_cell_learns", foretell::a_cell_learns},
      {"a_cell_of_another_is_new_and_ages", foretell::a_cell_of_another_is_new_and_ages},
      {"a_table_keeps_to_its_memory", foretell::a_table_keeps_to_its_memory},
      {"runs_count_what_came_again", foretell::runs_count_what_came_again},
      {"a_history_is_a_ring", foretell::a_history_is_a_ring},
      {"the_past_knows_words_and_lines", foretell::the_past_knows_words_and_lines},
      {"a_match_is_found_followed_and_left", foretell::a_match_is_found_followed_and_left},
      {"a_match_is_as_long_as_it_is", foretell::a_match_is_as_long_as_it_is},
      {"matches_end_at_their_most", foretell::matches_end_at_their_most},
      {"steps_of_lengths_grow", foretell::steps_of_lengths_grow},
      {"followers_are_the_last_two", foretell::followers_are_the_last_two},
      {"sets_fill_all_their_contexts", foretell::sets_fill_all_their_contexts},
      {"a_reader_reads_what_a_writer_wrote", foretell::a_reader_reads_what_a_writer_wrote},
      {"a_predictor_learns", foretell::a_predictor_learns},
      {"a_predictor_hears_the_network", foretell::a_predictor_hears_the_network},
      {"experts_code_with_every_set", foretell::experts_code_with_every_set},
  };
  return foretell::test::run_all(tests);
}
