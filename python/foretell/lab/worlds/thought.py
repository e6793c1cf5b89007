"""Sums of many digits, with or without the sums on the way: a question, perhaps a chain of thought, an answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class RunningSums:
    """Digits and their sum modulo the base, as int64 tokens [N, length + 1]; the first one is given.

    Attributes
    ----------
    digits, base : int
        The question: so many digits, uniform on 0..base - 1.
    thought : bool
        Whether each digit but the last is followed by the sum so far. The last is followed by the answer, in any case:
        ``q1 s1 q2 s2 … q12 a`` or ``q1 q2 … q12 a``. (All thoughts after all digits are the same bits, and take a
        network longer: it has to learn at which digit to look for each of them.)
    """

    digits: int = 12
    base: int = 10
    thought: bool = True

    @property
    def vocabulary(self) -> int:
        """The digits and the token that is given."""
        return self.base + 1

    @property
    def given(self) -> int:
        """The first token."""
        return self.base

    @property
    def length(self) -> int:
        """Tokens that are predicted; the last is the answer."""
        return 2 * self.digits if self.thought else self.digits + 1

    @property
    def question(self) -> list[int]:
        """The predicted positions of the digits."""
        return list(range(0, self.length, 2)) if self.thought else list(range(self.digits))

    @property
    def position_entropy(self) -> NDArray[np.float64]:
        """Nats at each predicted position, given what is before it, [length]."""
        nats = np.zeros(self.length)
        nats[self.question] = np.log(self.base)
        return nats

    @property
    def entropy(self) -> float:
        """Bits an example: those of the digits, for all else follows from them."""
        return float(self.digits * np.log2(self.base))

    def batch(self, count: int, *seed: int) -> NDArray[np.int64]:
        """Return `count` fresh examples; the same for the same seed, and the same digits with and without thoughts."""
        digits = np.random.default_rng(seed).integers(0, self.base, (count, self.digits))
        sums = digits.cumsum(axis=1) % self.base
        first = np.full((count, 1), self.given)
        if self.thought:
            return np.hstack([first, np.stack([digits, sums], axis=2).reshape(count, -1)])
        return np.hstack([first, digits, sums[:, -1:]])
