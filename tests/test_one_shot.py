"""Whole messages in one call."""

from __future__ import annotations

import doctest
from typing import Any

import numpy as np
import pytest
from foretell import one_shot
from foretell.coders import RangeEncoder, StaticTable, decode, encode
from foretell.errors import CorruptError, Error, TruncatedError
from hypothesis import assume, given
from hypothesis import strategies as st
from test_coders import cdf_dtypes, make_cdfs


@given(
    st.integers(1, 32),
    st.sampled_from([(), (0,), (1,), (40,), (3, 5), (2, 0, 3), (2, 3, 4)]),
    st.sampled_from(["one", "index", "each"]),
    st.booleans(),
    st.integers(0, 2**32),
)
def test_round_trip(precision: int, shape: tuple[int, ...], kind: str, checksum: bool, seed: int) -> None:
    assume(kind != "each" or shape != ())  # a cdf of one dimension is one for all
    rng = np.random.default_rng(seed)
    count = int(np.prod(shape))
    vocabulary = int(rng.integers(1, min(2**precision, 40) + 1))
    wide = make_cdfs(rng, {"one": 1, "index": 5, "each": count}[kind], vocabulary, precision)
    symbols = rng.integers(0, vocabulary, shape).astype(rng.choice([np.uint8, np.int64]))
    index = rng.integers(0, 5, shape) if kind == "index" else None
    which: Any = {"one": np.zeros(count, int), "index": index, "each": np.arange(count)}[kind]
    expected = RangeEncoder(precision, checksum=checksum)
    expected.encode_symbols(symbols.reshape(-1), wide[which.reshape(-1)])
    stream = expected.finish()
    for dtype in cdf_dtypes(precision):
        cdf = wide.astype(dtype)
        if kind == "one":
            cdf = cdf[0]
        elif kind == "each":
            cdf = cdf.reshape(*shape, vocabulary + 1)
        assert encode(symbols, cdf, precision, index=index, checksum=checksum) == stream
        decoded = decode(stream, cdf, precision, index=index, checksum=checksum, count=count if kind == "one" else None)
        assert decoded.shape == ((count,) if kind == "one" else shape)
        assert np.array_equal(decoded.reshape(-1), symbols.reshape(-1))


def test_long_messages_over_many_tables_at_high_precision() -> None:
    rng = np.random.default_rng(3)
    cdf = make_cdfs(rng, 9, 30, 24).astype(np.uint32)
    index, symbols = rng.integers(0, 9, 40_000), rng.integers(0, 30, 40_000)
    stream = encode(symbols, cdf, 24, index=index)
    assert np.array_equal(decode(stream, cdf, 24, index=index), symbols)


def test_a_table_may_be_used_again() -> None:
    row = np.array([0, 3, 4], np.uint32)
    table = StaticTable(row, 2)
    symbols = np.array([0, 1, 0, 0])
    assert encode(symbols, table) == encode(symbols, row, 2) == encode(symbols, table, 2)
    assert decode(encode(symbols, table), table, count=4).tolist() == symbols.tolist()


def test_the_end_is_checked() -> None:
    row = np.array([0, 1, 2, 3, 4], np.uint32)
    symbols = np.arange(32) % 4
    stream = encode(symbols, row, 2)
    assert len(stream) == 8 + 4
    for count in (31, 33):
        with pytest.raises(Error):
            decode(stream, row, 2, count=count)
    with pytest.raises(CorruptError, match="checksum"):
        decode(bytes([stream[0] ^ 1]) + stream[1:], row, 2, count=32)
    with pytest.raises((CorruptError, TruncatedError)):
        decode(stream[:-1], row, 2, count=32)
    with pytest.raises(CorruptError):
        decode(stream, row, 2, count=32, checksum=False)


@pytest.mark.parametrize(
    ("keywords", "match"),
    [
        ({"precision": None}, "precision"),
        ({"cdf": np.uint32(3)}, "cdf.*dimension"),
        ({"cdf": np.zeros((3, 4, 3), np.uint32)}, r"cdf.*a row for each symbol"),
        ({"cdf": np.array([0, 3, 4], np.uint32), "index": np.zeros(2, int)}, r"cdf.*with an index.*2 dim"),
        ({"cdf": np.array([[0, 3, 4]], np.uint32), "index": np.zeros(3, int)}, "index.*shape"),
        ({"cdf": StaticTable(np.array([0, 3, 4], np.uint32), 2), "precision": 3}, "precision.*2, got 3"),
        ({"symbols": np.array([0, 2])}, r"symbols\[1\]"),
    ],
)
def test_errors_name_the_argument(keywords: dict[str, Any], match: str) -> None:
    arguments = {"symbols": np.array([0, 1]), "cdf": np.array([0, 3, 4], np.uint32), "precision": 2, **keywords}
    with pytest.raises(ValueError, match=match):
        encode(**arguments)


def test_count_must_be_given_with_one_cdf() -> None:
    for count in (None, -1):
        with pytest.raises(ValueError, match="count"):
            decode(b"", np.array([0, 3, 4], np.uint32), 2, count=count)


def test_examples() -> None:
    assert doctest.testmod(one_shot).failed == 0
