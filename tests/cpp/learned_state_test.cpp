#include "foretell/learned_state.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "blocks.hpp"
#include "check.hpp"
#include "foretell/mix_codec.hpp"

namespace foretell {
namespace {

using test::Block;

std::size_t size_of(NumberType type) {
  switch (type) {
    case NumberType::kU8:
      return 1;
    case NumberType::kU16:
    case NumberType::kI16:
      return 2;
    case NumberType::kU64:
    case NumberType::kF64:
      return 8;
    default:
      return 4;
  }
}

using Arrays = std::map<std::string, std::vector<std::uint8_t>>;

class Out final : public StateVisitor {
 public:
  [[nodiscard]] bool part(const std::string&, bool here) override { return here; }
  Arrays arrays;

 protected:
  void exchange(const std::string& name, NumberType type, std::size_t count, void* numbers) override {
    CHECK(!arrays.contains(name));
    std::vector<std::uint8_t>& bytes = arrays[name];
    bytes.resize(count * size_of(type));
    std::memcpy(bytes.data(), numbers, bytes.size());
  }
};

class In final : public StateVisitor {
 public:
  explicit In(const Arrays& arrays) : arrays_(arrays) {}
  [[nodiscard]] bool part(const std::string& name, bool) override {
    const auto found = arrays_.lower_bound(name + ".");
    return found != arrays_.end() && found->first.starts_with(name + ".");
  }
  std::size_t used = 0;

 protected:
  void exchange(const std::string& name, NumberType type, std::size_t count, void* numbers) override {
    const std::vector<std::uint8_t>& bytes = arrays_.at(name);
    CHECK(bytes.size() == count * size_of(type));
    std::memcpy(numbers, bytes.data(), bytes.size());
    ++used;
  }

 private:
  const Arrays& arrays_;
};

MixParameters parameters(std::uint32_t contexts, bool network) {
  MixParameters out{.contexts = contexts, .cell_bits = 12, .history_bits = 12, .network = {}};
  if (network) {
    out.network = NgramParameters{.lanes = 1, .chunk = 8, .row_bits = 8, .run_bits = 8, .width = 8, .hidden = 32};
  }
  return out;
}

Arrays learned_by(MixCodec& codec) {
  Out out;
  codec.visit(out);
  return out.arrays;
}

void fill(MixCodec& codec, const Arrays& arrays) {
  In in(arrays);
  codec.visit(in);
  CHECK(in.used == arrays.size());
}

/// 1003 bytes of text leave a chunk of the network unfinished.
std::vector<Block> lessons() { return {test::text_block(1003, 1), test::records_block(28 * 40, 2)}; }

void a_codec_goes_on_where_another_stood() {
  for (const std::uint32_t contexts : {0U, 1U}) {
    for (const bool network : {false, true}) {
      MixCodec teacher(parameters(contexts, network));
      MixCodec undisturbed(parameters(contexts, network));
      for (const Block& lesson : lessons()) {
        (void)teacher.encode(lesson);
        (void)undisturbed.encode(lesson);
        MixCodec pupil(parameters(contexts, network));
        (void)pupil.encode(test::random_block(50, 3));  // is forgotten
        const Arrays arrays = learned_by(teacher);
        fill(pupil, arrays);
        CHECK(learned_by(pupil) == arrays);
        MixCodec decoder(parameters(contexts, network));
        fill(decoder, arrays);
        MixCodec control(parameters(contexts, network));
        for (const Block& block : {test::text_block(700, 4), test::records_block(28 * 30, 5)}) {
          const Block payload = pupil.encode(block).payload;
          CHECK(teacher.encode(block).payload == payload);  // looking changed nothing
          CHECK(undisturbed.encode(block).payload == payload);
          CHECK(control.encode(block).payload != payload);
          Block back(block.size());
          decoder.decode(payload, back);
          CHECK(back == block);
        }
      }
    }
  }
}

void numbers_that_no_model_learns_are_refused() {
  MixCodec teacher(parameters(1, true));
  for (const Block& lesson : lessons()) {
    (void)teacher.encode(lesson);
  }
  const Arrays arrays = learned_by(teacher);
  const auto refuses = [&](const std::string& name, const auto& number) {
    Arrays wrong = arrays;
    std::memcpy(wrong.at(name).data(), &number, sizeof number);
    MixCodec codec(parameters(1, true));
    CHECK_THROWS(kCorrupt, fill(codec, wrong));
  };
  refuses("memory.runs", std::uint32_t{64});
  refuses("lane.far.byte", std::uint32_t{256});
  refuses("text.mixers.0", std::int32_t{1} << 19);
  refuses("records.finals.0", std::numeric_limits<std::int32_t>::min());
  refuses("network.runs", std::uint32_t{16});
  refuses("network.rows.table", std::int16_t{32767});
  refuses("network.rows.squares", -1.0F);
  refuses("network.hidden.weights", std::numeric_limits<float>::quiet_NaN());
  refuses("network.output.biases", std::numeric_limits<float>::infinity());
  refuses("network.hidden.schedule", 1.5);
}

/// Whatever an array holds: an error, or a codec that works.
void any_array_is_safe() {
  MixCodec teacher(parameters(1, true));
  for (const Block& lesson : lessons()) {
    (void)teacher.encode(lesson);
  }
  const Arrays arrays = learned_by(teacher);
  std::mt19937_64 random(6);
  for (const auto& [name, bytes] : arrays) {
    Arrays wild = arrays;
    const bool ones = random() % 2 == 0;
    for (std::uint8_t& byte : wild.at(name)) {
      byte = ones ? 0xff : static_cast<std::uint8_t>(random());
    }
    MixCodec encoder(parameters(1, true));
    const Errc status = test::thrown_by([&] { fill(encoder, wild); });
    CHECK(status == Errc::kOk || status == Errc::kCorrupt);
    if (status == Errc::kOk) {
      MixCodec decoder(parameters(1, true));
      fill(decoder, wild);
      for (const Block& block : {test::text_block(200, 7), test::records_block(28 * 20, 8)}) {
        Block back(block.size());
        decoder.decode(encoder.encode(block).payload, back);
        CHECK(back == block);
      }
    }
  }
}

}  // namespace
}  // namespace foretell

int main() {
  const foretell::test::Test tests[] = {
      {"a_codec_goes_on_where_another_stood", foretell::a_codec_goes_on_where_another_stood},
      {"numbers_that_no_model_learns_are_refused", foretell::numbers_that_no_model_learns_are_refused},
      {"any_array_is_safe", foretell::any_array_is_safe},
  };
  return foretell::test::run_all(tests);
}
