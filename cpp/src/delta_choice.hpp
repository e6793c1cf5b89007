// Whether differences pay: see choose_delta.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "foretell/filters.hpp"

namespace foretell {

/// Returns the filter by differences of bytes (unit 1) or 16-bit samples (even units) that makes the block clearly
/// cheaper, else none.
///
/// Compares what simple adaptive models take for samples of the block, filtered and not. The unfiltered block is given
/// the context that a mixer would have, the byte `unit` before; and differences lose as soon as the last three bytes
/// often tell the next one, since they destroy such repetitions.
[[nodiscard]] Filter choose_delta(std::span<const std::uint8_t> block, std::size_t unit);

}  // namespace foretell
