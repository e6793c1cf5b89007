// The two ends of a bit: one that writes the bits of a known byte, one that reads them.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "foretell/binary_coder.hpp"

namespace foretell {

/// Writes; `byte` is set before its eight bits are asked for.
class BitWriter {
 public:
  /// The stream of bits comes behind what is in `bytes`; a carry never reaches that.
  explicit BitWriter(std::vector<std::uint8_t> bytes = {}) : bytes_(std::move(bytes)), size_(bytes_.size()) {
    bytes_.resize(size_ + kFirstRoom);
  }

  void begin_byte(std::uint8_t byte) {
    byte_ = byte;
    if (bytes_.size() - size_ < 8 * kBytesPerBit + kBytesPerEnd) {
      bytes_.resize(bytes_.size() * 2);
    }
  }

  [[nodiscard, gnu::always_inline]] std::uint32_t operator()(std::uint16_t probability, std::uint32_t place) noexcept {
    const std::uint32_t bit = static_cast<std::uint32_t>(byte_) >> place & 1;
    product_ *= bit != 0 ? probability : 65536 - probability;
    if (product_ > 0x1p960) {
      settle();
    }
    ++count_;
    std::uint8_t* end = encode_bit(state_, bytes_.data() + size_, bit, probability);
    size_ = static_cast<std::size_t>(end - bytes_.data());
    return bit;
  }

  [[nodiscard]] std::vector<std::uint8_t> finish() {
    bytes_.resize(static_cast<std::size_t>(end_bits(state_, bytes_.data() + size_) - bytes_.data()));
    return std::move(bytes_);
  }

  /// Sum of -log2 p. The product of the probabilities is kept, for a logarithm of each bit would take longer.
  [[nodiscard]] double ideal_bits() noexcept {
    settle();
    return 16.0 * static_cast<double>(count_) - log2_;
  }

 private:
  void settle() noexcept {
    log2_ += std::log2(product_);
    product_ = 1.0;
  }

  static constexpr std::size_t kFirstRoom = 4096;

  std::uint8_t byte_ = 0;
  BinaryEncoderState state_;
  std::vector<std::uint8_t> bytes_;  // the first size_ are written
  std::size_t size_;
  std::uint64_t count_ = 0;
  double product_ = 1.0;
  double log2_ = 0.0;
};

/// Reads; after the end of the payload it gives bits that mean nothing, and `status` says so.
class BitReader {
 public:
  explicit BitReader(std::span<const std::uint8_t> payload) : status_(begin_bits(state_, payload)) {}

  void begin_byte(std::uint8_t) noexcept {}

  [[nodiscard, gnu::always_inline]] std::uint32_t operator()(std::uint16_t probability, std::uint32_t) noexcept {
    std::uint32_t bit = 0;
    const Errc status = decode_bit(state_, probability, bit);
    status_ = status_ == Errc::kOk ? status : status_;
    return bit;
  }

  [[nodiscard]] Errc status() const noexcept { return status_; }
  [[nodiscard]] Errc finish() const noexcept { return status_ == Errc::kOk ? check_end(state_) : status_; }

 private:
  BinaryDecoderState state_;
  Errc status_;
};

}  // namespace foretell
