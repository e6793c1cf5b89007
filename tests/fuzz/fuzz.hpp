// What the fuzzing harnesses share: bytes of the fuzzer read as decisions, rows, damage, and properties that must hold.
//
// A harness reads its case (precision, rows, ...) from the input, and then a stream: either what is left of the input,
// or what an encoder made of symbols and the input damaged. So a fuzzer that knows nothing reaches the ends of sound
// streams too, and one that follows coverage has bytes of its own to work on.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <utility>
#include <vector>

#include "foretell/errc.hpp"
#include "foretell/range_coder.hpp"

namespace foretell::fuzz {

using Bytes = std::vector<std::uint8_t>;
using Symbols = std::vector<std::uint32_t>;

/// Ends the process with a message if a property does not hold.
inline void require(bool holds, const char* property) {
  if (!holds) {
    std::fprintf(stderr, "does not hold: %s\n", property);
    std::abort();
  }
}

/// Runs `function` and returns the code of the foretell::Error that it throws, kOk if none.
template <typename Function>
Errc thrown_by(Function&& function) {
  try {
    function();
  } catch (const Error& error) {
    return error.code();
  }
  return Errc::kOk;
}

/// Decisions from bytes; past the end all of them are 0.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : left_(data, size) {}

  template <typename Integer>
  Integer number() {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(Integer); ++i) {
      std::uint64_t byte = 0;
      if (!left_.empty()) {
        byte = left_.front();
        left_ = left_.subspan(1);
      }
      value |= byte << 8 * i;
    }
    return static_cast<Integer>(value);
  }
  std::uint8_t byte() { return number<std::uint8_t>(); }
  /// 0 .. bound - 1, for bounds up to 2^16.
  std::size_t below(std::size_t bound) { return number<std::uint16_t>() % bound; }

  [[nodiscard]] std::size_t size() const { return left_.size(); }
  Bytes take(std::size_t most) {
    const std::span<const std::uint8_t> taken = left_.first(std::min(most, left_.size()));
    left_ = left_.subspan(taken.size());
    return {taken.begin(), taken.end()};
  }

 private:
  std::span<const std::uint8_t> left_;
};

/// A CDF by the rules. Each symbol takes a part of what is left, up to all of it; the last takes the rest.
inline std::vector<std::uint64_t> make_row(Input& input, std::size_t vocabulary, unsigned precision) {
  std::uint64_t left = (std::uint64_t{1} << precision) - vocabulary;
  std::vector<std::uint64_t> row{0};
  for (std::size_t i = 0; i < vocabulary; ++i) {
    const std::uint64_t part = input.byte();
    const bool all = i + 1 == vocabulary || part == 255;
    const std::uint64_t taken = all ? left : left * part / 512;
    row.push_back(row.back() + 1 + taken);
    left -= taken;
  }
  return row;
}

/// How many symbols: mostly few, now and then more than kShortRow of the vector search.
inline std::size_t make_vocabulary(Input& input, unsigned precision) {
  const std::size_t kind = input.byte() % 8;
  const std::size_t wanted = 1 + (kind < 6 ? input.byte() % 20 : kind == 6 ? input.byte() : input.below(900));
  return static_cast<std::size_t>(std::min<std::uint64_t>(wanted, std::uint64_t{1} << precision));
}

/// A message's CDFs: one of a few rows for each symbol.
struct Rows {
  unsigned precision = 0;
  std::size_t row_size = 0;
  std::size_t length = 0;
  bool sound = true;               // all rows keep the rules
  std::vector<std::uint64_t> cdf;  // [length, row_size]

  [[nodiscard]] std::size_t vocabulary() const { return row_size - 1; }

  /// In uint16, 2^16 becomes 0.
  template <typename Integer>
  [[nodiscard]] std::vector<Integer> as() const {
    std::vector<Integer> narrow(cdf.size());
    std::ranges::transform(cdf, narrow.begin(), [](std::uint64_t value) { return static_cast<Integer>(value); });
    return narrow;
  }
};

