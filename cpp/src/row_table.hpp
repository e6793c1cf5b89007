// An embedding table for online learning: 16-bit rows, gradients summed as integers, Adagrad by row. The twin of
// `foretell.exact.Embedding`.
//
// Rows are on the grid 2^-12 and read as 8-bit operands on the grid 2^-6. All start at zero, and memory that is never
// touched is never paid for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "foretell/learned_state.hpp"
#include "prefetch.hpp"
#include "zeroed_array.hpp"

namespace foretell {

/// The gradients of rows that were read side by side, `per_group` of `width` numbers each.
struct Gradients {
  [[nodiscard]] const float* operator[](std::size_t i) const noexcept {
    return numbers + i / per_group * group_stride + i % per_group * width;
  }

  const float* numbers;
  std::size_t width;
  std::size_t per_group;
  std::size_t group_stride;
};

class RowTable {
 public:
  static constexpr int kReadExponent = -6;

  /// Throws std::bad_alloc.
  RowTable(std::size_t rows, std::size_t width, double rate);

  /// Asks for a row, which is about to be read, and for what learning needs of it.
  void prefetch_row(std::int64_t row) const noexcept {
    const std::int16_t* const numbers = table_.data() + static_cast<std::size_t>(row) * width_;
    for (std::size_t i = 0; i < width_; i += kCacheLine / sizeof(std::int16_t)) {
      prefetch(numbers + i);
    }
    prefetch(squares_.data() + row);
  }

  /// Writes rows, side by side, as integers within +-127.
  void read(std::span<const std::int64_t> rows, std::int8_t* to) const noexcept;

  /// Makes room for `learn` with up to `count` rows. Throws std::bad_alloc.
  void reserve(std::size_t count);

  /// Takes one Adagrad step. rows[i] was read, and its gradient, width() integers of at most `most` on the grid
  /// 2^exponent, is gradients[i].
  void learn(std::span<const std::int64_t> rows, Gradients gradients, double most, int exponent) noexcept;

  void visit(StateVisitor& visitor, const std::string& name);

 private:
  void group(std::span<const std::int64_t> rows) noexcept;

  std::size_t width_;
  float rate_;  // in steps of the table
  float inverse_width_;
  ZeroedArray<std::int16_t> table_;  // [rows][width]
  ZeroedArray<float> squares_;       // [rows], sums over updates of the squared mean |gradient|
  ZeroedArray<float> sums_;          // of the gradients of rows that were read more than once

  // Where each distinct row was read: a list through `next_`, whose head is in `first_`, in order of appearance.
  static constexpr std::uint32_t kNone = 0xffffffff;
  std::vector<std::uint32_t> first_;
  std::vector<std::uint32_t> counts_;  // how often each was read
  std::vector<std::uint32_t> next_;
  std::vector<std::uint32_t> cells_;  // hash table of positions in first_, kNone elsewhere; at most half full
};

}  // namespace foretell
