"""An embedding table for online learning: 16-bit rows, gradients summed as integers, Adagrad by row."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from foretell.exact.grid import power_of_two
from foretell.exact.root import sqrt


class Embedding:
    """A table of rows of 16-bit integers on the grid ``2^-12``, read as 8-bit operands on the grid ``2^-6``.

    All rows start at zero, and memory that is never touched is never paid for on the CPU.

    Parameters
    ----------
    rows, width : int
    rate : float
        Adagrad's step size.
    device : str
    epsilon : float
        Added to the root of a row's accumulated gradient.

    Attributes
    ----------
    READ_EXPONENT : int
        The grid of what `read` returns.

    Notes
    -----
    Adagrad keeps one accumulator a row, the sum over updates of the squared mean absolute gradient: 4 bytes instead
    of 128 for 32 numbers, an exact (integer) sum, and on text slightly smaller files than one for each number.
    """

    READ_EXPONENT = -6
    _EXPONENT = -12
    _HALF = 1 << 5  # half a read step, in table steps

    def __init__(self, rows: int, width: int, rate: float, device: str = "cpu", epsilon: float = 2.0**-13) -> None:
        self.rate = rate
        self._epsilon = epsilon
        # numpy.zeros hands out pages that the system fills on first touch; torch.zeros would touch them all at once.
        self._table = torch.from_numpy(np.zeros((rows, width), np.int16)).to(device)
        self._squares = torch.from_numpy(np.zeros(rows, np.float32)).to(device)

    def read(self, rows: Tensor) -> Tensor:
        """Return rows as operands.

        Parameters
        ----------
        rows : int64 tensor [n]

        Returns
        -------
        float32 tensor [n, width] of integers in +-127, on the grid ``2^READ_EXPONENT``
        """
        steps = self._table.index_select(0, rows).add_(self._HALF)
        return (steps >> (self.READ_EXPONENT - self._EXPONENT)).clamp_(-127, 127).to(torch.float32)

    def learn(self, rows: Tensor, inverse: Tensor, gradient: Tensor, exponent: Tensor) -> None:
        """Take one Adagrad step on some rows.

        Parameters
        ----------
        rows : int64 tensor [r]
            The distinct rows that were read.
        inverse : int64 tensor [n]
            Which of them each gradient belongs to.
        gradient : float32 tensor [n, width] of integers
            Magnitudes below 2^24.
        exponent : int32 tensor, shape ()
            The gradients' grid.
        """
        width = gradient.shape[1]
        # Sums of integers in float64 stay below 2^53: exact, so rows may be added in any order.
        total = torch.zeros((rows.shape[0], width), dtype=torch.float64, device=gradient.device)
        total.index_add_(0, inverse, gradient.to(torch.float64))
        unit = power_of_two(exponent)
        mean = total.abs().sum(1).to(torch.float32).mul_(unit).mul_(1.0 / width)
        squares = self._squares.index_select(0, rows)
        squares += mean * mean
        self._squares.index_copy_(0, rows, squares)
        # A tensor over a tensor: torch turns a number over a tensor into a reciprocal and a product.
        step = (unit * (self.rate * 2.0**-self._EXPONENT)).div(sqrt(squares).add_(self._epsilon))
        change = total.to(torch.float32).mul_(step.unsqueeze(1)).round_()
        table = (
            self._table.index_select(0, rows)
            .to(torch.float32)
            .sub_(change)
            .clamp_(-32767 + self._HALF, 32767 - self._HALF)
        )
        _copy_rows(self._table, rows, table.to(torch.int16))


def _copy_rows(table: Tensor, rows: Tensor, values: Tensor) -> None:
    # As float64 words where the width allows: torch moves those four times faster than int16, and only moves them.
    if table.shape[1] % 4 == 0:
        table, values = table.view(torch.float64), values.view(torch.float64)
    table.index_copy_(0, rows, values)
