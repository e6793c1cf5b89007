#include <memory>
#include <string>
#include <utility>

#include "arrays.hpp"
#include "coder_arguments.hpp"
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

void binary_encode_bit(PyBinaryEncoder& self, int bit, int probability) {
  self([=](BinaryEncoder& coder) { coder.encode_bit(bit, probability); });
}

py::bytes binary_finish(PyBinaryEncoder& self) {
  return to_bytes(self([](BinaryEncoder& coder) { return coder.finish(); }));
}

/// Owns a copy of the stream, which the C++ decoder only looks at.
struct OwningBinaryDecoder {
  explicit OwningBinaryDecoder(std::string bytes) : data(std::move(bytes)), decoder(byte_span(data)) {}
  OwningBinaryDecoder(const OwningBinaryDecoder&) = delete;
  OwningBinaryDecoder& operator=(const OwningBinaryDecoder&) = delete;

  std::string data;
  BinaryDecoder decoder;
};

using PyBinaryDecoder = Locked<OwningBinaryDecoder>;

py::array binary_decode(PyBinaryDecoder& self, const py::object& probabilities) {
  const py::array p = as_array_of<std::uint16_t>(probabilities, "probabilities", 1);
  py::array_t<std::uint8_t> bits(p.shape(0));
  const std::span<std::uint8_t> target{bits.mutable_data(), static_cast<std::size_t>(bits.size())};
  self([a = view<std::uint16_t>(p), target](OwningBinaryDecoder& coder) { coder.decoder.decode(a, target); });
  return std::move(bits);
}

int binary_decode_bit(PyBinaryDecoder& self, int probability) {
  return self([=](OwningBinaryDecoder& coder) { return coder.decoder.decode_bit(probability); });
}

// -- docstrings ------------------------------------------------------------------------------------------------------

constexpr const char* kEncoderDoc = R"(One stream of bits, first in, first out, each with its probability.

A bit costs at most its ideal plus 0.0056 bits, at a probability of 1 / 2**16; on average over bits that come as often
as their probabilities say, nothing that can be measured. The end costs less than a byte.)";

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

Raises
------
CorruptError
    No stream begins with these bytes.)";

constexpr const char* kDecodeDoc = R"(Decode the next N bits.

Parameters
----------
probabilities : uint16 [N]
    probabilities[i] / 2**16 is the probability that the i-th bit from here is 1; 1..65535.

Returns
-------
uint8 [N]
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
that made other bits out of it is not found here: keep a checksum.

Raises
------
CorruptError
    Bytes are left that no bit needed, or the last ones are others; the decoder is then in a failed state.)";

}  // namespace

void register_binary(py::module_& module) {
  py::class_<PyBinaryEncoder>(module, "BinaryEncoder", kEncoderDoc)
      .def(py::init<>())
      .def("encode", &binary_encode, py::arg("bits"), py::arg("probabilities"), kEncodeDoc)
      .def("encode_bit", &binary_encode_bit, py::arg("bit"), py::arg("probability"), kEncodeBitDoc)
      .def("finish", &binary_finish, "End the stream and return it (bytes); the encoder takes no more bits.");

  py::class_<PyBinaryDecoder>(module, "BinaryDecoder", kDecoderDoc)
      .def(py::init([](const py::object& data) { return std::make_unique<PyBinaryDecoder>(copy_bytes(data, "data")); }),
           py::arg("data"))
      .def("decode", &binary_decode, py::arg("probabilities"), kDecodeDoc)
      .def("decode_bit", &binary_decode_bit, py::arg("probability"), kDecodeBitDoc)
      .def(
          "finish", [](PyBinaryDecoder& self) { self([](OwningBinaryDecoder& coder) { coder.decoder.finish(); }); },
          kFinishDoc);
}

}  // namespace foretell::bindings
