#include "foretell/wide_product.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "foretell/errc.hpp"
#include "parallel.hpp"
#include "prefetch.hpp"
#include "targets.hpp"
#include "wide_rows.hpp"

namespace foretell {
namespace {

constexpr std::size_t kRows = 3;              // of x, and
constexpr std::size_t kOutputs = 2;           // of the matrix, at a time
constexpr std::size_t kAhead = 2 * kOutputs;  // where memory is asked for the matrix: with few rows, all wait for it
constexpr std::size_t kBlock = 1U << 17;      // numbers of x that stay in the cache while the matrix goes by
constexpr std::size_t kWorth = 2U << 20;      // products that are worth a thread

/// Rows of x as integers, halved.
struct Rows {
  Rows(std::span<const float> x, std::size_t width)
      : inputs(width), count(x.size() / width), halves(2 * x.size()), steps(count) {
    std::vector<std::int16_t> integers(inputs);
    for (std::size_t r = 0; r < count; ++r) {
      steps[r] = for_isa<QuantiseRow>(x.data() + r * inputs, inputs, integers.data());
      if (steps[r] == 0) {
        throw Error(Errc::kInvalidArgument, "x: row " + std::to_string(r) + " has a number that is not finite");
      }
      for_isa<HalveRow>(static_cast<const std::int16_t*>(integers.data()), inputs, halves.data() + 2 * r * inputs);
    }
  }

  std::size_t inputs;
  std::size_t count;
  std::vector<std::int16_t> halves;
  std::vector<float> steps;
};

/// What becomes of a sum, `scale * step` a unit.
void store(std::int64_t sum, double scale, double step, const float*, std::size_t, double& out) {
  out = static_cast<double>(sum) * scale * step;
}
void store(std::int64_t sum, double scale, double step, const float* bias, std::size_t output, float& out) {
  const auto rounded = static_cast<float>(static_cast<double>(sum) * scale * step);
  out = bias == nullptr ? rounded : rounded + bias[output];
}

template <typename Out>
struct Product {
  template <std::size_t kTileRows, std::size_t kTileOutputs>
  [[gnu::always_inline]] static void tile(const Rows& rows, const WideMatrix& matrix, const float* bias, Out* out,
                                          std::size_t row, std::size_t output) {
    std::int64_t sums[kTileRows][kTileOutputs];
    sum_products(rows.halves.data() + 2 * row * rows.inputs, matrix.integers.data() + output * rows.inputs, rows.inputs,
                 sums);
    for (std::size_t r = 0; r < kTileRows; ++r) {
      for (std::size_t o = 0; o < kTileOutputs; ++o) {
        store(sums[r][o], matrix.scale[output + o], rows.steps[row + r], bias, output + o,
              out[(row + r) * matrix.scale.size() + output + o]);
      }
    }
  }

  template <std::size_t kTileOutputs>
  [[gnu::always_inline]] static void column(const Rows& rows, const WideMatrix& matrix, const float* bias, Out* out,
                                            std::size_t first, std::size_t last, std::size_t output) {
    const std::size_t next = std::min(output + kAhead, matrix.scale.size() - kTileOutputs);
    const std::int16_t* const soon = matrix.integers.data() + next * rows.inputs;
    for (std::size_t k = 0; k < kTileOutputs * rows.inputs; k += kCacheLine / sizeof *soon) {
      prefetch(soon + k);
    }
    std::size_t row = first;
    for (; row + kRows <= last; row += kRows) {
      tile<kRows, kTileOutputs>(rows, matrix, bias, out, row, output);
    }
    if (row + 2 == last) {
      tile<2, kTileOutputs>(rows, matrix, bias, out, row, output);
    } else if (row + 1 == last) {
      tile<1, kTileOutputs>(rows, matrix, bias, out, row, output);
    }
  }

  [[gnu::always_inline]] static void run(const Rows* rows, const WideMatrix* matrix, const float* bias, Out* out,
                                         std::size_t begin, std::size_t end) {
    const std::size_t block = std::max(kRows, kBlock / (2 * rows->inputs) / kRows * kRows);
    for (std::size_t first = 0; first < rows->count; first += block) {
      const std::size_t last = std::min(first + block, rows->count);
      std::size_t output = begin;
      for (; output + kOutputs <= end; output += kOutputs) {
        column<kOutputs>(*rows, *matrix, bias, out, first, last, output);
      }
      if (output != end) {
        column<1>(*rows, *matrix, bias, out, first, last, output);
      }
    }
  }
};

template <typename Out>
void multiply(std::span<const float> x, const WideMatrix& matrix, std::span<const float> bias, std::span<Out> out,
              unsigned threads) {
  const std::size_t outputs = matrix.scale.size();
  const std::size_t inputs = matrix.inputs;
  if (inputs < 1 || inputs > kMostWideInputs) {
    throw Error(Errc::kInvalidArgument,
                "inputs: expected 1 to " + std::to_string(kMostWideInputs) + ", got " + std::to_string(inputs));
  }
  if (x.size() % inputs != 0 || matrix.integers.size() != outputs * inputs ||
      out.size() != x.size() / inputs * outputs || (!bias.empty() && bias.size() != outputs)) {
    throw Error(Errc::kInvalidArgument, "x, integers, scale, bias and out are not of one layer of " +
                                            std::to_string(inputs) + " inputs and " + std::to_string(outputs) +
                                            " outputs");
  }
  const Rows rows(x, inputs);
  const std::size_t worth = std::max<std::size_t>(1, x.size() * outputs / kWorth);
  in_parallel(std::min<std::size_t>(threads, worth), outputs, [&](std::size_t begin, std::size_t end) {
    for_isa<Product<Out>>(&rows, &matrix, bias.empty() ? nullptr : bias.data(), out.data(), begin, end);
  });
}

}  // namespace

void wide_product(std::span<const float> x, const WideMatrix& matrix, std::span<double> out, unsigned threads) {
  multiply<double>(x, matrix, {}, out, threads);
}

void wide_forward(std::span<const float> x, const WideMatrix& matrix, std::span<const float> bias, std::span<float> out,
                  unsigned threads) {
  multiply<float>(x, matrix, bias, out, threads);
}

}  // namespace foretell
