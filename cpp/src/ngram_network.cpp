#include "foretell/ngram_network.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "byte_logits.hpp"
#include "checks.hpp"
#include "chunk_memory.hpp"
#include "counter_hash.hpp"
#include "float_grid.hpp"
#include "foretell/cdf.hpp"
#include "foretell/contexts.hpp"
#include "foretell/errc.hpp"
#include "hidden_units.hpp"
#include "linear_layer.hpp"
#include "row_table.hpp"
#include "run_trust.hpp"

namespace foretell {
namespace {

constexpr std::size_t kMostChunkNumbers = std::size_t{1} << 23;
constexpr std::size_t kBlock = 16;  // rows that go forward together: their products stay in the nearest cache
constexpr double kRateUnit = 0x1p-16;

static_assert(NgramNetwork::kVocabulary == kBytes && NgramNetwork::kPrecision == kBytePrecision);

std::size_t chunk_numbers(const NgramParameters& p) {
  return std::size_t{p.lanes} * p.chunk * std::max<std::size_t>(kBytes, p.hidden);
}

const NgramParameters& checked(const NgramParameters& p) {
  check_range("lanes", p.lanes, 1, 4096);
  check_range("chunk", p.chunk, 1, 1024);
  check_range("row_bits", p.row_bits, 8, 24);
  check_range("run_bits", p.run_bits, 8, 24);
  check_range("width", p.width, 1, 256);
  check_range("hidden", p.hidden, 1, 2048);
  check_range("layer_rate", p.layer_rate, 0, 1U << 16);
  check_range("row_rate", p.row_rate, 0, 1U << 20);
  check_range("run_rate", p.run_rate, 0, 1U << 20);
  check_range("decay", p.decay, 0, 1U << 20);
  check_range("seed", p.seed, 0, 0xffffffffU - 3);
  if (chunk_numbers(p) > kMostChunkNumbers) {
    throw Error(Errc::kInvalidArgument, "a chunk of " + std::to_string(p.lanes) + " lanes x " +
                                            std::to_string(p.chunk) + " steps and " + std::to_string(p.hidden) +
                                            " hidden units holds " + std::to_string(chunk_numbers(p)) +
                                            " numbers, the limit is " + std::to_string(kMostChunkNumbers));
  }
  return p;
}

}  // namespace

class NgramNetwork::State {
 public:
  explicit State(const NgramParameters& parameters);

  void begin(std::size_t lanes);
  void forward(std::size_t first, std::size_t last);
  void take(std::span<const std::uint8_t> symbols);
  void learn();
  [[nodiscard]] std::size_t steps_of(std::span<const std::uint8_t> symbols) const;
  [[nodiscard]] std::size_t lanes() const noexcept { return memory_ ? memory_->lanes : 0; }
  [[nodiscard]] std::size_t left() const noexcept { return p_.chunk - filled_; }
  [[nodiscard]] std::span<const std::uint32_t> rows(std::size_t first, std::size_t last) const noexcept {
    const std::size_t size = lanes() * kRowSize;
    return {memory_->cdf.data() + first * size, (last - first) * size};
  }
  void check_begun() const;
  void visit(StateVisitor& visitor, const std::string& name);

  const NgramParameters p_;
  std::size_t filled_ = 0;     // steps that await learning
  bool is_predicted_ = false;  // the coming step went forward

 private:
  void look_up();
  void find_logit_gradient();
  int find_hidden_gradient();
  void pack_steps();
  void learn_trust();

