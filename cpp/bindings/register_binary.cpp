#include <algorithm>
#include <array>
#include <climits>
#include <memory>
#include <string>
#include <utility>

#include "arrays.hpp"
#include "coder_arguments.hpp"
#include "fast_method.hpp"
#include "foretell/binary_coder.hpp"
#include "register.hpp"

namespace foretell::bindings {
namespace {

using PyBinaryEncoder = Locked<BinaryEncoder>;

/// Returns `object` as an array of bytes that should be bits: dtype uint8 or bool, both of one byte.
py::array as_bits(const py::object& object) {
  py::array array = as_array(object, "bits", 1);
  if (!holds<std::uint8_t>(array) && !holds<bool>(array)) {
    throw_dtype(array, "bits", "uint8 or bool");
  }
  return array;
}

void binary_encode(PyBinaryEncoder& self, const py::object& bits, const py::object& probabilities) {
  const py::array values = as_bits(bits);
  const py::array p = as_array_of<std::uint16_t>(probabilities, "probabilities", 1);
  check_length(p, "probabilities", 0, static_cast<std::size_t>(values.shape(0)));
  self([a = view<std::uint8_t>(values), b = view<std::uint16_t>(p)](BinaryEncoder& coder) { coder.encode(a, b); });
}

/// One of the two integers of a call that codes one bit.
int as_int(const py::handle object, const char* argument) {
  const long value = PyLong_AsLong(object.ptr());  // takes NumPy's integers too, by __index__
  if (value == -1 && PyErr_Occurred() != nullptr) {
    const bool too_large = PyErr_ExceptionMatches(PyExc_OverflowError) != 0;
    PyErr_Clear();
    const std::string got = py::repr(object).cast<std::string>();
    if (too_large) {
      throw py::value_error(std::string(argument) + ": " + got + " is out of range");
    }
    throw py::type_error(std::string(argument) + ": expected an integer, got " + got);
  }
  return static_cast<int>(std::clamp<long>(value, INT_MIN, INT_MAX));  // where it is refused
}

void binary_encode_bit(PyBinaryEncoder& self, const py::handle bit, const py::handle probability) {
  const int value = as_int(bit, "bit");
  const int p = as_int(probability, "probability");
  self.briefly([=](BinaryEncoder& coder) { coder.encode_bit(value, p); });
}

py::bytes binary_finish(PyBinaryEncoder& self) {
  return to_bytes(self([](BinaryEncoder& coder) { return coder.finish(); }));
}

/// Owns a copy of the stream, which the C++ decoder only looks at.
struct OwningBinaryDecoder {
  OwningBinaryDecoder(std::string bytes, bool checksum) : data(std::move(bytes)), decoder(byte_span(data), checksum) {}
  OwningBinaryDecoder(const OwningBinaryDecoder&) = delete;
  OwningBinaryDecoder& operator=(const OwningBinaryDecoder&) = delete;

  std::string data;
  BinaryDecoder decoder;
};

using PyBinaryDecoder = Locked<OwningBinaryDecoder>;

py::object binary_decode(PyBinaryDecoder& self, const py::object& probabilities, const py::object& out) {
  const py::array p = as_array_of<std::uint16_t>(probabilities, "probabilities", 1);
  py::array bits = out.is_none() ? new_array<std::uint8_t>(std::array{p.shape(0)}) : as_array(out, "out", 1);
  if (!holds<std::uint8_t>(bits) && !holds<bool>(bits)) {
    throw_dtype(bits, "out", "uint8 or bool");
  }
  check_length(bits, "out", 0, static_cast<std::size_t>(p.shape(0)));
  check_writeable(bits, "out");
  const std::span<std::uint8_t> target{static_cast<std::uint8_t*>(bits.mutable_data()),
                                       static_cast<std::size_t>(bits.size())};
  self([a = view<std::uint16_t>(p), target](OwningBinaryDecoder& coder) { coder.decoder.decode(a, target); });
  return out.is_none() ? py::object(bits) : out;
}

py::object binary_decode_bit(PyBinaryDecoder& self, const py::handle probability) {
  const int p = as_int(probability, "probability");
  return py::int_(self.briefly([=](OwningBinaryDecoder& coder) { return coder.decoder.decode_bit(p); }));
}

// -- docstrings ------------------------------------------------------------------------------------------------------

constexpr const char* kEncoderDoc = R"(One stream of bits, first in, first out, each with its probability.

A bit costs at most its ideal plus 0.0056 bits, at a probability of 1 / 2**16; on average over bits that come as often
as their probabilities say, nothing that can be measured. The end costs less than a byte.

Parameters
----------
checksum : bool
    Whether the stream ends with a checksum of all that was coded, which costs 4 bytes and which the decoder must expect.
    Without one, damage mostly decodes to other bits unnoticed.)";

constexpr const char* kEncodeDoc = R"(Encode N bits.

Parameters
----------
bits : uint8 or bool [N]
    Each 0 or 1.
probabilities : uint16 [N]
    probabilities[i] / 2**16 is the probability that bits[i] is 1, so 1..65535; 65536 - probabilities[i] is that of 0.

Raises
------
TypeError
    An argument is not an array, or has another dtype.
ValueError
    An argument has another shape or memory order; or, and the encoder is then in a failed state, a bit is neither 0
    nor 1 or a probability is 0 (the message names its index).)";

