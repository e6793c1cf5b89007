// The two halves of a quantiser, row by row: weights from an input, and what the normaliser of cdf.hpp makes of them.
//
// The portable bodies (row_weights.cpp) are loops that compilers turn into vector instructions: no branch inside, one
// type a loop. Where compilers do not do well, row_weights_x86.cpp has its own, which give the same integers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "checks.hpp"
#include "foretell/cdf.hpp"

namespace foretell {

inline constexpr unsigned kProductBits = 55;  // P + k of the normaliser: the widest that keeps w * m in 64 bits

/// What the normaliser needs to know of a row of weights. A sum of 0 says that the row was refused.
struct Weighed {
  std::uint64_t sum;
  std::uint32_t first;  // place of the first of the largest weights
};

/// m and k of the normaliser.
struct Scale {
  std::uint64_t factor;  // < 2^32
  unsigned shift;        // 23..54
};

[[nodiscard]] inline Scale scale_of(std::uint64_t sum, std::size_t vocabulary, unsigned precision) noexcept {
  const unsigned shift = kProductBits - precision;
  return {(((std::uint64_t{1} << precision) - vocabulary) << shift) / sum, shift};
}

/// Room for one row. A thread keeps it for its next call: rows of large vocabularies are past the size from which
/// malloc maps fresh pages, and touching those would take longer than the work. Only one at a time may be in use in a
/// thread.
class RowScratch {
 public:
  explicit RowScratch(std::size_t vocabulary);
  ~RowScratch();
  RowScratch(const RowScratch&) = delete;
  RowScratch& operator=(const RowScratch&) = delete;

  [[nodiscard]] std::uint32_t* weights() const noexcept { return buffers_->weights.get(); }
  /// For a row of Float16 or BFloat16.
  [[nodiscard]] float* widened() const noexcept { return buffers_->widened.get(); }

 private:
  struct Buffers {
    std::size_t size = 0;
    std::unique_ptr<std::uint32_t[]> weights;
    std::unique_ptr<float[]> widened;  // memory that is not touched costs nothing
  };

  static Buffers& of_thread() noexcept;

  Buffers* buffers_;
};

// Fill scratch.weights().
template <typename Probability>
[[nodiscard]] Weighed weigh_probabilities(const Probability* row, std::size_t vocabulary,
                                          const RowScratch& scratch) noexcept;
template <typename Logit>
[[nodiscard]] Weighed weigh_logits(const Logit* row, std::size_t vocabulary, LogBase base,
                                   const RowScratch& scratch) noexcept;
template <typename Count>
[[nodiscard]] Weighed weigh_counts(const Count* row, std::size_t vocabulary, const RowScratch& scratch) noexcept;

/// Writes the CDF of a row of weights.
template <typename Integer>
void spread(const std::uint32_t* weights, std::size_t vocabulary, Weighed weighed, unsigned precision,
            Integer* cdf) noexcept;

/// Returns the interval of one symbol, the same as spread would write.
[[nodiscard]] Interval weighed_interval(const std::uint32_t* weights, std::size_t vocabulary, Weighed weighed,
                                        unsigned precision, std::size_t symbol) noexcept;

// -- for one level, which must be supported (row_weights_x86.cpp) ----------------------------------------------------

/// Rows of ordinary floats only: false if there is a negative or infinite number, a NaN or -0, or if the largest is so
/// small that denormals would count. Then nothing has been written.
[[nodiscard]] bool weigh_avx2(const float* p, std::size_t vocabulary, std::uint32_t* weights,
                              Weighed& weighed) noexcept;
[[nodiscard]] bool weigh_avx512(const float* p, std::size_t vocabulary, std::uint32_t* weights,
                                Weighed& weighed) noexcept;
/// Replaces distances d, at most kMostDistance, by T[d mod 1024] >> (d div 1024), and returns their sum.
[[nodiscard]] std::uint64_t look_up_avx512(std::uint32_t* distances, std::size_t vocabulary) noexcept;

void spread_avx2(const std::uint32_t* weights, std::size_t vocabulary, Weighed weighed, unsigned precision,
                 std::uint32_t* cdf) noexcept;
void spread_avx2(const std::uint32_t* weights, std::size_t vocabulary, Weighed weighed, unsigned precision,
                 std::uint16_t* cdf) noexcept;
void spread_avx512(const std::uint32_t* weights, std::size_t vocabulary, Weighed weighed, unsigned precision,
                   std::uint32_t* cdf) noexcept;
void spread_avx512(const std::uint32_t* weights, std::size_t vocabulary, Weighed weighed, unsigned precision,
                   std::uint16_t* cdf) noexcept;

/// The distance from which on a weight is 0: 2^25 and more below the largest.
inline constexpr std::uint32_t kMostDistance = 31U << kFractionBits;

}  // namespace foretell
