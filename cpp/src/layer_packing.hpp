// From a layer's masters to its 8-bit copies, four rows at a time.
#pragma once

#include <cstddef>
#include <cstdint>

namespace foretell {

/// Rounds four rows of `columns` masters times `factor` to 8 bits, ties to even, and writes them to `forward`, a quad
/// row of [columns][4], and transposed to `backward`: for each of `backward_quads` quads of columns the four rows'
/// quads side by side, `backward_stride` bytes from one quad of columns to the next. All addresses are aligned to 16
/// bytes, forward to 64.
void pack_quad_row(const float* masters, std::size_t columns, float factor, std::int8_t* forward, std::int8_t* backward,
                   std::size_t backward_stride, std::size_t backward_quads) noexcept;

}  // namespace foretell
