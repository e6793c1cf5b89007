"""CDF quantisers against the big-integer reference, and what they refuse."""

from __future__ import annotations

import doctest
import math
import subprocess
import sys
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import reference
from foretell import _core, cdf
from hypothesis import given, settings
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


UNITS = {2: 1024.0, "e": float(Fraction(1024) / Fraction(0xB17217F7D1CF79ABC9E3B39803F2F6AF40F343267, 1 << 164))}
HIGH_WIDTHS: dict[Any, int] = {np.float16: 16, np.float32: 32, np.float64: 64}


@st.composite
def float_rows(draw: st.DrawFn, least: float = 0.0) -> tuple[int, Any]:
    """Rows of any float dtype, from `least` times to 1 times some scale; denormals and -0 among them."""
    precision, dtype = draw(st.integers(1, 32)), draw(st.sampled_from(list(HIGH_WIDTHS)))
    info = np.finfo(dtype)
    tops = [1.0, float(info.smallest_subnormal), float(info.tiny), float(info.max)]
    top = draw(st.sampled_from(tops))
    shape = draw(st.integers(0, 3)), draw(vocabularies(precision))
    elements = st.floats(least * top, top, width=HIGH_WIDTHS[dtype])
    return precision, draw(hnp.arrays(dtype, shape, elements=elements))


def test_unit_of_nats_is_the_nearest() -> None:
    assert _core.UNIT_OF_NATS == UNITS["e"] == pytest.approx(1024 / math.log(2), rel=1e-15)


@given(float_rows(), st.integers(0, 300))
def test_probabilities_of_any_float_equal_the_reference(case: tuple[int, Any], place: int) -> None:
    precision, p = case
    p[:, place % p.shape[1]] = np.finfo(p.dtype).tiny
    result = cdf.from_probabilities(p, precision)
    assert result.tolist() == [
        reference.normalise(reference.probability_weights(row), precision) for row in p.astype(float).tolist()
    ]
    cdf.check(result, precision)


@given(float_rows(-1.0), st.sampled_from([2, "e"]), st.integers(0, 10**6))
def test_float_logits_equal_the_reference(case: tuple[int, Any], base: Any, seed: int) -> None:
    precision, z = case
    if seed % 2 and z.size:
        masked = np.random.default_rng(seed).random(z.shape) < 0.2
        z[masked & (z < z.max(axis=1, keepdims=True))] = -np.inf
        z = (z * z.dtype.type(1 + seed % 20)).astype(z.dtype) if abs(z[np.isfinite(z)]).max() <= 1 else z
    result = cdf.from_logits(z, precision, base=base)
    assert result.tolist() == [
        reference.normalise(reference.float_logit_weights(row, UNITS[base], TABLE), precision)
        for row in z.astype(float).tolist()
    ]
    cdf.check(result, precision)


def test_equal_numbers_give_equal_cdfs_whatever_their_dtype() -> None:
    generator = np.random.default_rng(5)
    half = generator.normal(scale=4, size=(20, 300)).astype(np.float16)
    for dtype in (np.float32, np.float64):
        np.testing.assert_array_equal(cdf.from_logits(half.astype(dtype), 20), cdf.from_logits(half, 20))
        p = np.abs(half)
        np.testing.assert_array_equal(cdf.from_probabilities(p.astype(dtype), 20), cdf.from_probabilities(p, 20))


def test_float_logits_in_fixed_point_are_those_logits() -> None:
    z = np.random.default_rng(6).integers(-9000, 9000, (9, 333)).astype(np.int32)
    np.testing.assert_array_equal(cdf.from_logits(z / 1024, 24, base=2), cdf.from_logits(z, 24))
    with pytest.raises(ValueError, match="base"):
        cdf.from_logits(z, 24, base="e")
    with pytest.raises(ValueError, match="base: expected 2 or 'e', got 10"):
        cdf.from_logits(z / 1024, 24, base=10)  # type: ignore[call-overload]


def test_softmax_logits_cost_next_to_nothing() -> None:
    z = np.random.default_rng(7).normal(scale=3, size=(200, 1000))
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    q = np.diff(cdf.from_logits(z, 31).astype(np.float64)) / 2**31
    assert float((p * np.log2(p / q)).sum(axis=1).mean()) < 1e-6


