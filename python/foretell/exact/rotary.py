"""Rotary position embeddings (Su et al. 2021) with tables made from Python integers."""

from __future__ import annotations

import torch
from torch import Tensor

from foretell.exact import series

_TABLE_BITS = 24


class Rotary:
    """Turns pairs of coordinates by angles ``position * base^(-2i / head_width)``.

    The pairs are ``(x[i], x[i + head_width / 2])``, the halves of a head, as Hugging Face checkpoints have them.

    Parameters
    ----------
    head_width : int
        Even.
    base : float
        1..2^40.
    device : str

    Notes
    -----
    Cosines and sines are multiples of 2^-24. Those of position p come from those of p - 1 by one turn in 192-bit fixed
    point, so that the table of a longer text begins with that of a shorter one, and is made as far as it is used.
    """

    def __init__(self, head_width: int, base: float, device: str = "cpu") -> None:
        if head_width < 2 or head_width % 2:
            raise ValueError(f"rotary embeddings need an even head width, not {head_width}")
        if not 1 <= base <= 2.0**40:
            raise ValueError(f"the base of rotary embeddings is {base}: expected 1..2^40")
        self._device = device
        half = head_width // 2
        log_base = series.log(base)
        self._turns = [series.cos_sin(series.exp(-log_base * i // half)) for i in range(half)]
        self._last = [(series.ONE, 0)] * half  # of the position after the table's end
        self._cosines = torch.empty((0, half), dtype=torch.float32, device=device)
        self._sines = torch.empty((0, half), dtype=torch.float32, device=device)

    def rotate(self, x: Tensor, first: int) -> Tensor:
        """Turn heads by their positions.

        Parameters
        ----------
        x : float32 tensor [lanes, positions, heads, head_width]
        first : int
            The position of the first.

        Returns
        -------
        float32 tensor of the same shape
        """
        last = first + x.shape[1]
        self.reach(last)
        return _turned(x, self._cosines[first:last], self._sines[first:last])

    def rotate_at(self, x: Tensor, places: Tensor) -> Tensor:
        """Turn every head by positions in a tensor, as a CUDA graph needs it.

        Parameters
        ----------
        x : float32 tensor [lanes, positions, heads, head_width]
        places : int64 tensor [positions]
            On the same device; below what `reach` was called with, which is not checked.

        Returns
        -------
        float32 tensor of the same shape
        """
        return _turned(x, self._cosines.index_select(0, places), self._sines.index_select(0, places))

    def reach(self, positions: int) -> None:
        """Make the tables of so many positions, if they are not there."""
        while len(self._cosines) < positions:
            self._extend(max(64, len(self._cosines)))

    def _extend(self, positions: int) -> None:
        cosines, sines = [], []
        for _ in range(positions):
            cosines.append([series.rounded(cosine, _TABLE_BITS) for cosine, _ in self._last])
            sines.append([series.rounded(sine, _TABLE_BITS) for _, sine in self._last])
            self._last = [
                ((c * turn_c - s * turn_s) >> series.BITS, (s * turn_c + c * turn_s) >> series.BITS)
                for (c, s), (turn_c, turn_s) in zip(self._last, self._turns, strict=True)
            ]
        self._cosines = torch.cat((self._cosines, self._table(cosines)))
        self._sines = torch.cat((self._sines, self._table(sines)))

    def _table(self, rows: list[list[int]]) -> Tensor:
        steps = torch.tensor(rows, dtype=torch.int32, device=self._device)
        return steps.to(torch.float32).mul_(2.0**-_TABLE_BITS)


def _turned(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    """Turn x by its positions' tables [positions, head_width / 2]."""
    cosine, sine = cosines.unsqueeze(1), sines.unsqueeze(1)
    left, right = x.chunk(2, -1)
    return torch.cat((left * cosine - right * sine, right * cosine + left * sine), -1)
