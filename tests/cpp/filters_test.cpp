#include "foretell/filters.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string_view>
#include <vector>

#include "check.hpp"

namespace foretell {
namespace {

using Bytes = std::vector<std::uint8_t>;

std::vector<Filter> all_filters() {
  std::vector<Filter> filters;
  for (unsigned kind = 0; kind < 256; ++kind) {
    for (unsigned parameter = 0; parameter < 256; ++parameter) {
      const Filter filter{static_cast<FilterKind>(kind), static_cast<std::uint8_t>(parameter)};
      if (is_known(filter)) {
        filters.push_back(filter);
      }
    }
  }
  return filters;
}

Bytes applied(Filter filter, Bytes block) {
  apply_filter(filter, block);
  return block;
}

Bytes undone(Filter filter, Bytes block) {
  undo_filter(filter, block);
  return block;
}

Bytes bytes(std::string_view hex) {
  Bytes block;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 3) {
    const auto digit = [](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); };
    block.push_back(static_cast<std::uint8_t>(digit(hex[i]) << 4 | digit(hex[i + 1])));
  }
  return block;
}

/// Any bytes; or only those that opcodes, ModRM and signs are made of, so that operands overlap everywhere; or samples.
Bytes make_block(std::size_t size, unsigned kind, std::mt19937_64& random) {
  constexpr std::uint8_t kOpcodes[] = {0xe8, 0xe9, 0x0f, 0x80, 0x8f, 0x03, 0x8b, 0x05, 0x3d, 0x00, 0xff, 0x00, 0xff};
  Bytes block(size);
  unsigned sample = 0;
  for (std::uint8_t& byte : block) {
    const std::uint64_t any = random();
    switch (kind) {
      case 0:
        byte = static_cast<std::uint8_t>(any);
        break;
      case 1:
        byte = kOpcodes[any % std::size(kOpcodes)];
        break;
      default:
        sample += static_cast<unsigned>(any % 40);
        byte = static_cast<std::uint8_t>(sample);
    }
  }
  return block;
}

void filters_are_those_of_the_format() {
  CHECK(all_filters().size() == 1 + 32 + 32 + 32 + 2);
  CHECK(is_known({FilterKind::kDelta, 32}) && !is_known({FilterKind::kDelta, 33}));
  CHECK(!is_known({FilterKind::kDelta, 0}) && !is_known({FilterKind::kNone, 1}));
  CHECK(is_known({FilterKind::kDelta16Little, 33}) && !is_known({FilterKind::kDelta16Big, 34}));
  CHECK(!is_known({FilterKind::kDelta16Little, 1}) && !is_known({FilterKind::kX86, 2}));
  CHECK(delta16_parameter(4, 1) == 5);
}

void unknown_filters_are_refused() {
  Bytes block(100);
  for (const Filter filter : {Filter{static_cast<FilterKind>(5), 0}, Filter{FilterKind::kX86, 2}}) {
    CHECK_THROWS(kInvalidArgument, apply_filter(filter, block));
    CHECK_THROWS(kCorrupt, undo_filter(filter, block));
  }
  CHECK(read_filter(2, 4) == (Filter{FilterKind::kDelta16Little, 4}));
  CHECK_THROWS(kCorrupt, (void)read_filter(5, 0));
  CHECK_THROWS(kCorrupt, (void)read_filter(256, 0));  // not 0 after cutting it to a byte
  CHECK_THROWS(kCorrupt, (void)read_filter(1, 257));
}

void deltas_spelt_out() {
  CHECK(applied({FilterKind::kDelta, 1}, bytes("05 07 06 06")) == bytes("05 02 ff 00"));
  CHECK(applied({FilterKind::kDelta, 3}, bytes("01 02 03 04 06 08 04")) == bytes("01 02 03 03 04 05 00"));
  // 0x00ff, 0x0100, 0x00fe and half a sample.
  CHECK(applied({FilterKind::kDelta16Little, 2}, bytes("ff 00 00 01 fe 00 77")) == bytes("ff 00 01 00 fe ff 77"));
  CHECK(applied({FilterKind::kDelta16Big, 2}, bytes("00 ff 01 00 00 fe 77")) == bytes("00 ff 00 01 ff fe 77"));
  CHECK(applied({FilterKind::kDelta16Little, 3}, bytes("77 ff 00 00 01 fe 00")) == bytes("77 ff 00 01 00 fe ff"));
}

