// Symbols at the border: arrays of any integer dtype and stride, read and written in pieces.
//
// Coders work on std::uint32_t. A piece is brought there in a small buffer that stays in the cache, so that a long
// message needs no memory of its own, and each value is read once: another thread that writes to the array meanwhile
// can make wrong symbols, which the coder checks again, and no more.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "arrays.hpp"

namespace foretell::bindings {

inline constexpr std::size_t kPiece = 8192;  // symbols, of 4 bytes: 32 KiB

/// Symbols, or indices of tables, of an argument.
class SymbolsArgument {
 public:
  /// Throws ValueError naming the first that is not in 0..limit - 1, limit >= 1, and `what` it is outside of.
  SymbolsArgument(const py::handle& object, const char* argument, py::ssize_t dimensions, std::size_t limit,
                  const char* what = "symbols of the cdf");

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] const py::array& array() const noexcept { return array_; }

  /// Copies the symbols from number `begin` on, in C order; works without the GIL.
  void read(std::size_t begin, std::span<std::uint32_t> symbols) const noexcept;

  /// Calls code(begin, symbols) for piece after piece; works without the GIL.
  template <typename Code>
  void in_pieces(Code&& code) const {
    std::array<std::uint32_t, kPiece> buffer;
    for (std::size_t begin = 0; begin < size_; begin += kPiece) {
      const std::span<std::uint32_t> piece(buffer.data(), std::min(kPiece, size_ - begin));
      read(begin, piece);
      code(begin, std::span<const std::uint32_t>(piece));
    }
  }

  /// As in_pieces, from the last piece to the first.
  template <typename Code>
  void in_pieces_reverse(Code&& code) const {
    std::array<std::uint32_t, kPiece> buffer;
    for (std::size_t end = size_; end != 0;) {
      const std::size_t begin = (end - 1) / kPiece * kPiece;
      const std::span<std::uint32_t> piece(buffer.data(), end - begin);
      read(begin, piece);
      code(begin, std::span<const std::uint32_t>(piece));
      end = begin;
    }
  }

  /// All of them.
  [[nodiscard]] std::vector<std::uint32_t> copy() const;

  /// Calls code(symbols) with all of them, without a copy if they are C-contiguous and 32 bits wide; works without the
  /// GIL.
  template <typename Code>
  void at_once(Code&& code) const {
    if (are_words_) {
      code(std::span(reinterpret_cast<const std::uint32_t*>(data_), size_));
    } else {
      code(std::span<const std::uint32_t>(copy()));
    }
  }

 private:
  using Read = void (*)(const std::byte* from, std::ptrdiff_t stride, std::span<std::uint32_t> symbols);

  py::array array_;
  std::size_t size_;
  const std::byte* data_;
  std::size_t inner_;            // symbols along the last axis
  std::ptrdiff_t stride_;        // bytes from one to the next of these
  std::ptrdiff_t outer_stride_;  // bytes along the first of two axes
  Read read_;
  bool are_words_;  // std::uint32_t or std::int32_t side by side; a negative one is too large for all coders
};

/// The array that decoded symbols go to: the caller's `out`, or a new one of uint32.
class SymbolsResult {
 public:
  /// `out` may be None. Throws TypeError or ValueError if it has another shape, is no integer array that symbols of
  /// 0..vocabulary - 1 fit, is read-only or not C-contiguous.
  SymbolsResult(const py::handle& out, std::span<const py::ssize_t> shape, std::size_t vocabulary);

  /// Calls decode(begin, symbols) for piece after piece, all at once if they need no conversion; works without the GIL.
  template <typename Decode>
  void in_pieces(Decode&& decode) {
    if (write_ == nullptr) {
      decode(std::size_t{0}, std::span<std::uint32_t>(reinterpret_cast<std::uint32_t*>(data_), size_));
      return;
    }
    std::array<std::uint32_t, kPiece> buffer;
    for (std::size_t begin = 0; begin < size_; begin += kPiece) {
      const std::span<std::uint32_t> piece(buffer.data(), std::min(kPiece, size_ - begin));
      decode(begin, piece);
      write_(piece, data_ + begin * item_size_);
    }
  }

  /// Calls decode(symbols) for all of them at once; works without the GIL.
  template <typename Decode>
  void at_once(Decode&& decode) {
    if (write_ == nullptr) {
      decode(std::span<std::uint32_t>(reinterpret_cast<std::uint32_t*>(data_), size_));
      return;
    }
    std::vector<std::uint32_t> symbols(size_);
    decode(std::span(symbols));
    write_(symbols, data_);
  }

  /// What the caller gets: its own `out`, or the new array.
  [[nodiscard]] py::object object() const { return object_; }

 private:
  using Write = void (*)(std::span<const std::uint32_t> symbols, std::byte* to);

  py::array array_;  // not default-constructed first, for that makes an array
  py::object object_;
  std::size_t size_;
  std::size_t item_size_;
  Write write_;  // nullptr for uint32
  std::byte* data_;
};

}  // namespace foretell::bindings