constexpr const char* kEncodeBitDoc = R"(Encode one bit: for models that look at it before they predict the next.

Parameters
----------
bit : int
    0 or 1.
probability : int
    probability / 2**16 is the probability of a 1; 1..65535.

Raises
------
ValueError
    The bit is neither 0 nor 1, or the probability is not in 1..65535; the encoder is then in a failed state.)";

constexpr const char* kDecoderDoc =
    R"(Reads what one BinaryEncoder wrote, with the same probabilities in the same order.

Parameters
----------
data : bytes-like
    One whole stream; it is copied.
checksum : bool
    As the encoder's.

Raises
------
CorruptError
    No stream begins with these bytes.)";

constexpr const char* kDecodeDoc = R"(Decode the next N bits.

Parameters
----------
probabilities : uint16 [N]
    probabilities[i] / 2**16 is the probability that the i-th bit from here is 1; 1..65535.
out : uint8 or bool [N], C-contiguous, optional
    Where to write; its contents are unspecified after an error.

Returns
-------
uint8 [N], or `out`
    Zeros and ones.

Raises
------
TruncatedError
    The stream ends before these bits do; the decoder is then in a failed state.
TypeError
    The argument is not an array, or has another dtype.
ValueError
    The argument has another shape or memory order; or a probability is 0, and the decoder is then in a failed state.)";

constexpr const char* kDecodeBitDoc = R"(Decode one bit: for models that look at it before they predict the next.

Parameters
----------
probability : int
    probability / 2**16 is the probability of a 1; 1..65535.

Returns
-------
int
    0 or 1.

Raises
------
TruncatedError
    The stream ends before this bit; the decoder is then in a failed state.
ValueError
    The probability is not in 1..65535; the decoder is then in a failed state.)";

constexpr const char* kFinishDoc = R"(Check that the stream ends as its encoder would have ended these bits.

There is one stream for any bits and probabilities: once this returns, the stream is that one, byte for byte. Damage
that made other bits out of it is found by a checksum alone.

Raises
------
CorruptError, TruncatedError
    Bytes are left that no bit needed, the last ones are others, or the checksum is; the decoder is then in a failed
    state.)";

}  // namespace

void register_binary(py::module_& module) {
  py::class_<PyBinaryEncoder> encoder(module, "BinaryEncoder", kEncoderDoc);
  encoder.def(py::init<bool>(), py::arg("checksum") = false)
      .def("encode", &binary_encode, py::arg("bits"), py::arg("probabilities"), kEncodeDoc)
      .def("finish", &binary_finish, "End the stream and return it (bytes); the encoder takes no more bits.");
  add_fast_method<&binary_encode_bit>(encoder, "encode_bit", std::array{"bit", "probability"}, 2, kEncodeBitDoc);

  py::class_<PyBinaryDecoder> decoder(module, "BinaryDecoder", kDecoderDoc);
  decoder
      .def(py::init([](const py::object& data, bool checksum) {
             return std::make_unique<PyBinaryDecoder>(copy_bytes(data, "data"), checksum);
           }),
           py::arg("data"), py::arg("checksum") = false)
      .def_property_readonly(
          "is_exhausted",
          [](PyBinaryDecoder& self) {
            return self.briefly([](const OwningBinaryDecoder& coder) { return coder.decoder.is_exhausted(); });
          },
          "True if the stream ends after the bits decoded so far: finish would not raise. Without a checksum a stream "
          "may end so "
          "after a few bits less, too.")
      .def("decode", &binary_decode, py::arg("probabilities"), py::arg("out") = py::none(), kDecodeDoc)
      .def(
          "finish", [](PyBinaryDecoder& self) { self([](OwningBinaryDecoder& coder) { coder.decoder.finish(); }); },
          kFinishDoc);
  add_fast_method<&binary_decode_bit>(decoder, "decode_bit", std::array{"probability"}, 1, kDecodeBitDoc);
}

}  // namespace foretell::bindings
