"""What several adapters need to bring data into their coder's form."""

from __future__ import annotations

import numpy as np
from contestants import Table, UnsupportedError
from numpy.typing import NDArray


def indices(table: Table, count: int) -> NDArray[np.int32]:
    """Return which row codes which symbol, for coders that share rows by index."""
    return np.arange(count, dtype=np.int32) % np.int32(len(table.cdf))


def only_16_bits(precision: int) -> None:
    if precision != 16:
        raise UnsupportedError("16 bits only")


def with_escape(cdf: NDArray[np.uint32]) -> NDArray[np.int32]:
    """Return int32 CDFs with one symbol more, as CompressAI's coder keeps its last one for what is out of range.

    Its slot comes from each row's most probable symbol.
    """
    made = np.empty((len(cdf), cdf.shape[1] + 1), np.int32)
    for begin in range(0, len(cdf), 1 << 14):
        part = cdf[begin : begin + (1 << 14)].view(np.int32)
        largest = np.diff(part).argmax(axis=1)
        made[begin : begin + len(part), :-1] = part - (np.arange(part.shape[1]) > largest[:, None])
    made[:, -1] = cdf[:, -1]
    return made
