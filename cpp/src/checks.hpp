// Checks and messages that several classes share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <type_traits>

#include "foretell/cdf_rows.hpp"
#include "foretell/checksum.hpp"
#include "foretell/errc.hpp"
#include "foretell/range_coder.hpp"

namespace foretell {

[[noreturn]] void throw_unusable_encoder();
[[noreturn]] void throw_failed_decoder(Errc failure);
[[noreturn]] void throw_bad_interval(const std::string& where, std::uint64_t start, std::uint64_t freq,
                                     unsigned precision);
[[noreturn]] void throw_bad_symbol(const std::string& where, std::uint32_t symbol, std::size_t vocabulary);
/// Explains a status of decode_symbol; `where` is "row 3" or the like.
[[noreturn]] void throw_decode_error(Errc status, const std::string& where);

/// Throws kInvalidArgument, naming the parameter, unless low <= value <= high.
void check_range(const char* name, std::uint32_t value, std::uint32_t low, std::uint32_t high);

/// Throws if the precision is above what the integers of a CDF reach.
void check_fits(unsigned most_precision, unsigned precision);
/// Throws unless there are `expected` rows of row_size >= 2 integers, wide enough for the precision.
void check_cdf_shape(std::size_t rows, std::size_t row_size, std::size_t expected, unsigned most_precision,
                     unsigned precision);
/// Throws unless both hold `expected` integers, wide enough for the precision.
void check_interval_shape(std::size_t start, std::size_t freq, std::size_t expected, unsigned most_precision,
                          unsigned precision);

/// True if [start, start + freq) is a part, and not an empty one, of 2^precision slots. Written so that nothing
/// overflows.
[[nodiscard]] inline bool is_interval(std::uint64_t start, std::uint64_t freq, std::uint64_t total) noexcept {
  return freq != 0 && freq <= total && start <= total - freq;
}

struct Interval {
  std::uint64_t start;
  std::uint64_t freq;
};

/// Finds a symbol's slots; false, with whatever was found, if it is outside the row or has none in it.
template <typename Integer>
[[nodiscard]] inline bool find_interval(std::span<const Integer> row, std::uint32_t symbol, std::uint64_t total,
                                        Interval& interval) noexcept {
  if (symbol >= row.size() - 1) [[unlikely]] {
    return false;
  }
  const std::uint64_t start = row[symbol];
  const std::uint64_t end = slots_end(row, symbol, total);
  interval = {start, end - start};  // wraps to a huge freq if the row falls
  return start < end && end <= total;
}

/// Explains why find_interval failed; `at` names the symbol, `row` its CDF.
[[noreturn]] void throw_bad_row(const std::string& at, const std::string& row, std::uint32_t symbol,
                                std::size_t vocabulary, Interval interval, unsigned precision);

/// What `finish` of a decoder finds: kOk if the stream, and its checksum if it has one, ends here.
[[nodiscard]] Errc check_stream_end(RangeDecoderState state, bool with_checksum, const Checksum& checksum) noexcept;
/// Explains why a stream does not end where its decoder stands, with `left` bytes unread; `stream` is "lane 3" or the
/// like, `unit` "symbol" or "bit".
[[noreturn]] void throw_bad_end(Errc status, std::ptrdiff_t left, bool with_checksum, const std::string& stream,
                                const std::string& unit);

/// The highest precision that CDFs of `Integer` can have: 2^precision must fit, but for uint16 rows, which store it as
/// 0.
template <typename Integer>
inline constexpr unsigned kMostPrecision =
    std::is_same_v<Integer, std::uint16_t> ? 16 : std::numeric_limits<Integer>::digits - 1;

}  // namespace foretell