  ByteContexts contexts_;
  RowTable table_;
  LinearLayer hidden_;
  LinearLayer output_;
  RunTrust trust_;
  NoiseBank noise_;
  std::uint64_t seen_ = 0;  // bytes learned from
  std::unique_ptr<ChunkMemory> memory_;
  ZeroedArray<float> products_;  // [kBlock][columns of either layer]
  ZeroedArray<std::int32_t> logits_;
  ZeroedArray<std::int8_t> ones_;  // [4][256], zero but for the second steps that are being packed
};

NgramNetwork::State::State(const NgramParameters& parameters)
    : p_(checked(parameters)),
      contexts_(p_.row_bits, p_.run_bits),
      table_(contexts_.table_rows(), p_.width, p_.row_rate * kRateUnit),
      hidden_(kSlots * p_.width, p_.hidden, RowTable::kReadExponent, kActivationExponent,
              5.2 / std::sqrt(static_cast<double>(kSlots * p_.width)), p_.seed),
      output_(p_.hidden, kBytes, kActivationExponent, -static_cast<int>(kFractionBits),
              1.25 / std::sqrt(static_cast<double>(p_.hidden)), p_.seed + 2),
      trust_(p_.run_rate * kRateUnit),
      noise_(p_.seed + 3, chunk_numbers(p_)),
      products_(kBlock * std::max(hidden_.output_columns(), kBytes)),
      logits_(kBytes),
      ones_(kQuad * kBytes) {
  // All rows start at zero, so the biases must be what lets the first gradients through the rectifier.
  std::vector<float> biases(p_.hidden);
  fill_uniform(biases.data(), biases.size(), 0, 0.1F, p_.seed + 1);
  for (float& bias : biases) {
    bias += 0.1F;
  }
  hidden_.add_to_biases(biases.data());
}

void NgramNetwork::State::check_begun() const {
  if (!memory_) {
    throw Error(Errc::kInvalidArgument, "the network has no lanes yet: call begin first");
  }
}

std::size_t NgramNetwork::State::steps_of(std::span<const std::uint8_t> symbols) const {
  check_begun();
  if (symbols.size() % lanes() != 0) {
    throw Error(Errc::kInvalidArgument, "symbols: " + std::to_string(symbols.size()) + " are no whole steps of " +
                                            std::to_string(lanes()) + " lanes");
  }
  const std::size_t steps = symbols.size() / lanes();
  if (steps > left()) {
    throw Error(Errc::kInvalidArgument,
                std::to_string(steps) + " steps do not fit the " + std::to_string(left()) + " left of the chunk");
  }
  return steps;
}

void NgramNetwork::State::begin(std::size_t lanes) {
  if (lanes < 1 || lanes > p_.lanes) {
    throw Error(Errc::kInvalidArgument,
                "lanes must be 1.." + std::to_string(p_.lanes) + ", not " + std::to_string(lanes));
  }
  learn();
  if (this->lanes() != lanes) {
    memory_ = std::make_unique<ChunkMemory>(p_, lanes, hidden_, output_);
    table_.reserve(memory_->rows * kSlots);
  }
  contexts_.begin(lanes);
  look_up();
}

void NgramNetwork::State::visit(StateVisitor& visitor, const std::string& name) {
  learn();
  memory_.reset();
  contexts_.visit(visitor, name + "runs");
  table_.visit(visitor, name + "rows.");
  hidden_.visit(visitor, name + "hidden.");
  output_.visit(visitor, name + "output.");
  trust_.visit(visitor, name + "trust.");
  noise_.visit(visitor, name + "noise");
  visitor.visit(name + "seen", seen_);
}

/// Finds the features of the coming step, and asks for the rows.
void NgramNetwork::State::look_up() {
  ChunkMemory& m = *memory_;
  const std::size_t size = m.lanes * kSlots;
  const std::size_t at = filled_ * size;
  const std::span<std::int64_t> rows(m.table_rows.data() + at, size);
  contexts_.features(rows, {m.candidates.data() + at, size}, {m.buckets.data() + at, size});
  for (const std::int64_t row : rows) {
    table_.prefetch_row(row);
  }
  is_predicted_ = false;
}

/// Fills x, h and cdf of the steps first .. last from their features.
void NgramNetwork::State::forward(std::size_t first, std::size_t last) {
  ChunkMemory& m = *memory_;
  const std::size_t inputs = hidden_.inputs();
  const std::size_t hidden_columns = hidden_.output_columns();
  for (std::size_t row = first * m.lanes; row < last * m.lanes; row += kBlock) {
    const std::size_t count = std::min(kBlock, last * m.lanes - row);
    table_.read({m.table_rows.data() + row * kSlots, count * kSlots}, m.x.data() + row * inputs);
    hidden_.forward(m.x.data() + row * inputs, inputs, count, products_.data());
    std::int8_t* const h = m.h.data() + row * hidden_columns;
    for (std::size_t r = 0; r < count; ++r) {
      activate(products_.data() + r * hidden_columns, hidden_.offset(), hidden_.scale(), hidden_columns,
               h + r * hidden_columns);
    }
    output_.forward(h, hidden_columns, count, products_.data());
    for (std::size_t r = 0; r < count; ++r) {
      logits_of(products_.data() + r * kBytes, output_.offset(), output_.scale(), logits_.data());
      const std::size_t at = (row + r) * kCandidates;
      for (std::size_t c = at; c < at + kCandidates; ++c) {
        logits_[static_cast<std::size_t>(m.candidates[c])] += trust_[static_cast<std::size_t>(m.buckets[c])];
      }
      write_cdf(logits_.data(), m.cdf.data() + (row + r) * kRowSize);
    }
  }
}

/// Takes the symbols of the coming step, which has gone forward or will.
void NgramNetwork::State::take(std::span<const std::uint8_t> symbols) {
  std::copy(symbols.begin(), symbols.end(), memory_->symbols.data() + filled_ * lanes());
  contexts_.observe(symbols);
  ++filled_;
  look_up();
}

void NgramNetwork::State::find_logit_gradient() {
  ChunkMemory& m = *memory_;
  const std::uint16_t* const noise = noise_.take();
  for (std::size_t row = 0; row < filled_ * m.lanes; ++row) {
    m.saturated[row] = static_cast<std::uint16_t>(
        logit_gradient(m.cdf.data() + row * kRowSize, m.symbols[row], noise + row * kBytes, m.g.data() + row * kBytes));
  }
}

/// Returns the exponent of what it is dithered to, on top of that of the products.
int NgramNetwork::State::find_hidden_gradient() {
  ChunkMemory& m = *memory_;
  const std::size_t rows = filled_ * m.lanes;
  const std::size_t columns = output_.input_columns();
  output_.backward(m.g.data(), kBytes, rows, m.dh_products.data());
  std::uint32_t most = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    float* const products = m.dh_products.data() + row * columns;
    if (m.saturated[row] != kBytes) {
      output_.add_weights_of(m.saturated[row], products);
    }
    most = std::max(most, gate(products, m.h.data() + row * columns, columns));
  }
  const int exponent = exponent_for(most);
  const std::uint16_t* const noise = noise_.take();
  for (std::size_t row = 0; row < rows; ++row) {
    dither(m.dh_products.data() + row * columns, exponent, noise + row * p_.hidden, p_.hidden,
           m.dh.data() + row * columns);
  }
  return exponent;
}

