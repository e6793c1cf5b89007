#include "foretell/mix_codec.hpp"

#include <cstdint>
#include <random>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "blocks.hpp"
#include "check.hpp"
#include "foretell/filters.hpp"
#include "mix_kinds.hpp"
#include "mix_layout.hpp"

namespace foretell {
namespace {

using test::Block;
using test::decoded;
using test::parameters;

/// Calls function(contexts, network) for each kind of codec.
template <typename Function>
void for_each_kind(Function&& function) {
  for (const std::uint32_t contexts : {0U, 1U}) {
    for (const bool network : {false, true}) {
      function(contexts, network);
    }
  }
}

Block every_byte(std::size_t times) {
  Block block;
  for (std::size_t i = 0; i < 256 * times; ++i) {
    block.push_back(static_cast<std::uint8_t>(i));
  }
  return block;
}

std::vector<Block> blocks() {
  return {{},
          {0},
          {255},
          {7, 7},
          every_byte(2),
          Block(5000, 0),
          test::random_block(1500, 1),
          test::text_block(5000, 2),
          test::records_block(28 * 150, 3),
          test::image_block(6400, 4),
          test::code_block(6000, 5),
          test::text_block(3000, 2)};
}

void blocks_come_back_alone() {
  for_each_kind([](std::uint32_t contexts, bool network) {
    for (const Block& block : blocks()) {
      MixCodec encoder(parameters(contexts, network));
      MixCodec decoder(parameters(contexts, network));
      const MixBlock coded = encoder.encode(block);
      CHECK(decoded(decoder, coded.payload, block.size()) == block);
      CHECK(block.empty() == coded.payload.empty());
      const auto bits = static_cast<double>(8 * coded.payload.size());
      CHECK(coded.ideal_bits <= bits && bits <= coded.ideal_bits * 1.01 + 96);
    }
  });
}

void blocks_come_back_in_a_row() {
  for_each_kind([](std::uint32_t contexts, bool network) {
    MixCodec encoder(parameters(contexts, network));
    MixCodec again(parameters(contexts, network));
    MixCodec decoder(parameters(contexts, network));
    std::vector<std::size_t> sizes;
    for (const Block& block : blocks()) {
      const MixBlock coded = encoder.encode(block);
      CHECK(again.encode(block).payload == coded.payload);
      CHECK(decoded(decoder, coded.payload, block.size()) == block);
      sizes.push_back(coded.payload.size());
    }
    CHECK(sizes.back() * 4 < 3000);  // learned from the same words before
  });
}

void what_was_learned_is_used() {
  for_each_kind([](std::uint32_t contexts, bool network) {
    MixCodec encoder(parameters(contexts, network));
    const Block block = test::text_block(4000, 6);
    const std::size_t first = encoder.encode(block).payload.size();
    CHECK(first < block.size() * 3 / 4);
    CHECK(encoder.encode(block).payload.size() * 4 < first);
    CHECK(encoder.encode(Block(4000, 0)).payload.size() < 100);
    const Block noise = test::random_block(4000, 7);
    CHECK(encoder.encode(noise).payload.size() < noise.size() * 108 / 100);
  });
}

/// A decoder whose past is another has other probabilities.
void control_another_past_is_seen() {
  const Block block = test::text_block(2000, 8);
  MixCodec encoder(parameters(1, false));
  MixCodec decoder(parameters(1, false));
  (void)encoder.encode(block);
  const MixBlock second = encoder.encode(block);
  Block other(block.size());
  const Errc code = test::thrown_by([&] { decoder.decode(second.payload, other); });
  CHECK(code != Errc::kOk || other != block);
}

void a_history_shorter_than_the_block() {
  for (const std::uint32_t contexts : {0U, 1U}) {
    const MixParameters small{.contexts = contexts, .cell_bits = 12, .history_bits = 12, .network = {}};
    MixCodec encoder(small);
    MixCodec decoder(small);
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      for (Block block : {test::text_block(9000, seed), test::image_block(9000, seed)}) {
        const Block first(block.begin(), block.begin() + 4096);
        block.insert(block.end(), first.begin(), first.end());  // the match reaches just what is overwritten
        CHECK(decoded(decoder, encoder.encode(block).payload, block.size()) == block);
      }
    }
  }
}

void progress_is_told() {
  const Block block = test::text_block(40000, 9);
  for (const bool network : {false, true}) {
    MixCodec encoder(parameters(0, network));
    MixCodec decoder(parameters(0, network));
    std::size_t coded = 0;
    std::size_t calls = 0;
    const MixBlock out = encoder.encode(block, [&](std::size_t bytes) {
      coded += bytes;
      ++calls;
    });
    CHECK(coded == block.size() && calls > 1);
    Block back(block.size());
    coded = 0;
    decoder.decode(out.payload, back, [&](std::size_t bytes) { coded += bytes; });
    CHECK(coded == block.size() && back == block);
    bool thrown = false;
    try {
      (void)encoder.encode(block, [](std::size_t) { throw std::runtime_error("enough"); });
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    CHECK(thrown);
  }
}

void a_codec_moves() {
  const Block block = test::text_block(1000, 10);
  MixCodec encoder(parameters(0, true));
  MixCodec decoder(parameters(0, true));
  const MixBlock first = encoder.encode(block);
  MixCodec moved(std::move(encoder));
  const MixBlock second = moved.encode(block);
  CHECK(decoded(decoder, first.payload, block.size()) == block);
  MixCodec other(parameters(1, false));
  other = std::move(decoder);
  CHECK(decoded(other, second.payload, block.size()) == block);
}

void parameters_have_ranges() {
  const auto make = [](std::uint32_t contexts, std::uint32_t cell_bits, std::uint32_t history_bits) {
    return MixCodec(MixParameters{
        .contexts = contexts, .cell_bits = cell_bits, .history_bits = history_bits, .network = std::nullopt});
  };
  CHECK_THROWS(kInvalidArgument, make(2, 16, 16));
  CHECK_THROWS(kInvalidArgument, make(0, 11, 16));
  CHECK_THROWS(kInvalidArgument, make(0, 31, 16));
  CHECK_THROWS(kInvalidArgument, make(0, 16, 11));
  CHECK_THROWS(kInvalidArgument, make(0, 16, 31));
  CHECK_THROWS(kInvalidArgument, make(~0U, ~0U, ~0U));
  CHECK_THROWS(kOk, make(0, 12, 12));
  CHECK_THROWS(kOk, make(1, 12, 12));
  MixParameters lanes = parameters(0, true);
  lanes.network->lanes = 2;
  CHECK_THROWS(kInvalidArgument, MixCodec codec(lanes));
  lanes.network->lanes = 1;
  lanes.network->hidden = 0;
  CHECK_THROWS(kInvalidArgument, MixCodec codec(lanes));
}

/// What decoding a damaged payload came to: an error of the data, or bytes.
struct Outcome {
  Errc code;
  Block block;
};

Outcome outcome_of(std::uint32_t contexts, bool network, const Block& payload, std::size_t size) {
  MixParameters small = parameters(contexts, network);
  small.cell_bits = 12;
  small.history_bits = 12;
  MixCodec decoder(small);
  Outcome out{Errc::kOk, Block(size)};
  const Block exact(payload.begin(), payload.end());
  out.code = test::thrown_by([&] { decoder.decode(exact, out.block); });
  CHECK(out.code == Errc::kOk || out.code == Errc::kCorrupt || out.code == Errc::kTruncated);
  return out;
}

void damage_is_an_error_or_other_bytes() {
  std::mt19937_64 random(11);
  for_each_kind([&](std::uint32_t contexts, bool network) {
    for (const Block& block : {test::text_block(150, 12), test::records_block(28 * 30, 13)}) {
      MixParameters small = parameters(contexts, network);
      small.cell_bits = 12;
      small.history_bits = 12;
      MixCodec encoder(small);
      const Block payload = encoder.encode(block).payload;
      const Outcome whole = outcome_of(contexts, network, payload, block.size());
      CHECK(whole.code == Errc::kOk && whole.block == block);
      const std::size_t layout = write_layout(layout_of(block)).size();
      const auto differs = [&](const Block& damaged, std::size_t size, bool always) {
        const Outcome outcome = outcome_of(contexts, network, damaged, size);
        CHECK(!always || outcome.code != Errc::kOk || outcome.block != block);
      };
      const std::size_t step = 1 + payload.size() / (contexts == 0 && !network ? 120 : 8);
      for (std::size_t size = 0; size < payload.size(); size += step) {
        differs(Block(payload.begin(), payload.begin() + static_cast<std::ptrdiff_t>(size)), block.size(), true);
      }
      for (std::size_t end = 1; end <= 4; ++end) {
        differs(Block(payload.begin(), payload.end() - static_cast<std::ptrdiff_t>(end)), block.size(), true);
      }
      for (int flips = contexts == 0 && !network ? 60 : 8; flips > 0; --flips) {
        Block damaged = payload;
        const std::size_t at = random() % payload.size();
        damaged[at] ^= static_cast<std::uint8_t>(1U << random() % 8);
        // What describes the block may say the same in other ways: few contexts do not look at the records.
        differs(damaged, block.size(), at >= layout);
      }
      for (std::size_t at = 0; at < layout && !network; ++at) {
        for (const std::uint8_t byte : Block{0x00, 0x11, 0x14, 0xff}) {
          Block damaged = payload;
          damaged[at] = byte;
          differs(damaged, block.size(), false);
        }
      }
      Block longer = payload;
      longer.push_back(0);
      differs(longer, block.size(), true);
      differs(payload, block.size() + 1, true);
      differs(payload, block.size() - 1, true);
    }
  });
  MixCodec codec(parameters(0, false));
  Block none;
  CHECK_THROWS(kOk, codec.decode({}, none));
  CHECK_THROWS(kCorrupt, codec.decode(Block{0}, none));
  Block one(1);
  CHECK_THROWS(kTruncated, codec.decode({}, one));
}

/// A block that promises far more bytes than its payload has ends early.
void a_short_payload_ends_early() {
  const Block payload = {0, 1, 2, 3, 4};
  MixCodec decoder(parameters(0, false));
  Block block(100'000'000);
  std::size_t done = 0;
  CHECK_THROWS(kTruncated, decoder.decode(payload, block, [&](std::size_t bytes) { done += bytes; }));
  CHECK(done < 100'000);
}

}  // namespace
}  // namespace foretell

int main() {
  const foretell::test::Test tests[] = {
      {"blocks_come_back_alone", foretell::blocks_come_back_alone},
      {"blocks_come_back_in_a_row", foretell::blocks_come_back_in_a_row},
      {"what_was_learned_is_used", foretell::what_was_learned_is_used},
      {"control_another_past_is_seen", foretell::control_another_past_is_seen},
      {"a_history_shorter_than_the_block", foretell::a_history_shorter_than_the_block},
      {"progress_is_told", foretell::progress_is_told},
      {"a_codec_moves", foretell::a_codec_moves},
      {"parameters_have_ranges", foretell::parameters_have_ranges},
      {"damage_is_an_error_or_other_bytes", foretell::damage_is_an_error_or_other_bytes},
      {"a_short_payload_ends_early", foretell::a_short_payload_ends_early},
  };
  return foretell::test::run_all(tests);
}
