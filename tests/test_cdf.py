"""CDF quantisers against the big-integer reference, and what they refuse."""

from __future__ import annotations

import doctest
import math
from typing import Any

import numpy as np
import pytest
import reference
from foretell import cdf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

TABLE = [reference.exp2_entry(f) for f in range(1024)]
INT32 = np.iinfo(np.int32)


def vocabularies(precision: int) -> st.SearchStrategy[int]:
    return st.integers(1, min(2**precision, 300))


@st.composite
def logit_rows(draw: st.DrawFn) -> tuple[int, Any]:
    precision = draw(st.integers(1, 32))
    spread = draw(st.sampled_from([1, 2000, 60000, 2**31]))
    shape = draw(st.integers(0, 3)), draw(vocabularies(precision))
    values = st.integers(max(-spread, INT32.min), min(spread, INT32.max))
    return precision, draw(hnp.arrays(np.int32, shape, elements=values))


@st.composite
def probability_rows(draw: st.DrawFn) -> tuple[int, Any]:
    precision = draw(st.integers(1, 32))
    top = draw(st.sampled_from([1.0, float(np.float32(1e-40)), float(np.float32(3e38))]))
    shape = draw(st.integers(0, 3)), draw(vocabularies(precision))
    rows = draw(hnp.arrays(np.float32, shape, elements=st.floats(0, top, width=32)))
    rows[:, draw(st.integers(0, shape[1] - 1))] = draw(st.floats(2.0**-149, top, width=32))
    return precision, rows


def test_table_is_exact() -> None:
    assert cdf.EXP2_TABLE.dtype == np.uint32
    assert cdf.EXP2_TABLE.tolist() == TABLE
    assert not cdf.EXP2_TABLE.flags.writeable
    assert cdf.FRACTION_BITS == 10


def test_control_rounding_the_table_would_show() -> None:
    assert [round(2.0**24 * 2.0 ** (-f / 1024)) for f in range(1024)] != TABLE


@given(logit_rows())
def test_from_logits_equals_the_reference(case: tuple[int, Any]) -> None:
    precision, logits = case
    result = cdf.from_logits(logits, precision)
    assert result.dtype == (np.uint64 if precision == 32 else np.uint32)
    expected = [reference.normalise(reference.logit_weights(row, TABLE), precision) for row in logits.tolist()]
    assert result.tolist() == expected
    cdf.check(result, precision)


@given(probability_rows())
def test_from_probabilities_equals_the_reference(case: tuple[int, Any]) -> None:
    precision, p = case
    result = cdf.from_probabilities(p, precision)
    expected = [reference.normalise(reference.probability_weights(row), precision) for row in p.tolist()]
    assert result.tolist() == expected
    cdf.check(result, precision)


