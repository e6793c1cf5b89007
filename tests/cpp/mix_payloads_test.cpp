// Payloads of mix_codec.hpp are the same everywhere and for ever. A test of its own: under emulators it takes minutes.
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "blocks.hpp"
#include "check.hpp"
#include "foretell/mix_codec.hpp"
#include "mix_kinds.hpp"

namespace foretell {
namespace {

using test::Block;
using test::decoded;
using test::parameters;

/// Digests of the payloads of pinned_input(). A change of them is a change of the model: old files would not decode.
/// A test that finds others prints them, as they have to stand here.
struct Pinned {
  const char* what;
  std::uint32_t contexts;
  bool network;
  std::uint64_t digest;
};
constexpr Pinned kPinned[] = {
    {"few contexts", 0, false, 0x1aa661fefc17dd08},
    {"all contexts", 1, false, 0xd4a0cccc014e44e6},
    {"all contexts and the network", 1, true, 0x256f2d3e977a69b7},
};

std::uint64_t digest_of(const Block& bytes) {
  std::uint64_t digest = 0xcbf29ce484222325;  // FNV-1a
  for (const std::uint8_t byte : bytes) {
    digest = (digest ^ byte) * 0x100000001b3;
  }
  return digest;
}

/// 100 KB: text, records and code, each a block.
std::vector<Block> pinned_input() {
  return {test::text_block(40'000, 20), test::records_block(28 * 1000, 21), test::code_block(32'000, 22)};
}

/// Digest of all payloads, one after the other.
std::uint64_t payloads_digest(const MixParameters& wanted, const std::vector<Block>& input) {
  MixCodec encoder(wanted);
  MixCodec decoder(wanted);
  Block payloads;
  std::size_t number = 0;
  for (const Block& block : input) {
    const Block payload = encoder.encode(block).payload;
    payloads.insert(payloads.end(), payload.begin(), payload.end());
    if (number++ == 0 && block.size() > 10'000) {
      CHECK(decoded(decoder, payload, block.size()) == block);
    }
  }
  return digest_of(payloads);
}

void payloads_are_the_pinned_ones() {
  bool changed = false;
  std::string found;
  for (const Pinned& pinned : kPinned) {
    const std::uint64_t digest = payloads_digest(parameters(pinned.contexts, pinned.network), pinned_input());
    char line[128];
    std::snprintf(line, sizeof line, "    {\"%s\", %u, %s, 0x%016" PRIx64 "},\n", pinned.what, pinned.contexts,
                  pinned.network ? "true" : "false", digest);
    found += line;
    changed = changed || digest != pinned.digest;
    CHECK(digest == pinned.digest);
  }
  if (changed) {
    std::fprintf(stderr, "constexpr Pinned kPinned[] = {\n%s};\n", found.c_str());
  }
}

void control_other_parameters_or_bytes_are_another_digest() {
  std::vector<Block> input = {test::text_block(3000, 30)};
  MixParameters wanted = parameters(1, false);
  const std::uint64_t digest = payloads_digest(wanted, input);
  CHECK(payloads_digest(wanted, input) == digest);
  wanted.cell_bits = 12;
  CHECK(payloads_digest(wanted, input) != digest);
  wanted = parameters(1, false);
  input[0][1500] ^= 1;
  CHECK(payloads_digest(wanted, input) != digest);
  input[0][1500] ^= 1;
  CHECK(payloads_digest(parameters(1, true), input) != digest);
  CHECK(payloads_digest(parameters(0, false), input) != digest);
}

constexpr test::Test kTests[] = {
    {"payloads are the pinned ones", payloads_are_the_pinned_ones},
    {"control: other parameters or bytes are another digest", control_other_parameters_or_bytes_are_another_digest},
};

}  // namespace
}  // namespace foretell

int main() { return foretell::test::run_all(foretell::kTests); }
