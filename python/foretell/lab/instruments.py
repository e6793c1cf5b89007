"""The meter: ratios, the split of a curve into what can and what cannot be learned, and sudden falls."""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import foretell

Floats = NDArray[np.float64]


def ratio(bits: ArrayLike, symbols: ArrayLike, vocabulary: int, program_bits: float = 0) -> Floats:
    """Return r = 1 - S1 / S0, the share of the plain size that is saved.

    Parameters
    ----------
    bits : float [...]
        Code length so far, without the program.
    symbols : float [...]
        Symbols so far; S0 is ``symbols * log2(vocabulary)``.
    vocabulary : int
    program_bits : float
        ``|f|``, counted in S1 alone.
    """
    plain = np.asarray(symbols, np.float64) * math.log2(vocabulary)
    return np.asarray(1 - (program_bits + np.asarray(bits, np.float64)) / plain)


def program_bytes(*modules: ModuleType) -> int:
    """Return |f|: the sources that both sides need, compressed together by foretell's default level."""
    sources = "".join(inspect.getsource(module) for module in modules)
    return len(foretell.compress(sources.encode()))


def epistemic(nats: ArrayLike, entropy: ArrayLike) -> Floats:
    """Return what is still to be learned: losses [S, T] less the entropy of each position [T], in the same unit."""
    return np.asarray(np.asarray(nats, np.float64) - np.asarray(entropy, np.float64))


def smoothed(values: ArrayLike, window: int) -> Floats:
    """Return the mean of each value and up to ``window - 1`` before it, along the first axis."""
    x = np.asarray(values, np.float64)
    total = np.cumsum(np.concatenate([np.zeros_like(x[:1]), x]), axis=0)
    last = np.arange(1, len(x) + 1)
    first = np.maximum(last - window, 0)
    return np.asarray((total[last] - total[first]) / (last - first).reshape(-1, *[1] * (x.ndim - 1)))


@dataclass(frozen=True)
class Fall:
    """A sudden fall of a curve.

    Attributes
    ----------
    start, end : int
        The last step at nine tenths of the plateau, and the first one below a fifth of it.
    plateau : float
        The level before.
    share : float
        ``end - start`` as a share of all steps.
    """

    start: int
    end: int
    plateau: float
    share: float

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return asdict(self)


def fall(curve: ArrayLike, *, drop: float = 0.8, settle: int = 0) -> Fall | None:
    """Look for the fall by which a curve, never negative but for noise, loses most of itself: the emergence detector.

    The plateau is the median from step `settle` to the middle of the fall. The fall ends at the first step at or below
    ``(1 - drop) * plateau``, and starts at the last step before that at or above nine tenths of the plateau.

    Parameters
    ----------
    curve : float [S]
        Smoothed, if it is noisy.
    drop : float
        The share that must be lost.
    settle : int
        Steps to leave out: a network that starts from nothing falls everywhere at first.

    Returns
    -------
    Fall or None
        None where the curve does not fall that far.

    Examples
    --------
    >>> fall([1.0] * 80 + [0.8, 0.5, 0.3, 0.1] + [0.0] * 16)
    Fall(start=79, end=83, plateau=1.0, share=0.04)
    >>> fall([1.0 - step / 100 for step in range(100)]).share > 0.5
    True
    """
    x = np.asarray(curve, np.float64)
    if len(x) <= settle:
        return None
    plateau = float(np.median(x[settle : max(first_below(x, x[settle] / 2, settle), settle + 1)]))
    end = first_below(x, (1 - drop) * plateau, settle)
    if plateau <= 0 or end == len(x):
        return None
    high = np.flatnonzero(x[settle:end] >= 0.9 * plateau)
    start = settle + int(high[-1]) if len(high) else settle
    return Fall(start, end, plateau, (end - start) / len(x))


def first_below(x: Floats, level: float, first: int = 0) -> int:
    """Return the first index, from `first` on, at which a curve [S] is at or below a level; S if there is none."""
    below = np.flatnonzero(x[first:] <= level)
    return first + int(below[0]) if len(below) else len(x)


def thinned(values: ArrayLike, points: int = 300) -> list[float]:
    """Return means of at most so many equal pieces of a curve [S], rounded: what `result.json` keeps of it."""
    x = np.asarray(values, np.float64)
    pieces = np.array_split(x, min(points, len(x)))
    return [float(f"{piece.mean():.6g}") for piece in pieces]


def standard_error(values: ArrayLike) -> float:
    """Return the standard error of the mean of independent values [N]."""
    x = np.asarray(values, np.float64)
    return float(x.std(ddof=1) / math.sqrt(x.size))


def crossing(curve: Sequence[float] | Floats, level: float) -> int | None:
    """Return the first index from which a curve stays at or above a level; None if it does not."""
    below = np.flatnonzero(np.asarray(curve) < level)
    first = int(below[-1]) + 1 if len(below) else 0
    return first if first < len(curve) else None
