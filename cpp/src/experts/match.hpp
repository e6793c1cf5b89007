// The match model: where the last bytes came before, and the byte that followed them there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "experts/history.hpp"
#include "foretell/learned_state.hpp"
#include "zeroed_array.hpp"

namespace foretell {

/// Where contexts of `kLength` bytes were last seen; shared by lanes. Entries are positions, 0: none.
class MatchTable {
 public:
  MatchTable(unsigned bits, unsigned length) : bits_(bits), length_(length), positions_(std::size_t{1} << bits) {}

  [[nodiscard]] unsigned length() const noexcept { return length_; }
  [[nodiscard]] std::uint32_t& position(const Past& past) noexcept {
    return positions_[past.last(length_) * 0x9e3779b97f4a7c15 >> (64 - bits_)];
  }

  void visit(StateVisitor& visitor, const std::string& name) { visitor.visit(name, positions_.all()); }

 private:
  unsigned bits_;
  unsigned length_;
  ZeroedArray<std::uint32_t> positions_;
};

/// One lane's match.
struct Match {
  std::uint64_t at = 0;      // position of the byte that is expected
  std::uint32_t length = 0;  // bytes that agreed, 0: no match
  std::uint32_t byte = 0;    // the one expected

  static constexpr std::uint32_t kMost = 65535;  // that are counted

  /// Follows the match over the byte that came (`past` has taken it), or looks for another.
  void take(const Past& past, const History& history, MatchTable& table, std::uint32_t longest) noexcept {
    if (length > 0) {
      ++at;
      length = byte == past.byte(1) ? length + (length < kMost ? 1 : 0) : 0;
    }
    std::uint32_t& position = table.position(past);
    if (length == 0 && position != 0) {
      at = position;
      while (length < longest && history.at(at - 1 - length) == history.at(past.position - 1 - length)) {
        ++length;
      }
      length = length < table.length() ? 0 : length;
    }
    position = static_cast<std::uint32_t>(past.position);
    byte = history.at(at);
  }

  void visit(StateVisitor& visitor, const std::string& name) {
    visitor.visit(name + "at", at);
    visitor.visit(name + "length", length, 0U, kMost);
    visitor.visit(name + "byte", byte, 0U, 255U);
  }
};

}  // namespace foretell
