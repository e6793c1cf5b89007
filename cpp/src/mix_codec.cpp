#include "foretell/mix_codec.hpp"

#include <algorithm>
#include <string>

#include "checks.hpp"
#include "experts/experts.hpp"
#include "foretell/errc.hpp"
#include "foretell/filters.hpp"
#include "mix_layout.hpp"

namespace foretell {

namespace {

constexpr std::size_t kPiece = 16384;  // bytes between two reports of progress

const MixParameters& checked(const MixParameters& parameters) {
  check_range("contexts", parameters.contexts, 0, 1);
  check_range("cell_bits", parameters.cell_bits, 12, 30);
  check_range("history_bits", parameters.history_bits, 12, 30);
  if (parameters.network && parameters.network->lanes != 1) {
    throw Error(Errc::kInvalidArgument,
                "the network has " + std::to_string(parameters.network->lanes) + " lanes, mixing takes one");
  }
  return parameters;
}

}  // namespace

class MixCodec::State {
 public:
  explicit State(const MixParameters& parameters)
      : experts_(checked(parameters).contexts == 0, parameters.cell_bits, parameters.history_bits) {
    if (parameters.network) {
      network_ = std::make_unique<NgramNetwork>(*parameters.network);
    }
  }

  MixBlock encode(std::span<const std::uint8_t> block, const MixProgress& progress) {
    MixBlock out{{}, 0.0};
    if (block.empty()) {
      return out;
    }
    std::vector<std::uint8_t> bytes(block.begin(), block.end());
    const MixLayout layout = layout_of(block);
    apply_filter(layout.filter, bytes);
    begin(layout);
    BitWriter writer(write_layout(layout));
    for_pieces(bytes.size(), progress, [&](std::size_t first, std::size_t count) {
      const std::span<std::uint8_t> piece(bytes.data() + first, count);
      if (!network_) {
        code_bytes(experts_, writer, piece.data(), count, nullptr);
        return;
      }
      for (std::size_t i = 0; i < count;) {
        const std::size_t steps = std::min(count - i, network_->steps_left());
        const std::span<const std::uint32_t> cdf = network_->score_rows(piece.subspan(i, steps));
        code_bytes(experts_, writer, &piece[i], steps, cdf.data());
        i += steps;
      }
    });
    out.ideal_bits = writer.ideal_bits();
    out.payload = writer.finish();
    return out;
  }

  void decode(std::span<const std::uint8_t> payload, std::span<std::uint8_t> block, const MixProgress& progress) {
    if (block.empty()) {
      if (!payload.empty()) {
        throw Error(Errc::kCorrupt, "an empty block has " + std::to_string(payload.size()) + " bytes of payload");
      }
      return;
    }
    const MixLayout layout = read_layout(payload);
    begin(layout);
    BitReader reader(payload);
    for_pieces(block.size(), progress, [&](std::size_t first, std::size_t count) {
      const std::span<std::uint8_t> piece = block.subspan(first, count);
      if (!network_) {
        code_bytes(experts_, reader, piece.data(), count, nullptr);
      } else {
        for (std::uint8_t& byte : piece) {
          code_bytes(experts_, reader, &byte, 1, network_->predict().data());
          network_->update({&byte, 1});
        }
      }
      if (reader.status() != Errc::kOk) {  // not at the end alone: what follows would be time wasted on damage
        throw Error(reader.status(), "the payload ends before byte " + std::to_string(first + count) + " of " +
                                         std::to_string(block.size()));
      }
    });
    if (const Errc status = reader.finish(); status != Errc::kOk) {
      throw Error(status, "the payload does not end where its " + std::to_string(block.size()) + " bytes do");
    }
    undo_filter(layout.filter, block);
  }

  void visit(StateVisitor& visitor) {
    experts_.visit(visitor, "");
    if (network_) {
      network_->visit(visitor, "network.");
    }
  }

 private:
  void begin(const MixLayout& layout) {
    experts_.begin(layout.contexts);
    if (network_) {
      network_->begin(1);
    }
  }

  template <typename Code>
  static void for_pieces(std::size_t size, const MixProgress& progress, const Code& code) {
    for (std::size_t first = 0; first < size; first += kPiece) {
      const std::size_t count = std::min(kPiece, size - first);
      code(first, count);
      if (progress) {
        progress(count);
      }
    }
  }

  Experts experts_;
  std::unique_ptr<NgramNetwork> network_;
};

MixCodec::MixCodec(const MixParameters& parameters) : state_(std::make_unique<State>(parameters)) {}
MixCodec::MixCodec(MixCodec&&) noexcept = default;
MixCodec& MixCodec::operator=(MixCodec&&) noexcept = default;
MixCodec::~MixCodec() = default;

MixBlock MixCodec::encode(std::span<const std::uint8_t> block, const MixProgress& progress) {
  return state_->encode(block, progress);
}

void MixCodec::decode(std::span<const std::uint8_t> payload, std::span<std::uint8_t> block,
                      const MixProgress& progress) {
  state_->decode(payload, block, progress);
}

void MixCodec::visit(StateVisitor& visitor) { state_->visit(visitor); }

}  // namespace foretell
