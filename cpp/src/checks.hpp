// Checks and messages that the single coder and the lanes share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <type_traits>

#include "foretell/errc.hpp"

namespace foretell {

[[noreturn]] void throw_unusable_encoder();
[[noreturn]] void throw_failed_decoder(Errc failure);
[[noreturn]] void throw_bad_interval(const std::string& where, std::uint64_t start, std::uint64_t freq,
                                     unsigned precision);
[[noreturn]] void throw_bad_symbol(const std::string& where, std::uint32_t symbol, std::size_t vocabulary);
/// Explains a status of decode_symbol; `where` is "row 3" or the like.
[[noreturn]] void throw_decode_error(Errc status, const std::string& where);

/// Throws if the precision is above what the integers of a CDF reach.
void check_fits(unsigned most_precision, unsigned precision);
/// Throws unless `cdf` holds `rows` rows of row_size >= 2 integers, wide enough for the precision.
void check_cdf_shape(std::size_t size, std::size_t rows, std::size_t row_size, unsigned most_precision,
                     unsigned precision);
/// Throws unless both hold `expected` integers, wide enough for the precision.
void check_interval_shape(std::size_t start, std::size_t freq, std::size_t expected, unsigned most_precision,
                          unsigned precision);

/// True if [start, start + freq) is a part, and not an empty one, of 2^precision slots. Written so that nothing
/// overflows.
[[nodiscard]] inline bool is_interval(std::uint64_t start, std::uint64_t freq, std::uint64_t total) noexcept {
  return freq != 0 && freq <= total && start <= total - freq;
}

/// The highest precision that CDFs of `Integer` can have: 2^precision must fit, but for uint16 rows, which store it as
/// 0.
template <typename Integer>
inline constexpr unsigned kMostPrecision =
    std::is_same_v<Integer, std::uint16_t> ? 16 : std::numeric_limits<Integer>::digits - 1;

}  // namespace foretell
