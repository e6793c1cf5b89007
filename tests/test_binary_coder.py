"""The binary coder against the big-integer reference, its stated cost, bad arguments and damaged streams."""

from __future__ import annotations

import array
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import reference
from foretell.coders import BinaryDecoder, BinaryEncoder
from foretell.errors import CorruptError, Error, TruncatedError
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

Message = list[tuple[int, int]]
"""(bit, probability of a 1 in 2**-16) pairs."""

PROBABILITIES = st.one_of(st.integers(1, 65535), st.integers(1, 4), st.integers(65532, 65535), st.just(32768))
MESSAGES = st.lists(st.tuples(st.integers(0, 1), PROBABILITIES), max_size=80)


def split(message: Message) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    bits, probabilities = zip(*message, strict=True) if message else ((), ())
    return np.array(bits, np.uint8), np.array(probabilities, np.uint16)


def encode(message: Message) -> bytes:
    encoder = BinaryEncoder()
    encoder.encode(*split(message))
    return encoder.finish()


def ideal_bits(bits: NDArray[np.uint8], probabilities: NDArray[np.uint16]) -> float:
    p = probabilities.astype(np.float64)
    return float(np.sum(16 - np.log2(np.where(bits == 1, p, 65536 - p))))


def random_message(length: int, seed: int = 0) -> Message:
    """Bits drawn from their probabilities, half of which are near 0 or 1."""
    rng = np.random.default_rng(seed)
    near = np.where(
        rng.integers(2, size=length) == 0, rng.integers(1, 900, length), 65536 - rng.integers(1, 900, length)
    )
    p = np.where(rng.integers(2, size=length) == 0, near, rng.integers(1, 65536, length))
    bits = rng.integers(65536, size=length) < p
    return list(zip(bits.astype(int).tolist(), p.tolist(), strict=True))


# -- reference equality and round trips


@given(MESSAGES)
def test_bytes_equal_the_reference(message: Message) -> None:
    stream = encode(message)
    assert stream == encode(message)
    assert stream == reference.binary_encode(message)
    assert reference.binary_decode(stream, [p for _, p in message]) == [bit for bit, _ in message]


@given(MESSAGES)
def test_round_trip(message: Message) -> None:
    bits, probabilities = split(message)
    decoder = BinaryDecoder(encode(message))
    decoded = decoder.decode(probabilities)
    assert decoded.dtype == np.uint8
    assert decoded.tolist() == bits.tolist()
    decoder.finish()


def test_long_round_trip() -> None:
    message = random_message(20_000)
    bits, probabilities = split(message)
    stream = encode(message)
    assert stream == reference.binary_encode(message)
    decoder = BinaryDecoder(stream)
    assert np.array_equal(decoder.decode(probabilities), bits)
    decoder.finish()


@given(MESSAGES, st.lists(st.integers(0, 9), max_size=8))
def test_how_calls_are_split_does_not_matter(message: Message, steps: Sequence[int]) -> None:
    encoder, at = BinaryEncoder(), 0
    for step in steps:
        encoder.encode(*split(message[at : at + step]))
        at += step
    for bit, probability in message[at:]:
        encoder.encode_bit(bit, probability)
    stream = encoder.finish()
    assert stream == encode(message)

    decoder, decoded, at = BinaryDecoder(stream), [], 0
    for step in steps:
        decoded += decoder.decode(split(message[at : at + step])[1]).tolist()
        at += step
    decoded += [decoder.decode_bit(probability) for _, probability in message[at:]]
    assert decoded == [bit for bit, _ in message]
    decoder.finish()


def test_empty_message_is_an_empty_stream() -> None:
    assert BinaryEncoder().finish() == encode([]) == b""
    BinaryDecoder(b"").finish()
    assert BinaryDecoder(b"").decode(np.zeros(0, np.uint16)).shape == (0,)


def test_a_stream_pinned_byte_for_byte() -> None:
    """Another coder's arithmetic, or another end, would be another format."""
    assert encode([(1, 1 << 15), (0, 1 << 14)]).hex() == "20"
    message = [(i * i % 3 & 1, i * 7919 % 65535 + 1) for i in range(60)]
    assert encode(message).hex() == "03c36a23302ed269062265f5"


# -- cost


@given(MESSAGES)
def test_cost_is_the_one_stated(message: Message) -> None:
    bits, probabilities = split(message)
    rounding = sum(math.log2(1 + 1 / (256 * p)) for bit, p in message if bit) + 4e-10
    assert len(encode(message)) <= math.ceil((ideal_bits(bits, probabilities) + rounding + 1e-9) / 8)


