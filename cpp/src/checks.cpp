#include "checks.hpp"

#include "foretell/range_coder.hpp"

namespace foretell {

void throw_unusable_encoder() {
  throw Error(Errc::kInvalidArgument,
              "encoder: it is finished or in a failed state after an earlier error; make a new one for a new stream");
}

void throw_failed_decoder(Errc failure) {
  throw Error(failure, "decoder: it is in a failed state after an earlier error; make a new one to decode again");
}

void throw_bad_interval(const std::string& where, std::uint64_t start, std::uint64_t freq, unsigned precision) {
  throw Error(Errc::kInvalidArgument, where + ": start " + std::to_string(start) + " and freq " + std::to_string(freq) +
                                          " are not a part of 2^" + std::to_string(precision) +
                                          " slots; freq must be at least 1 and start + freq at most 2^precision");
}

void throw_bad_symbol(const std::string& where, std::uint32_t symbol, std::size_t vocabulary) {
  throw Error(Errc::kInvalidArgument, where + ": symbol " + std::to_string(symbol) + " is outside the " +
                                          std::to_string(vocabulary) + " symbols of the cdf");
}

void throw_bad_row(const std::string& at, const std::string& row, std::uint32_t symbol, std::size_t vocabulary,
                   Interval interval, unsigned precision) {
  if (symbol >= vocabulary) {
    throw_bad_symbol(at, symbol, vocabulary);
  }
  throw_bad_interval(row + ", symbol " + std::to_string(symbol), interval.start, interval.freq, precision);
}

void throw_decode_error(Errc status, const std::string& where) {
  switch (status) {
    case Errc::kCorrupt:
      throw Error(status, where +
                              ": the stream holds a value that no encoder writes; it is damaged, or was made with "
                              "other cdfs or another precision");
    case Errc::kTruncated:
      throw Error(status, where + ": the stream ends before this symbol; it was cut, or holds fewer symbols");
    default:
      throw Error(status, where + ": the cdf must rise from 0 to 2^precision");
  }
}

Errc check_stream_end(RangeDecoderState state, bool with_checksum, const Checksum& checksum) noexcept {
  if (with_checksum) {
    if (const Errc status = decode_digest(state, checksum.digest()); status != Errc::kOk) {
      return status;
    }
  }
  return check_end(state);
}

void throw_bad_end(Errc status, std::ptrdiff_t left, bool with_checksum, const std::string& stream,
                   const std::string& unit) {
  if (left > static_cast<std::ptrdiff_t>(with_checksum ? kTailBytes : 0)) {
    throw Error(status, stream + ": " + std::to_string(left) + " bytes are left after the last " + unit +
                            "; it holds more " + unit + "s, or bytes that do not belong");
  }
  if (status == Errc::kTruncated) {
    throw Error(status, stream + ": it ends within its checksum; it was cut, or has none");
  }
  throw Error(status, stream +
                          (with_checksum ? ": its checksum is not that of the " + unit + "s decoded; "
                                         : ": it does not end as its encoder would have ended these " + unit + "s; ") +
                          "it is damaged, holds another number of " + unit + "s, or was made with other probabilities");
}

void check_precision(unsigned precision) {
  if (precision < kMinPrecision || precision > kMaxPrecision) {
    throw Error(Errc::kInvalidArgument, "precision: " + std::to_string(precision) + " is not in 1..32");
  }
}

void check_range(const char* name, std::uint32_t value, std::uint32_t low, std::uint32_t high) {
  if (value < low || value > high) {
    throw Error(Errc::kInvalidArgument, std::string(name) + " must be in " + std::to_string(low) + ".." +
                                            std::to_string(high) + ", not " + std::to_string(value));
  }
}

void check_fits(unsigned most_precision, unsigned precision) {
  if (precision > most_precision) {
    throw Error(Errc::kInvalidArgument,
                most_precision == 16 ? "cdf: uint16 rows reach precision 16, above that they must be uint32"
                                     : "cdf, start, freq: at precision 32 they must be uint64, for 2^32 does not "
                                       "fit uint32");
  }
}

void check_cdf_shape(std::size_t rows, std::size_t row_size, std::size_t expected, unsigned most_precision,
                     unsigned precision) {
  check_fits(most_precision, precision);
  if (row_size < 2 || rows != expected) {
    throw Error(Errc::kInvalidArgument, "cdf: expected " + std::to_string(expected) +
                                            " rows of at least 2 integers, got " + std::to_string(rows) +
                                            " (the last may be cut) of " + std::to_string(row_size));
  }
}

void check_interval_shape(std::size_t start, std::size_t freq, std::size_t expected, unsigned most_precision,
                          unsigned precision) {
  check_fits(most_precision, precision);
  if (start != expected || freq != expected) {
    throw Error(Errc::kInvalidArgument, "start, freq: expected " + std::to_string(expected) + " integers each, got " +
                                            std::to_string(start) + " and " + std::to_string(freq));
  }
}

}  // namespace foretell
