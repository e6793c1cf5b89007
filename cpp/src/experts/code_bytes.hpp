// The kernel of the experts, for one kind of coder; experts_write.cpp and experts_read.cpp are compiled from it.
#pragma once

#include "experts/experts.hpp"
#include "targets.hpp"

namespace foretell {

template <typename Set, typename Coder>
struct CodeBytes {
  [[gnu::always_inline]] static inline void run(BytePredictor<Set>* predictor, Experts* experts, Coder* coder,
                                                std::uint8_t* bytes, std::size_t count, const std::uint32_t* cdf) {
    for (std::size_t i = 0; i < count; ++i) {
      coder->begin_byte(bytes[i]);
      bytes[i] = predictor->code(experts->lane, experts->memory, experts->block.shape, cdf, *coder);
      experts->lane.take(bytes[i], experts->memory);
      cdf = cdf != nullptr ? cdf + 257 : nullptr;
    }
  }
};

template <typename Coder>
void code_bytes_with(Experts& experts, Coder& coder, std::uint8_t* bytes, std::size_t count, const std::uint32_t* cdf) {
  if (experts.is_light) {
    for_isa<CodeBytes<LightSet, Coder>>(experts.light.get(), &experts, &coder, bytes, count, cdf);
  } else if (experts.block.records) {
    for_isa<CodeBytes<RecordSet, Coder>>(experts.records.get(), &experts, &coder, bytes, count, cdf);
  } else {
    for_isa<CodeBytes<TextSet, Coder>>(experts.text.get(), &experts, &coder, bytes, count, cdf);
  }
}

}  // namespace foretell