@pytest.mark.parametrize("probability", [1, 3, 500, 32768, 65000, 65535, None])
def test_likely_bits_cost_their_entropy(probability: int | None) -> None:
    rng = np.random.default_rng(3)
    n = 1_000_000
    p = rng.integers(1, 65536, n) if probability is None else np.full(n, probability)
    probabilities, bits = p.astype(np.uint16), (rng.integers(65536, size=n) < p).astype(np.uint8)
    encoder = BinaryEncoder()
    encoder.encode(bits, probabilities)
    excess = 8 * len(encoder.finish()) - ideal_bits(bits, probabilities)
    assert -9 < excess < 9  # the end is a byte more or less; nothing else would a million bits show


# -- arguments


def test_bit_dtypes_and_buffers() -> None:
    message = random_message(50)
    bits, probabilities = split(message)
    expected = encode(message)
    raw = bits.tobytes()
    for given_bits in (bits.astype(bool), raw, bytearray(raw), memoryview(raw), array.array("B", raw)):
        encoder = BinaryEncoder()
        encoder.encode(given_bits, array.array("H", probabilities.tolist()))
        assert encoder.finish() == expected
    for stream in (expected, bytearray(expected), memoryview(expected), np.frombuffer(expected, np.uint8)):
        assert BinaryDecoder(stream).decode(probabilities).tolist() == bits.tolist()


def test_integers_of_numpy_are_integers() -> None:
    encoder = BinaryEncoder()
    encoder.encode_bit(np.uint8(1), np.uint16(500))  # type: ignore[arg-type]
    encoder.encode_bit(True, 500)
    assert encoder.finish() == encode([(1, 500), (1, 500)])


ONE, P = np.ones(2, np.uint8), np.full(2, 500, np.uint16)


@pytest.mark.parametrize(
    ("bits", "probabilities", "error", "match"),
    [
        ([0, 1], P, TypeError, "bits.*list"),
        (ONE.astype(np.int8), P, TypeError, "bits.*int8"),
        (ONE.astype(np.int64), P, TypeError, "bits.*uint8 or bool.*int64"),
        (ONE[:, None], P, ValueError, "bits.*1 dimension, got 2"),
        (np.ones(4, np.uint8)[::2], P, ValueError, "bits.*contiguous"),
        (ONE, [500, 500], TypeError, "probabilities.*list"),
        (ONE, P.astype(np.uint32), TypeError, "probabilities.*uint16.*uint32"),
        (ONE, P.astype(np.int16), TypeError, "probabilities.*int16"),
        (ONE, P.astype(">u2"), TypeError, "probabilities"),
        (ONE, P / np.float32(65536), TypeError, "probabilities.*float32"),
        (ONE, P[:1], ValueError, "probabilities.*length 2.*got 1"),
        (ONE, np.full(4, 500, np.uint16)[::2], ValueError, "probabilities.*contiguous"),
    ],
)
def test_bad_arguments_name_themselves_and_change_nothing(
    bits: Any, probabilities: Any, error: type[Exception], match: str
) -> None:
    encoder = BinaryEncoder()
    with pytest.raises(error, match=match):
        encoder.encode(bits, probabilities)
    encoder.encode(ONE, P)
    stream = encoder.finish()
    assert stream == encode([(1, 500), (1, 500)])
    if match.startswith("probabilities") and len(probabilities) == 2:
        decoder = BinaryDecoder(stream)
        with pytest.raises(error, match=match):
            decoder.decode(probabilities)
        assert decoder.decode(P).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("bits", "probabilities", "match"),
    [
        ([0, 1, 2], [1, 1, 1], r"bits\[2\]: 2 is neither 0 nor 1"),
        ([255, 1, 0], [1, 1, 1], r"bits\[0\]: 255"),
        ([0, 1, 1], [1, 0, 1], r"probabilities\[1\]: 0 is not in 1..65535"),
        ([0] * 5000 + [1], [1] * 5000 + [0], r"probabilities\[5000\]"),
    ],
)
def test_impossible_bits_fail_the_encoder(bits: list[int], probabilities: list[int], match: str) -> None:
    encoder = BinaryEncoder()
    with pytest.raises(ValueError, match=match):
        encoder.encode(np.array(bits, np.uint8), np.array(probabilities, np.uint16))
    for refused in (lambda: encoder.encode(ONE, P), lambda: encoder.encode_bit(1, 1), encoder.finish):
        with pytest.raises(ValueError, match="failed state"):
            refused()


