#include "mix_layout.hpp"

#include <string>

#include "foretell/errc.hpp"
#include "foretell/probe.hpp"

namespace foretell {

namespace {

constexpr std::uint8_t kRecordsFlag = 0x10;
constexpr std::uint8_t kFilterMask = 0x0f;

void put_u16(std::vector<std::uint8_t>& out, std::uint32_t value) {
  out.push_back(static_cast<std::uint8_t>(value));
  out.push_back(static_cast<std::uint8_t>(value >> 8));
}

std::uint8_t take_byte(std::span<const std::uint8_t>& payload) {
  if (payload.empty()) {
    throw Error(Errc::kTruncated, "the payload ends within the description of its block");
  }
  const std::uint8_t byte = payload.front();
  payload = payload.subspan(1);
  return byte;
}

std::uint32_t take_u16(std::span<const std::uint8_t>& payload) {
  const std::uint32_t low = take_byte(payload);
  return low | std::uint32_t{take_byte(payload)} << 8;
}

}  // namespace

MixLayout layout_of(std::span<const std::uint8_t> block) {
  const Probe found = probe(block);
  MixLayout layout;
  layout.filter = found.filter;
  layout.contexts.records = found.kind == BlockKind::kColumns || found.kind == BlockKind::kX86;
  if (layout.contexts.records) {
    layout.contexts.shape = {.unit = found.unit, .row = found.row};
  }
  return layout;
}

std::vector<std::uint8_t> write_layout(const MixLayout& layout) {
  std::vector<std::uint8_t> out;
  const auto kind = static_cast<std::uint8_t>(layout.filter.kind);
  out.push_back(static_cast<std::uint8_t>(kind | (layout.contexts.records ? kRecordsFlag : 0)));
  if (layout.filter.kind != FilterKind::kNone) {
    out.push_back(layout.filter.parameter);
  }
  if (layout.contexts.records) {
    put_u16(out, layout.contexts.shape.unit);
    put_u16(out, layout.contexts.shape.row);
  }
  return out;
}

MixLayout read_layout(std::span<const std::uint8_t>& payload) {
  const std::uint8_t flags = take_byte(payload);
  if ((flags & ~(kRecordsFlag | kFilterMask)) != 0) {
    throw Error(Errc::kCorrupt, "the description of the block begins with " + std::to_string(flags));
  }
  MixLayout layout;
  const std::uint8_t kind = flags & kFilterMask;
  layout.filter = read_filter(kind, kind != 0 ? take_byte(payload) : 0);
  if ((flags & kRecordsFlag) != 0) {
    layout.contexts.records = true;
    RecordShape& shape = layout.contexts.shape;
    shape.unit = take_u16(payload);
    shape.row = take_u16(payload);
    if (shape.unit == 0 || (shape.row != 0 && shape.row <= shape.unit)) {
      throw Error(Errc::kCorrupt, "records of " + std::to_string(shape.unit) + " bytes in rows of " +
                                      std::to_string(shape.row) + " are none");
    }
  }
  return layout;
}

}  // namespace foretell
