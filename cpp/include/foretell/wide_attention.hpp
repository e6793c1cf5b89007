// Causal attention over keys and values of 16 bits, exact: foretell.exact.KeyValueCache is the reference, bit for bit.
//
// A key's weight is 2^(score / 1024), rounded to 22 bits against the largest, from a table of integers that the caller
// brings. So the sums over keys are sums of integers and have no order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace foretell {

/// Keys and values of up to `positions` tokens. A view: whoever calls owns the numbers.
struct WideCache {
  std::span<std::int16_t> keys, values;     // [lanes][heads][positions][head_width]
  std::span<float> key_steps, value_steps;  // [lanes][heads][positions]: powers of two
  std::size_t lanes, heads, positions, head_width;
};

/// 2^22 * 2^(-d / 1024), rounded, for d = 0 .. 24 * 1024 - 1, and a 0.
inline constexpr std::size_t kWideWeights = 24 * 1024 + 1;

/// Writes keys and values of the next tokens at position `first`.. of the cache, and what each of these tokens attends
/// to, itself and all before it, to out [lanes][tokens][query_heads][head_width].
///
/// heads is [lanes][tokens][query_heads + 2 * cache.heads][head_width]: queries, keys and values, without NaN and
/// infinity; query_heads is a multiple of cache.heads, each of which serves as many neighbours. `scale` is what a
/// product of query and key is worth in 1024ths of a factor of two. At most `threads` threads work.
/// Throws Error(kInvalidArgument) for sizes that do not fit each other, and for a head that is not finite;
/// std::bad_alloc.
void wide_attend(std::span<const float> heads, std::size_t query_heads, const WideCache& cache, std::size_t first,
                 double scale, std::span<const std::int32_t> weights, std::span<float> out, unsigned threads);

}  // namespace foretell
