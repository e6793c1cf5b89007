"""Coders against the big-integer reference, each other, bad arguments and damaged streams."""

from __future__ import annotations

import array
import doctest
import math
from typing import Any

import numpy as np
import pytest
import reference
from foretell import coders
from foretell.coders import LaneDecoder, LaneEncoder, RangeDecoder, RangeEncoder
from foretell.errors import CorruptError, Error, TruncatedError
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

SYMBOL_DTYPES = [np.uint8, np.uint16, np.uint32, np.uint64, np.int8, np.int16, np.int32, np.int64]


def cdf_dtypes(precision: int) -> list[type[np.unsignedinteger[Any]]]:
    if precision == 32:
        return [np.uint64]
    return [np.uint16, np.uint32, np.uint64] if precision <= 16 else [np.uint32, np.uint64]


def make_cdfs(rng: np.random.Generator, rows: int, vocabulary: int, precision: int) -> NDArray[np.uint64]:
    """Random CDFs, a third of them as lopsided as can be (which makes carries and long runs of equal bytes)."""
    spare = 2**precision - vocabulary
    freqs = np.ones((rows, vocabulary), dtype=np.uint64)
    for row in freqs:
        cuts = np.sort(rng.integers(0, spare + 1, vocabulary - 1, dtype=np.uint64))
        if rng.integers(3) == 0:
            cuts = np.where(np.arange(vocabulary - 1) < rng.integers(vocabulary), 0, spare).astype(np.uint64)
        row += np.diff(cuts, prepend=np.uint64(0), append=np.uint64(spare))
    return np.concatenate([np.zeros((rows, 1), np.uint64), np.cumsum(freqs, axis=1, dtype=np.uint64)], axis=1)