void NgramNetwork::State::pack_steps() {
  ChunkMemory& m = *memory_;
  const std::size_t rows = filled_ * m.lanes;
  const std::size_t columns = hidden_.output_columns();
  m.hidden_steps.clear();
  m.output_steps.clear();
  std::array<std::size_t, kQuad> place{};
  std::size_t seconds = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    const std::int8_t* const h = m.h.data() + row * columns;
    m.hidden_steps.append(m.x.data() + row * hidden_.inputs(), m.dh.data() + row * columns);
    m.output_steps.append(h, m.g.data() + row * kBytes);
    if (m.saturated[row] != kBytes) {
      // One of four rows in turn: that of four second steps ago has been read.
      const std::size_t turn = seconds++ % kQuad;
      std::int8_t* const ones = ones_.data() + turn * kBytes;
      ones[place[turn]] = 0;
      place[turn] = m.saturated[row];
      ones[place[turn]] = 1;
      m.output_steps.append(h, ones);
    }
    if ((row + 1) % kStepPart == 0 || row + 1 == rows) {
      m.hidden_steps.end_part();
      m.output_steps.end_part();
    }
  }
  for (std::size_t turn = 0; turn < kQuad; ++turn) {
    ones_[turn * kBytes + place[turn]] = 0;
  }
  m.hidden_steps.finish();
  m.output_steps.finish();
}

void NgramNetwork::State::learn_trust() {
  const ChunkMemory& m = *memory_;
  std::array<std::int32_t, RunTrust::kBuckets> gradient{};
  for (std::size_t row = 0; row < filled_ * m.lanes; ++row) {
    for (std::size_t c = row * kCandidates; c < (row + 1) * kCandidates; ++c) {
      const auto candidate = static_cast<std::size_t>(m.candidates[c]);
      const std::int32_t more = m.saturated[row] == candidate ? 1 : 0;
      gradient[static_cast<std::size_t>(m.buckets[c])] += m.g[row * kBytes + candidate] + more;
    }
  }
  trust_.learn(gradient);
}

