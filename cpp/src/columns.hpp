// Finds the columns of a block: see probe.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace foretell {

struct Columns {
  std::size_t unit = 1;
  std::size_t row = 0;
  unsigned unit_score = 0;
  unsigned row_score = 0;
  std::uint32_t unit_share = 0;  // of bytes that equal the one `unit` before, in units of 2^-16
  std::uint32_t row_share = 0;   // the same of `row`
};

/// Expects kLeastProbed bytes or more. In text only rows are looked for, and must be plainer.
[[nodiscard]] Columns find_columns(std::span<const std::uint8_t> block, bool text);

/// How many of `count` bytes at `a` equal those at `b`.
[[nodiscard]] std::uint32_t count_equal(const std::uint8_t* a, const std::uint8_t* b, std::size_t count) noexcept;

}  // namespace foretell