@pytest.mark.parametrize(("bit", "probability"), [(2, 1), (-1, 1), (0, 0), (1, -1), (1, 65536)])
def test_impossible_single_bits_fail_the_coders(bit: int, probability: int) -> None:
    encoder = BinaryEncoder()
    with pytest.raises(ValueError, match=r"bit: |probability: "):
        encoder.encode_bit(bit, probability)
    with pytest.raises(ValueError, match="failed state"):
        encoder.finish()
    if probability != 1:
        decoder = BinaryDecoder(b"\x12")
        with pytest.raises(ValueError, match="probability: "):
            decoder.decode_bit(probability)
        with pytest.raises(ValueError, match="failed state"):
            decoder.finish()


def test_impossible_probabilities_fail_the_decoder() -> None:
    decoder = BinaryDecoder(b"\x12")
    with pytest.raises(ValueError, match=r"probabilities\[1\]: 0"):
        decoder.decode(np.array([1, 0], np.uint16))
    for refused in (lambda: decoder.decode(P), lambda: decoder.decode_bit(1), decoder.finish):
        with pytest.raises(ValueError, match="failed state"):
            refused()


def test_a_finished_encoder_takes_no_more() -> None:
    encoder = BinaryEncoder()
    encoder.finish()
    with pytest.raises(ValueError, match="finished"):
        encoder.finish()


# -- damaged streams


def decodes_or_raises(stream: bytes, probabilities: NDArray[np.uint16]) -> list[int] | None:
    """Bits of a stream that was found whole, or None."""
    try:
        decoder = BinaryDecoder(stream)
    except CorruptError:
        return None
    try:
        bits = decoder.decode(probabilities)
        decoder.finish()
    except Error as error:
        assert isinstance(error, (CorruptError, TruncatedError))  # noqa: PT017
        with pytest.raises(type(error), match="failed state"):
            decoder.finish()
        return None
    return bits.tolist()


@given(MESSAGES)
def test_every_cut_flip_and_addition_is_found_or_decodes_to_other_bits(message: Message) -> None:
    bits, probabilities = split(message)
    stream = encode(message)
    others = [stream[:length] for length in range(len(stream))]
    others += [stream + more for more in (b"\0", b"\1", b"\xff", bytes(5))]
    for bit in range(8 * len(stream)):
        flipped = bytearray(stream)
        flipped[bit // 8] ^= 1 << bit % 8
        others.append(bytes(flipped))
    for other in others:
        wrong = decodes_or_raises(other, probabilities)
        assert wrong != bits.tolist()
        assert wrong is None or set(wrong) <= {0, 1}
    assert decodes_or_raises(stream, probabilities) == bits.tolist()


@given(st.binary(max_size=60), st.lists(PROBABILITIES, max_size=200))
def test_a_stream_that_is_found_whole_is_the_one_its_bits_make(stream: bytes, probabilities: list[int]) -> None:
    bits = decodes_or_raises(stream, np.array(probabilities, np.uint16))
    if bits is not None:
        assert encode(list(zip(bits, probabilities, strict=True))) == stream


def test_distinct_errors() -> None:
    message = random_message(200)
    bits, probabilities = split(message)
    stream = encode(message)
    decoder = BinaryDecoder(stream + bytes(9))
    assert decoder.decode(probabilities).tolist() == bits.tolist()
    with pytest.raises(CorruptError, match="bytes are left"):
        decoder.finish()
    decoder = BinaryDecoder(stream + b"\1")
    decoder.decode(probabilities)
    with pytest.raises(CorruptError, match=r"bytes are left|does not end"):
        decoder.finish()
    with pytest.raises(CorruptError, match="does not end"):
        BinaryDecoder(b"\x80").finish()
    with pytest.raises(CorruptError, match="no encoder writes"):
        BinaryDecoder(b"\xff" * 4)
    decoder = BinaryDecoder(b"")
    with pytest.raises(TruncatedError, match="bit 7: the stream ends"):
        decoder.decode(np.full(9, 32768, np.uint16))
    decoder = BinaryDecoder(b"")
    assert [decoder.decode_bit(32768) for _ in range(7)] == [1] * 7
    with pytest.raises(TruncatedError, match="ends before this bit"):
        decoder.decode_bit(32768)
