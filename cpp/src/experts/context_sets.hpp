// Which contexts the experts look at, for three kinds of use. FROZEN as model "mix/1": a change of any is a new name.
//
// A set names its contexts by 64-bit values, which the predictor mixes and hashes; the numbers beside the shifts keep
// contexts of one place apart. The first kOrders are the newest bytes, more and more of them: how many of these have
// been seen tells the mixer how far to trust.
#pragma once

#include <cstddef>
#include <cstdint>

#include "experts/followers.hpp"
#include "experts/history.hpp"

namespace foretell {

/// The shape of records in a block: bytes to the same field of the record before, and of the row above (0: no rows).
struct RecordShape {
  std::uint32_t unit = 1;
  std::uint32_t row = 0;
};

/// For speed.
struct LightSet {
  static constexpr std::size_t kContexts = 5;
  static constexpr std::size_t kOrders = 4;
  static constexpr bool kLight = true;
  static constexpr bool kRecords = false;

  static void fill(std::uint64_t* out, const Past& past, const History&, const Followers&, RecordShape) noexcept {
    out[0] = past.last(2);
    out[1] = past.last(3);
    out[2] = past.last(4);
    out[3] = past.last(6);
    out[4] = std::uint64_t{past.word} << 8 | past.byte(1);
  }
};

/// For text, source, markup, and whatever has no records.
struct TextSet {
  static constexpr std::size_t kContexts = 19;
  static constexpr std::size_t kOrders = 6;
  static constexpr bool kLight = false;
  static constexpr bool kRecords = false;

  static void fill(std::uint64_t* out, const Past& past, const History& history, const Followers& followers,
                   RecordShape) noexcept {
    const std::uint64_t newest = past.byte(1);
    const std::uint64_t word = std::uint64_t{past.word} * 0x2f0b4c47;
    const std::uint64_t column = past.position - past.line;
    const bool has_above = column < past.line - past.line_before;
    const std::uint64_t above = has_above ? history.at(past.line_before + column) : 0;
    std::size_t k = 0;
    for (unsigned order = 1; order <= kOrders; ++order) {
      out[k++] = past.last(order);
    }
    out[k++] = 0;  // nothing: what comes how often
    out[k++] = past.last(7);
    out[k++] = word;
    out[k++] = word + std::uint64_t{past.word_before} * 0x9e3779b1 * 7;
    out[k++] =
        word * 3 + std::uint64_t{past.word_before_that} * 0x1b873593 * 5 + std::uint64_t{past.word_before} * 1103515245;
    out[k++] = word + std::uint64_t{past.word_before_that} * 77777777 + 13;
    out[k++] = past.last(3) >> 8;          // sparse: the newest byte left out
    out[k++] = past.last(4) & 0xff00ff00;  // every second one
    out[k++] = past.last(4) & 0xf0f0f0ff;  // the older ones roughly
    out[k++] = (column < 255 ? column : 255) << 16 | above << 8 | std::uint64_t{2} << 24;
    out[k++] = followers.of_byte(past) | newest << 32 | std::uint64_t{3} << 44;
    out[k++] = followers.of_pair(past) | past.last(2) << 32 | std::uint64_t{5} << 52;
    out[k++] = std::uint64_t{past.classes & 0xffffff} << 8 | newest | std::uint64_t{7} << 44;
  }
};

/// For tables, images, executables: fields of records, pixels around, sparse contexts.
struct RecordSet {
  static constexpr std::size_t kContexts = 19;
  static constexpr std::size_t kOrders = 4;
  static constexpr bool kLight = false;
  static constexpr bool kRecords = true;

