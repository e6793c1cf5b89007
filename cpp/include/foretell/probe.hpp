// What a block of bytes seems to be: text, x86 code, records or samples in columns; and the filter that pays.
//
// An encoder asks and writes the answer into the file; a decoder reads it there. So the answer may change from version
// to version, but for one block it is the same on every machine: integers only, and places that follow from the length.
//
// Columns are found by bytes that equal those some distance earlier, at every distance up to a few thousand:
// * unit, the short step, up to 32: a sample, a pixel, a small record. Multiples of it hold, what is between does not.
// * row, the long step, above 32: a line of an image, a large record, at times the period of a tone. It stands out from
//   the distances before it.
// Both are the nearest that explain about as much as the best, and each was found in most of the windows looked at.
// Whoever predicts a byte looks at those `unit` and `row` before it, and at its position modulo either.
//
// It looks at samples of long blocks: 5 to 20 ms a MB up to 1 MB, less beyond.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "foretell/filters.hpp"

namespace foretell {

enum class BlockKind : std::uint8_t {
  kOther = 0,    // nothing known
  kText = 1,     // lines or words in ASCII, an ISO 8859 or UTF-8
  kColumns = 2,  // unit or row found, or sound in bytes, and it is not text
  kX86 = 3,      // so many branches that the filter pays
};

inline constexpr std::size_t kMostUnit = 32;
inline constexpr std::size_t kMostRow = 32768;
inline constexpr std::size_t kLeastProbed = 512;  // shorter blocks are kOther without columns
inline constexpr unsigned kFullScore = 1000;

struct Probe {
  BlockKind kind = BlockKind::kOther;
  Filter filter;            // for all of the block
  std::uint32_t unit = 1;   // bytes; 1: none found
  std::uint32_t row = 0;    // bytes, above unit; 0: none found
  unsigned unit_score = 0;  // share of the windows in which it was found, in thousandths
  unsigned row_score = 0;   // the same
  unsigned text_score = 0;  // share of bytes that fit text, in thousandths
  unsigned x86_score = 0;   // branches whose targets repeat although their distances do not, a MiB
};

[[nodiscard]] Probe probe(std::span<const std::uint8_t> block);

}  // namespace foretell
