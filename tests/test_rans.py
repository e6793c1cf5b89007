"""The rANS coder against the big-integer reference, itself in other batches, bad arguments and damaged streams."""

from __future__ import annotations

import array
import doctest
import math
from typing import Any

import numpy as np
import pytest
import reference
from foretell.coders import RansCoder
from foretell.errors import CorruptError, Error, TruncatedError
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from test_coders import CDF, cdf_dtypes, intervals, make_cdfs, make_symbols, sample

Message = tuple[int, NDArray[np.int64], NDArray[np.uint64]]


@st.composite
def messages(draw: st.DrawFn) -> Message:
    """(precision, symbols [N], cdfs [N, V + 1])."""
    precision = draw(st.integers(1, 32))
    vocabulary = draw(st.integers(1, min(2**precision, 300)))
    length = draw(st.integers(0, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    cdfs = make_cdfs(rng, length, vocabulary, precision)
    return precision, make_symbols(rng, cdfs), cdfs


interleaves = st.one_of(st.integers(1, 9), st.just(1024))


def encode(precision: int, symbols: NDArray[Any], cdfs: NDArray[Any], interleave: int = 1) -> bytes:
    coder = RansCoder(precision, interleave)
    coder.encode_symbols_reverse(symbols, cdfs)
    return coder.to_bytes()


# -- reference equality and round trips


@given(messages(), interleaves)
def test_bytes_equal_the_reference(message: Message, interleave: int) -> None:
    precision, symbols, cdfs = message
    start, freq = intervals(symbols, cdfs)
    pairs = list(zip(start.tolist(), freq.tolist(), strict=True))
    expected = reference.rans_encode(pairs, precision, interleave)
    for dtype in cdf_dtypes(precision):
        assert encode(precision, symbols, cdfs.astype(dtype), interleave) == expected
        if dtype != np.uint16:
            coder = RansCoder(precision, interleave)
            coder.encode_reverse(start.astype(dtype), freq.astype(dtype))
            assert coder.to_bytes() == expected
    assert reference.rans_decode(expected, cdfs.tolist(), precision, interleave) == symbols.tolist()


@given(messages(), interleaves)
def test_round_trip(message: Message, interleave: int) -> None:
    precision, symbols, cdfs = message
    stream = encode(precision, symbols, cdfs, interleave)
    for dtype in cdf_dtypes(precision):
        decoder = RansCoder.from_bytes(stream, precision, interleave)
        assert decoder.to_bytes() == stream
        decoded = decoder.decode(cdfs.astype(dtype))
        assert decoded.dtype == np.uint32
        assert decoded.tolist() == symbols.tolist()
        assert decoder.is_exhausted
        decoder.finish()


@given(messages(), interleaves, st.integers(1, 20))
def test_how_calls_are_split_does_not_matter(message: Message, interleave: int, step: int) -> None:
    precision, symbols, cdfs = message
    coder = RansCoder(precision, interleave)
    for at in reversed(range(0, len(symbols), step)):
        coder.encode_symbols_reverse(symbols[at : at + step], cdfs[at : at + step])
    assert coder.to_bytes() == encode(precision, symbols, cdfs, interleave)
    # The same object pops what it pushed, a stream made half-way continues in another.
    decoded: list[int] = []
    for at in range(0, len(symbols), step):
        decoded += coder.decode(cdfs[at : at + step]).tolist()
        coder = RansCoder.from_bytes(coder.to_bytes(), precision, interleave)
    assert decoded == symbols.tolist()
    coder.finish()


@given(messages(), interleaves)
def test_a_state_costs_eight_bytes_at_most(message: Message, interleave: int) -> None:
    precision, symbols, cdfs = message
    _, freq = intervals(symbols, cdfs)
    bits = sum(precision - math.log2(f) + math.log2(1 + 2.0 ** (precision - 32)) for f in freq.tolist())
    assert len(encode(precision, symbols, cdfs, interleave)) <= 8 * interleave + (bits + 1e-6) / 8


def test_long_message_costs_its_ideal_bits() -> None:
    symbols, cdfs = sample(length=20000, vocabulary=20)
    _, freq = intervals(symbols, cdfs)
    ideal_bits = float(np.sum(24 - np.log2(freq.astype(np.float64))))
    size = len(encode(24, symbols, cdfs))
    assert ideal_bits / 8 <= size <= ideal_bits / 8 * 1.0001 + 8


def test_bits_back() -> None:
    """A stack gives what a queue cannot: symbols popped from the message itself, pushed back by the decoder."""
    symbols, cdfs = sample(length=200)
    latent_cdfs = sample(length=40, seed=1)[1]
    coder = RansCoder(24, 2)
    coder.encode_symbols_reverse(symbols, cdfs)
    before = coder.to_bytes()
    latent = coder.decode(latent_cdfs)
    assert len(coder.to_bytes()) < len(before)
    coder.encode_symbols_reverse(latent, latent_cdfs)
    assert coder.to_bytes() == before


def test_control_another_order_makes_other_bytes() -> None:
    """The equalities above can fail: the same symbols pushed from the first to the last make another stream."""
    symbols, cdfs = sample()
    forward = RansCoder(24)
    for i in range(len(symbols)):
        forward.encode_symbols_reverse(symbols[i : i + 1], cdfs[i : i + 1])
    assert forward.to_bytes() != encode(24, symbols, cdfs)
    assert forward.decode(cdfs[::-1].copy()).tolist() == symbols[::-1].tolist()


def test_examples_in_the_documentation() -> None:
    runner = doctest.DocTestRunner()
    for example in doctest.DocTestFinder().find(RansCoder, globs={"RansCoder": RansCoder}):
        runner.run(example)
    assert runner.summarize(verbose=False).failed == 0
    assert runner.tries > 10


# -- arguments


@pytest.mark.parametrize("make", [bytes, bytearray, lambda s: memoryview(bytes(s)), lambda s: array.array("B", s)])
def test_symbols_and_streams_by_buffer(make: Any) -> None:
    symbols, cdfs = sample()
    stream = encode(24, symbols, cdfs)
    assert encode(24, make(symbols.astype(np.uint8).tobytes()), cdfs) == stream
    assert RansCoder.from_bytes(make(stream), 24).decode(cdfs).tolist() == symbols.tolist()


def test_a_stream_is_copied() -> None:
    symbols, cdfs = sample()
    stream = bytearray(encode(24, symbols, cdfs))
    decoder = RansCoder.from_bytes(stream, 24)
    stream[:] = bytes(len(stream))
    assert decoder.decode(cdfs).tolist() == symbols.tolist()


def test_parameters_are_checked_and_readable() -> None:
    for precision in (0, 33):
        with pytest.raises(ValueError, match="precision"):
            RansCoder(precision)
        with pytest.raises(ValueError, match="precision"):
            RansCoder.from_bytes(bytes(8), precision)
    for interleave in (0, 1025):
        with pytest.raises(ValueError, match="interleave"):
            RansCoder(8, interleave)
    coder = RansCoder(7, interleave=3)
    assert (coder.precision, coder.interleave) == (7, 3)
    assert RansCoder(7).interleave == 1


@pytest.mark.parametrize(
    ("symbols", "cdf", "error", "match"),
    [
        ([0, 1], CDF, TypeError, "symbols.*list"),
        (np.zeros(2, np.float32), CDF, TypeError, "symbols.*float32"),
        (np.zeros((2, 1), np.uint8), CDF, ValueError, "symbols.*1 dimension, got 2"),
        (np.array([0, 2]), CDF, ValueError, r"symbols\[1\].* 2 "),
        (np.zeros(3, np.uint8), CDF, ValueError, "cdf.*length 3"),
        (np.zeros(2, np.uint8), CDF.tolist(), TypeError, "cdf.*list"),
        (np.zeros(2, np.uint8), CDF.astype(np.int64), TypeError, "cdf.*int64"),
        (np.zeros(2, np.uint8), np.asfortranarray(CDF), ValueError, "cdf.*contiguous"),
        (np.zeros(2, np.uint8), CDF[:, :1].copy(), ValueError, "cdf.*at least 2"),
    ],
)
def test_bad_arguments_name_themselves_and_change_nothing(symbols: Any, cdf: Any, error: Any, match: str) -> None:
    coder = RansCoder(8)
    with pytest.raises(error, match=match):
        coder.encode_symbols_reverse(symbols, cdf)
    coder.encode_symbols_reverse(np.array([1, 0]), CDF)
    assert coder.to_bytes() == encode(8, np.array([1, 0]), CDF)


def test_start_and_freq_must_match() -> None:
    one = np.ones(2, np.uint32)
    for start, freq, error in [
        (one, one[:1], ValueError),
        (one, one.astype(np.uint64), TypeError),
        (one.astype(np.int32), one, TypeError),
        ([1, 1], one, TypeError),
    ]:
        with pytest.raises(error, match=r"start|freq"):
            RansCoder(8).encode_reverse(start, freq)
    with pytest.raises(ValueError, match="uint64"):
        RansCoder(32).encode_reverse(np.zeros(1, np.uint32), np.ones(1, np.uint32))


@pytest.mark.parametrize(("start", "freq"), [(0, 0), (0, 257), (256, 1), (2**32 - 1, 2), (255, 2)])
def test_impossible_intervals_fail_the_coder(start: int, freq: int) -> None:
    coder = RansCoder(8)
    with pytest.raises(ValueError, match=r"start, freq \[1\]"):
        coder.encode_reverse(np.array([0, start], np.uint32), np.array([1, freq], np.uint32))
    good = np.ones(2, np.uint32)
    for refused in (lambda: coder.encode_reverse(good, good), coder.to_bytes, coder.finish, lambda: coder.decode(CDF)):
        with pytest.raises(ValueError, match="failed state"):
            refused()
    assert not coder.is_exhausted


@pytest.mark.parametrize("row", [[1, 5, 256], [0, 5, 255], [0, 5, 257], [0, 256, 256], [0, 300, 256], [0, 0, 0]])
def test_bad_cdfs_never_decode_to_an_empty_symbol(row: list[int]) -> None:
    bad = np.array([row], dtype=np.uint32)
    decoder = RansCoder.from_bytes(b"\x12\xff" * 6, 8)
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


def decodes_or_raises(stream: bytes, cdfs: NDArray[np.uint64], interleave: int) -> list[int] | None:
    try:
        decoder = RansCoder.from_bytes(stream, 24, interleave)
    except (CorruptError, TruncatedError):
        return None
    try:
        symbols = decoder.decode(cdfs)
        decoder.finish()
    except Error as error:
        assert isinstance(error, (CorruptError, TruncatedError))  # noqa: PT017
        with pytest.raises(type(error), match="failed state"):
            decoder.finish()
        return None
    return symbols.tolist()


@pytest.mark.parametrize("interleave", [1, 4])
def test_every_truncation_and_bit_flip(interleave: int) -> None:
    symbols, cdfs = sample(length=60)
    stream = encode(24, symbols, cdfs, interleave)
    for length in range(len(stream)):
        assert decodes_or_raises(stream[:length], cdfs, interleave) is None
    for bit in range(8 * len(stream)):
        flipped = bytearray(stream)
        flipped[bit // 8] ^= 1 << bit % 8
        wrong = decodes_or_raises(bytes(flipped), cdfs, interleave)
        assert wrong is None or (wrong != symbols.tolist() and max(wrong) < 256)


@given(st.binary(max_size=80), interleaves, st.integers(0, 2**32))
def test_random_streams(stream: bytes, interleave: int, seed: int) -> None:
    _, cdfs = sample(length=30, seed=seed)
    wrong = decodes_or_raises(stream, cdfs, interleave)
    assert wrong is None or max(wrong) < 256


def test_distinct_errors() -> None:
    symbols, cdfs = sample()
    stream = encode(24, symbols, cdfs, 2)
    with pytest.raises(TruncatedError, match="2 states"):
        RansCoder.from_bytes(stream[:12], 24, 2)
    with pytest.raises(TruncatedError, match="whole words"):
        RansCoder.from_bytes(stream[:-1], 24, 2)
    with pytest.raises(CorruptError, match="state 1"):
        RansCoder.from_bytes(stream[:12] + bytes(4) + stream[16:], 24, 2)
    with pytest.raises(TruncatedError, match="ends before"):
        RansCoder.from_bytes(stream[:-4], 24, 2).decode(cdfs)
    with pytest.raises(TruncatedError, match="ends before"):
        RansCoder(24).decode(cdfs)
    too_long = RansCoder.from_bytes(stream + bytes(8), 24, 2)
    assert too_long.decode(cdfs).tolist() == symbols.tolist()
    with pytest.raises(CorruptError, match="8 bytes are left"):
        too_long.finish()
    state = RansCoder.from_bytes(bytes(4) + b"\2\0\0\0", 24)
    with pytest.raises(CorruptError, match="did not return"):
        state.finish()
