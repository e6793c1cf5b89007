// What the n-gram network keeps of a chunk's steps until it has learned them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "byte_logits.hpp"
#include "foretell/contexts.hpp"
#include "foretell/ngram_network.hpp"
#include "linear_layer.hpp"
#include "packed_matrix.hpp"
#include "step_packing.hpp"
#include "zeroed_array.hpp"

namespace foretell {

inline constexpr std::size_t kSlots = ByteContexts::kSlots;
inline constexpr std::size_t kCandidates = ByteContexts::kCandidates;
inline constexpr std::size_t kStepPart = part_of(LinearLayer::kLimit, LinearLayer::kLimit + 1);

/// What one begin() makes room for: all that learning needs of a chunk's steps, step-major, and room to learn. A row is
/// one lane at one step.
struct ChunkMemory {
  ChunkMemory(const NgramParameters& p, std::size_t lane_count, const LinearLayer& hidden, const LinearLayer& output)
      : lanes(lane_count),
        rows(p.chunk * lanes),
        table_rows((rows + lanes) * kSlots),
        candidates((rows + lanes) * kCandidates),
        buckets((rows + lanes) * kCandidates),
        symbols(rows),
        x(rows * hidden.inputs()),
        h(rows * hidden.output_columns()),
        cdf(rows * NgramNetwork::kRowSize),
        g(rows * kBytes),
        saturated(rows),
        dh_products(rows * output.input_columns()),
        dh(rows * hidden.output_columns()),
        dx(rows * hidden.input_columns()),
        hidden_steps(rows, hidden.inputs(), hidden.outputs(), kStepPart),
        output_steps(2 * rows, output.inputs(), output.outputs(), kStepPart) {}

  std::size_t lanes;
  std::size_t rows;
  // One step more than a chunk: the features of the coming step, so that tables can be asked for them early.
  ZeroedArray<std::int64_t> table_rows;  // [steps + 1][lanes][kSlots]
  ZeroedArray<std::int64_t> candidates;  // [steps + 1][lanes][kCandidates]
  ZeroedArray<std::int64_t> buckets;     // [steps + 1][lanes][kCandidates]
  ZeroedArray<std::uint8_t> symbols;     // [rows]
  ZeroedArray<std::int8_t> x;            // [rows][inputs]
  ZeroedArray<std::int8_t> h;            // [rows][hidden columns]
  ZeroedArray<std::uint32_t> cdf;        // [rows][kRowSize]

  ZeroedArray<std::int8_t> g;            // [rows][256], gradient of the logits, but where it is 128
  ZeroedArray<std::uint16_t> saturated;  // [rows], the place where it is 128, or 256
  ZeroedArray<float> dh_products;        // [rows][hidden columns]
  ZeroedArray<std::int8_t> dh;           // [rows][hidden columns]
  ZeroedArray<float> dx;                 // [rows][input columns]
  StepPacking hidden_steps;
  StepPacking output_steps;  // a step whose gradient is 128 somewhere takes a second one: 127 + 1
};

}  // namespace foretell