void NgramNetwork::State::learn() {
  if (filled_ == 0) {
    return;
  }
  ChunkMemory& m = *memory_;
  const std::size_t rows = filled_ * m.lanes;

  // Backward, in integers. Grids: g 2^-7, its product with the output weights 2^(e - 7), dithered to 2^d.
  find_logit_gradient();
  const int d = find_hidden_gradient() + (output_.exponent() - 7);
  hidden_.backward(m.dh.data(), hidden_.output_columns(), rows, m.dx.data());
  table_.learn({m.table_rows.data(), rows * kSlots}, {m.dx.data(), p_.width, kSlots, hidden_.input_columns()},
               hidden_.most_backward(), d + hidden_.exponent());
  learn_trust();

  pack_steps();
  seen_ += rows;
  // Below 2^64 for 2^44 bytes and more: rounded once to float64, as the reference rounds its integer.
  const double fall = std::sqrt(1.0 + static_cast<double>(p_.decay * seen_) * 0x1p-30);
  const double rate = p_.layer_rate * kRateUnit / fall;
  const double mean = static_cast<double>(m.lanes * p_.chunk);
  const float wide = power_of_two(d) * static_cast<float>(1.0 / mean);
  const double unit = 0x1p-7 / mean;
  hidden_.train(m.hidden_steps.inputs(), m.hidden_steps.gradients(), wide * power_of_two(RowTable::kReadExponent), wide,
                rate);
  output_.train(m.output_steps.inputs(), m.output_steps.gradients(),
                static_cast<float>(unit * static_cast<double>(power_of_two(kActivationExponent))),
                static_cast<float>(unit), rate);

  // The coming step is the first of the next chunk.
  const std::size_t size = m.lanes * kSlots;
  for (auto* features : {&m.table_rows, &m.candidates, &m.buckets}) {
    std::copy_n(features->data() + filled_ * size, size, features->data());
  }
  filled_ = 0;
  is_predicted_ = false;
}

NgramNetwork::NgramNetwork(const NgramParameters& parameters) : state_(std::make_unique<State>(parameters)) {}
NgramNetwork::NgramNetwork(NgramNetwork&&) noexcept = default;
NgramNetwork& NgramNetwork::operator=(NgramNetwork&&) noexcept = default;
NgramNetwork::~NgramNetwork() = default;

const NgramParameters& NgramNetwork::parameters() const noexcept { return state_->p_; }
std::size_t NgramNetwork::lanes() const noexcept { return state_->lanes(); }
std::size_t NgramNetwork::steps_left() const noexcept { return state_->left(); }
void NgramNetwork::begin(std::size_t lanes) { state_->begin(lanes); }
void NgramNetwork::learn() { state_->learn(); }
void NgramNetwork::visit(StateVisitor& visitor, const std::string& name) { state_->visit(visitor, name); }

std::span<const std::uint32_t> NgramNetwork::predict() {
  State& s = *state_;
  s.check_begun();
  if (s.left() == 0) {
    throw Error(Errc::kInvalidArgument, "the chunk is full: call learn first");
  }
  if (!s.is_predicted_) {
    s.forward(s.filled_, s.filled_ + 1);
    s.is_predicted_ = true;
  }
  return s.rows(s.filled_, s.filled_ + 1);
}

void NgramNetwork::observe(std::span<const std::uint8_t> symbols) {
  State& s = *state_;
  s.check_begun();
  if (symbols.size() != s.lanes()) {
    throw Error(Errc::kInvalidArgument, "symbols: expected one for each of the " + std::to_string(s.lanes()) +
                                            " lanes, got " + std::to_string(symbols.size()));
  }
  if (!s.is_predicted_) {
    throw Error(Errc::kInvalidArgument, "symbols come after their prediction: call predict first");
  }
  s.take(symbols);
}

void NgramNetwork::update(std::span<const std::uint8_t> symbols) {
  observe(symbols);
  if (state_->left() == 0) {
    learn();
  }
}

std::span<const std::uint32_t> NgramNetwork::score_rows(std::span<const std::uint8_t> symbols) {
  State& s = *state_;
  const std::size_t steps = s.steps_of(symbols);
  const std::size_t first = s.filled_;
  for (std::size_t t = 0; t < steps; ++t) {
    s.take(symbols.subspan(t * s.lanes(), s.lanes()));
  }
  s.forward(first, first + steps);
  if (s.left() == 0) {
    s.learn();
  }
  return s.rows(first, first + steps);
}

void NgramNetwork::score(std::span<const std::uint8_t> symbols, std::span<std::uint32_t> start,
                         std::span<std::uint32_t> freq) {
  (void)state_->steps_of(symbols);
  if (start.size() != symbols.size() || freq.size() != symbols.size()) {
    throw Error(Errc::kInvalidArgument, "start and freq: expected " + std::to_string(symbols.size()) +
                                            " integers each, got " + std::to_string(start.size()) + " and " +
                                            std::to_string(freq.size()));
  }
  const std::span<const std::uint32_t> rows = score_rows(symbols);
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    const std::uint32_t* const row = rows.data() + i * kRowSize;
    start[i] = row[symbols[i]];
    freq[i] = row[symbols[i] + 1] - start[i];
  }
}

}  // namespace foretell
