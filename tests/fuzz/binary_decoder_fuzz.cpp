// BinaryDecoder: any stream under any probabilities. There is one stream for any bits.
#include "foretell/binary_coder.hpp"

#include "fuzz.hpp"

namespace foretell::fuzz {
namespace {

using Bits = std::vector<std::uint8_t>;
using Probabilities = std::vector<std::uint16_t>;

Bytes encode(const Bits& bits, const Probabilities& probabilities) {
  BinaryEncoder encoder;
  encoder.encode(view(bits), view(probabilities));
  return encoder.finish();
}

struct BitsOutcome {
  Errc code = Errc::kOk;
  Bits bits;
};

/// Decodes the first `first` bits in one call and the others one by one.
BitsOutcome decode(const Bytes& stream, const Probabilities& probabilities, std::size_t first) {
  BitsOutcome outcome{Errc::kOk, Bits(probabilities.size())};
  outcome.code = thrown_by([&] {
    BinaryDecoder decoder(stream);
    decoder.decode(view(probabilities).first(first), std::span(outcome.bits).first(first));
    for (std::size_t i = first; i < probabilities.size(); ++i) {
      outcome.bits[i] = static_cast<std::uint8_t>(decoder.decode_bit(probabilities[i]));
    }
    decoder.finish();
  });
  return outcome;
}

}  // namespace
}  // namespace foretell::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace foretell::fuzz;
  using foretell::Errc;
  Input input(data, size);
  const std::uint8_t choice = input.byte();
  Probabilities probabilities(input.below(300));
  for (std::uint16_t& probability : probabilities) {
    const std::uint16_t any = input.number<std::uint16_t>();  // 0, which is none, comes from the end of the input too
    probability = choice % 4 < 3 ? std::max<std::uint16_t>(any, 1) : any;
  }
  const bool sound = std::ranges::find(probabilities, 0) == probabilities.end();
  Bytes stream;
  Bits sent;
  bool encoded = false;  // and not damaged
  if (sound && choice % 2 == 0) {
    for (std::size_t i = 0; i < probabilities.size(); ++i) {
      sent.push_back(input.byte() % 2);
    }
    stream = encode(sent, probabilities);
    encoded = !damage(input, stream);
  } else {
    stream = input.take(4096);
  }

  const BitsOutcome outcome = decode(stream, probabilities, probabilities.size());
  const bool damaged = outcome.code == Errc::kCorrupt || outcome.code == Errc::kTruncated;
  require(outcome.code == Errc::kOk || damaged || (!sound && outcome.code == Errc::kInvalidArgument),
          "errors are of the data");
  require(!encoded || (outcome.code == Errc::kOk && outcome.bits == sent), "what was encoded decodes");
  const BitsOutcome split = decode(stream, probabilities, input.below(probabilities.size() + 1));
  require(split.code == outcome.code, "the same errors bit by bit");
  if (outcome.code == Errc::kOk) {
    require(split.bits == outcome.bits, "the same bits bit by bit");
    require(std::ranges::all_of(outcome.bits, [](std::uint8_t bit) { return bit <= 1; }), "bits are 0 or 1");
    require(encode(outcome.bits, probabilities) == stream, "a stream found whole is the one that its bits make");
  }
  return 0;
}