void branches_spelt_out() {
  const Filter calls{FilterKind::kX86, kX86Calls};
  const Filter wide{FilterKind::kX86, kX86Wide};
  // Two calls to 0x110: from 5 + 0x10b, and from 10 + 0x106.
  CHECK(applied(calls, bytes("e8 0b 01 00 00 e8 06 01 00 00")) == bytes("e8 00 01 10 00 e8 00 01 10 00"));
  CHECK(applied(calls, bytes("90 e9 f0 ff ff ff")) == bytes("90 e9 ff ff f6 ff"));  // 6 - 16 = -10
  CHECK(applied(calls, bytes("e8 fb ff ff 00")) == bytes("e8 00 00 00 ff"));        // 2^24 is -2^24
  CHECK(applied(calls, bytes("e8 01 02 03 04")) == bytes("e8 01 02 03 04"));        // too far
  CHECK(applied(calls, bytes("e8 01 02 00")) == bytes("e8 01 02 00"));              // too short
  CHECK(applied(calls, bytes("0f 84 10 00 00 00")) == bytes("0f 84 10 00 00 00"));
  CHECK(applied(wide, bytes("0f 84 10 00 00 00")) == bytes("0f 84 00 00 16 00"));
  CHECK(applied(wide, bytes("48 8b 05 10 00 00 00")) == bytes("48 8b 05 00 00 17 00"));
  CHECK(applied(wide, bytes("ff 25 10 00 00 00")) == bytes("ff 25 00 00 16 00"));
  CHECK(applied(wide, bytes("48 8b 45 10 00 00 00")) == bytes("48 8b 45 10 00 00 00"));  // not of rip
}

void what_is_applied_is_undone() {
  std::mt19937_64 random(1);
  for (const Filter filter : all_filters()) {
    for (std::size_t size = 0; size < 90; ++size) {
      for (unsigned kind = 0; kind < 3; ++kind) {
        const Bytes block = make_block(size, kind, random);
        CHECK(undone(filter, applied(filter, block)) == block);
        CHECK(applied(filter, undone(filter, block)) == block);
      }
    }
    const Bytes large = make_block(100'003, 1, random);
    CHECK(undone(filter, applied(filter, large)) == large);
  }
}

/// All operands of one call, but for the two middle bytes: 2^16 of them, and every byte in the places that decide.
void steps_are_one_to_one() {
  const Filter filter{FilterKind::kX86, kX86Calls};
  for (unsigned ends = 0; ends < 65536; ++ends) {
    Bytes block = {0xe8, static_cast<std::uint8_t>(ends), 0x12, 0x34, static_cast<std::uint8_t>(ends >> 8)};
    const Bytes before = block;
    apply_filter(filter, block);
    CHECK(undone(filter, block) == before);
    CHECK(block[0] == 0xe8);
  }
}

void targets_wrap_in_long_blocks() {
  Bytes block((std::size_t{1} << 26) - 3, 0x90);
  const Bytes call = bytes("e8 00 00 00 ff");
  for (const std::size_t at : {std::size_t{0}, std::size_t{1} << 24, std::size_t{1} << 25, block.size() - 5}) {
    std::ranges::copy(call, block.begin() + static_cast<std::ptrdiff_t>(at));
  }
  const Bytes before = block;
  apply_filter({FilterKind::kX86, kX86Wide}, block);
  CHECK(block != before);
  undo_filter({FilterKind::kX86, kX86Wide}, block);
  CHECK(block == before);
}

/// A change of these numbers is a change of format: old files would not decode.
void outputs_are_pinned() {
  const auto digest = [](Filter filter) {
    std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
    for (unsigned kind = 0; kind < 3; ++kind) {
      std::mt19937_64 random(kind);  // the same numbers everywhere, by the standard
      for (const std::uint8_t byte : applied(filter, make_block(5001, kind, random))) {
        hash = (hash ^ byte) * 0x100000001b3;
      }
    }
    return hash;
  };
  struct Pinned {
    Filter filter;
    std::uint64_t digest;
  };
  const Pinned pinned[] = {
      {{FilterKind::kNone, 0}, 0xa49665094b8cae49},           {{FilterKind::kDelta, 1}, 0x48386a6878ab1872},
      {{FilterKind::kDelta, 3}, 0xb705b2b97610cd69},          {{FilterKind::kDelta, 32}, 0xae75aa212a7a517a},
      {{FilterKind::kDelta16Little, 2}, 0x050fcbe2fbdd3761},  {{FilterKind::kDelta16Little, 5}, 0x7841077268ea14b7},
      {{FilterKind::kDelta16Little, 32}, 0xf309e43301b4e70c}, {{FilterKind::kDelta16Big, 4}, 0x88844176c5a5867b},
      {{FilterKind::kDelta16Big, 33}, 0x92f8aac3149d1932},    {{FilterKind::kX86, kX86Calls}, 0xf3600101271307be},
      {{FilterKind::kX86, kX86Wide}, 0xf6e1dd7c03dcca27},
  };
  for (const Pinned& pin : pinned) {
    const std::uint64_t found = digest(pin.filter);
    if (found != pin.digest) {
      std::fprintf(stderr, "filter %u/%u: 0x%016" PRIx64 "\n", static_cast<unsigned>(pin.filter.kind),
                   unsigned{pin.filter.parameter}, found);
    }
    CHECK(found == pin.digest);
  }
}

}  // namespace
}  // namespace foretell

int main() {
  using namespace foretell;
  const test::Test tests[] = {
      {"filters are those of the format", filters_are_those_of_the_format},
      {"unknown filters are refused", unknown_filters_are_refused},
      {"deltas spelt out", deltas_spelt_out},
      {"branches spelt out", branches_spelt_out},
      {"what is applied is undone", what_is_applied_is_undone},
      {"steps are one-to-one", steps_are_one_to_one},
      {"targets wrap in long blocks", targets_wrap_in_long_blocks},
      {"outputs are pinned", outputs_are_pinned},
  };
  return test::run_all(tests);
}
