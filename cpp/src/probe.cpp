#include "foretell/probe.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "columns.hpp"
#include "delta_choice.hpp"
#include "x86_filter.hpp"

namespace foretell {
namespace {

constexpr unsigned kLeastTextScore = 950;
constexpr unsigned kLeastX86Score = 256;  // each saves two bytes or so: half a thousandth of the block
constexpr std::size_t kLeastX86Repeats = 16;

// -- text
// --------------------------------------------------------------------------------------------------------------

/// How many bytes of UTF-8 the sequence at `i` has that are above 0x7f and sound; 0 if it is none.
std::size_t utf8_length(std::span<const std::uint8_t> bytes, std::size_t i) noexcept {
  const unsigned first = bytes[i];
  const std::size_t length = first >= 0xc2 && first < 0xe0   ? 2
                             : first >= 0xe0 && first < 0xf0 ? 3
                             : first >= 0xf0 && first < 0xf5 ? 4
                                                             : 0;
  if (length == 0 || bytes.size() - i < length) {
    return 0;
  }
  for (std::size_t k = 1; k < length; ++k) {
    if ((bytes[i + k] & 0xc0) != 0x80) {
      return 0;
    }
  }
  return length;
}

/// Share of bytes that fit text. Letters of other alphabets in one byte fit while most bytes are ASCII; there are
/// spaces or ends of lines.
unsigned text_score(std::span<const std::uint8_t> block) noexcept {
  constexpr std::size_t kWindow = 1024;
  const std::size_t windows = std::min<std::size_t>(64, block.size() / kWindow + 1);
  std::size_t seen = 0;
  std::size_t ascii = 0;
  std::size_t spaces = 0;
  std::size_t wide = 0;   // in sound UTF-8
  std::size_t other = 0;  // above 0x7f otherwise
  for (std::size_t w = 0; w < windows; ++w) {
    const std::size_t window = std::min(kWindow, block.size());
    const auto bytes = block.subspan(w * (block.size() - window) / std::max<std::size_t>(1, windows - 1), window);
    for (std::size_t i = 0; i < bytes.size();) {
      const unsigned byte = bytes[i];
      const std::size_t length = byte < 0x80 ? 0 : utf8_length(bytes, i);
      const bool space = byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
      spaces += space ? 1 : 0;
      ascii += space || (byte > ' ' && byte < 0x7f) ? 1 : 0;
      other += byte >= 0x80 && length == 0 ? 1 : 0;
      wide += length;
      i += std::max<std::size_t>(1, length);
    }
    seen += bytes.size();
  }
  if (spaces * 64 < seen) {
    return 0;
  }
  const std::size_t fits = ascii + wide + (other * 3 < seen ? other : 0);
  return static_cast<unsigned>(fits * kFullScore / seen);
}

// -- x86
// ---------------------------------------------------------------------------------------------------------------

/// Counts values that were among the recent ones.
class Repeats {
 public:
  void add(std::uint32_t value) noexcept {
    std::uint32_t& cell = cells_[(value * 0x9e3779b1U) >> (32 - kBits)];
    count_ += cell == value ? 1 : 0;
    cell = value;
  }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }

 private:
  static constexpr unsigned kBits = 12;
  std::array<std::uint32_t, std::size_t{1} << kBits> cells_{};
  std::size_t count_ = 0;
};

struct X86 {
  Filter filter;
  unsigned score = 0;
};

/// Calls name the same targets again and again, at different distances. In what is no code, and in code that is not
/// linked yet, it is the distances that repeat, if anything.
X86 find_x86(std::span<const std::uint8_t> block) {
  Repeats targets;
  Repeats distances;
  std::size_t calls = 0;
  std::size_t wide = 0;  // instructions that only 64-bit code has
  for (std::size_t i = 0; i + 1 < block.size(); ++i) {
    const unsigned first = block[i];
    if ((first & 0xfb) == 0x48) {  // REX.W, then mov or lea; 32-bit code seldom decrements before it moves
      wide += block[i + 1] == 0x89 || block[i + 1] == 0x8b || block[i + 1] == 0x8d ? 1 : 0;
    } else if ((first & 0xfe) == 0xe8) {
      const std::size_t operand = operand_at(block, i, false);
      if (operand != 0 && is_plausible(block[operand + 3])) {
        const std::uint32_t distance = read_little(block.data() + operand);
        distances.add(distance);
        targets.add(wrap_target(distance + static_cast<std::uint32_t>(operand + kX86OperandBytes)));
        ++calls;
      }
    }
  }
  const std::size_t needed = std::max(2 * distances.count(), kLeastX86Repeats);
  if (targets.count() < needed) {
    return {};
  }
  const std::uint64_t excess = targets.count() - distances.count();
  const auto score = static_cast<unsigned>((excess << 20) / block.size());
  if (score < kLeastX86Score) {
    return {.filter = {}, .score = score};
  }
  return {.filter = {FilterKind::kX86, 4 * wide > calls ? kX86Wide : kX86Calls}, .score = score};
}

}  // namespace

Probe probe(std::span<const std::uint8_t> block) {
  Probe found;
  if (block.size() < kLeastProbed) {
    return found;
  }
  found.text_score = text_score(block);
  const bool text = found.text_score >= kLeastTextScore;
  if (!text) {
    const X86 x86 = find_x86(block);
    found.x86_score = x86.score;
    found.filter = x86.filter;
    if (x86.filter.kind != FilterKind::kNone) {
      found.kind = BlockKind::kX86;
    }
  }
  const Columns columns = find_columns(block, text);
  found.unit = static_cast<std::uint32_t>(columns.unit);
  found.row = static_cast<std::uint32_t>(columns.row);
  found.unit_score = columns.unit_score;
  found.row_score = columns.row_score;
  if (text) {
    found.kind = BlockKind::kText;
  } else if (found.kind == BlockKind::kOther) {
    found.kind = columns.unit != 1 || columns.row != 0 ? BlockKind::kColumns : BlockKind::kOther;
    // Rows of an image foretell as much as its pixels, so a mixer gains more from the byte above than from differences.
    // The period of a tone foretells less.
    if (std::uint64_t{columns.row_share} * 5 < std::uint64_t{columns.unit_share} * 3) {
      found.filter = choose_delta(block, columns.unit);
    }
    if (found.filter.kind != FilterKind::kNone) {
      found.kind = BlockKind::kColumns;
      found.unit = found.filter.parameter & (found.filter.kind == FilterKind::kDelta ? ~0U : ~1U);
    }
  }
  return found;
}

}  // namespace foretell
