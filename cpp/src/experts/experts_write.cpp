#include "experts/code_bytes.hpp"

namespace foretell {

void code_bytes(Experts& experts, BitWriter& writer, std::uint8_t* bytes, std::size_t count, const std::uint32_t* cdf) {
  code_bytes_with(experts, writer, bytes, count, cdf);
}

}  // namespace foretell