inline Rows make_rows(Input& input, std::size_t most_symbols) {
  Rows rows;
  rows.precision = 1 + input.byte() % kMaxPrecision;
  const std::size_t vocabulary = make_vocabulary(input, rows.precision);
  rows.row_size = vocabulary + 1;
  rows.length = input.byte() % (most_symbols + 1);
  const std::uint8_t kind = input.byte();
  std::vector<std::vector<std::uint64_t>> few(1 + kind % 4);
  for (auto& row : few) {
    row = make_row(input, vocabulary, rows.precision);
  }
  if (kind >= 224) {
    few[0][input.below(rows.row_size)] = input.number<std::uint64_t>() >> (kind % 64);
    rows.sound = false;
  }
  for (std::size_t i = 0; i < rows.length; ++i) {
    const auto& row = few[few.size() == 1 ? 0 : input.byte() % few.size()];
    rows.cdf.insert(rows.cdf.end(), row.begin(), row.end());
  }
  return rows;
}

inline Symbols make_symbols(Input& input, std::size_t length, std::size_t vocabulary) {
  Symbols symbols(length);
  for (std::uint32_t& symbol : symbols) {
    const std::size_t wanted = vocabulary <= 256 ? input.byte() : input.below(65536);
    symbol = static_cast<std::uint32_t>(wanted % vocabulary);
  }
  return symbols;
}

/// Changes a few bytes of a stream, its length, or nothing; returns whether it did.
inline bool damage(Input& input, Bytes& stream) {
  const Bytes before = stream;
  for (std::size_t times = input.byte() % 4; times != 0; --times) {
    switch (input.byte() % 4) {
      case 0:
        stream.resize(input.below(stream.size() + 1));
        break;
      case 1:
        stream.push_back(input.byte());
        break;
      default:
        if (!stream.empty()) {
          stream[input.below(stream.size())] ^= static_cast<std::uint8_t>(1U << input.byte() % 8);
        }
    }
  }
  return stream != before;
}

/// Calls function(integer) with an integer of a type that holds CDFs of this precision; `choice` picks among them.
template <typename Function>
void with_integers(unsigned precision, std::uint8_t choice, Function&& function) {
  if (precision == 32 || choice % 3 == 0) {
    function(std::uint64_t{});
  } else if (precision > 16 || choice % 3 == 1) {
    function(std::uint32_t{});
  } else {
    function(std::uint16_t{});
  }
}

template <typename T>
std::span<const T> view(const std::vector<T>& values) {
  return values;
}

/// What a decoder made of a stream.
struct Outcome {
  Errc code = Errc::kOk;
  Symbols symbols;

  /// Only damage is an error of sound rows, and symbols are in the alphabet.
  void check(const Rows& rows) const {
    const bool damaged = code == Errc::kCorrupt || code == Errc::kTruncated;
    require(code == Errc::kOk || damaged || (!rows.sound && code == Errc::kInvalidArgument), "errors are of the data");
    if (code == Errc::kOk) {
      const auto inside = [&](std::uint32_t symbol) { return symbol < rows.vocabulary(); };
      require(std::ranges::all_of(symbols, inside), "symbols are in the alphabet");
    }
  }
};

/// No symbol was decoded to which its row, sound or not, gives no slots.
template <typename Integer>
void check_slots(const Rows& rows, const std::vector<Integer>& cdf, const Outcome& outcome) {
  const std::uint64_t total = std::uint64_t{1} << rows.precision;
  for (std::size_t i = 0; i < rows.length && outcome.code == Errc::kOk; ++i) {
    const auto row = view(cdf).subspan(i * rows.row_size, rows.row_size);
    const std::uint64_t end = slots_end(row, outcome.symbols[i], total);
    require(row[outcome.symbols[i]] < end && end <= total, "a symbol has slots");
  }
}

}  // namespace foretell::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
