// What an encoder found in a block, as it stands before the block's bits (docs/format.md, "The model mix/1").
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "experts/experts.hpp"
#include "foretell/filters.hpp"

namespace foretell {

struct MixLayout {
  Filter filter;
  BlockContexts contexts;
};

/// What pays for this block.
[[nodiscard]] MixLayout layout_of(std::span<const std::uint8_t> block);

[[nodiscard]] std::vector<std::uint8_t> write_layout(const MixLayout& layout);

/// Reads a layout and moves `payload` behind it; throws kTruncated or kCorrupt.
[[nodiscard]] MixLayout read_layout(std::span<const std::uint8_t>& payload);

}  // namespace foretell
