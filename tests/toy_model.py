"""A small adaptive model without torch: it lets the tests of codec, container, streams and command line be quick.

Each lane predicts from its previous byte with counts that all lanes share. Run as a script, it is the
`foretell` command with the toy model known and in place of the levels' models.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
from foretell import models
from numpy.typing import NDArray

NAME = "toy/1"
PARAMETER_NAMES = ("lanes", "chunk", "rate")
VOCABULARY = 256


class ToyModel:
    """Counts of byte pairs, 256 x 256, integers only.

    Parameters
    ----------
    lanes, chunk, rate : int
        Most lanes; steps between updates; what one occurrence adds to a count.
    """

    name = NAME
    numerics = "exact/1"
    vocabulary = VOCABULARY
    precision = 24

    def __init__(self, lanes: int = 16, chunk: int = 32, rate: int = 24) -> None:
        self.lanes = lanes
        self.chunk = chunk
        self.rate = rate
        self._counts = np.ones((VOCABULARY, VOCABULARY), np.int64)
        self._cdf = np.repeat(self._table(np.zeros(1, np.intp)), VOCABULARY, axis=0)
        self._context = np.zeros(0, np.intp)
        self._seen: list[tuple[NDArray[np.intp], NDArray[np.uint8]]] = []

    def parameters(self) -> dict[str, int]:
        return {"lanes": self.lanes, "chunk": self.chunk, "rate": self.rate}

    def begin(self, lanes: int) -> None:
        if not 1 <= lanes <= self.lanes:
            raise ValueError(f"{lanes} lanes, 1..{self.lanes} are possible")
        self._learn()
        self._context = np.zeros(lanes, np.intp)

    def predict(self) -> NDArray[np.uint32]:
        return self._cdf[self._context]

    def update(self, symbols: NDArray[np.uint8]) -> None:
        self._seen.append((self._context, symbols))
        self._context = symbols.astype(np.intp)
        if len(self._seen) == self.chunk:
            self._learn()

    def score(self, symbols: NDArray[np.uint8]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        lanes, steps = symbols.shape
        start = np.empty((lanes, steps), np.uint32)
        freq = np.empty((lanes, steps), np.uint32)
        for t in range(steps):
            column = symbols[:, t].astype(np.intp)
            start[:, t] = self._cdf[self._context, column]
            freq[:, t] = self._cdf[self._context, column + 1] - start[:, t]
            self.update(symbols[:, t])
        return start, freq

    def _learn(self) -> None:
        """Count the steps since the last time, remake the rows they touch."""
        if not self._seen:
            return
        context = np.concatenate([context for context, _ in self._seen])
        symbol = np.concatenate([symbol for _, symbol in self._seen])
        self._seen = []
        np.add.at(self._counts, (context, symbol), self.rate)
        rows = np.unique(context)
        self._counts[rows[self._counts[rows].sum(axis=1) > 1 << 16]] //= 2
        self._counts[rows] = np.maximum(self._counts[rows], 1)
        self._cdf[rows] = self._table(rows)

    def _table(self, rows: NDArray[np.intp]) -> NDArray[np.uint32]:
        """Return CDF rows from counts: one for each symbol, the rest in proportion, the remainder to the last."""
        counts = self._counts[rows]
        total = counts.sum(axis=1, keepdims=True)
        freq = 1 + counts * ((1 << self.precision) - VOCABULARY) // total
        cdf = np.zeros((len(counts), VOCABULARY + 1), np.uint32)
        cdf[:, 1:] = freq.cumsum(axis=1)
        cdf[:, -1] = 1 << self.precision
        return cdf


def build(parameters: Mapping[str, int], device: str = "cpu") -> ToyModel:
    """Rebuild from a header's integers; refuses absurd ones, as every model must."""
    from foretell.errors import UnsupportedError

    if not (1 <= parameters["lanes"] <= 1024 and 1 <= parameters["chunk"] <= 1024 and parameters["rate"] <= 1024):
        raise UnsupportedError(f"toy model with parameters {dict(parameters)}")
    return ToyModel(**parameters)


def for_level(level: int, size: int | None, *, memory: int | None = None) -> ToyModel:
    """Stand in for `foretell.models.for_level`: the lanes tell which size was passed."""
    return ToyModel(lanes=16 if size is None or size > 4096 else 4)


@contextmanager
def installed() -> Iterator[None]:
    """Make the toy model known, and the model of every level."""
    original = models.for_level
    if NAME not in models.PARAMETER_NAMES:
        models.register(NAME, PARAMETER_NAMES, build)
    models.for_level = for_level  # type: ignore[assignment]
    try:
        yield
    finally:
        models.for_level = original


if __name__ == "__main__":
    from foretell.cli import main

    with installed():
        sys.exit(main())
