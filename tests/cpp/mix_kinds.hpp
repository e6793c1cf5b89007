// Small codecs of every kind, for tests.
#pragma once

#include <cstddef>
#include <cstdint>

#include "blocks.hpp"
#include "foretell/mix_codec.hpp"

namespace foretell::test {

inline MixParameters parameters(std::uint32_t contexts, bool network) {
  MixParameters out{.contexts = contexts, .cell_bits = 16, .history_bits = 16, .network = {}};
  if (network) {
    out.network = NgramParameters{.lanes = 1, .chunk = 8, .row_bits = 10, .run_bits = 12, .width = 8, .hidden = 32};
  }
  return out;
}

inline Block decoded(MixCodec& decoder, const Block& payload, std::size_t size) {
  Block block(size, 0xaa);
  decoder.decode(payload, block);
  return block;
}

}  // namespace foretell::test
