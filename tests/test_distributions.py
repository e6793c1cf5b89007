"""Tables of discretised distributions: near the real ones, and the same everywhere."""

from __future__ import annotations

import doctest
import hashlib
import math
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from foretell import cdf, distributions
from hypothesis import given
from hypothesis import strategies as st


def real_gaussian(mean: float, scale: float, low: int, high: int) -> list[float]:
    """Return probabilities by math.erfc, each difference on the side where the tails are small."""

    def tail(x: float) -> float:
        return math.erfc(x / math.sqrt(2)) / 2

    return by_tails(lambda x: tail((x - mean) / scale), lambda x: tail((mean - x) / scale), mean, low, high)


def real_logistic(mean: float, scale: float, low: int, high: int) -> list[float]:
    def tail(x: float) -> float:
        return 0.0 if x > 700 else 1 / (1 + math.exp(x)) if x > -700 else 1.0

    return by_tails(lambda x: tail((x - mean) / scale), lambda x: tail((mean - x) / scale), mean, low, high)


def by_tails(above: Any, below: Any, mean: float, low: int, high: int) -> list[float]:
    made = []
    for v in range(low, high + 1):
        left = -math.inf if v == low else v - 0.5
        right = math.inf if v == high else v + 0.5
        made.append(above(left) - above(right) if v > mean else below(right) - below(left))
    return made


KINDS = {"gaussian": (cdf.gaussian, real_gaussian), "logistic": (cdf.logistic, real_logistic)}


@pytest.mark.parametrize("kind", list(KINDS))
@given(st.floats(-80, 80), st.floats(0.02, 200), st.integers(-70, 10), st.integers(0, 80))
def test_probabilities_are_those_of_the_distribution(
    kind: str, mean: float, scale: float, low: int, width: int
) -> None:
    high = low + width
    tail = distributions._TAILS[kind]
    ours = distributions._probabilities(tail, np.array([mean]), np.array([scale]), low, high)[0]
    real = np.array(KINDS[kind][1](mean, scale, low, high))
    np.testing.assert_allclose(ours, real, rtol=1e-11, atol=3e-16)
    assert ours.min() >= 0


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize(("precision", "limit"), [(16, 0.0015), (24, 0.00001)])
def test_a_symbol_costs_what_the_real_distribution_says(kind: str, precision: int, limit: float) -> None:
    """Bits above the entropy of the distribution that math.erfc or math.exp give, 64 symbols."""
    make, real_of = KINDS[kind]
    scales = [0.11 * 2 ** (i / 4) for i in range(33)]
    rows = make(0.3, scales, -32, 31, precision)
    worst = 0.0
    for scale, row in zip(scales, rows.astype(np.float64), strict=True):
        p, q = np.array(real_of(0.3, scale, -32, 31)), np.diff(row) / 2**precision
        some = p > 0
        worst = max(worst, float((p[some] * np.log2(p[some] / q[some])).sum()))
    assert limit / 10 < worst < limit


def test_integers_are_pinned() -> None:
    """Files depend on these: on every machine the digest must be this one."""
    scales = np.array([5**i / 4**i / 8 for i in range(30)])  # each rounded once
    digest = hashlib.sha256()
    for precision in (16, 24, 32):
        digest.update(cdf.gaussian(0.25, scales, -40, 40, precision).astype("<u8").tobytes())
        digest.update(cdf.logistic(-0.25, scales, -40, 40, precision).astype("<u8").tobytes())
        weights = [[0.5, 0.3, 0.2]]
        made = cdf.mixture(weights, [[-3, 0, 2]], scales[:, None] * [[1.0, 0.5, 2.0]], -40, 40, precision)
        digest.update(made.astype("<u8").tobytes())
    pinned = "e8886e97c6ccb9d32c5942deaa10f129e14ccedbfe58abd4945e123280bb9786"
    assert digest.hexdigest() == pinned


