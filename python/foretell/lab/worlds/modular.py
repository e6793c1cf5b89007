"""The table of division modulo a prime, ``c = a / b``, and the same table with labels that follow no rule."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Division:
    """All ``p (p - 1)`` examples as int64 tokens a, b, c in a random order; the first half is for training.

    Attributes
    ----------
    prime : int
        Of the field, p: the vocabulary. b is never 0.
    random_labels : bool
        Draw each c from 0..p - 1 instead: a table of the same size that no rule makes shorter.
    seed : int
        Of the order and of random labels.
    """

    prime: int = 97
    random_labels: bool = False
    seed: int = 0

    @cached_property
    def examples(self) -> NDArray[np.int64]:
        """The whole table, int64 [p (p - 1), 3]."""
        draw = np.random.default_rng([self.seed, self.prime])
        a, b = np.divmod(draw.permutation(self.prime * (self.prime - 1)), self.prime - 1)
        b += 1
        inverses = np.array([pow(x, -1, self.prime) if x else 0 for x in range(self.prime)])
        c = draw.integers(self.prime, size=len(a)) if self.random_labels else a * inverses[b] % self.prime
        return np.stack([a, b, c], axis=1).astype(np.int64)

    @property
    def training(self) -> NDArray[np.int64]:
        """The first half, int64 [N, 3]."""
        return self.examples[: len(self.examples) // 2]

    @property
    def held_out(self) -> NDArray[np.int64]:
        """The other half, int64 [N, 3]."""
        return self.examples[len(self.examples) // 2 :]

    @property
    def plain_bits(self) -> float:
        """Bits of a label for one who knows neither operand: it is uniform, ``log2 p``."""
        return float(np.log2(self.prime))

    @property
    def half_known_bits(self) -> float:
        """Bits of a label given a alone.

        0 / b is 0; of another a the quotients are all numbers but 0, once each. (b alone says nothing.)
        """
        p = self.prime
        return self.plain_bits if self.random_labels else float((p - 1) / p * np.log2(p - 1))

    @property
    def entropy(self) -> float:
        """Bits of a label given a and b: none, or where labels are random as many as without them."""
        return self.plain_bits if self.random_labels else 0.0
