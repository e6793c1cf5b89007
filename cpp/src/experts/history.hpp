// The bytes that came, in a ring shared by all lanes, and where one lane stands in it.
//
// A lane writes its piece of a block at the piece's place, so that matches of one lane may reach what others wrote.
// Places that no lane has written yet hold what an encoder and a decoder have there alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "foretell/learned_state.hpp"
#include "zeroed_array.hpp"

namespace foretell {

class History {
 public:
  explicit History(unsigned bits) : mask_((std::uint64_t{1} << bits) - 1), bytes_(std::size_t{1} << bits) {}

  [[nodiscard]] std::uint8_t at(std::uint64_t position) const noexcept { return bytes_[position & mask_]; }
  void put(std::uint64_t position, std::uint8_t byte) noexcept { bytes_[position & mask_] = byte; }
  [[nodiscard]] std::uint64_t size() const noexcept { return mask_ + 1; }

  void visit(StateVisitor& visitor, const std::string& name) { visitor.visit(name, bytes_.all()); }

 private:
  std::uint64_t mask_;
  ZeroedArray<std::uint8_t> bytes_;
};

/// Kinds of bytes that matter to text; three bits each in TextState::classes.
enum class ByteClass : std::uint8_t { kMark, kLower, kUpper, kDigit, kSpace, kNewline, kHigh, kOther };

[[nodiscard]] inline ByteClass byte_class(std::uint8_t byte) noexcept {
  if (byte >= 'a' && byte <= 'z') return ByteClass::kLower;
  if (byte >= 'A' && byte <= 'Z') return ByteClass::kUpper;
  if (byte >= '0' && byte <= '9') return ByteClass::kDigit;
  if (byte == ' ') return ByteClass::kSpace;
  if (byte == '\n') return ByteClass::kNewline;
  if (byte >= 128) return ByteClass::kHigh;
  switch (byte) {
    case '<':
    case '>':
    case '[':
    case ']':
    case '&':
    case ';':
      return ByteClass::kMark;
    default:
      return ByteClass::kOther;
  }
}

/// What a lane knows at the end of a byte. All zero at its start, but for the positions.
struct Past {
  std::uint64_t first = 0;     // position of the lane's first byte
  std::uint64_t position = 0;  // of the coming byte
  std::uint64_t recent = 0;    // the last 8 bytes, newest lowest
  std::uint32_t classes = 0;   // of the last 10 bytes, newest lowest
  std::uint32_t word = 0;      // hash of the letters of the current word, 0 outside words
  std::uint32_t word_length = 0;
  std::uint32_t word_before = 0;  // hashes of the last whole words
  std::uint32_t word_before_that = 0;
  std::uint64_t line = 0;         // position of the current line's first byte
  std::uint64_t line_before = 0;  // and of the line's before it

  [[nodiscard]] std::uint32_t byte(unsigned distance) const noexcept {
    return static_cast<std::uint32_t>(recent >> (8 * distance - 8)) & 255;
  }
  [[nodiscard]] std::uint64_t last(unsigned count) const noexcept {
    return recent & (~std::uint64_t{0} >> (64 - 8 * count));
  }

  void take(std::uint8_t byte) noexcept {
    recent = recent << 8 | byte;
    ++position;
    const ByteClass kind = byte_class(byte);
    classes = (classes << 3 | static_cast<std::uint32_t>(kind)) & 0x3fffffff;
    if (kind == ByteClass::kLower || kind == ByteClass::kUpper || kind == ByteClass::kHigh) {
      const std::uint32_t letter = byte + (kind == ByteClass::kUpper ? 32U : 0U);
      word = (word + letter + 1) * 0x2f0b4c47;
      ++word_length;
    } else if (word != 0) {
      word_before_that = word_before;
      word_before = word;
      word = 0;
      word_length = 0;
    }
    if (kind == ByteClass::kNewline) {
      line_before = line;
      line = position;
    }
  }

  void visit(StateVisitor& visitor, const std::string& name) {
    visitor.visit(name + "first", first);
    visitor.visit(name + "position", position);
    visitor.visit(name + "recent", recent);
    visitor.visit(name + "classes", classes);
    visitor.visit(name + "word", word);
    visitor.visit(name + "word_length", word_length);
    visitor.visit(name + "word_before", word_before);
    visitor.visit(name + "word_before_that", word_before_that);
    visitor.visit(name + "line", line);
    visitor.visit(name + "line_before", line_before);
  }
};

}  // namespace foretell