def test_integers_do_not_depend_on_the_instructions_of_numpy() -> None:
    _multiarray_umath = pytest.importorskip("numpy._core._multiarray_umath")  # NumPy 2
    features = " ".join(_multiarray_umath.__cpu_dispatch__)
    command = [sys.executable, "-m", "pytest", "-q", "-k", "pinned", __file__]
    done = subprocess.run(
        command, env={**os.environ, "NPY_DISABLE_CPU_FEATURES": features}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@given(st.integers(1, 4), st.integers(9, 32), st.integers(0, 2**32 - 1))
def test_a_mixture_is_the_sum_of_its_parts(components: int, precision: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    weight = generator.random((3, components)) + 0.1
    mean, scale = generator.normal(scale=20, size=(2, 3, components))
    scale = np.abs(scale) + 0.1
    for kind in ("gaussian", "logistic"):
        parts = [
            sum(w * np.array(KINDS[kind][1](m, s, -50, 50)) for w, m, s in zip(*row, strict=True))
            for row in zip(weight.tolist(), mean.tolist(), scale.tolist(), strict=True)
        ]
        made = cdf.mixture(weight, mean, scale, -50, 50, precision, kind=kind)  # type: ignore[arg-type]
        cdf.check(made, precision)
        near = cdf.from_probabilities(np.array(parts), precision)
        slots = np.abs(made.astype(np.int64) - near.astype(np.int64)).max()
        assert slots <= 2 ** max(precision - 20, 3)
    one = cdf.mixture(weight[:, :1] * 0 + 1, mean[:, :1], scale[:, :1], -50, 50, precision)
    np.testing.assert_array_equal(one, cdf.gaussian(mean[:, 0], scale[:, 0], -50, 50, precision))


@given(
    st.floats(-(2.0**50), 2.0**50),
    st.floats(2.0**-50, 2.0**50),
    st.integers(-(2**31), 2**31 - 400),
    st.integers(0, 300),
)
def test_no_parameter_breaks_a_row(mean: float, scale: float, low: int, width: int) -> None:
    for make, _ in KINDS.values():
        row = make(mean, scale, low, low + width, 16)
        cdf.check(row[None], 16)


def test_what_lies_beyond_the_support_belongs_to_its_ends() -> None:
    assert np.diff(cdf.gaussian([-1e6, 1e6], 1.0, 0, 2, 8)).tolist() == [[254, 1, 1], [1, 1, 254]]
    assert cdf.gaussian(0.0, 1.0, 5, 5, 8).tolist() == [0, 256]


def test_symmetric_distributions_have_symmetric_rows() -> None:
    freq = np.diff(cdf.logistic(0.0, [0.3, 3.0], -9, 9, 24).astype(np.int64))
    np.testing.assert_allclose(freq, freq[:, ::-1], atol=32)


def test_shapes_broadcast_and_blocks_do_not_show(monkeypatch: Any) -> None:
    mean, scale = np.linspace(-1, 1, 5)[:, None], np.linspace(0.5, 4, 7)
    whole = cdf.gaussian(mean, scale, -8, 8, 16)
    assert whole.shape == (5, 7, 18)
    monkeypatch.setattr(distributions, "_BLOCK", 40)
    out = np.empty((5, 7, 18), np.uint16)
    assert cdf.gaussian(mean, scale, -8, 8, 16, out) is out
    np.testing.assert_array_equal(out, whole.astype(np.uint16))
    np.testing.assert_array_equal(cdf.gaussian(mean[2], scale, -8, 8, 16), whole[2])
    assert cdf.gaussian(0.0, np.empty(0), -8, 8, 16).shape == (0, 18)


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ((0.0, [1.0, 0.0], -1, 1, 8), ValueError, r"scale: entry 1 is 0\.0"),
        ((0.0, -1.0, -1, 1, 8), ValueError, "scale: entry 0"),
        ((math.nan, 1.0, -1, 1, 8), ValueError, "mean: entry 0 is nan"),
        ((0.0, math.inf, -1, 1, 8), ValueError, "scale: entry 0 is inf"),
        ((0.0, 1.0, 1, -1, 8), ValueError, "low, high"),
        ((0.0, 1.0, -200, 200, 8), ValueError, "401 symbols"),
        ((0.0, 1.0, -1, 1, 40), ValueError, "precision"),
        (("a", 1.0, -1, 1, 8), TypeError, "mean"),
        ((0.0, 1.0, -1, 1, 8, np.empty(3, np.uint32)), ValueError, "out"),
        ((0.0, 1.0, -1, 1, 8, np.empty(4, np.int32)), TypeError, "out"),
    ],
)
def test_bad_arguments_name_themselves(arguments: Any, error: Any, match: str) -> None:
    with pytest.raises(error, match=match):
        cdf.gaussian(*arguments)
    with pytest.raises(ValueError, match="kind"):
        cdf.mixture([1.0], [1.0], [1.0], -1, 1, 8, kind="cauchy")  # type: ignore[arg-type]


def test_examples_in_the_documentation() -> None:
    assert doctest.testmod(distributions).failed == 0
