#include "foretell/lanes.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "check.hpp"
#include "messages.hpp"

namespace foretell {
namespace {

using Bytes = std::vector<std::uint8_t>;
using Streams = std::vector<Bytes>;

constexpr unsigned kPrecision = 24;
constexpr std::size_t kVocabulary = 50;
constexpr std::size_t kSteps = 30;

std::vector<std::span<const std::uint8_t>> spans(const Streams& streams) { return {streams.begin(), streams.end()}; }

std::vector<test::Message> make_lanes(std::size_t lanes) {
  std::vector<test::Message> messages;
  for (std::size_t i = 0; i < lanes; ++i) {
    messages.push_back(test::make_message(i, kSteps, kVocabulary, kPrecision));
  }
  return messages;
}

/// The CDFs of step t, one row a lane.
std::vector<std::uint64_t> step_cdf(const std::vector<test::Message>& lanes, std::size_t t) {
  std::vector<std::uint64_t> cdf;
  for (const test::Message& lane : lanes) {
    const auto row = lane.cdf.begin() + static_cast<std::ptrdiff_t>(t * lane.row_size);
    cdf.insert(cdf.end(), row, row + static_cast<std::ptrdiff_t>(lane.row_size));
  }
  return cdf;
}

Streams encode_singly(const std::vector<test::Message>& lanes) {
  Streams streams;
  for (const test::Message& lane : lanes) {
    RangeEncoder encoder(kPrecision);
    encoder.encode(std::span<const std::uint64_t>(lane.start), std::span<const std::uint64_t>(lane.freq));
    streams.push_back(encoder.finish());
  }
  return streams;
}

Streams encode_by_step(const std::vector<test::Message>& lanes) {
  LaneEncoder encoder(lanes.size(), kPrecision);
  for (std::size_t t = 0; t < kSteps; ++t) {
    std::vector<std::uint32_t> symbols;
    for (const test::Message& lane : lanes) {
      symbols.push_back(lane.symbols[t]);
    }
    const std::vector<std::uint64_t> cdf = step_cdf(lanes, t);
    encoder.encode_step(std::span<const std::uint32_t>(symbols),
                        CdfRows(std::span<const std::uint64_t>(cdf), kVocabulary + 1));
  }
  return encoder.finish();
}

Streams encode_at_once(const std::vector<test::Message>& lanes) {
  std::vector<std::uint64_t> start;
  std::vector<std::uint64_t> freq;
  for (const test::Message& lane : lanes) {
    start.insert(start.end(), lane.start.begin(), lane.start.end());
    freq.insert(freq.end(), lane.freq.begin(), lane.freq.end());
  }
  LaneEncoder encoder(lanes.size(), kPrecision);
  encoder.encode(std::span<const std::uint64_t>(start), std::span<const std::uint64_t>(freq), kSteps);
  return encoder.finish();
}

bool decodes(const Streams& streams, const std::vector<test::Message>& lanes) {
  const auto views = spans(streams);
  LaneDecoder decoder(views, kPrecision);
  std::vector<std::uint32_t> symbols(lanes.size());
  bool same = true;
  for (std::size_t t = 0; t < kSteps; ++t) {
    const std::vector<std::uint64_t> cdf = step_cdf(lanes, t);
    decoder.decode_step(CdfRows(std::span<const std::uint64_t>(cdf), kVocabulary + 1), std::span(symbols));
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      same = same && symbols[i] == lanes[i].symbols[t];
    }
  }
  decoder.finish();
  return same;
}

void lanes_are_single_streams() {
  for (const std::size_t count : {0UL, 1UL, 2UL, 7UL, 64UL}) {
    const std::vector<test::Message> lanes = make_lanes(count);
    const Streams streams = encode_singly(lanes);
    CHECK(encode_by_step(lanes) == streams);
    CHECK(encode_at_once(lanes) == streams);
    CHECK(decodes(streams, lanes));
  }
}

void errors_name_the_lane_and_last() {
  const std::vector<test::Message> lanes = make_lanes(3);
  Streams streams = encode_singly(lanes);
  streams[1].assign(8, 0xff);  // above every slot
  const auto views = spans(streams);
  LaneDecoder decoder(views, kPrecision);
  std::vector<std::uint32_t> symbols(3);
  const std::vector<std::uint64_t> cdf = step_cdf(lanes, 0);
  const auto step = [&] {
    decoder.decode_step(CdfRows(std::span<const std::uint64_t>(cdf), kVocabulary + 1), std::span(symbols));
  };
  CHECK_THROWS(kCorrupt, step());
  CHECK_THROWS(kCorrupt, step());
  CHECK_THROWS(kCorrupt, decoder.finish());

  LaneEncoder encoder(3, kPrecision);
  const std::vector<std::uint32_t> outside{0, 0, kVocabulary};
  const auto encode = [&](const std::vector<std::uint32_t>& values) {
    encoder.encode_step(std::span<const std::uint32_t>(values),
                        CdfRows(std::span<const std::uint64_t>(cdf), kVocabulary + 1));
  };
  CHECK_THROWS(kInvalidArgument, encode({0, 0}));  // a wrong shape changes nothing
  encode({0, 0, 0});
  CHECK_THROWS(kInvalidArgument, encode(outside));
  CHECK_THROWS(kInvalidArgument, encode({0, 0, 0}));
}

void separate_coders_run_in_threads() {
  const std::vector<test::Message> lanes = make_lanes(16);
  const Streams expected = encode_singly(lanes);
  std::vector<int> same(4, 0);
  std::vector<std::thread> threads;
  for (int& result : same) {
    threads.emplace_back([&] { result = encode_by_step(lanes) == expected && decodes(expected, lanes); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (const int result : same) {
    CHECK(result != 0);
  }
}

void threads_share_the_lanes_of_many_steps() {
  constexpr std::size_t kCount = 9;
  constexpr std::size_t kLong = 3000;  // enough for threads to be started
  constexpr std::size_t kFew = 6;
  std::vector<std::uint32_t> symbols;
  std::vector<std::uint64_t> cdf;
  std::vector<std::uint64_t> start;
  std::vector<std::uint64_t> freq;
  Streams plain;
  for (std::size_t i = 0; i < kCount; ++i) {
    const test::Message lane = test::make_message(i, kLong, kFew, kPrecision);
    RangeEncoder encoder(kPrecision);
    encoder.encode(std::span<const std::uint64_t>(lane.start), std::span<const std::uint64_t>(lane.freq));
    plain.push_back(encoder.finish());
    symbols.insert(symbols.end(), lane.symbols.begin(), lane.symbols.end());
    cdf.insert(cdf.end(), lane.cdf.begin(), lane.cdf.end());
    start.insert(start.end(), lane.start.begin(), lane.start.end());
    freq.insert(freq.end(), lane.freq.begin(), lane.freq.end());
  }
  const CdfRows rows(std::span<const std::uint64_t>(cdf), kFew + 1);
  for (const bool checksum : {false, true}) {
    Streams first;
    for (const std::size_t threads : {1UL, 2UL, 4UL, 64UL}) {
      LaneEncoder by_cdf(kCount, kPrecision, checksum, threads);
      by_cdf.encode_symbols(std::span<const std::uint32_t>(symbols), rows, kLong);
      const Streams streams = by_cdf.finish();
      LaneEncoder by_slots(kCount, kPrecision, checksum, threads);
      by_slots.encode(std::span<const std::uint64_t>(start), std::span<const std::uint64_t>(freq), kLong);
      CHECK(by_slots.finish() == streams);
      first = first.empty() ? streams : first;
      CHECK(streams == first && (streams == plain) == !checksum);

      const auto views = spans(streams);
      LaneDecoder decoder(views, kPrecision, checksum, threads);
      std::vector<std::uint32_t> decoded(symbols.size());
      decoder.decode(rows, std::span(decoded), kLong);
      CHECK(decoded == symbols && decoder.is_exhausted());
      decoder.finish();

      LaneDecoder other(views, kPrecision, !checksum, threads);
      other.decode(rows, std::span(decoded), kLong);
      CHECK(!other.is_exhausted());
      CHECK(test::thrown_by([&] { other.finish(); }) != Errc::kOk);
    }
  }
  // Of all that fail, the lowest lane is named, and nothing is left running.
  std::vector<std::uint64_t> broken = cdf;
  for (const std::size_t lane : {7UL, 2UL}) {
    broken[(lane * kLong + 5) * (kFew + 1)] = 1;
  }
  LaneDecoder decoder(spans(plain), kPrecision, false, 4);
  std::vector<std::uint32_t> decoded(symbols.size());
  std::string message;
  try {
    decoder.decode(CdfRows(std::span<const std::uint64_t>(broken), kFew + 1), std::span(decoded), kLong);
  } catch (const Error& error) {
    message = error.what();
  }
  CHECK(message.starts_with("lane 2, step 5:"));
  CHECK_THROWS(kInvalidArgument, LaneEncoder(1, kPrecision, false, 0));
  CHECK_THROWS(kInvalidArgument, LaneDecoder({}, kPrecision, false, kMaxThreads + 1));
}

}  // namespace
}  // namespace foretell

int main() {
  const foretell::test::Test tests[] = {
      {"lanes_are_single_streams", foretell::lanes_are_single_streams},
      {"errors_name_the_lane_and_last", foretell::errors_name_the_lane_and_last},
      {"separate_coders_run_in_threads", foretell::separate_coders_run_in_threads},
      {"threads_share_the_lanes_of_many_steps", foretell::threads_share_the_lanes_of_many_steps},
  };
  return foretell::test::run_all(tests);
}
