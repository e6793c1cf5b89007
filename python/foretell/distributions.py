"""CDFs of discretised distributions, for learned codecs: the tables of a hyperprior, by the same integers everywhere.

The probability of the integer v is what the distribution has between ``v - 1/2`` and ``v + 1/2``; what lies beyond the
support is given to its first and last symbol, so a codec that clips loses nothing. Each number is made by single
float64 additions, products and quotients in a fixed order, with an exponential of our own: no library function that
differs between machines takes part (`docs/exact.md`). Then `foretell.cdf.from_probabilities` makes integers of them.

How near they are: each probability to 1e-13 of the row's largest, far below a slot of any precision. With a support
of 64 symbols one costs at most 0.0015 bits more than under the real distribution at 16 bits, which is the price of
quantising, and 0.00001 at 24 bits (tests/test_distributions.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from foretell import _core

__all__ = ["gaussian", "logistic", "mixture"]

_Array: TypeAlias = NDArray[np.float64]

_LOG2_E = 1.4426950408889634
# ln 2 in two parts; the first has so few bits that its product with any exponent used here is exact.
_LN2_HIGH = 0.693147180369123816490
_LN2_LOW = 1.90821492927058770002e-10
_ROOT_HALF = 0.7071067811865476
_TWO_OVER_ROOT_PI = 1.1283791670955126
_FAR = 36.0  # standard deviations, or scales of a logistic, past which nothing is left: keeps clear of denormals
_SERIES_UP_TO = 2.0
_SERIES_TERMS = 44
_FRACTION_TERMS = 60
_BLOCK = 1 << 18  # values at a time


def _exp(x: _Array) -> _Array:
    """Return e**x for -700 <= x <= 0: 2**n by exponent bits, times a Taylor polynomial of the rest."""
    n = np.floor(x * _LOG2_E + 0.5)
    rest = (x - n * _LN2_HIGH) - n * _LN2_LOW
    total = np.ones_like(x)
    for k in range(14, 0, -1):
        total = total * rest / float(k) + 1.0
    return total * ((n.astype(np.int64) + 1023) << 52).view(np.float64)


def _erfc(x: _Array) -> _Array:
    """Return the complementary error function for 0 <= x <= 26.

    Abramowitz and Stegun 7.1.6, a series of positive terms, and 7.1.14, a continued fraction, from its end.
    """
    bell = _exp(-(x * x))
    square = np.minimum(x, _SERIES_UP_TO)
    square = square * square
    series = np.ones_like(x)
    for k in range(_SERIES_TERMS, 0, -1):
        series = series * (2.0 * square) / float(2 * k + 1) + 1.0
    near = 1.0 - x * bell * _TWO_OVER_ROOT_PI * series
    large = np.maximum(x, _SERIES_UP_TO)
    fraction = large.copy()
    for k in range(_FRACTION_TERMS, 0, -1):
        fraction = large + (0.5 * float(k)) / fraction
    far = bell * (0.5 * _TWO_OVER_ROOT_PI) / fraction
    return np.where(x <= _SERIES_UP_TO, near, far)


def _gaussian_tail(x: _Array) -> _Array:
    """Return the probability above x, for x >= 0."""
    return 0.5 * _erfc(np.minimum(x, _FAR) * _ROOT_HALF)


def _logistic_tail(x: _Array) -> _Array:
    """Return the probability above x, for x >= 0."""
    small = _exp(-np.minimum(x, 18.0 * _FAR))
    return small / (1.0 + small)


_TAILS: dict[str, Callable[[_Array], _Array]] = {"gaussian": _gaussian_tail, "logistic": _logistic_tail}


def _probabilities(tail: Callable[[_Array], _Array], mean: _Array, scale: _Array, low: int, high: int) -> _Array:
    """Return float64 [N, V] of mean and scale [N]."""
    edges = (np.arange(low, high, dtype=np.float64) + 0.5 - mean[:, None]) / scale[:, None]
    tails = tail(np.abs(edges))  # [N, V - 1]: beyond each edge, on its side
    above = edges > 0.0
    below_edge = np.where(above, 1.0 - tails, tails)
    p = np.empty((len(mean), high - low + 1))
    if low == high:
        p[:] = 1.0
        return p
    p[:, 0] = below_edge[:, 0]
    p[:, -1] = np.where(above[:, -1], tails[:, -1], 1.0 - tails[:, -1])
    # Between two edges on one side of the mean the difference of their small tails; across the mean what both leave.
    left, right = tails[:, :-1], tails[:, 1:]
    across = above[:, 1:] & ~above[:, :-1]
    p[:, 1:-1] = np.where(across, (1.0 - left) - right, np.abs(right - left))
    return np.maximum(p, 0.0)


def _parameter(value: ArrayLike, name: str, positive: bool) -> _Array:
    array = np.asarray(value)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name}: expected real numbers, got dtype {array.dtype}")
    array = array.astype(np.float64)
    limit = 2.0**50  # far beyond any symbol, and far from overflow
    good = (array >= 2.0**-50) & (array <= limit) if positive else np.abs(array) <= limit
    if not good.all():
        at = int(np.flatnonzero(~good.ravel())[0])
        wanted = "in 2**-50..2**50" if positive else "in +-2**50"
        raise ValueError(f"{name}: entry {at} is {array.ravel()[at]}; it must be {wanted}")
    return array


def _check_support(low: int, high: int, precision: int) -> None:
    if not -(2**31) <= low <= high < 2**31:
        raise ValueError(f"low, high: expected low <= high, both int32, got {low} and {high}")
    if not 1 <= precision <= 32:
        raise ValueError(f"precision: must be in 1..32, got {precision}")
    if high - low + 1 > 1 << precision:
        raise ValueError(f"low, high: {high - low + 1} symbols cannot share 2^{precision} slots")


def _quantised(
    p_of: Callable[[slice], _Array], shape: tuple[int, ...], vocabulary: int, precision: int, out: NDArray[Any] | None
) -> NDArray[Any]:
    """Quantise rows in blocks, so that the floats never take much memory."""
    if out is None:
        out = np.empty((*shape, vocabulary + 1), np.uint64 if precision == 32 else np.uint32)
    elif not isinstance(out, np.ndarray) or out.shape != (*shape, vocabulary + 1) or not out.flags.c_contiguous:
        raise ValueError(f"out: expected a C-contiguous array of shape {(*shape, vocabulary + 1)}")
    rows = out.reshape(-1, vocabulary + 1)
    step = max(1, _BLOCK // vocabulary)
    for begin in range(0, len(rows), step):
        piece = slice(begin, begin + step)
        _core.cdf_from_probabilities(p_of(piece), precision, rows[piece])
    return out


def _simple(
    kind: str, mean: ArrayLike, scale: ArrayLike, low: int, high: int, precision: int, out: NDArray[Any] | None
) -> NDArray[Any]:
    _check_support(low, high, precision)
    means, scales = np.broadcast_arrays(_parameter(mean, "mean", False), _parameter(scale, "scale", True))
    flat_means, flat_scales = means.ravel(), scales.ravel()
    return _quantised(
        lambda rows: _probabilities(_TAILS[kind], flat_means[rows], flat_scales[rows], low, high),
        means.shape, high - low + 1, precision, out,
    )  # fmt: skip


def gaussian(
    mean: ArrayLike, scale: ArrayLike, low: int, high: int, precision: int, out: NDArray[Any] | None = None
) -> NDArray[Any]:
    """Return the CDFs of Gaussians over the integers low..high; symbol ``i`` is the integer ``low + i``.

    Parameters
    ----------
    mean, scale : float or integer [...]
        Mean and standard deviation, of shapes that broadcast to each other; finite, the scale positive.
    low, high : int
        The support, both included. Symbols at the ends have the probability of all that lies beyond.
    precision : int
        Bits of the CDFs, 1..32, ``2**precision >= high - low + 1``.
    out : uint16 (up to precision 16), uint32 or uint64 [..., high - low + 2], C-contiguous, optional
        Where to write.

    Returns
    -------
    uint32 [..., high - low + 2] (uint64 at precision 32)
        One CDF for each scale: `out`, or a new array. The same integers on every machine.

    Raises
    ------
    TypeError
        A parameter holds no real numbers, or `out` has another dtype.
    ValueError
        A parameter is not finite, or is beyond 2**50, or a scale is below 2**-50 (the message names it); the support,
        the precision or the shape of `out` do not fit.

    Examples
    --------
    >>> gaussian(0.0, [0.5, 2.0], low=-2, high=2, precision=16)
    array([[    0,    89, 10398, 55138, 65447, 65536],
           [    0, 14853, 26300, 39237, 50684, 65536]], dtype=uint32)
    """
    return _simple("gaussian", mean, scale, low, high, precision, out)


def logistic(
    mean: ArrayLike, scale: ArrayLike, low: int, high: int, precision: int, out: NDArray[Any] | None = None
) -> NDArray[Any]:
    """As `gaussian`, for the logistic distribution, whose CDF is ``1 / (1 + exp(-(x - mean) / scale))``.

    Parameters
    ----------
    mean, scale, low, high, precision, out
        As for `gaussian`; the scale is s of the formula, so the standard deviation is ``pi * s / sqrt(3)``.

    Returns
    -------
    uint32 [..., high - low + 2] (uint64 at precision 32)
        One CDF for each scale: `out`, or a new array.

    Raises
    ------
    TypeError, ValueError
        As `gaussian`.
    """
    return _simple("logistic", mean, scale, low, high, precision, out)


def mixture(
    weight: ArrayLike,
    mean: ArrayLike,
    scale: ArrayLike,
    low: int,
    high: int,
    precision: int,
    out: NDArray[Any] | None = None,
    *,
    kind: Literal["gaussian", "logistic"] = "gaussian",
) -> NDArray[Any]:
    """Return the CDFs of mixtures of Gaussians or logistics, as `gaussian` does of one.

    Parameters
    ----------
    weight, mean, scale : float or integer [..., K]
        Of the K components of each row, of shapes that broadcast to each other. Weights are positive, of any common
        scale: they need not sum to one.
    low, high, precision
        As for `gaussian`.
    out : uint16 (up to precision 16), uint32 or uint64 [..., high - low + 2], C-contiguous, optional
        Where to write.
    kind : {"gaussian", "logistic"}
        The distribution of every component.

    Returns
    -------
    uint32 [..., high - low + 2] (uint64 at precision 32)
        One CDF for each mixture: `out`, or a new array.

    Raises
    ------
    TypeError, ValueError
        As `gaussian`.

    Examples
    --------
    >>> mixture([0.75, 0.25], [-1.0, 1.0], [0.5, 0.5], low=-2, high=2, precision=8)
    array([  0,  30, 162, 202, 246, 256], dtype=uint32)
    """
    _check_support(low, high, precision)
    if kind not in _TAILS:
        raise ValueError(f"kind: expected 'gaussian' or 'logistic', got {kind!r}")
    weights, means, scales = np.broadcast_arrays(
        _parameter(weight, "weight", True), _parameter(mean, "mean", False), _parameter(scale, "scale", True)
    )
    if weights.ndim == 0 or weights.shape[-1] == 0:
        raise ValueError("weight, mean, scale: expected a last axis of components, with at least one")
    shape, components = weights.shape[:-1], weights.shape[-1]
    flat = [parameter.reshape(-1, components) for parameter in (weights, means, scales)]

    def p_of(rows: slice) -> _Array:
        """Sum over the components one after the other: a library's sum may take another order."""
        w, m, s = (parameter[rows] for parameter in flat)
        total = w[:, :1] * _probabilities(_TAILS[kind], m[:, 0], s[:, 0], low, high)
        for k in range(1, components):
            total = total + w[:, k : k + 1] * _probabilities(_TAILS[kind], m[:, k], s[:, k], low, high)
        return total

    return _quantised(p_of, shape, high - low + 1, precision, out)
