"""Sources that look back a fixed number of symbols: what they cost at least is known exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Markov:
    """A stationary source of m symbols, each of which depends on the k before it.

    Attributes
    ----------
    table : float64 [m^k, m]
        Probabilities of the next symbol in each context, none 0. A context is the last k symbols as a number in base
        m, the latest one least significant; with k = 0 there is one context, and symbols are independent.
    """

    table: Floats

    @property
    def vocabulary(self) -> int:
        """The number of symbols m."""
        return int(self.table.shape[1])

    @property
    def order(self) -> int:
        """How many symbols it looks back, k."""
        return round(math.log(len(self.table), self.vocabulary))

    @cached_property
    def stationary(self) -> Floats:
        """How often each context comes in the long run, [m^k]: what one more symbol does not change."""
        contexts, m = self.table.shape
        if contexts == 1:
            return np.ones(1)
        step = np.zeros((contexts, contexts))
        before = np.repeat(np.arange(contexts), m)
        after = (before * m + np.tile(np.arange(m), contexts)) % contexts
        step[before, after] = self.table.ravel()
        equations = np.vstack([step.T - np.eye(contexts), np.ones(contexts)])
        found = np.linalg.lstsq(equations, np.r_[np.zeros(contexts), 1.0], rcond=None)[0]
        return np.asarray(found, np.float64)

    @property
    def entropy(self) -> float:
        """Bits a symbol in the long run."""
        bits = -(self.table * np.log2(self.table)).sum(axis=1)
        return float(self.stationary @ bits)

    def sample(self, count: int, *seed: int) -> NDArray[np.uint8]:
        """Return `count` symbols, from a context drawn as in the long run; the same for the same seed."""
        draw = np.random.default_rng(seed)
        contexts, m = self.table.shape
        bounds = np.cumsum(self.table, axis=1)[:, :-1]
        context = int(draw.choice(contexts, p=self.stationary / self.stationary.sum()))
        uniform = draw.random(count)
        if contexts == 1:
            return np.searchsorted(bounds[0], uniform, side="right").astype(np.uint8)
        # The symbol in every context at once, and then the walk through them.
        inside = np.stack([np.searchsorted(row, uniform, side="right") for row in bounds], axis=1).astype(np.uint8)
        symbols = bytearray(count)
        for at, choices in enumerate(inside):
            symbols[at] = choices[context]
            context = (context * m + symbols[at]) % contexts
        return np.frombuffer(bytes(symbols), np.uint8)


def independent(weights: ArrayLike) -> Markov:
    """Return the source whose symbols are independent, with probabilities in proportion to `weights` [m]."""
    p = np.asarray(weights, np.float64)
    return Markov((p / p.sum())[None])


def drawn(vocabulary: int, order: int, concentration: float, seed: int = 0) -> Markov:
    """Return a source with Dirichlet tables: the lower the concentration, the less entropy."""
    rows = np.random.default_rng(seed).dirichlet([concentration] * vocabulary, vocabulary**order)
    rows = np.maximum(rows, 1e-6)
    return Markov(rows / rows.sum(axis=1, keepdims=True))
