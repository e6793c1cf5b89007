"""foretell.exact.series: integers that agree with libm as far as libm goes, and with identities much further."""

import math
from fractions import Fraction

import pytest
from foretell.exact import series
from hypothesis import given
from hypothesis import strategies as st

CLOSE = 1 << (series.BITS - 150)


def value(fixed: int) -> float:
    return float(Fraction(fixed, series.ONE))


@given(st.floats(-60, 20))
def test_exp_agrees_with_libm(x: float) -> None:
    assert math.isclose(value(series.exp(series.fixed(x))), math.exp(x), rel_tol=1e-14, abs_tol=1e-40)


@given(st.floats(1e-9, 1e12))
def test_log_agrees_with_libm_and_undoes_exp(x: float) -> None:
    logarithm = series.log(x)
    assert math.isclose(value(logarithm), math.log(x), rel_tol=1e-14, abs_tol=1e-15)
    assert abs(series.exp(logarithm) - series.fixed(x)) < CLOSE * max(1, x)


@given(st.floats(-1, 1))
def test_cosine_and_sine_agree_with_libm_and_lie_on_the_circle(x: float) -> None:
    cosine, sine = series.cos_sin(series.fixed(x))
    assert math.isclose(value(cosine), math.cos(x), rel_tol=1e-14)
    assert math.isclose(value(sine), math.sin(x), rel_tol=1e-14, abs_tol=1e-16)
    assert abs((cosine * cosine + sine * sine >> series.BITS) - series.ONE) < CLOSE


def test_rounding_is_to_the_nearest() -> None:
    assert [series.rounded(series.fixed(Fraction(n, 8)), 1) for n in (-3, -1, 0, 1, 2, 3, 5)] == [-1, 0, 0, 0, 1, 1, 1]


def test_log_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="log of 0"):
        series.log(0)
