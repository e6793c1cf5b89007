"""Sparse parities in a mixture: many small skills, some asked for often and some rarely."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Parities:
    """Questions of `tasks` kinds; the answer of each kind is the parity of its own few bits of many random ones.

    Attributes
    ----------
    tasks : int
    bits : int
        Random bits a question.
    parity : int
        Bits that count, chosen once a task.
    power : float
        Task i = 1, 2, … is asked with frequency proportional to ``i ** -power``.
    seed : int
        Of the bits that count, and of all questions.
    """

    tasks: int = 8
    bits: int = 16
    parity: int = 3
    power: float = 1.0
    seed: int = 0

    entropy = 0.0
    """Bits of an answer given its question and the rules."""
    plain_bits = 1.0
    """Bits of an answer given its question alone: every sum of fewer bits than count is even as often as odd."""

    @property
    def frequencies(self) -> NDArray[np.float64]:
        """Of the tasks, the commonest first, [tasks]."""
        weights = np.arange(1, self.tasks + 1) ** -self.power
        return np.asarray(weights / weights.sum())

    @property
    def task_entropy(self) -> float:
        """Bits that the kind of a question costs."""
        return float(-(self.frequencies * np.log2(self.frequencies)).sum())

    @property
    def question_entropy(self) -> float:
        """Bits that a whole question costs: its kind and uniform bits."""
        return self.task_entropy + self.bits

    @cached_property
    def counting(self) -> NDArray[np.int64]:
        """The places of the bits that count, int64 [tasks, parity]."""
        draw = np.random.default_rng([self.seed, 0])
        return np.stack([draw.permutation(self.bits)[: self.parity] for _ in range(self.tasks)])

    def batch(self, count: int, step: int) -> tuple[NDArray[np.int64], NDArray[np.int8], NDArray[np.int64]]:
        """Return tasks int64 [count], bits int8 [count, bits] and answers int64 [count]; the same for the same step."""
        draw = np.random.default_rng([self.seed, 1, step])
        task = draw.choice(self.tasks, count, p=self.frequencies)
        bits = draw.integers(2, size=(count, self.bits), dtype=np.int8)
        answers = np.take_along_axis(bits, self.counting[task], axis=1).sum(1, dtype=np.int64) % 2
        return task.astype(np.int64), bits, answers