@pytest.mark.parametrize("dtype", list(HIGH_WIDTHS))
@pytest.mark.parametrize(("bad", "entry"), [(math.nan, 1), (-math.nan, 1), (math.inf, 0)])
def test_bad_float_logits_name_their_row(dtype: Any, bad: float, entry: int) -> None:
    z = np.zeros((3, 4), dtype)
    z[2, entry] = bad
    with pytest.raises(ValueError, match=f"row 2: logit {entry} is -?(nan|inf)"):
        cdf.from_logits(z, 16)
    z[1] = -math.inf
    with pytest.raises(ValueError, match="row 1: all logits are -infinity"):
        cdf.from_logits(z, 16)


def test_masked_logits_keep_one_slot() -> None:
    assert np.diff(cdf.from_logits(np.array([0.0, -np.inf, 0.0]), 8)).tolist() == [128, 1, 127]


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_bad_probabilities_of_any_float_name_their_row(dtype: Any) -> None:
    for bad in (math.nan, -math.nan, math.inf, -math.inf, -1e-3, -float(np.finfo(dtype).smallest_subnormal)):
        p = np.ones((3, 4), dtype)
        p[2, 1] = bad
        with pytest.raises(ValueError, match="row 2: probability 1 is"):
            cdf.from_probabilities(p, 16)
    with pytest.raises(ValueError, match="row 1: all probabilities are 0"):
        cdf.from_probabilities(np.array([[1.0], [-0.0]], dtype), 16)


@pytest.mark.parametrize("shape", [(7,), (0, 7), (2, 3, 7), (2, 0, 3, 7), (1, 1, 1), (4, 1, 7)])
def test_any_number_of_leading_axes(shape: tuple[int, ...]) -> None:
    p = np.random.default_rng(8).random(shape)
    made = cdf.from_probabilities(p, 12)
    flat = cdf.from_probabilities(p.reshape(-1, shape[-1]), 12)
    assert made.shape == (*shape[:-1], shape[-1] + 1)
    np.testing.assert_array_equal(made.reshape(flat.shape), flat)
    np.testing.assert_array_equal(cdf.from_probabilities(p, 12, np.empty(made.shape, np.uint64)), made)


def test_strided_rows_are_taken_as_they_are() -> None:
    wide = np.random.default_rng(9).random((12, 40))
    for view in (wide[::2], wide[::-1], wide[:, 3:20], wide[::-3, :7], np.broadcast_to(wide[0], (5, 40)), wide[:, :1]):
        expected = cdf.from_probabilities(np.ascontiguousarray(view), 16)
        np.testing.assert_array_equal(cdf.from_probabilities(view, 16), expected)
    cube = wide.reshape(3, 4, 40)
    np.testing.assert_array_equal(
        cdf.from_probabilities(cube[1:], 16), cdf.from_probabilities(wide, 16).reshape(3, 4, 41)[1:]
    )
    for bad in (wide.T, wide[:, ::2], cube[:, :2], cube.transpose(1, 0, 2), wide[:, ::-1]):
        with pytest.raises(ValueError, match="p: expected a contiguous last axis, and rows at one distance"):
            cdf.from_probabilities(bad, 16)


@given(float_rows(-1.0), st.integers(0, 10**6))
def test_intervals_are_those_of_the_cdf(case: tuple[int, Any], seed: int) -> None:
    precision, z = case
    symbols = np.random.default_rng(seed).integers(0, z.shape[1], len(z))
    p = np.abs(z) + np.finfo(z.dtype).smallest_subnormal
    p[np.isinf(p)] = 1
    for rows, (start, freq) in (
        (cdf.from_logits(z, precision), cdf.intervals_from_logits(z, symbols, precision)),
        (cdf.from_logits(z, precision, base=2), cdf.intervals_from_logits(z, symbols, precision, base=2)),
        (cdf.from_probabilities(p, precision), cdf.intervals_from_probabilities(p, symbols, precision)),
    ):
        assert start.dtype == freq.dtype == rows.dtype
        at = np.arange(len(z))
        np.testing.assert_array_equal(start, rows[at, symbols])
        np.testing.assert_array_equal(freq, rows[at, symbols + 1] - rows[at, symbols])


