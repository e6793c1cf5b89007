"""The bisection coder: arithmetic coding one token at a time, to read and to learn from.

A prior gives token ``k`` of ``m`` the interval ``[c[k - 1], c[k])`` of [0, 1), where ``c`` is the cumulative sum of its
probabilities. To name the token, bisect [0, 1) and ask of each middle where it lies:

* in the interval of a later token: send 0 and go on with the left half;
* in the interval of an earlier token: send 1 and go on with the right half;
* in the token's own interval: stop. Nothing is sent for this last query.

The decoder follows the bits and finds the token at the middle of where they end. It must know how many there are, so a
length field of ``ceil(log2(log2(m)))`` bits goes before them.

How long is a code? An interval of width ``p`` with ``2**-n < p <= 2**-(n - 1)`` is hit by the n-th query at the latest:
the middles asked by then, had all the halves been followed, are ``2**-n`` apart. So at most ``n - 1 = floor(-log2(p))``
bits are sent (`most_queries`), and if the interval lies anywhere with equal chance, `expected_queries` are asked.

What it teaches is also what is wrong with it, and what the coders of `foretell.coders` do better:

* Each token stands alone and costs whole bits, and its length field besides: a token that was certain still costs the
  field. With ``m = 2**20`` that is 5 bits of 20, so no prior, however good, saves more than 75 %. An arithmetic coder
  carries the fractions of a bit on to the next token and needs no field.
* The field holds every code of a token that has ``p >= 2**-(2**field - 1)``, with 5 bits ``2**-31``. A rarer token is
  an error here; do not count it as if its length fitted. Where m is no larger than some hundreds the field is too
  narrow for most priors: pass a wider one.
* The intervals are float64 sums: widths near ``2**-52`` are rounding errors, so none below that is coded, and another
  machine's sums may differ. A file needs integers.

>>> import numpy as np
>>> prior = np.array([0.125, 0.5, 0.25, 0.125])
>>> code(0.125, 0.625)
[]
>>> code(0.625, 0.875)
[1]
>>> code(0.0, 0.125)
[0, 0, 0]
>>> encode([1, 2, 0], [prior] * 3, field=2)
array([0, 0, 0, 1, 1, 1, 1, 0, 0, 0], dtype=uint8)
>>> decode([0, 0, 0, 1, 1, 1, 1, 0, 0, 0], [prior] * 3, field=2)
[1, 2, 0]
>>> ideal_length([1, 2, 0], [prior] * 3)
6.0
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from foretell.errors import CorruptError, TruncatedError

__all__ = ["code", "decode", "encode", "expected_queries", "field_bits", "ideal_length", "length", "most_queries"]

Prior: TypeAlias = NDArray[np.floating[Any]] | Sequence[float]
"""Probabilities of m tokens."""

_FLOAT_BITS = 52  # an interval 2**-52 wide needs no middle finer than 2**-53, and float64 holds all those below 1
_WIDEST_FIELD = 6  # holds lengths to 63


def code(low: float, high: float) -> list[int]:
    """Bisect [0, 1) until a middle lies in ``[low, high)``.

    Parameters
    ----------
    low, high : float
        A part of [0, 1), at least ``2**-52`` wide.

    Returns
    -------
    list of int
        0 for each query answered "left", 1 for each answered "right"; at most ``most_queries(high - low) - 1`` of them.

    Raises
    ------
    ValueError
        The interval is not a part of [0, 1), or is narrower than ``2**-52``.
    """
    if not (low >= 0 and high <= 1 and high - low >= 2.0**-_FLOAT_BITS):
        raise ValueError(f"low, high: [{low}, {high}) is not a part of [0, 1) at least 2**-{_FLOAT_BITS} wide")
    bits: list[int] = []
    left, right = 0.0, 1.0
    while True:
        middle = (left + right) / 2
        if middle >= high:
            bits.append(0)
            right = middle
        elif middle < low:
            bits.append(1)
            left = middle
        else:
            return bits


def encode(tokens: Iterable[int], priors: Iterable[Prior], field: int | None = None) -> NDArray[np.uint8]:
    """Encode tokens, each with a prior of its own.

    Parameters
    ----------
    tokens : iterable of N int
        Each in 0..m-1.
    priors : iterable of N arrays, float [m]
        Probabilities: not negative, of sum 1 (within 1e-6). A row is used when its token's turn comes, so a generator
        need not hold more than one.
    field : int, optional
        Bits of the length field, 0..6; by default ``field_bits(m)``.

    Returns
    -------
    uint8 [B]
        Zeros and ones: for each token the length of its code, most significant bit first, and its code.
        `numpy.packbits` makes bytes of them.

    Raises
    ------
    ValueError
        There are not as many priors as tokens, a token is outside its prior, a prior holds no probabilities, or a token
        has ``p < 2**-(2**field - 1)``.
    """
    bits: list[int] = []
    for width, path in _codes(tokens, priors, field):
        bits += [len(path) >> place & 1 for place in reversed(range(width))]
        bits += path
    return np.array(bits, dtype=np.uint8)


def decode(bits: Sequence[int] | NDArray[np.uint8], priors: Iterable[Prior], field: int | None = None) -> list[int]:
    """Decode what `encode` returned, with the same priors.

    Parameters
    ----------
    bits : uint8 [B], or a sequence of int
        Zeros and ones.
    priors : iterable of N arrays, float [m]
        As for `encode`: one for each token.
    field : int, optional
        As for `encode`.

    Returns
    -------
    list of N int

    Raises
    ------
    TruncatedError
        The bits end before the tokens do.
    CorruptError
        The bits are none that `encode` returns for N tokens and these priors.
    ValueError
        `bits` holds other numbers, or a prior holds no probabilities.
    """
    stream = np.asarray(bits)
    if stream.ndim != 1 or not np.all((stream == 0) | (stream == 1)):
        raise ValueError("bits: expected one dimension of zeros and ones")
    tokens: list[int] = []
    at = 0

    def take(count: int) -> list[int]:
        nonlocal at
        if len(stream) - at < count:
            raise TruncatedError(f"token {len(tokens)}: {count} bits should follow, and there are {len(stream) - at}")
        at += count
        return [int(bit) for bit in stream[at - count : at]]

    for prior in priors:
        cumulative = _cumulative(prior, len(tokens))
        width = _width(len(cumulative), field)
        size = sum(bit << place for place, bit in enumerate(reversed(take(width))))
        if size > _FLOAT_BITS:
            raise CorruptError(f"token {len(tokens)}: a code of {size} bits, and none has more than {_FLOAT_BITS}")
        left, right, asked = 0.0, 1.0, []
        for bit in take(size):
            middle = (left + right) / 2
            left, right = (middle, right) if bit else (left, middle)
            asked.append(middle)
        token = int(np.searchsorted(cumulative, (left + right) / 2, side="right"))  # the first sum above the middle
        low, high = _interval(cumulative, token)
        if any(low <= middle < high for middle in asked) or prior[token] < _rarest(width):
            raise CorruptError(f"token {len(tokens)}: no token has this code of {size} bits")
        tokens.append(token)
    if at != len(stream):
        raise CorruptError(f"bits: {len(stream) - at} are left after the last token")
    return tokens


def length(tokens: Iterable[int], priors: Iterable[Prior], field: int | None = None) -> int:
    """Count the bits that `encode` would return; parameters and errors are the same."""
    return sum(width + len(path) for width, path in _codes(tokens, priors, field))


def ideal_length(tokens: Iterable[int], priors: Iterable[Prior]) -> float:
    """Sum ``-log2(p)`` of the tokens: the bits that an arithmetic coder needs.

    Parameters
    ----------
    tokens, priors
        As for `encode`.

    Returns
    -------
    float
        In bits; infinite if a token has probability 0.

    Raises
    ------
    ValueError
        There are not as many priors as tokens, or a token is outside its prior.
    """
    bits = 0.0
    for index, token, prior in _pairs(tokens, priors):
        p = float(prior[_checked(token, len(prior), index)])
        bits += -math.log2(p) if p > 0 else math.inf
    return bits


def field_bits(size: int) -> int:
    """Return the bits of a length field for `size` tokens: ``ceil(log2(log2(size)))``, and 0 for one token or two."""
    if size < 1:
        raise ValueError(f"size: {size} tokens; there must be at least 1")
    bits = 0
    while 2**2**bits < size:  # in integers: a logarithm could round across the ceiling
        bits += 1
    return bits


def most_queries(p: float) -> int:
    """Return the most queries for an interval of width `p`, ``floor(-log2(p)) + 1``; the last one sends no bit.

    Raises
    ------
    ValueError
        `p` is not in (0, 1].
    """
    if not 0 < p <= 1:
        raise ValueError(f"p: {p} is not in (0, 1]")
    fraction, exponent = math.frexp(p)  # p = fraction * 2**exponent, 1/2 <= fraction < 1: no logarithm that rounds
    return 2 - exponent if fraction == 0.5 else 1 - exponent


def expected_queries(p: float) -> float:
    """Return the mean number of queries for an interval of width `p` that lies anywhere in [0, 1) with equal chance.

    With ``n = most_queries(p)`` it is ``(n - (2**n - 1) * p) / (1 - p)``. For ``i < n`` queries have all gone past the
    interval if it holds none of the ``2**i - 1`` multiples of ``2**-i`` between 0 and 1. Its start is uniform on
    ``[0, 1 - p]`` and those are at least p apart, so it holds each with probability ``p / (1 - p)`` and never two:
    query ``i + 1`` is asked with probability ``1 - (2**i - 1) * p / (1 - p)``. The mean is the sum of these over
    ``i = 0..n-1``.

    Parameters
    ----------
    p : float
        In (0, 1].

    Returns
    -------
    float
        At least 1, and 1.5 for 1/3.

    Raises
    ------
    ValueError
        `p` is not in (0, 1].
    """
    n = most_queries(p)
    return 1.0 if p == 1 else (n - (2.0**n - 1) * p) / (1 - p)


def _pairs(tokens: Iterable[int], priors: Iterable[Prior]) -> Iterator[tuple[int, int, Prior]]:
    for index, (token, prior) in enumerate(zip_longest(tokens, priors)):
        if token is None or prior is None:
            raise ValueError(f"tokens, priors: one holds {index}, the other more; each token has a prior of its own")
        yield index, token, prior


def _codes(tokens: Iterable[int], priors: Iterable[Prior], field: int | None) -> Iterator[tuple[int, list[int]]]:
    """Yield the width of the length field and the code of each token."""
    for index, token, prior in _pairs(tokens, priors):
        cumulative = _cumulative(prior, index)
        width = _width(len(cumulative), field)
        p = prior[_checked(token, len(cumulative), index)]
        if p < _rarest(width):
            raise ValueError(
                f"tokens[{index}]: {token} has probability {p}, and a length field of {width} bits (field=) is for "
                f"{_rarest(width)} and more"
            )
        yield width, code(*_interval(cumulative, token))


def _cumulative(prior: Prior, index: int) -> NDArray[np.float64]:
    """Return the ends of the intervals, float64 [m]; the last is 1 whatever the rounding."""
    p = np.asarray(prior, dtype=np.float64)
    if p.ndim != 1 or not np.all(p >= 0):
        raise ValueError(f"priors[{index}]: expected one dimension of probabilities, none negative or NaN")
    cumulative = np.cumsum(p)
    if len(cumulative) == 0 or not abs(cumulative[-1] - 1) <= 1e-6:
        raise ValueError(f"priors[{index}]: the probabilities do not add up to 1")
    cumulative[-1] = 1
    return cumulative


def _interval(cumulative: NDArray[np.float64], token: int) -> tuple[float, float]:
    return float(cumulative[token - 1]) if token else 0.0, float(cumulative[token])


def _checked(token: int, size: int, index: int) -> int:
    if not 0 <= token < size:
        raise ValueError(f"tokens[{index}]: {token} is outside the {size} tokens of its prior")
    return token


def _width(size: int, field: int | None) -> int:
    if field is None:
        return field_bits(size)
    if not 0 <= field <= _WIDEST_FIELD:
        raise ValueError(f"field: {field} is not in 0..{_WIDEST_FIELD}")
    return field


def _rarest(width: int) -> float:
    """Return the smallest probability whose codes all have lengths that the field holds and float64 can make."""
    return math.ldexp(1.0, -min(2**width - 1, _FLOAT_BITS))
