"""A linear layer for weights that were trained elsewhere: 16-bit operands, exact products."""

from __future__ import annotations

import torch
from torch import Tensor

from foretell import _core
from foretell.exact import native
from foretell.exact.rows import quantise_rows

BITS = 16
#: A sum of this many products of two 16-bit integers stays below 2^53.
MAX_INPUTS = 1 << 23
#: Larger weights are refused, so that nothing computed from them can overflow.
MAX_WEIGHT = 2.0**15


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

    On a GPU weights and products are float64. On the CPU weights are int16 and the same sums are taken in integers
    (cpp/include/foretell/wide_product.hpp), by as many threads as torch is set to use.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None = None, device: str = "cpu") -> None:
        self.outputs, self.inputs = weight.shape
        if self.inputs > MAX_INPUTS:
            raise ValueError(f"a linear layer of {self.inputs} inputs: sums of more than {MAX_INPUTS} are not exact")
        integers, steps = quantise_rows(settled(weight), BITS)
        on_cpu = torch.device(device).type == "cpu"
        self._integers = integers.to(torch.int16 if on_cpu else torch.float64).to(device)
        self._steps = steps.to(device)
        self._scale = steps.view(-1).to(torch.float64).to(device)
        self._bias = None if bias is None else settled(bias).to(device)
        if on_cpu:  # the same memory, as the native library takes it
            self._native = self._integers.numpy(), self._scale.numpy()
            self._native_bias = None if self._bias is None else self._bias.numpy()

    def product(self, x: Tensor) -> Tensor:
        """Return ``x W^T``, exact but for the rounding of the operands.

        Parameters
        ----------
        x : float32 tensor [n, inputs]
            No NaN or infinity.

        Returns
        -------
        float64 tensor [n, outputs]
        """
        if not native.takes(x):
            return self._product_by_torch(x)
        return torch.from_numpy(_core.wide_product(native.rows(x), *self._native, threads=torch.get_num_threads()))

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x W^T + b``.

        Parameters
        ----------
        x : float32 tensor [n, inputs]
            No NaN or infinity.

        Returns
        -------
        float32 tensor [n, outputs]
            The exact product rounded once, plus the bias, rounded once.
        """
        if not native.takes(x):
            y = self._product_by_torch(x).to(torch.float32)
            return y if self._bias is None else y.add_(self._bias)
        threads = torch.get_num_threads()
        return torch.from_numpy(_core.wide_forward(native.rows(x), *self._native, self._native_bias, threads=threads))

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

    def _product_by_torch(self, x: Tensor) -> Tensor:
        integers, steps = quantise_rows(x, BITS)
        sums = torch.mm(integers.to(torch.float64), self._integers.to(torch.float64).t())
        return sums.mul_(self._scale).mul_(steps)


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