  static void fill(std::uint64_t* out, const Past& past, const History& history, const Followers& followers,
                   RecordShape shape) noexcept {
    const auto back = [&](std::uint64_t distance) -> std::uint64_t { return history.at(past.position - distance); };
    const auto tag = [](unsigned number) { return std::uint64_t{number} << 56; };
    const std::uint64_t newest = past.byte(1);
    const std::uint64_t unit = shape.unit;
    const std::uint64_t field = (past.position - past.first) % unit;
    const std::uint64_t above = back(unit);
    const std::uint64_t above2 = back(2 * unit);
    std::size_t k = 0;
    for (unsigned order = 1; order <= kOrders; ++order) {
      out[k++] = past.last(order);
    }
    out[k++] = 0;
    out[k++] = (past.last(3) & 0xffff00) | tag(1);
    out[k++] = (past.last(4) & 0xffffff00) | tag(1);
    out[k++] = (past.last(3) & 0xff0000) | tag(1);
    out[k++] = (past.last(3) & 0xff00ff) | tag(1);
    out[k++] = (past.last(4) & 0xf8f8f8f8) | tag(2);
    out[k++] = field << 8 | above | tag(3);
    if (shape.row == 0) {
      out[k++] = field | tag(8);
      out[k++] = field << 8 | newest | tag(9);
      out[k++] = std::uint64_t{past.word} * 0x2f0b4c47 + newest;
      out[k++] = followers.of_byte(past) | newest << 32 | tag(10);
      out[k++] = followers.of_pair(past) | past.last(2) << 32 | tag(11);
      out[k++] = field << 8 | above2 | tag(13);
      out[k++] = past.last(2) | above << 16 | back(unit + 1) << 24 | tag(14);
      out[k++] = ((2 * above - above2) & 255) | field << 8 | tag(15);
      return;
    }
    const std::uint64_t north = back(shape.row);
    const std::uint64_t gradient = (above + north - back(shape.row + unit)) & 255;
    const std::uint64_t northeast = back(shape.row - unit);
    out[k++] = north | above << 8 | tag(16);
    out[k++] = gradient | field << 16 | tag(17);
    out[k++] = (north + northeast) >> 1 | above << 8 | field << 16 | tag(19);
    if (unit == 2) {
      fill_samples(out + k, past, history, shape.row);
      return;
    }
    out[k++] = north | newest << 8 | tag(20);
    out[k++] = north << 8 | back(2 * shape.row) | tag(21);
    out[k++] = north | past.last(2) << 8 | tag(22);
    out[k++] = (past.position - past.first) % shape.row << 8 | tag(23);
    out[k++] = above | northeast << 8 | north << 16 | tag(24);
  }

 private:
  /// What the pixels around foretell of a 16-bit one, the less significant byte first.
  static void fill_samples(std::uint64_t* out, const Past& past, const History& history, std::uint64_t row) noexcept {
    const std::uint64_t known = (past.position - past.first) & 1;  // bytes of the sample that have come
    const auto sample = [&](std::uint64_t distance) {
      const std::uint64_t at = past.position - distance - known;
      return static_cast<std::int32_t>(history.at(at) | history.at(at + 1) << 8);
    };
    const std::int32_t west = sample(2);
    const std::int32_t north = sample(row);
    const std::int32_t northwest = sample(row + 2);
    const std::int32_t guesses[] = {west + north - northwest, (west + north) >> 1,
                                    west + ((sample(row - 2) - northwest) >> 1), 2 * west - sample(4),
                                    (3 * (west + north) - 2 * northwest) >> 2};
    for (std::uint64_t i = 0; i < 5; ++i) {
      const std::int32_t guess = guesses[i] < 0 ? 0 : guesses[i] > 65535 ? 65535 : guesses[i];
      const std::uint64_t off =
          static_cast<std::uint64_t>(past.byte(1)) + 256 - static_cast<std::uint64_t>(guess & 255);
      const std::uint64_t value = known == 0 ? static_cast<std::uint64_t>(guess)
                                             : static_cast<std::uint64_t>(guess >> 8) << 8 | (off >> 3 & 63);
      out[i] = value | known << 32 | (25 + i) << 56;
    }
  }
};

}  // namespace foretell
