"""Sums in decimal, ``s a + b = c e``: all that can be known of an example is in its two operands."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

PLUS, EQUALS, START, END = 10, 11, 12, 13
VOCABULARY = 14
"""The digits, ``+``, ``=``, ``s`` and ``e``."""


@dataclass(frozen=True)
class Addition:
    """Examples of one length, zero-padded, as int64 tokens [N, 3 · digits + 5]; the first one, ``s``, is given.

    Attributes
    ----------
    digits : int
        Of each operand; the sum has one more. 1..8.
    leading_zeros : bool
        Whether operands are uniform on [0, 10^digits) or on [10^(digits - 1), 10^digits).
    reverse : bool
        Whether the sum comes least significant digit first.
    held_out : int
        Pairs drawn first, from seed 0, for validation; training never shows them.
    """

    digits: int = 8
    leading_zeros: bool = False
    reverse: bool = False
    held_out: int = 10_000

    vocabulary = VOCABULARY
    given = START

    @property
    def length(self) -> int:
        """Tokens that are predicted."""
        return 3 * self.digits + 4

    @property
    def answer(self) -> slice:
        """The predicted positions of the sum's digits; position 0 is the first digit of a."""
        return slice(2 * self.digits + 2, 3 * self.digits + 3)

    @property
    def low(self) -> int:
        """The smallest operand."""
        return 0 if self.leading_zeros else 10 ** (self.digits - 1)

    @property
    def operands(self) -> list[int]:
        """The predicted positions of the operands' digits."""
        return [*range(self.digits), *range(self.digits + 1, 2 * self.digits + 1)]

    @property
    def position_entropy(self) -> NDArray[np.float64]:
        """Nats at each predicted position, given what is before it, [length]."""
        nats = np.zeros(self.length)
        nats[self.operands] = np.log(10)
        if not self.leading_zeros:
            nats[[0, self.digits + 1]] = np.log(9)
        return nats

    @property
    def entropy(self) -> float:
        """Bits an example: ``2 log2(10^digits - low)``."""
        return float(2 * np.log2(10**self.digits - self.low))

    @cached_property
    def validation(self) -> NDArray[np.int64]:
        """The held-out pairs, int64 [held_out, 2]; with 8 digits the first is 61706749 and 66448162."""
        draw = random.Random(0)
        pairs = [[draw.randrange(self.low, 10**self.digits) for _ in "ab"] for _ in range(self.held_out)]
        return np.array(pairs, np.int64).reshape(-1, 2)

    @cached_property
    def _forbidden(self) -> NDArray[np.int64]:
        return np.asarray(np.sort(self._key(self.validation)))

    def _key(self, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.asarray(pairs[:, 0] * 10**self.digits + pairs[:, 1])

    def pairs(self, count: int, *seed: int) -> NDArray[np.int64]:
        """Return fresh pairs, int64 [count, 2], none of them held out; the same for the same seed."""
        draw = np.random.default_rng(seed)
        found = draw.integers(self.low, 10**self.digits, (count, 2))
        while (bad := self._is_held_out(found)).any():
            found[bad] = draw.integers(self.low, 10**self.digits, (int(bad.sum()), 2))
        return found

    def _is_held_out(self, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
        if not self.held_out:
            return np.zeros(len(pairs), np.bool_)
        key = self._key(pairs)
        at = np.minimum(np.searchsorted(self._forbidden, key), self.held_out - 1)
        return np.asarray(self._forbidden[at] == key)

    def tokens(self, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
        """Write pairs, int64 [N, 2], as sequences, int64 [N, length + 1]."""
        a, b = pairs.T
        total = _digits(a + b, self.digits + 1)
        column = [np.full((len(pairs), 1), symbol) for symbol in (START, PLUS, EQUALS, END)]
        parts = [column[0], _digits(a, self.digits), column[1], _digits(b, self.digits), column[2]]
        return np.hstack([*parts, total[:, ::-1] if self.reverse else total, column[3]])

    def batch(self, count: int, *seed: int) -> NDArray[np.int64]:
        """Return `count` fresh examples; the same for the same seed."""
        return self.tokens(self.pairs(count, *seed))


def _digits(numbers: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return decimal digits, most significant first, [N, count]."""
    return np.asarray(numbers[:, None] // 10 ** np.arange(count)[::-1] % 10)