@given(
    st.sampled_from([np.uint32, np.uint64, np.int64]),
    st.integers(9, 32),
    st.integers(1, 300),
    st.integers(0, 63),
    st.integers(0, 2**32 - 1),
)
def test_from_counts_equals_the_reference(dtype: Any, precision: int, vocabulary: int, bits: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    top = min(2**bits, np.iinfo(dtype).max)
    counts = generator.integers(0, top, (3, vocabulary), dtype=dtype, endpoint=True)
    counts[:, seed % vocabulary] = top
    result = cdf.from_counts(counts, precision)
    expected = [reference.normalise(reference.count_weights(row), precision) for row in counts.tolist()]
    assert result.tolist() == expected
    cdf.check(result, precision)


def test_bad_counts_name_their_row() -> None:
    counts = np.ones((3, 4), np.int64)
    counts[1, 2] = -1
    with pytest.raises(ValueError, match="row 1: count 2 is -1"):
        cdf.from_counts(counts, 8)
    counts[1] = 0
    with pytest.raises(ValueError, match="row 1: all counts are 0"):
        cdf.from_counts(counts, 8)
    with pytest.raises(TypeError, match="uint32, uint64 or int64, got float64"):
        cdf.from_counts(counts.astype(np.float64), 8)  # type: ignore[call-overload]


def test_control_nearest_rounding_would_show() -> None:
    p = np.random.default_rng(0).random((1, 200), dtype=np.float32) ** 4
    p[0, 0] = 0.75
    weights = [round(x * 2**24) for x in p[0].tolist()]
    assert reference.normalise(weights, 24) != cdf.from_probabilities(p, 24)[0].tolist()


def test_large_vocabulary() -> None:
    logits = np.random.default_rng(0).integers(-9000, 9000, (1, 50257), dtype=np.int32)
    for precision in (16, 24, 32):
        expected = reference.normalise(reference.logit_weights(logits[0].tolist(), TABLE), precision)
        assert cdf.from_logits(logits, precision)[0].tolist() == expected


@pytest.mark.parametrize(("precision", "limit"), [(16, 0.0056), (24, 0.0001)])
def test_quantisation_costs_little(precision: int, limit: float) -> None:
    """Kullback-Leibler divergence of the quantised from the float distribution, bits a symbol, V = 256."""
    rng = np.random.default_rng(0)
    for sharpness in (0.1, 1.0, 4.0, 16.0):
        p = np.exp2(sharpness * rng.standard_normal(256))
        p /= p.sum()
        for row in (
            cdf.from_probabilities(p.astype(np.float32)[None], precision),
            cdf.from_logits(np.rint(np.log2(p) * 1024).astype(np.int32)[None], precision),
        ):
            q = np.diff(row[0].astype(np.float64)) / 2**precision
            assert float(np.sum(p * np.log2(p / q))) <= limit


@pytest.mark.parametrize(("precision", "vocabulary"), [(16, 256), (16, 1), (9, 300), (1, 2)])
def test_uint16_rows_hold_the_same_integers(precision: int, vocabulary: int) -> None:
    z = np.random.default_rng(3).integers(-9000, 9000, (20, vocabulary)).astype(np.int32)
    p = np.exp2(z / 1024).astype(np.float32)
    for quantise, rows in ((cdf.from_logits, z), (cdf.from_probabilities, p)):
        out = np.empty((20, vocabulary + 1), np.uint16)
        assert quantise(rows, precision, out) is out
        np.testing.assert_array_equal(out, quantise(rows, precision).astype(np.uint16))  # 2^16 becomes 0
        cdf.check(out, precision)
    if vocabulary > 1:
        out[3, -2:] = 0  # the last symbol without a slot
    else:
        out[3] = 1
    with pytest.raises(ValueError, match="row 3"):
        cdf.check(out, precision)
    with pytest.raises(ValueError, match="uint16"):
        cdf.from_logits(z, 17, np.empty((20, vocabulary + 1), np.uint16))


def test_scale_of_probabilities_does_not_matter() -> None:
    p = np.random.default_rng(0).random((4, 100), dtype=np.float32) + np.float32(0.01)
    for exponent in (-100, -1, 1, 100):
        assert np.array_equal(cdf.from_probabilities(p * np.float32(2.0**exponent), 24), cdf.from_probabilities(p, 24))


def test_shift_of_logits_does_not_matter() -> None:
    z = np.random.default_rng(0).integers(-9000, 9000, (4, 100), dtype=np.int32)
    assert np.array_equal(cdf.from_logits(z + np.int32(12345), 24), cdf.from_logits(z, 24))


@pytest.mark.parametrize("precision", [24, 32])
def test_out_is_written_and_returned(precision: int) -> None:
    z = np.random.default_rng(0).integers(-9000, 9000, (4, 100), dtype=np.int32)
    p = np.random.default_rng(0).random((4, 100), dtype=np.float32)
    out = np.zeros((4, 101), np.uint64 if precision == 32 else np.uint32)
    assert cdf.from_logits(z, precision, out=out) is out
    assert np.array_equal(out, cdf.from_logits(z, precision))
    assert cdf.from_probabilities(p, precision, out) is out
    assert np.array_equal(out, cdf.from_probabilities(p, precision))


@pytest.mark.parametrize("bad", [math.nan, -math.nan, math.inf, -math.inf, -1e-3, -1e-45])
def test_bad_probabilities_name_their_row(bad: float) -> None:
    p = np.ones((3, 4), np.float32)
    p[2, 1] = bad
    with pytest.raises(ValueError, match="row 2: probability 1 "):
        cdf.from_probabilities(p, 16)


def test_rows_of_zeros_name_themselves() -> None:
    p = np.ones((3, 4), np.float32)
    p[1] = [0.0, -0.0, 0.0, 0.0]
    with pytest.raises(ValueError, match="row 1: all probabilities are 0"):
        cdf.from_probabilities(p, 16)


Z = np.zeros((2, 4), np.int32)


@pytest.mark.parametrize(
    ("logits", "precision", "out", "error", "match"),
    [
        (Z.tolist(), 16, None, TypeError, "logits.*list"),
        (Z.astype(np.int64), 16, None, TypeError, "logits.*int32.*int64"),
        (Z[0], 16, None, ValueError, "logits.*2 dimensions"),
        (Z[:, ::2], 16, None, ValueError, "logits.*contiguous"),
        (Z, 0, None, ValueError, "precision"),
        (Z, 33, None, ValueError, "precision"),
        (Z, 1, None, ValueError, "vocabulary"),
        (Z[:, :0].copy(), 16, None, ValueError, "vocabulary"),
        (Z, 16, np.zeros((2, 4), np.uint32), ValueError, "out.*length 5"),
        (Z, 16, np.zeros((3, 5), np.uint32), ValueError, "out.*length 2"),
        (Z, 16, np.zeros((2, 5), np.uint64), TypeError, "out.*uint32"),
        (Z, 32, np.zeros((2, 5), np.uint32), TypeError, "out.*uint64"),
        (Z, 16, np.zeros((2, 10), np.uint32)[:, ::2], ValueError, "out.*contiguous"),
        (Z, 16, np.zeros((2, 5), np.uint32).tolist(), TypeError, "out.*list"),
    ],
)
def test_bad_arguments_name_themselves(logits: Any, precision: int, out: Any, error: Any, match: str) -> None:
    with pytest.raises(error, match=match):
        cdf.from_logits(logits, precision, out)


def test_read_only_out_is_refused() -> None:
    out = np.zeros((2, 5), np.uint32)
    out.flags.writeable = False
    with pytest.raises(ValueError, match=r"writeable|read-only"):
        cdf.from_logits(Z, 16, out)


@pytest.mark.parametrize(
    ("row", "match"),
    [
        ([1, 2, 256], r"row 1: cdf\[0\]"),
        ([0, 2, 255], "row 1: the last value"),
        ([0, 0, 256], "row 1: .*symbol 0"),
        ([0, 256, 256], "row 1: .*symbol 1"),
        ([0, 300, 256], "row 1: .*symbol 1"),
    ],
)
@pytest.mark.parametrize("dtype", [np.uint32, np.uint64])
def test_check_names_row_and_rule(row: list[int], match: str, dtype: Any) -> None:
    with pytest.raises(ValueError, match=match):
        cdf.check(np.array([[0, 7, 256], row], dtype), 8)


def test_check_accepts_what_is_right() -> None:
    cdf.check(np.array([[0, 7, 256]], np.uint32), 8)
    cdf.check(np.array([[0, 7, 2**32]], np.uint64), 32)
    cdf.check(np.zeros((0, 3), np.uint32), 8)
    with pytest.raises(ValueError, match="uint64"):
        cdf.check(np.array([[0, 7]], np.uint32), 32)
    with pytest.raises(TypeError, match="cdf"):
        cdf.check(np.array([[0, 7]], np.int32), 8)  # type: ignore[arg-type]


def test_examples_in_the_documentation() -> None:
    assert doctest.testmod(cdf).failed == 0
