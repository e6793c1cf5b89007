"""`Landing`: rows that come from a GPU in pieces, so that the first are worked on while the others still come."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

_PIECE = 1 << 20  # numbers: 4 MB, which take longer than what a copy of its own costs


class Landing:
    """Memory that a GPU copies into by itself (pinned), kept from one step to the next."""

    def __init__(self) -> None:
        self._memory: Tensor | None = None

    def pieces(self, rows: Tensor) -> Iterator[tuple[slice, Tensor]]:
        """Yield all rows in order, some at a time, on the CPU: their place and themselves.

        Parameters
        ----------
        rows : tensor [n, width]
            On any device. Those of the CPU are yielded as they are.

        Notes
        -----
        A piece is valid until rows are next asked for.
        """
        if rows.device.type == "cpu":
            yield slice(0, len(rows)), rows
            return
        size = max(1, _PIECE // rows.shape[1])
        memory = self._room(rows)
        coming = []
        for first in range(0, len(rows), size):
            place = slice(first, first + size)
            memory[place].copy_(rows[place], non_blocking=True)
            arrived = torch.cuda.Event()  # type: ignore[no-untyped-call]  # torch states no types
            arrived.record(torch.cuda.current_stream(rows.device))
            coming.append((place, arrived))
        for place, arrived in coming:
            arrived.synchronize()
            yield place, memory[place]

    def _room(self, rows: Tensor) -> Tensor:
        if self._memory is None or self._memory.numel() < rows.numel() or self._memory.dtype != rows.dtype:
            self._memory = torch.empty(rows.numel(), dtype=rows.dtype, pin_memory=True)
        return self._memory[: rows.numel()].view(rows.shape)
