// Which two bytes followed a byte, and a pair of bytes, the last times: contexts that point one step further.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "experts/history.hpp"
#include "foretell/learned_state.hpp"

namespace foretell {

class Followers {
 public:
  [[nodiscard]] std::uint64_t of_byte(const Past& past) const noexcept { return one_[past.byte(1)]; }
  [[nodiscard]] std::uint64_t of_pair(const Past& past) const noexcept { return two_[past.last(2)]; }

  /// Takes the byte that came after `past`.
  void take(const Past& past, std::uint8_t byte) noexcept {
    std::uint16_t& one = one_[past.byte(1)];
    std::uint16_t& two = two_[past.last(2)];
    one = static_cast<std::uint16_t>(one << 8 | byte);
    two = static_cast<std::uint16_t>(two << 8 | byte);
  }

  void visit(StateVisitor& visitor, const std::string& name) {
    visitor.visit(name + "one", std::span<std::uint16_t>(one_));
    visitor.visit(name + "two", std::span<std::uint16_t>(two_));
  }

 private:
  std::array<std::uint16_t, 256> one_{};
  std::vector<std::uint16_t> two_ = std::vector<std::uint16_t>(65536);
};

}  // namespace foretell
