"""Checksums and ends of streams: what tells a decoder that it is where its encoder was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import reference
from foretell.coders import BinaryDecoder, BinaryEncoder, LaneDecoder, LaneEncoder, RangeDecoder, RangeEncoder
from foretell.errors import CorruptError, Error
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

PRECISION = 12
VOCABULARY = 5
STEPS = 60
ROWS = np.array([[0, 819, 1638, 2457, 3276, 4096]] * STEPS, np.uint32)  # alike: the length tells nothing
SYMBOLS = np.random.default_rng(1).integers(0, VOCABULARY, STEPS)
BITS = SYMBOLS.astype(np.uint8) % 2
PROBABILITIES = np.random.default_rng(2).integers(1, 65536, STEPS).astype(np.uint16)


def encode_range(count: int = STEPS, checksum: bool = True) -> bytes:
    encoder = RangeEncoder(PRECISION, checksum=checksum)
    encoder.encode_symbols(SYMBOLS[:count], ROWS[:count])
    return encoder.finish()


def encode_lane(count: int = STEPS, checksum: bool = True) -> bytes:
    encoder = LaneEncoder(2, PRECISION, checksum=checksum)
    for t in range(count):
        encoder.encode_step(SYMBOLS[[t, t]], ROWS[[t, t]])
    first, second = encoder.finish()
    assert first == second
    return first


def encode_bits(count: int = STEPS, checksum: bool = True) -> bytes:
    encoder = BinaryEncoder(checksum=checksum)
    encoder.encode(BITS[:count], PROBABILITIES[:count])
    return encoder.finish()


def decode_range(stream: bytes, count: int = STEPS, checksum: bool = True) -> tuple[Any, NDArray[Any]]:
    decoder = RangeDecoder(stream, PRECISION, checksum=checksum)
    return decoder, decoder.decode(ROWS[:count])


def decode_lane(stream: bytes, count: int = STEPS, checksum: bool = True) -> tuple[Any, NDArray[Any]]:
    decoder = LaneDecoder([encode_range(count, checksum), stream], PRECISION, checksum=checksum)
    return decoder, decoder.decode(np.stack([ROWS[:count]] * 2))[1]


def decode_bits(stream: bytes, count: int = STEPS, checksum: bool = True) -> tuple[Any, NDArray[Any]]:
    decoder = BinaryDecoder(stream, checksum=checksum)
    return decoder, decoder.decode(PROBABILITIES[:count])


CODERS = [
    pytest.param(encode_range, decode_range, SYMBOLS, id="range"),
    pytest.param(encode_lane, decode_lane, SYMBOLS, id="lanes"),
    pytest.param(encode_bits, decode_bits, BITS, id="binary"),
]
Encode = Callable[..., bytes]
Decode = Callable[..., tuple[Any, NDArray[Any]]]


@pytest.mark.parametrize(("encode", "decode", "symbols"), CODERS)
@pytest.mark.parametrize("checksum", [False, True])
def test_is_exhausted_at_the_end_alone(encode: Encode, decode: Decode, symbols: Any, checksum: bool) -> None:
    stream = encode(checksum=checksum)
    for count in range(STEPS + 1):
        decoder, decoded = decode(stream, count, checksum)
        assert decoded.tolist() == symbols[:count].tolist()
        if decoder.is_exhausted:
            assert count >= STEPS - (0 if checksum else 8)  # without one, fewer symbols may have the same stream
            decoder.finish()
            assert decoder.is_exhausted
        else:
            assert count < STEPS
            with pytest.raises(CorruptError):
                decoder.finish()
            assert not decoder.is_exhausted


@pytest.mark.parametrize(("encode", "decode", "symbols"), CODERS)
def test_a_checksum_costs_four_bytes_and_finds_every_flipped_bit(encode: Encode, decode: Decode, symbols: Any) -> None:
    stream = encode()
    assert 3 <= len(stream) - len(encode(checksum=False)) <= 5  # with the rounding of two ends
    assert decode(stream)[1].tolist() == symbols.tolist()
    for bit in range(8 * len(stream)):
        damaged = bytearray(stream)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Error):
            decode(bytes(damaged))[0].finish()


@pytest.mark.parametrize(("encode", "decode", "symbols"), CODERS)
def test_without_a_checksum_damage_goes_unnoticed(encode: Encode, decode: Decode, symbols: Any) -> None:
    """The control of the test above: it is the checksum that finds all of it."""
    stream = encode(checksum=False)
    unnoticed = 0
    for bit in range(8 * len(stream)):
        damaged = bytearray(stream)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            decoder, decoded = decode(bytes(damaged), checksum=False)
            decoder.finish()
        except Error:
            continue
        assert decoded.tolist() != symbols.tolist()
        unnoticed += 1
    assert unnoticed > 0


@pytest.mark.parametrize(("encode", "decode", "symbols"), CODERS)
def test_cuts_and_a_missing_checksum_are_found(encode: Encode, decode: Decode, symbols: Any) -> None:
    stream = encode()
    for size in range(len(stream)):
        with pytest.raises(Error):
            decode(stream[:size])[0].finish()
    for other in (encode(checksum=False), stream + b"\0", encode(STEPS - 1)):
        with pytest.raises(Error):
            decode(other)[0].finish()


@given(st.lists(st.integers(0, VOCABULARY - 1), max_size=40))
def test_the_checksum_is_that_of_the_reference(symbols: list[int]) -> None:
    row = ROWS[0].tolist()
    intervals = [(row[s], row[s + 1] - row[s]) for s in symbols]
    value = reference.digest(intervals)
    encoder = RangeEncoder(PRECISION, checksum=True)
    encoder.encode_symbols(np.array(symbols, np.uint8), ROWS[: len(symbols)])
    stream = encoder.finish()
    # The digest is two symbols of 16 bits behind the message.
    expected = [(start, freq, PRECISION) for start, freq in intervals]
    expected += [(value >> 16, 1, 16), (value & 0xFFFF, 1, 16)]
    assert stream == reference.range_encode_mixed(expected)
    by_slots = RangeEncoder(PRECISION, checksum=True)
    pairs = np.array(intervals, np.uint32).reshape(-1, 2).T.copy()
    by_slots.encode(pairs[0], pairs[1])
    assert by_slots.finish() == stream


def test_finish_knows_the_only_stream() -> None:
    """Two numbers in the last interval, one of which no encoder would have chosen."""
    row = np.array([[0, 1, 2]], np.uint32)
    assert RangeDecoder(b"\x80", 1).decode(row).tolist() == RangeDecoder(b"\xc0", 1).decode(row).tolist() == [1]
    for stream, right in ((b"\x80", True), (b"\xc0", False), (b"\x80\0", False)):
        decoder = RangeDecoder(stream, 1)
        decoder.decode(row)
        assert decoder.is_exhausted == right
        if not right:
            with pytest.raises(CorruptError, match="stream"):
                decoder.finish()