def test_every_interval_of_a_row() -> None:
    p = np.random.default_rng(10).random((1, 500), np.float32) ** 8
    row = cdf.from_probabilities(p, 16)[0]
    start, freq = cdf.intervals_from_probabilities(
        np.broadcast_to(p, (10, 50, 500)), np.arange(500).reshape(10, 50), 16
    )
    assert start.shape == freq.shape == (10, 50)
    np.testing.assert_array_equal(start.ravel(), row[:-1])
    np.testing.assert_array_equal(freq.ravel(), np.diff(row))


def test_bad_symbols_of_intervals_are_refused() -> None:
    p = np.ones((3, 4))
    with pytest.raises(ValueError, match=r"symbols\[1\]: 4 is outside the 4 symbols"):
        cdf.intervals_from_probabilities(p, np.array([0, 4, 0]), 8)
    with pytest.raises(ValueError, match=r"symbols.*length 3"):
        cdf.intervals_from_probabilities(p, np.array([0, 1]), 8)
    p[2, 1] = math.nan
    with pytest.raises(ValueError, match="row 2: probability 1 is nan"):
        cdf.intervals_from_probabilities(p, np.array([0, 1, 2]), 8)


@given(st.integers(1, 70000), st.integers(17, 32), st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_any_vocabulary_equals_the_reference(vocabulary: int, precision: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    p = np.exp(generator.normal(scale=3, size=(2, vocabulary))).astype(np.float32)
    p[1] = p[1, 0]  # all alike: what is left goes to the first
    expected = [reference.normalise(reference.probability_weights(row), precision) for row in p.tolist()]
    assert cdf.from_probabilities(p, precision).tolist() == expected


def test_memory_used_again_is_never_shared() -> None:
    """Results of a megabyte and more use the memory of one that was dropped, and of none that is alive."""
    p = np.random.default_rng(11).random((3, 2000, 256), np.float32)
    expected = [cdf.from_probabilities(part, 16).copy() for part in p]
    alive: list[Any] = []
    for _ in range(3):
        alive.extend(cdf.from_probabilities(part, 16)[1:] for part in p)  # a view keeps the memory of the whole
        for view, right in zip(alive, expected, strict=True):
            np.testing.assert_array_equal(view, right[1:])
        alive.clear()
    made = cdf.from_probabilities(p[0], 16)
    assert made.flags.writeable
    assert made.flags.c_contiguous
    address = made.ctypes.data
    del made
    assert cdf.from_probabilities(p[1, :1500], 16).ctypes.data == address
    assert cdf.from_probabilities(p[1, :1500], 16)[0].base is not None


def test_control_uint16_is_not_taken_for_bfloat16() -> None:
    with pytest.raises(TypeError, match="float16, float32 or float64, got uint16"):
        cdf.from_probabilities(np.full((1, 2), 0x3F80, np.uint16), 8)  # type: ignore[call-overload]
    swapped = np.ones((1, 2), np.dtype(np.float16).newbyteorder())
    with pytest.raises(TypeError, match="float16"):
        cdf.from_probabilities(swapped, 8)


def test_importing_cdf_does_not_import_torch() -> None:
    code = (
        "import sys, numpy as np; from foretell import cdf; cdf.from_probabilities(np.ones((2, 3)), 8);"
        "cdf.gaussian(0.0, 1.0, -3, 3, 16); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


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
        (np.zeros((), np.int32), 16, None, ValueError, "logits.*0 dimensions"),
        (Z[:, ::2], 16, None, ValueError, "logits.*contiguous"),
        (Z, 0, None, ValueError, "precision"),
        (Z, 33, None, ValueError, "precision"),
        (Z, 1, None, ValueError, "vocabulary"),
        (Z[:, :0].copy(), 16, None, ValueError, "vocabulary"),
        (Z, 16, np.zeros((2, 4), np.uint32), ValueError, "out.*length 5"),
        (Z, 16, np.zeros((3, 5), np.uint32), ValueError, "out.*length 2"),
        (Z, 16, np.zeros((2, 5), np.int64), TypeError, "out.*uint32"),
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
