"""A linear layer for weights that were trained elsewhere: 16-bit operands, products exact in float64."""

from __future__ import annotations

import torch
from torch import Tensor

from foretell.exact.rows import quantise_rows

BITS = 16
#: A sum of this many products of two 16-bit integers stays below 2^53.
MAX_INPUTS = 1 << 23
#: Larger weights are refused, so that nothing computed from them can overflow.
MAX_WEIGHT = 2.0**15
_BLOCK = 1 << 18  # weights widened at a time: 2 MB, which stay in the cache until the product has read them


class WideLinear:
    """``y = x W^T + b`` with weights and activations rounded to 16 bits by row, each row on a power-of-two grid.

    Parameters
    ----------
    weight : float32 tensor [outputs, inputs]
        Finite, at most `MAX_WEIGHT`; ``inputs <= MAX_INPUTS``.
    bias : float32 tensor [outputs], optional
        Finite, at most `MAX_WEIGHT`.
    device : str

    Attributes
    ----------
    inputs, outputs : int

    Notes
    -----
    ``|x w| < 2^30`` for each product and there are at most 2^23, so every partial sum is an integer below 2^53: exact
    in float64, in any order. An output depends on its row of ``x`` and its row of the weights alone: layers with the
    same input may be stacked into one.

    On the CPU weights are kept as int16 and widened by blocks on their way into the product: a quarter of the memory
    of float64 weights, at the same speed or better, for one row of ``x`` or many. On a GPU they are kept in float64.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None = None, device: str = "cpu") -> None:
        self.outputs, self.inputs = weight.shape
        if self.inputs > MAX_INPUTS:
            raise ValueError(f"a linear layer of {self.inputs} inputs: sums of more than {MAX_INPUTS} are not exact")
        integers, steps = quantise_rows(settled(weight), BITS)
        narrow = torch.device(device).type == "cpu"
        self._integers = integers.to(torch.int16 if narrow else torch.float64).to(device)
        self._steps = steps.to(device)
        self._scale = steps.view(-1).to(torch.float64).to(device)
        self._bias = None if bias is None else settled(bias).to(device)

    def product(self, x: Tensor) -> Tensor:
        """Return ``x W^T``, exact but for the rounding of the operands.

        Parameters
        ----------
        x : float32 tensor [n, inputs]

        Returns
        -------
        float64 tensor [n, outputs]
        """
        integers, steps = quantise_rows(x, BITS)
        wide = integers.to(torch.float64)
        if self._integers.dtype == torch.float64:
            sums = torch.mm(wide, self._integers.t())
        else:
            sums = self._sums_by_block(wide)
        return sums.mul_(self._scale).mul_(steps)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x W^T + b``.

        Parameters
        ----------
        x : float32 tensor [n, inputs]

        Returns
        -------
        float32 tensor [n, outputs]
            The exact product rounded once, plus the bias, rounded once.
        """
        y = self.product(x).to(torch.float32)
        return y if self._bias is None else y.add_(self._bias)

    def rows(self, places: Tensor) -> Tensor:
        """Return rows of the weights as the layer knows them: the embeddings, where they are tied to the output.

        Parameters
        ----------
        places : int64 tensor [n], each in 0..outputs - 1

        Returns
        -------
        float32 tensor [n, inputs]
        """
        steps = self._steps.index_select(0, places)
        return self._integers.index_select(0, places).to(torch.float32).mul_(steps)

    def _sums_by_block(self, x: Tensor) -> Tensor:
        step = max(1, _BLOCK // self.inputs)
        sums = torch.empty((len(x), self.outputs), dtype=torch.float64, device=x.device)
        block = torch.empty((min(step, self.outputs), self.inputs), dtype=torch.float64, device=x.device)
        for first in range(0, self.outputs, step):
            part = self._integers[first : first + step]
            widened = block[: len(part)].copy_(part)
            torch.mm(x, widened.t(), out=sums[:, first : first + step])
        return sums


def settled(x: Tensor) -> Tensor:
    """Return weights from outside as the contract wants them: finite, not too large, without denormals.

    Parameters
    ----------
    x : float32 tensor, any shape

    Returns
    -------
    float32 tensor of the same shape
        Numbers below 2^-60 are zero.

    Raises
    ------
    TypeError
        Another dtype.
    ValueError
        A NaN, or a magnitude above `MAX_WEIGHT`.
    """
    if x.dtype != torch.float32:
        raise TypeError(f"weights: expected float32, got {str(x.dtype).removeprefix('torch.')}")
    size = x.abs()
    if not bool((size <= MAX_WEIGHT).all()):
        raise ValueError(f"weights: a number is not finite or above {MAX_WEIGHT:g}")
    return torch.where(size < 2.0**-60, 0.0, x)