def make_symbols(rng: np.random.Generator, cdfs: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Half of them drawn from their CDFs, half of them uniform."""
    rows, vocabulary = cdfs.shape[0], cdfs.shape[1] - 1
    slots = rng.integers(0, cdfs[0, -1] if rows else 1, rows, dtype=np.uint64)
    likely = (cdfs[:, 1:] <= slots[:, None]).sum(axis=1)
    uniform = rng.integers(0, vocabulary, rows)
    return np.where(rng.integers(2, size=rows) == 0, likely, uniform)


def intervals(symbols: NDArray[np.int64], cdfs: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    start = np.take_along_axis(cdfs, symbols[:, None], axis=1)[:, 0]
    end = np.take_along_axis(cdfs, symbols[:, None] + 1, axis=1)[:, 0]
    return start, end - start


@st.composite
def messages(draw: st.DrawFn) -> tuple[int, NDArray[np.int64], NDArray[np.uint64]]:
    """(precision, symbols [N], cdfs [N, V + 1])."""
    precision = draw(st.integers(1, 32))
    vocabulary = draw(st.integers(1, min(2**precision, 300)))
    length = draw(st.integers(0, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    cdfs = make_cdfs(rng, length, vocabulary, precision)
    return precision, make_symbols(rng, cdfs), cdfs


def encode(precision: int, symbols: NDArray[np.int64], cdfs: NDArray[Any]) -> bytes:
    encoder = RangeEncoder(precision)
    encoder.encode_symbols(symbols, cdfs)
    return encoder.finish()


def sample(length: int = 40, precision: int = 24, vocabulary: int = 256, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    cdfs = make_cdfs(rng, length, vocabulary, precision)
    return make_symbols(rng, cdfs), cdfs


# -- reference equality and round trips


@given(messages())
def test_bytes_equal_the_reference(message: tuple[int, NDArray[np.int64], NDArray[np.uint64]]) -> None:
    precision, symbols, cdfs = message
    start, freq = intervals(symbols, cdfs)
    expected = reference.range_encode(list(zip(start.tolist(), freq.tolist(), strict=True)), precision)
    for dtype in cdf_dtypes(precision):
        assert encode(precision, symbols, cdfs.astype(dtype)) == expected
        if dtype != np.uint16:
            encoder = RangeEncoder(precision)
            encoder.encode(start.astype(dtype), freq.astype(dtype))
            assert encoder.finish() == expected
    assert reference.range_decode(expected, cdfs.tolist(), precision) == symbols.tolist()


@given(messages())
def test_end_costs_less_than_a_byte(message: tuple[int, NDArray[np.int64], NDArray[np.uint64]]) -> None:
    precision, symbols, cdfs = message
    _, freq = intervals(symbols, cdfs)
    ideal_bits = sum(precision - math.log2(f) for f in freq.tolist())
    rounding_bits = len(symbols) * math.log2(1 + 2.0 ** (precision - 32))
    assert len(encode(precision, symbols, cdfs)) <= math.ceil((ideal_bits + rounding_bits + 1e-6) / 8)


def test_long_message_costs_its_ideal_bits() -> None:
    symbols, cdfs = sample(length=20000, vocabulary=20)
    _, freq = intervals(symbols, cdfs)
    ideal_bits = float(np.sum(24 - np.log2(freq.astype(np.float64))))
    size = len(encode(24, symbols, cdfs))
    assert ideal_bits / 8 <= size <= ideal_bits / 8 * 1.0002 + 1


def test_control_a_coder_that_rounds_otherwise_makes_other_bytes() -> None:
    """The equality above can fail: (range * start) >> P in place of (range >> P) * start gives other bytes."""
    symbols, cdfs = sample(length=400)
    start, freq = intervals(symbols, cdfs)
    low, width, bits = 0, 2**64 - 1, 64
    for s, f in zip(start.tolist(), freq.tolist(), strict=True):
        low, width = low + (width * s >> 24), (width * (s + f) >> 24) - (width * s >> 24)
        if width < 2**32:
            low, width, bits = low << 32, width << 32, bits + 32
    other = low.to_bytes(bits // 8, "big")
    assert not other.startswith(encode(24, symbols, cdfs)[:-8])


def test_empty_message_is_an_empty_stream() -> None:
    assert RangeEncoder(24).finish() == b""
    RangeDecoder(b"", 24).finish()
    assert LaneEncoder(3, 24).finish() == [b"", b"", b""]
    assert LaneEncoder(0, 24).finish() == []


def test_examples_in_the_documentation() -> None:
    assert doctest.testmod(coders).failed == 0


# -- lanes


@settings(deadline=None)
@given(st.integers(1, 32), st.integers(0, 9), st.integers(0, 12), st.integers(0, 2**32))
def test_lanes_equal_single_streams(precision: int, lanes: int, steps: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    vocabulary = int(rng.integers(1, min(2**precision, 70) + 1))
    rows = make_cdfs(rng, lanes * steps, vocabulary, precision)
    cdfs = rows.reshape(lanes, steps, vocabulary + 1)
    symbols = make_symbols(rng, rows).reshape(lanes, steps)
    expected = [encode(precision, symbols[i], cdfs[i]) for i in range(lanes)]

    by_step = LaneEncoder(lanes, precision)
    for t in range(steps):
        by_step.encode_step(np.ascontiguousarray(symbols[:, t]), np.ascontiguousarray(cdfs[:, t]))
    assert by_step.finish() == expected

    at_once = LaneEncoder(lanes, precision)
    start = np.take_along_axis(cdfs, symbols[..., None], axis=2)[..., 0]
    freq = np.take_along_axis(cdfs, symbols[..., None] + 1, axis=2)[..., 0] - start
    at_once.encode(start, freq)
    assert at_once.finish() == expected

    decoder = LaneDecoder(expected, precision)
    for t in range(steps):
        assert decoder.decode_step(np.ascontiguousarray(cdfs[:, t])).tolist() == symbols[:, t].tolist()
    decoder.finish()


# -- arguments


@pytest.mark.parametrize("make", [bytes, bytearray, lambda s: memoryview(bytes(s)), lambda s: array.array("B", s)])
def test_symbols_and_streams_by_buffer(make: Any) -> None:
    symbols, cdfs = sample()
    stream = encode(24, symbols, cdfs)
    assert encode(24, make(symbols.astype(np.uint8).tobytes()), cdfs) == stream
    assert RangeDecoder(make(stream), 24).decode(cdfs).tolist() == symbols.tolist()


@pytest.mark.parametrize("precision", [0, 33])
def test_precision_is_checked(precision: int) -> None:
    coders_of = [
        RangeEncoder,
        lambda p: RangeDecoder(b"", p),
        lambda p: LaneEncoder(1, p),
        lambda p: LaneDecoder([], p),
    ]
    for make in coders_of:
        with pytest.raises(ValueError, match="precision"):
            make(precision)


def test_precision_and_lanes_are_readable() -> None:
    assert RangeEncoder(7).precision == RangeDecoder(b"", 7).precision == 7
    assert LaneEncoder(3, 7).lanes == LaneDecoder([b""] * 3, 7).lanes == 3
    assert LaneEncoder(3, 7).precision == LaneDecoder([b""] * 3, 7).precision == 7


CDF = np.array([[0, 100, 256], [0, 1, 256]], dtype=np.uint32)


@pytest.mark.parametrize(
    ("symbols", "cdf", "error", "match"),
    [
        ([0, 1], CDF, TypeError, "symbols.*list"),
        (np.zeros(2, np.float32), CDF, TypeError, "symbols.*float32"),
        (np.zeros(2, np.bool_), CDF, TypeError, "symbols.*bool"),
        (np.zeros(2, ">i4"), CDF, TypeError, "symbols"),
        (np.zeros((2, 1), np.uint8), CDF, ValueError, "symbols.*1 dimension, got 2"),
        (np.array([0, 2]), CDF, ValueError, r"symbols\[1\].* 2 "),
        (np.array([-1, 0]), CDF, ValueError, r"symbols\[0\].* -1 "),
        (np.array([0, 2**32]), CDF, ValueError, r"symbols\[1\]"),
        (np.zeros(3, np.uint8), CDF, ValueError, "cdf.*length 3"),
        (np.zeros(2, np.uint8), CDF.tolist(), TypeError, "cdf.*list"),
        (np.zeros(2, np.uint8), CDF.astype(np.int64), TypeError, "cdf.*int64"),
        (np.zeros(2, np.uint8), np.asfortranarray(CDF), ValueError, "cdf.*contiguous"),
        (np.zeros(2, np.uint8), CDF[0], ValueError, "cdf.*2 dimensions, got 1"),
        (np.zeros(2, np.uint8), CDF[:, :1].copy(), ValueError, "cdf.*at least 2"),
    ],
)
def test_bad_arguments_name_themselves_and_change_nothing(symbols: Any, cdf: Any, error: Any, match: str) -> None:
    encoder, lanes = RangeEncoder(8), LaneEncoder(2, 8)
    with pytest.raises(error, match=match):
        encoder.encode_symbols(symbols, cdf)
    with pytest.raises(error, match=match if len(symbols) == 2 else r"cdf|symbols"):
        lanes.encode_step(symbols, cdf)
    good = np.array([1, 0])
    encoder.encode_symbols(good, CDF)
    lanes.encode_step(good, CDF)
    assert encoder.finish() == encode(8, good, CDF)
    assert lanes.finish() == [encode(8, good[i : i + 1], CDF[i : i + 1]) for i in range(2)]


def test_start_and_freq_must_match() -> None:
    one = np.ones(2, np.uint32)
    for start, freq, error in [
        (one, one[:1], ValueError),
        (one, one.astype(np.uint64), TypeError),
        (one.astype(np.int32), one, TypeError),
        ([1, 1], one, TypeError),
    ]:
        with pytest.raises(error, match=r"start|freq"):
            RangeEncoder(8).encode(start, freq)
    with pytest.raises(ValueError, match="freq"):
        LaneEncoder(2, 8).encode(np.ones((2, 3), np.uint32), np.ones((2, 2), np.uint32))
    with pytest.raises(ValueError, match="start"):
        LaneEncoder(3, 8).encode(np.ones((2, 3), np.uint32), np.ones((2, 3), np.uint32))


def test_precision_32_needs_uint64() -> None:
    with pytest.raises(ValueError, match="uint64"):
        RangeEncoder(32).encode(np.zeros(1, np.uint32), np.ones(1, np.uint32))


def test_uint16_reaches_precision_16() -> None:
    rows = np.array([[0, 1, 0]], np.uint16)  # 2^16 is stored as 0
    with pytest.raises(ValueError, match="uint16 rows reach precision 16"):
        RangeEncoder(17).encode_symbols(np.zeros(1, np.uint8), rows)
    for coder in (RangeDecoder(b"\x80", 16), LaneDecoder([b"\x80"], 16)):
        decode = coder.decode if isinstance(coder, RangeDecoder) else coder.decode_step
        assert decode(rows).tolist() == [1]
    lanes = LaneEncoder(1, 16)
    lanes.encode_step(np.array([1], np.uint8), rows)
    assert LaneDecoder(lanes.finish(), 16).decode_step(rows).tolist() == [1]
    with pytest.raises(TypeError, match="uint32 or uint64"):
        RangeEncoder(16).encode(np.zeros(1, np.uint16), np.ones(1, np.uint16))


@pytest.mark.parametrize(("start", "freq"), [(0, 0), (0, 257), (256, 1), (2**32 - 1, 2), (255, 2)])
def test_impossible_intervals_fail_the_encoder(start: int, freq: int) -> None:
    good, bad = np.array([0, start], np.uint32), np.array([1, freq], np.uint32)
    encoder = RangeEncoder(8)
    with pytest.raises(ValueError, match=r"start, freq \[1\]"):
        encoder.encode(good, bad)
    lanes = LaneEncoder(2, 8)
    with pytest.raises(ValueError, match=r"start, freq \[1, 0\]"):
        lanes.encode(good[:, None], bad[:, None])
    for refused in (lambda: encoder.encode(good, np.ones(2, np.uint32)), encoder.finish, lanes.finish):
        with pytest.raises(ValueError, match="failed state"):
            refused()


def test_a_finished_encoder_takes_no_more() -> None:
    encoder = RangeEncoder(8)
    encoder.finish()
    with pytest.raises(ValueError, match="finished"):
        encoder.finish()


@pytest.mark.parametrize("row", [[1, 5, 256], [0, 5, 255], [0, 5, 257], [0, 256, 256], [0, 300, 256], [0, 0, 0]])
def test_bad_cdfs_never_decode_to_an_empty_symbol(row: list[int]) -> None:
    bad = np.array([row], dtype=np.uint32)
    decoder = RangeDecoder(b"\xff\x12", 8)
    try:
        symbol = decoder.decode(bad)[0]
    except ValueError as error:
        assert "row 0" in str(error)  # noqa: PT017
        with pytest.raises(ValueError, match="failed state"):
            decoder.decode(CDF[:1])
    else:
        assert row[0] == 0
        assert row[-1] == 256
        assert row[symbol] < row[symbol + 1] <= 256


# -- damaged streams


def decodes_or_raises(stream: bytes, cdfs: NDArray[np.uint64]) -> list[int] | None:
    decoder = RangeDecoder(stream, 24)
    try:
        symbols = decoder.decode(cdfs)
        decoder.finish()
    except Error as error:
        assert isinstance(error, (CorruptError, TruncatedError))  # noqa: PT017
        with pytest.raises(type(error), match="failed state"):
            decoder.finish()
        return None
    return symbols.tolist()


def test_every_truncation_and_bit_flip() -> None:
    symbols, cdfs = sample(length=60)
    stream = encode(24, symbols, cdfs)
    for length in range(len(stream)):
        assert decodes_or_raises(stream[:length], cdfs) != symbols.tolist()
    for bit in range(8 * len(stream)):
        flipped = bytearray(stream)
        flipped[bit // 8] ^= 1 << bit % 8
        wrong = decodes_or_raises(bytes(flipped), cdfs)
        assert wrong is None or max(wrong) < 256  # the last bits may lie below the last symbol's width


@given(st.binary(max_size=80), st.integers(0, 2**32))
def test_random_streams(stream: bytes, seed: int) -> None:
    _, cdfs = sample(length=30, seed=seed)
    wrong = decodes_or_raises(stream, cdfs)
    assert wrong is None or max(wrong) < 256


def test_distinct_errors() -> None:
    symbols, cdfs = sample()
    stream = encode(24, symbols, cdfs)
    decoder = RangeDecoder(stream + bytes(9), 24)
    assert decoder.decode(cdfs).tolist() == symbols.tolist()
    with pytest.raises(CorruptError, match="bytes are left"):
        decoder.finish()
    with pytest.raises(CorruptError, match="no encoder writes"):
        RangeDecoder(b"\xff" * 8, 24).decode(cdfs)
    with pytest.raises(CorruptError, match=r"lane 1.*no encoder writes"):
        LaneDecoder([b"", b"\xff" * 8], 24).decode_step(cdfs[:2])
    with pytest.raises(TruncatedError, match="ends before"):
        RangeDecoder(b"", 8).decode(np.tile(np.arange(257, dtype=np.uint32), (9, 1)))
    with pytest.raises(CorruptError, match="lane 1"):
        LaneDecoder([b"", b"\0" * 9], 24).finish()
