#include "foretell/contexts.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

#include "check.hpp"

namespace foretell {
namespace {

struct Features {
  std::vector<std::int64_t> rows, candidates, buckets;
  bool operator==(const Features&) const = default;
};

Features features_of(const ByteContexts& contexts) {
  Features f;
  f.rows.resize(contexts.lanes() * ByteContexts::kSlots);
  f.candidates.resize(contexts.lanes() * ByteContexts::kCandidates);
  f.buckets.resize(f.candidates.size());
  contexts.features(f.rows, f.candidates, f.buckets);
  return f;
}

/// Shows one lane the text and returns the features of the step after it.
Features after(ByteContexts& contexts, std::string_view text) {
  contexts.begin(1);
  for (const char c : text) {
    const auto symbol = static_cast<std::uint8_t>(c);
    contexts.observe({&symbol, 1});
  }
  return features_of(contexts);
}

void rows_stay_in_their_slots() {
  for (const unsigned bits : {8U, 12U, 20U}) {
    ByteContexts contexts(bits, 8);
    const std::size_t second = std::size_t{1} << (bits < 16 ? bits : 16);
    CHECK(contexts.table_rows() == 256 + second + 6 * (std::size_t{1} << bits));
    const Features f = after(contexts, "The quick brown fox");
    CHECK(f.rows[0] == 'x');
    CHECK(f.rows[1] >= 256 && f.rows[1] < static_cast<std::int64_t>(256 + second));
    for (std::size_t slot = 2; slot < ByteContexts::kSlots; ++slot) {
      const auto first = static_cast<std::int64_t>(256 + second + ((slot - 2) << bits));
      CHECK(f.rows[slot] >= first && f.rows[slot] < first + (std::int64_t{1} << bits));
    }
  }
}

void each_slot_sees_its_own_past() {
  ByteContexts contexts(20, 8);
  const Features a = after(contexts, "hot potato");
  const Features b = after(contexts, "cut potato");  // differs 8 bytes back, and in the word before
  for (std::size_t slot = 0; slot < 7; ++slot) {
    CHECK(a.rows[slot] == b.rows[slot]);
  }
  CHECK(a.rows[7] != b.rows[7]);
  const Features c = after(contexts, "POTATO");  // words are compared without case
  CHECK(c.rows[6] == a.rows[6]);
  CHECK(c.rows[0] != a.rows[0]);
}

void candidates_learn_and_forget() {
  ByteContexts contexts(8, 12);
  const Features once = after(contexts, "abcdX abcd");
  const auto confidence = [](const Features& f, std::size_t k) { return f.buckets[k] % 16; };
  CHECK(once.candidates[0] == 'X' && confidence(once, 0) == 1);  // order 3: "bcd" was followed by X once
  CHECK(once.candidates[1] == 'X' && confidence(once, 1) == 1);  // order 4
  CHECK(confidence(once, 2) == 0);                               // order 5: " abcd" is new
  CHECK(once.buckets[2] / 16 == 2);
  ByteContexts fresh(8, 12);
  const Features twice = after(fresh, "abcdX abcdX abcd");
  CHECK(twice.candidates[2] == 'X' && confidence(twice, 1) == 2 && confidence(twice, 2) == 1);
  ByteContexts other(8, 12);
  const Features changed = after(other, "abcdX abcdY abcd");
  CHECK(changed.candidates[1] == 'Y' && confidence(changed, 1) == 1);
  ByteContexts loyal(8, 12);
  const Features kept = after(loyal, "abcdX abcdX abcdX abcdX abcdY abcd");
  CHECK(kept.candidates[1] == 'X' && confidence(kept, 1) == 1);  // four hits, one surprise: 4 >> 2
}

void lanes_share_what_they_saw() {
  ByteContexts contexts(10, 12);
  contexts.begin(2);
  for (const char c : std::string_view("abcdX")) {
    const std::uint8_t symbols[] = {static_cast<std::uint8_t>(c), 'z'};
    contexts.observe(symbols);
  }
  const Features other = after(contexts, "abcd");  // begin() forgets the lanes, not the runs
  CHECK(other.candidates[1] == 'X');
}

void sizes_are_checked() {
  CHECK_THROWS(kInvalidArgument, ByteContexts(7, 10));
  CHECK_THROWS(kInvalidArgument, ByteContexts(10, 27));
  ByteContexts contexts(8, 8);
  contexts.begin(2);
  const std::vector<std::uint8_t> three(3);
  CHECK_THROWS(kInvalidArgument, contexts.observe(three));
  std::vector<std::int64_t> rows(15), cells(16);
  CHECK_THROWS(kInvalidArgument, contexts.features(rows, cells, cells));
}

void distinct_values() {
  const std::vector<std::int64_t> values = {7, 3, 7, 0, 3, 1'000'000'000'000, 0};
  std::vector<std::int64_t> inverse(values.size());
  const auto found = distinct(values, inverse);
  CHECK(found == (std::vector<std::int64_t>{7, 3, 0, 1'000'000'000'000}));
  CHECK(inverse == (std::vector<std::int64_t>{0, 1, 0, 2, 1, 3, 2}));
  CHECK(distinct({}, {}).empty());
  CHECK_THROWS(kInvalidArgument, (void)distinct(values, std::span(inverse).first(2)));
  std::vector<std::int64_t> many(5000);
  for (std::size_t i = 0; i < many.size(); ++i) {
    many[i] = static_cast<std::int64_t>((i * i) % 1237);
  }
  inverse.resize(many.size());
  const auto unique = distinct(many, inverse);
  for (std::size_t i = 0; i < many.size(); ++i) {
    CHECK(unique[static_cast<std::size_t>(inverse[i])] == many[i]);
  }
}

}  // namespace
}  // namespace foretell

int main() {
  using namespace foretell;
  const test::Test tests[] = {
      {"rows stay in their slots", rows_stay_in_their_slots},
      {"each slot sees its own past", each_slot_sees_its_own_past},
      {"candidates learn and forget", candidates_learn_and_forget},
      {"lanes share what they saw", lanes_share_what_they_saw},
      {"sizes are checked", sizes_are_checked},
      {"distinct values", distinct_values},
  };
  return test::run_all(tests);
}
