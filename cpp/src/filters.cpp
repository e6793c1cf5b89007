#include "foretell/filters.hpp"

#include <algorithm>
#include <string>

#include "x86_filter.hpp"

namespace foretell {
namespace {

// From the end when applied, from the start when undone: the byte to compare with is then the unfiltered one.

void apply_delta(std::size_t stride, std::span<std::uint8_t> block) noexcept {
  for (std::size_t i = block.size(); i-- > stride;) {
    block[i] = static_cast<std::uint8_t>(block[i] - block[i - stride]);
  }
}

void undo_delta(std::size_t stride, std::span<std::uint8_t> block) noexcept {
  for (std::size_t i = stride; i < block.size(); ++i) {
    block[i] = static_cast<std::uint8_t>(block[i] + block[i - stride]);
  }
}

/// 16-bit samples of a block that starts with one; half a sample at the end is none.
template <unsigned kLow>  // the place of a sample's less significant byte
struct Samples {
  static unsigned read(const std::uint8_t* at) noexcept { return at[kLow] | unsigned{at[1 - kLow]} << 8; }
  static void write(std::uint8_t* at, unsigned sample) noexcept {
    at[kLow] = static_cast<std::uint8_t>(sample);
    at[1 - kLow] = static_cast<std::uint8_t>(sample >> 8);
  }
  static void apply(std::size_t stride, std::span<std::uint8_t> block) noexcept {
    for (std::size_t end = block.size() / 2 * 2; end > stride; end -= 2) {  // both even: the sample is behind stride
      std::uint8_t* const at = block.data() + end - 2;
      write(at, read(at) - read(at - stride));
    }
  }
  static void undo(std::size_t stride, std::span<std::uint8_t> block) noexcept {
    for (std::size_t i = stride; i + 2 <= block.size(); i += 2) {
      std::uint8_t* const at = block.data() + i;
      write(at, read(at) + read(at - stride));
    }
  }
};

struct SampleLayout {
  std::size_t stride;
  std::size_t phase;
};

SampleLayout layout(Filter filter) noexcept {
  return {static_cast<std::size_t>(filter.parameter & ~1U), static_cast<std::size_t>(filter.parameter & 1U)};
}

std::span<std::uint8_t> from_phase(SampleLayout layout, std::span<std::uint8_t> block) noexcept {
  return block.subspan(std::min(layout.phase, block.size()));
}

std::string describe(std::uint64_t kind, std::uint64_t parameter) {
  return "no filter has kind " + std::to_string(kind) + " and parameter " + std::to_string(parameter);
}

std::string describe(Filter filter) { return describe(static_cast<std::uint64_t>(filter.kind), filter.parameter); }

}  // namespace

bool is_known(Filter filter) noexcept {
  switch (filter.kind) {
    case FilterKind::kNone:
      return filter.parameter == 0;
    case FilterKind::kDelta:
      return filter.parameter >= 1 && filter.parameter <= kMostStride;
    case FilterKind::kDelta16Little:
    case FilterKind::kDelta16Big:
      return filter.parameter >= 2 && filter.parameter <= kMostStride + 1;
    case FilterKind::kX86:
      return filter.parameter <= kX86Wide;
  }
  return false;
}

Filter read_filter(std::uint64_t kind, std::uint64_t parameter) {
  if (kind <= 0xff && parameter <= 0xff) {
    const Filter filter{static_cast<FilterKind>(kind), static_cast<std::uint8_t>(parameter)};
    if (is_known(filter)) {
      return filter;
    }
  }
  throw Error(Errc::kCorrupt, describe(kind, parameter) + ": the data are damaged, or need a later version");
}

void apply_filter(Filter filter, std::span<std::uint8_t> block) {
  if (!is_known(filter)) {
    throw Error(Errc::kInvalidArgument, describe(filter));
  }
  const SampleLayout samples = layout(filter);
  switch (filter.kind) {
    case FilterKind::kNone:
      return;
    case FilterKind::kDelta:
      return apply_delta(filter.parameter, block);
    case FilterKind::kDelta16Little:
      return Samples<0>::apply(samples.stride, from_phase(samples, block));
    case FilterKind::kDelta16Big:
      return Samples<1>::apply(samples.stride, from_phase(samples, block));
    case FilterKind::kX86:
      return apply_x86(filter.parameter == kX86Wide, block);
  }
}

void undo_filter(Filter filter, std::span<std::uint8_t> block) {
  filter = read_filter(static_cast<std::uint64_t>(filter.kind), filter.parameter);
  const SampleLayout samples = layout(filter);
  switch (filter.kind) {
    case FilterKind::kNone:
      return;
    case FilterKind::kDelta:
      return undo_delta(filter.parameter, block);
    case FilterKind::kDelta16Little:
      return Samples<0>::undo(samples.stride, from_phase(samples, block));
    case FilterKind::kDelta16Big:
      return Samples<1>::undo(samples.stride, from_phase(samples, block));
    case FilterKind::kX86:
      return undo_x86(filter.parameter == kX86Wide, block);
  }
}

}  // namespace foretell
