// Context mixing: any bytes as payloads, and blocks of any bytes there and back, damaged on the way or not.
#include "foretell/mix_codec.hpp"

#include "fuzz.hpp"

namespace {

using namespace foretell;
using fuzz::require;

struct Decoded {
  Errc code = Errc::kOk;
  fuzz::Bytes block;
};

Decoded decode(MixCodec& decoder, const fuzz::Bytes& payload, std::size_t size) {
  Decoded out{Errc::kOk, fuzz::Bytes(size)};
  out.code = fuzz::thrown_by([&] { decoder.decode(payload, out.block); });
  require(out.code == Errc::kOk || out.code == Errc::kCorrupt || out.code == Errc::kTruncated,
          "errors are of the data");
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t choice = input.byte();
  MixParameters parameters{
      .contexts = choice % 2U, .cell_bits = 12 + choice / 2 % 4U, .history_bits = 12 + choice / 8 % 2U, .network = {}};
  if (choice / 16 % 2 == 1) {
    parameters.network = NgramParameters{
        .lanes = 1, .chunk = 1 + input.byte() % 16U, .row_bits = 8, .run_bits = 8, .width = 4, .hidden = 8};
  }
  MixCodec decoder(parameters);
  if (choice >= 128) {  // a payload of any bytes, behind a description that may be sound
    const std::size_t length = input.below(600);
    const fuzz::Bytes payload = input.take(input.size());
    const Decoded found = decode(decoder, payload, length);
    MixCodec same(parameters);
    const Decoded again = decode(same, payload, length);
    require(again.code == found.code, "the same outcome twice");
    require(found.code != Errc::kOk || again.block == found.block, "the same bytes twice");
    return 0;
  }
  const std::size_t times = choice / 32 % 2 == 0 ? 1 : 1 + input.byte() % 8U;  // long enough for a layout
  const bool whole = choice / 64 == 0;
  const std::size_t cut = input.byte();
  fuzz::Input seeds = input;
  fuzz::Bytes part = input.take(input.size());
  fuzz::Bytes block;
  for (std::size_t i = 0; i < times; ++i) {
    block.insert(block.end(), part.begin(), part.end());
  }
  MixCodec encoder(parameters);
  const std::size_t first = block.size() * cut / 256;  // as two blocks
  const fuzz::Bytes before(block.begin(), block.begin() + static_cast<std::ptrdiff_t>(first));
  const fuzz::Bytes after(block.begin() + static_cast<std::ptrdiff_t>(first), block.end());
  fuzz::Bytes payload = encoder.encode(before).payload;
  fuzz::Bytes last = encoder.encode(after).payload;
  if (whole) {
    const Decoded start = decode(decoder, payload, before.size());
    require(start.code == Errc::kOk && start.block == before, "what was encoded decodes");
    const Decoded end = decode(decoder, last, after.size());
    require(end.code == Errc::kOk && end.block == after, "the next block decodes too");
    return 0;
  }
  const Decoded start = decode(decoder, payload, before.size());
  require(start.code == Errc::kOk && start.block == before, "what was encoded decodes");
  const bool damaged = fuzz::damage(seeds, last);
  const Decoded end = decode(decoder, last, after.size());
  require(damaged || (end.code == Errc::kOk && end.block == after), "what was not damaged decodes");
  return 0;
}
