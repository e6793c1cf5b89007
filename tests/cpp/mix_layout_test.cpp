#include "mix_layout.hpp"

#include <cstdint>
#include <vector>

#include "blocks.hpp"
#include "check.hpp"

namespace foretell {
namespace {

using test::Block;

/// Reads a layout and how many bytes lie behind it.
MixLayout read(const Block& bytes, std::size_t behind) {
  std::span<const std::uint8_t> payload = bytes;
  const MixLayout layout = read_layout(payload);
  CHECK(payload.size() == behind);
  CHECK(payload.data() == bytes.data() + bytes.size() - behind);
  return layout;
}

bool same(const MixLayout& a, const MixLayout& b) {
  return a.filter == b.filter && a.contexts.records == b.contexts.records &&
         (!a.contexts.records ||
          (a.contexts.shape.unit == b.contexts.shape.unit && a.contexts.shape.row == b.contexts.shape.row));
}

void a_layout_is_read_as_it_was_written() {
  const Filter filters[] = {{},
                            {FilterKind::kDelta, 3},
                            {FilterKind::kDelta16Little, delta16_parameter(4, 1)},
                            {FilterKind::kDelta16Big, 32},
                            {FilterKind::kX86, kX86Wide}};
  for (const Filter filter : filters) {
    for (const BlockContexts contexts : {BlockContexts{}, BlockContexts{true, {1, 0}}, BlockContexts{true, {2, 400}},
                                         BlockContexts{true, {65534, 65535}}, BlockContexts{true, {65535, 0}}}) {
      const MixLayout layout{filter, contexts};
      Block bytes = write_layout(layout);
      CHECK(bytes.size() == 1U + (filter.kind != FilterKind::kNone ? 1 : 0) + (contexts.records ? 4 : 0));
      CHECK(same(read(bytes, 0), layout));
      bytes.insert(bytes.end(), {9, 9, 9});
      CHECK(same(read(bytes, 3), layout));
    }
  }
  CHECK(write_layout({{}, {}}) == Block{0x00});
  CHECK(write_layout({{FilterKind::kX86, 0}, {true, {0x0102, 0x0304}}}) == (Block{0x14, 0, 2, 1, 4, 3}));
}

void bytes_that_no_encoder_writes_are_corrupt() {
  for (const Block& bytes : {Block{0x20, 0, 0, 0, 0, 0}, Block{0x80, 0, 0, 0, 0, 0}, Block{0xff, 0, 0, 0, 0, 0},
                             Block{0x05, 0}, Block{0x0f, 1}, Block{0x01, 0}, Block{0x01, 33}, Block{0x02, 1},
                             Block{0x03, 34}, Block{0x04, 2}, Block{0x10, 0, 0, 0, 0}, Block{0x10, 0, 0, 5, 0},
                             Block{0x10, 4, 0, 4, 0}, Block{0x10, 4, 0, 1, 0}, Block{0x10, 0, 1, 255, 0}}) {
    std::span<const std::uint8_t> payload = bytes;
    CHECK_THROWS(kCorrupt, (void)read_layout(payload));
  }
}

void every_start_of_a_layout_is_truncated() {
  for (const Block& bytes : {Block{0x00}, Block{0x01, 4}, Block{0x10, 2, 0, 0, 1}, Block{0x14, 1, 2, 0, 0, 1}}) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const Block start(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
      std::span<const std::uint8_t> payload = start;
      CHECK_THROWS(kTruncated, (void)read_layout(payload));
    }
    CHECK_THROWS(kOk, (void)read(bytes, 0));
  }
}

void any_three_bytes_end() {
  for (unsigned first = 0; first < 256; ++first) {
    for (const std::uint8_t fill : Block{0, 1, 2, 33, 255}) {
      const Block bytes = {static_cast<std::uint8_t>(first), fill, fill, fill, 255, 255};
      std::span<const std::uint8_t> payload = bytes;
      MixLayout layout;
      if (test::thrown_by([&] { layout = read_layout(payload); }) == Errc::kOk) {
        CHECK(is_known(layout.filter));
        CHECK(layout.contexts.shape.unit > 0);
        CHECK(layout.contexts.shape.row == 0 || layout.contexts.shape.row > layout.contexts.shape.unit);
        const Block again = write_layout(layout);  // there is one way to write it
        CHECK(again == Block(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(again.size())));
      }
    }
  }
}

void blocks_have_the_layout_of_their_kind() {
  const MixLayout none = layout_of({});
  CHECK(!none.contexts.records && none.filter == Filter{});
  CHECK(!layout_of(test::text_block(20000, 1)).contexts.records);
  const MixLayout records = layout_of(test::records_block(28 * 1000, 2));
  CHECK(records.contexts.records && records.contexts.shape.unit == 28);
  const MixLayout image = layout_of(test::image_block(400 * 100, 3));
  CHECK(image.contexts.records && image.contexts.shape.unit == 2 && image.contexts.shape.row == 400);
  const MixLayout code = layout_of(test::code_block(40000, 4));
  CHECK(code.filter.kind == FilterKind::kX86 && code.contexts.records);
}

}  // namespace
}  // namespace foretell

int main() {
  const foretell::test::Test tests[] = {
      {"a_layout_is_read_as_it_was_written", foretell::a_layout_is_read_as_it_was_written},
      {"bytes_that_no_encoder_writes_are_corrupt", foretell::bytes_that_no_encoder_writes_are_corrupt},
      {"every_start_of_a_layout_is_truncated", foretell::every_start_of_a_layout_is_truncated},
      {"any_three_bytes_end", foretell::any_three_bytes_end},
      {"blocks_have_the_layout_of_their_kind", foretell::blocks_have_the_layout_of_their_kind},
  };
  return foretell::test::run_all(tests);
}
