#include "foretell/rans.hpp"

#include <algorithm>
#include <string>
#include <type_traits>
#include <utility>

#include "checks.hpp"
#include "prefetch.hpp"
#include "rans_kernels.hpp"
#include "rans_rows.hpp"
#include "symbol_search.hpp"
#include "targets.hpp"

namespace foretell {
namespace {

constexpr std::size_t kStateBytes = 8;
constexpr std::size_t kWordBytes = 4;

/// Decodes one symbol a row and counts them in `decoded`; returns what stopped it. kRounds: there are whole vectors of
/// states.
template <typename Integer, bool kRounds>
struct DecodeRows {
  template <Isa kIsa>
  [[gnu::always_inline]] static Errc run(StateSpan states, std::size_t* cursor, const std::uint32_t** next,
                                         const std::uint32_t* end, CdfRows<Integer> cdf, unsigned precision,
                                         std::span<std::uint32_t> symbols, std::size_t* decoded) {
    const SearchByCounting<kIsa, kRounds ? kOverlappedBytes : kShortBytes> search;
    const std::uint32_t* word = *next;
    std::size_t turn = *cursor;
    const bool far = are_far(cdf);
    for (std::size_t i = 0; i != symbols.size(); ++i) {
#if FORETELL_X86_TARGETS
      if constexpr (kIsa == Isa::kAvx512 && kRounds && !std::is_same_v<Integer, std::uint64_t>) {
        if (turn == 0) {
          const std::size_t popped =
              pop_rows_avx512(states, word, end, cdf.slice(i, symbols.size() - i), precision, symbols.data() + i);
          i += popped;
          turn = popped % states.size;
          if (i == symbols.size()) {
            break;
          }
        }
      }
#endif
      if (far && i + kDecodeAhead < symbols.size()) {
        prefetch_row(cdf.row(i + kDecodeAhead), cdf.row_size);
      }
      const Errc status = pop_symbol(states.data[turn], word, end, cdf[i], precision, symbols[i], search);
      if (status != Errc::kOk) [[unlikely]] {
        *decoded = i;
        return status;
      }
      turn = turn + 1 == states.size ? 0 : turn + 1;
    }
    *cursor = turn;
    *next = word;
    return Errc::kOk;
  }
};

template <typename Integer>
Integer load_little(const std::uint8_t* bytes) noexcept {
  Integer value = 0;
  for (std::size_t i = 0; i < sizeof(Integer); ++i) {
    value |= Integer{bytes[i]} << 8 * i;
  }
  return value;
}

template <typename Integer>
void store_little(std::uint8_t* bytes, Integer value) noexcept {
  for (std::size_t i = 0; i < sizeof(Integer); ++i) {
    bytes[i] = static_cast<std::uint8_t>(value >> 8 * i);
  }
}

void check_interleave(std::size_t interleave) {
  if (interleave < 1 || interleave > kMaxInterleave) {
    throw Error(Errc::kInvalidArgument, "interleave: " + std::to_string(interleave) + " is not in 1.." +
                                            std::to_string(kMaxInterleave) + " states");
  }
}

}  // namespace

// -- words -----------------------------------------------------------------------------------------------------------

WordStack::WordStack(std::size_t size)
    : words_(std::make_unique_for_overwrite<std::uint32_t[]>(size)), capacity_(size) {}

std::uint32_t* WordStack::reserve(std::size_t count) {
  if (top_ < count) {
    const std::size_t used = size();
    const std::size_t capacity = std::max(used + count, 2 * capacity_);
    auto words = std::make_unique_for_overwrite<std::uint32_t[]>(capacity);
    std::copy(top(), top() + used, words.get() + (capacity - used));
    words_ = std::move(words);
    capacity_ = capacity;
    top_ = capacity - used;
  }
  return top();
}

// -- the stack -------------------------------------------------------------------------------------------------------

RansCoder::RansCoder(unsigned precision, std::size_t interleave) : precision_(precision) {
  check_precision(precision);
  check_interleave(interleave);
  states_.assign(interleave, kRansBottom);
}

RansCoder::RansCoder(std::span<const std::uint8_t> data, unsigned precision, std::size_t interleave)
    : RansCoder(precision, interleave) {
  const std::size_t state_bytes = kStateBytes * interleave;
  if (data.size() < state_bytes) {
    throw Error(Errc::kTruncated, "data: " + std::to_string(data.size()) + " bytes cannot hold the " +
                                      std::to_string(interleave) +
                                      " states of 8 bytes; the stream was cut, or made with a smaller interleave");
  }
  if (data.size() % kWordBytes != 0) {
    throw Error(Errc::kTruncated,
                "data: " + std::to_string(data.size()) + " bytes are not whole words of 4 bytes; the stream was cut");
  }
  for (std::size_t i = 0; i < interleave; ++i) {
    states_[i] = load_little<std::uint64_t>(data.data() + kStateBytes * i);
    if (states_[i] < kRansBottom) {
      throw Error(Errc::kCorrupt, "data, state " + std::to_string(i) +
                                      ": no encoder leaves a value below 2^32; the stream is damaged, or was made with "
                                      "another interleave");
    }
  }
  const std::size_t count = (data.size() - state_bytes) / kWordBytes;
  words_ = WordStack(count);
  for (std::size_t i = 0; i < count; ++i) {
    words_.top()[i] = load_little<std::uint32_t>(data.data() + state_bytes + kWordBytes * i);
  }
}

void RansCoder::check_usable() const {
  if (failure_ != Errc::kOk) {
    throw Error(failure_, "coder: it is in a failed state after an earlier error; make a new one to code again");
  }
}

template <typename Integer>
void RansCoder::encode_reverse(std::span<const Integer> start, std::span<const Integer> freq) {
  check_usable();
  check_interval_shape(start.size(), freq.size(), start.size(), kMostPrecision<Integer>, precision_);
  const std::uint64_t total = std::uint64_t{1} << precision_;
  for (std::size_t left = start.size(); left != 0;) {
    const std::size_t chunk = std::min(left, kPushChunk);
    std::uint32_t* top = words_.reserve(chunk);
    for (const std::size_t end = left - chunk; left != end; --left) {
      const std::size_t i = left - 1;
      const std::uint64_t first = start[i];
      const std::uint64_t width = freq[i];
      if (!is_interval(first, width, total)) [[unlikely]] {
        failure_ = Errc::kInvalidArgument;
        throw_bad_interval("start, freq [" + std::to_string(i) + "]", first, width, precision_);
      }
      cursor_ = (cursor_ == 0 ? states_.size() : cursor_) - 1;
      top = push_symbol(states_[cursor_], top, first, width, precision_);
    }
    words_.set_top(top);
  }
}

template <typename Integer>
void RansCoder::encode_symbols_reverse(std::span<const std::uint32_t> symbols, CdfRows<Integer> cdf) {
  check_usable();
  check_cdf_shape(cdf.count, cdf.row_size, symbols.size(), kMostPrecision<Integer>, precision_);
  const std::uint64_t total = std::uint64_t{1} << precision_;
  for (std::size_t left = symbols.size(); left != 0;) {
    const std::size_t chunk = std::min(left, kPushChunk);
    std::uint32_t* top = words_.reserve(chunk);
    for (const std::size_t end = left - chunk; left != end; --left) {
      const std::size_t i = left - 1;
      if (i >= kEncodeAhead) {
        prefetch_symbol(cdf[i - kEncodeAhead], symbols[i - kEncodeAhead]);
      }
      Interval interval{};
      if (!find_interval(cdf[i], symbols[i], total, interval)) [[unlikely]] {
        failure_ = Errc::kInvalidArgument;
        throw_bad_row("symbols[" + std::to_string(cdf.first + i) + "]", "cdf, row " + std::to_string(cdf.first + i),
                      symbols[i], cdf.row_size - 1, interval, precision_);
      }
      cursor_ = (cursor_ == 0 ? states_.size() : cursor_) - 1;
      top = push_symbol(states_[cursor_], top, interval.start, interval.freq, precision_);
    }
    words_.set_top(top);
  }
}

template <typename Integer>
void RansCoder::decode(CdfRows<Integer> cdf, std::span<std::uint32_t> symbols) {
  check_usable();
  check_cdf_shape(cdf.count, cdf.row_size, symbols.size(), kMostPrecision<Integer>, precision_);
  const std::uint32_t* next = words_.top();
  std::size_t decoded = 0;
  const auto run = [&]<bool kRounds>() {
    return for_isa<DecodeRows<Integer, kRounds>>(StateSpan{states_.data(), states_.size()}, &cursor_, &next,
                                                 words_.end(), cdf, precision_, symbols, &decoded);
  };
  failure_ = states_.size() % kRowLanes == 0 ? run.template operator()<true>() : run.template operator()<false>();
  if (failure_ != Errc::kOk) [[unlikely]] {
    throw_decode_error(failure_, "row " + std::to_string(cdf.first + decoded));
  }
  words_.set_top(next);
}

std::vector<std::uint8_t> RansCoder::to_bytes() const {
  check_usable();
  const std::size_t state_bytes = kStateBytes * states_.size();
  std::vector<std::uint8_t> stream(state_bytes + kWordBytes * words_.size());
  for (std::size_t i = 0; i < states_.size(); ++i) {
    store_little(stream.data() + kStateBytes * i, states_[(cursor_ + i) % states_.size()]);
  }
  for (std::size_t i = 0; i < words_.size(); ++i) {
    store_little(stream.data() + state_bytes + kWordBytes * i, words_.top()[i]);
  }
  return stream;
}

bool RansCoder::is_exhausted() const noexcept {
  return failure_ == Errc::kOk && words_.size() == 0 &&
         std::ranges::all_of(states_, [](std::uint64_t state) { return state == kRansBottom; });
}

void RansCoder::finish() {
  check_usable();
  if (is_exhausted()) {
    return;
  }
  failure_ = Errc::kCorrupt;
  if (words_.size() != 0) {
    throw Error(failure_, "stream: " + std::to_string(kWordBytes * words_.size()) +
                              " bytes are left after the last symbol; it holds more symbols, or is damaged");
  }
  throw Error(
      failure_,
      "stream: a state did not return to where its encoder began; it holds more symbols, is damaged, or was made "
      "with other cdfs");
}

template void RansCoder::encode_reverse(std::span<const std::uint32_t>, std::span<const std::uint32_t>);
template void RansCoder::encode_reverse(std::span<const std::uint64_t>, std::span<const std::uint64_t>);
template void RansCoder::encode_symbols_reverse(std::span<const std::uint32_t>, CdfRows<std::uint16_t>);
template void RansCoder::encode_symbols_reverse(std::span<const std::uint32_t>, CdfRows<std::uint32_t>);
template void RansCoder::encode_symbols_reverse(std::span<const std::uint32_t>, CdfRows<std::uint64_t>);
template void RansCoder::decode(CdfRows<std::uint16_t>, std::span<std::uint32_t>);
template void RansCoder::decode(CdfRows<std::uint32_t>, std::span<std::uint32_t>);
template void RansCoder::decode(CdfRows<std::uint64_t>, std::span<std::uint32_t>);

}  // namespace foretell
