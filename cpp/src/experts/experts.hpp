// All sets of contexts over one memory: codes bytes one after the other, with kernels for each set of instructions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "experts/bit_coders.hpp"
#include "experts/byte_predictor.hpp"
#include "foretell/learned_state.hpp"

namespace foretell {

/// What an encoder found out about a block, for the experts.
struct BlockContexts {
  bool records = false;
  RecordShape shape;
};

struct Experts {
  Experts(bool light_only, unsigned cell_bits, unsigned history_bits)
      : is_light(light_only), memory(cell_bits, history_bits) {}

  bool is_light;
  Memory memory;
  Lane lane;
  BlockContexts block;
  // Made when they are first needed: a few MB each.
  std::unique_ptr<BytePredictor<LightSet>> light;
  std::unique_ptr<BytePredictor<TextSet>> text;
  std::unique_ptr<BytePredictor<RecordSet>> records;

  /// Starts a block: records count from its first byte.
  void begin(BlockContexts contexts);

  void visit(StateVisitor& visitor, const std::string& name);
};

/// Codes `count` bytes, each with the next of `cdf`'s rows of 257, if there are any. A reader fills `bytes`.
void code_bytes(Experts& experts, BitWriter& writer, std::uint8_t* bytes, std::size_t count, const std::uint32_t* cdf);
void code_bytes(Experts& experts, BitReader& reader, std::uint8_t* bytes, std::size_t count, const std::uint32_t* cdf);

}  // namespace foretell
