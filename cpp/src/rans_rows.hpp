// Popping symbols that have a CDF row each, from eight states at once.
#pragma once

#include <cstddef>
#include <cstdint>

#include "foretell/cdf_rows.hpp"
#include "rans_kernels.hpp"

namespace foretell {

inline constexpr std::size_t kRowLanes = 8;  // states in a vector

/// Pops symbols of the first rows of `cdf`, the very first from the first of the states, of which there is a multiple
/// of kRowLanes, and returns how many: a multiple of kRowLanes. It stops before symbols that have to be popped one by
/// one: fewer than kRowLanes rows or words are left, or one of the next kRowLanes rows is not a CDF. Rows have two
/// integers or more. AVX-512 must be supported. (rans_rows_x86.cpp)
[[nodiscard]] std::size_t pop_rows_avx512(StateSpan states, const std::uint32_t*& next, const std::uint32_t* end,
                                          CdfRows<std::uint16_t> cdf, unsigned precision,
                                          std::uint32_t* symbols) noexcept;
[[nodiscard]] std::size_t pop_rows_avx512(StateSpan states, const std::uint32_t*& next, const std::uint32_t* end,
                                          CdfRows<std::uint32_t> cdf, unsigned precision,
                                          std::uint32_t* symbols) noexcept;

}  // namespace foretell
