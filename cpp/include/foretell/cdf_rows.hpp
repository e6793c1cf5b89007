// Rows of CDFs as a coder reads them: V + 1 integers a row, each row anywhere, its integers side by side.
//
// The stride lets a coder read what lies in a larger array, such as one step of all lanes, or one row again and again
// (stride 0), without a copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace foretell {

/// `Integer` is std::uint32_t, std::uint64_t, or, up to precision 16, std::uint16_t, which stores a last 2^16 as 0.
template <typename Integer>
struct CdfRows {
  const Integer* data = nullptr;
  std::size_t count = 0;
  std::size_t row_size = 0;   // V + 1
  std::ptrdiff_t stride = 0;  // from a row to the next, in integers
  std::size_t first = 0;      // the number of the first row in error messages

  /// Rows one after the other. Integers behind the last whole row make `count` one too many, which coders refuse.
  CdfRows(std::span<const Integer> cdf, std::size_t size)
      : data(cdf.data()),
        count(size == 0 ? 0 : (cdf.size() + size - 1) / size),
        row_size(size),
        stride(static_cast<std::ptrdiff_t>(size)) {}

  CdfRows(const Integer* begin, std::size_t rows, std::size_t size, std::ptrdiff_t apart)
      : data(begin), count(rows), row_size(size), stride(apart) {}

  [[nodiscard]] const Integer* row(std::size_t i) const noexcept {
    return data + static_cast<std::ptrdiff_t>(i) * stride;
  }
  [[nodiscard]] std::span<const Integer> operator[](std::size_t i) const noexcept { return {row(i), row_size}; }

  /// `rows` rows from row `begin` on.
  [[nodiscard]] CdfRows slice(std::size_t begin, std::size_t rows) const noexcept {
    CdfRows part = *this;
    part.data = row(begin);
    part.count = rows;
    part.first += begin;
    return part;
  }
};

/// Where a symbol's slots end. In uint16 rows the last value, 2^16 at precision 16, is stored as 0.
template <typename Integer>
[[nodiscard]] inline std::uint64_t slots_end(std::span<const Integer> cdf, std::size_t symbol,
                                             std::uint64_t total) noexcept {
  if (std::is_same_v<Integer, std::uint16_t> && symbol + 2 == cdf.size()) {
    return total;
  }
  return cdf[symbol + 1];
}

}  // namespace foretell
