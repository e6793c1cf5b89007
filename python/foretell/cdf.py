"""CDFs: the integers that a coder takes in place of probabilities, and how to make them.

A CDF of ``V`` symbols at precision ``P`` is ``V + 1`` integers: ``cdf[0] = 0``, strictly rising, ``cdf[V] = 2**P``.
Symbol ``s`` owns the slots ``cdf[s]`` to ``cdf[s + 1] - 1`` and costs ``P - log2(cdf[s + 1] - cdf[s])`` bits. Every
symbol has a slot, so nothing is ever impossible, and ``V <= 2**P``. The dtype is uint32, or uint64 at precision 32,
where ``2**P`` does not fit uint32; coders also take uint16 up to precision 16, where a last value of ``2**16`` is
stored as 0.

All quantisers make integer weights ``w`` in 0..2**24 from their input, the largest at least 2**23, and share one
normaliser::

    S = sum(w)     k = 55 - P     m = ((2**P - V) << k) // S
    freq[i] = 1 + (w[i] * m >> k);   what is left to 2**P goes to the first of the largest weights

These formulas are part of the numerics class ``exact/1``: they never change, and only integers take part, so every
machine computes the same CDFs from the same input.

>>> import numpy as np
>>> from_probabilities(np.array([[0.5, 0.25, 0.25, 0.0]], dtype=np.float32), precision=8)
array([[  0, 127, 191, 255, 256]], dtype=uint32)
"""

from __future__ import annotations

from typing import Any, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from foretell import _core

__all__ = ["EXP2_TABLE", "FRACTION_BITS", "check", "from_counts", "from_logits", "from_probabilities"]

FRACTION_BITS: int = _core.FRACTION_BITS
"""Fraction bits of a fixed-point logit: 1024 is one bit, a factor of two in probability."""

EXP2_TABLE: NDArray[np.uint32] = _core.EXP2_TABLE
"""``floor(2**24 * 2**(-f / 1024))`` for f = 0..1023, exact; uint32 [1024], read-only."""

_Cdf = TypeVar("_Cdf", NDArray[np.uint16], NDArray[np.uint32], NDArray[np.uint64])


@overload
def from_logits(logits: NDArray[np.int32], precision: int, out: None = None) -> NDArray[Any]: ...
@overload
def from_logits(logits: NDArray[np.int32], precision: int, out: _Cdf) -> _Cdf: ...
def from_logits(logits: NDArray[np.int32], precision: int, out: NDArray[Any] | None = None) -> NDArray[Any]:
    """Quantise fixed-point base-2 logits.

    With ``d = max(row) - z[i]``, the weight of a symbol is ``EXP2_TABLE[d % 1024] >> (d // 1024)``, which is 0 from
    25 bits below the largest on (such a symbol keeps one slot).

    Parameters
    ----------
    logits : int32 [N, V], C-contiguous
        Logits in base 2, `FRACTION_BITS` fraction bits. Any int32 is allowed.
    precision : int
        Bits of the CDF, 1..32, at least ``log2(V)``.
    out : uint32 [N, V + 1] (uint64 at precision 32; uint16 up to precision 16), C-contiguous, optional
        Where to write; may not overlap `logits`.

    Returns
    -------
    uint32 [N, V + 1] (uint64 at precision 32)
        One CDF a row: `out`, or a new array.

    Raises
    ------
    TypeError
        An argument is not an array, or has another dtype.
    ValueError
        An argument has another shape or memory order, the precision is not in 1..32, or V is not in 1..2**precision.
    """
    return _core.cdf_from_logits(logits, precision, out)


@overload
def from_probabilities(p: NDArray[np.float32], precision: int, out: None = None) -> NDArray[Any]: ...
@overload
def from_probabilities(p: NDArray[np.float32], precision: int, out: _Cdf) -> _Cdf: ...
def from_probabilities(p: NDArray[np.float32], precision: int, out: NDArray[Any] | None = None) -> NDArray[Any]:
    """Quantise float32 probabilities, of any positive scale: rows need not sum to one.

    The weight of a symbol is ``floor(p * 2**e)``, with the power of two that brings the row's largest into [2**23,
    2**24). Mantissas are shifted as integers, so denormals count, whatever the processor's flush-to-zero setting.

    Parameters
    ----------
    p : float32 [N, V], C-contiguous
        Finite, not negative, at least one positive in each row.
    precision : int
        Bits of the CDF, 1..32, at least ``log2(V)``.
    out : uint32 [N, V + 1] (uint64 at precision 32; uint16 up to precision 16), C-contiguous, optional
        Where to write; may not overlap `p`. Its contents are unspecified after an error.

    Returns
    -------
    uint32 [N, V + 1] (uint64 at precision 32)
        One CDF a row: `out`, or a new array.

    Raises
    ------
    TypeError
        An argument is not an array, or has another dtype.
    ValueError
        A row (the message names it) holds a NaN, an infinite or a negative value, or only zeros; an argument has
        another shape or memory order; the precision is not in 1..32; or V is not in 1..2**precision.
    """
    return _core.cdf_from_probabilities(p, precision, out)


@overload
def from_counts(
    counts: NDArray[np.unsignedinteger[Any] | np.int64], precision: int, out: None = None
) -> NDArray[Any]: ...
@overload
def from_counts(counts: NDArray[np.unsignedinteger[Any] | np.int64], precision: int, out: _Cdf) -> _Cdf: ...
def from_counts(
    counts: NDArray[np.unsignedinteger[Any] | np.int64], precision: int, out: NDArray[Any] | None = None
) -> NDArray[Any]:
    """Quantise how often each symbol came, or any integers in proportion to its probability.

    The weight of a symbol is ``floor(count * 2**e)``, with the power of two that brings the row's largest into [2**23,
    2**24). Symbols that never came keep one slot.

    Parameters
    ----------
    counts : uint32, uint64 or int64 [N, V], C-contiguous
        Not negative, at least one positive in each row. (`numpy.bincount` gives int64.)
    precision : int
        Bits of the CDF, 1..32, at least ``log2(V)``.
    out : uint32 [N, V + 1] (uint64 at precision 32; uint16 up to precision 16), C-contiguous, optional
        Where to write; may not overlap `counts`. Its contents are unspecified after an error.

    Returns
    -------
    uint32 [N, V + 1] (uint64 at precision 32)
        One CDF a row: `out`, or a new array.

    Raises
    ------
    TypeError
        An argument is not an array, or has another dtype.
    ValueError
        A row (the message names it) holds a negative number, or only zeros; an argument has another shape or memory
        order; the precision is not in 1..32; or V is not in 1..2**precision.

    Examples
    --------
    >>> from_counts(np.bincount([1, 1, 0, 1], minlength=3)[None], precision=8)
    array([[  0,  64, 255, 256]], dtype=uint32)
    """
    return _core.cdf_from_counts(counts, precision, out)


def check(cdf: NDArray[np.uint16] | NDArray[np.uint32] | NDArray[np.uint64], precision: int) -> None:
    """Check that every row is a CDF.

    Coders check no more of a CDF than they need to stay safe, so that they stay fast; check CDFs of your own once.

    Parameters
    ----------
    cdf : uint16, uint32 or uint64 [N, V + 1], C-contiguous
        One CDF a row.
    precision : int
        Bits of the CDF, 1..32.

    Raises
    ------
    TypeError
        `cdf` is not an array, or has another dtype.
    ValueError
        A row breaks a rule (the message names both), or `cdf` has another shape or memory order.
    """
    _core.check_cdf(cdf, precision)
