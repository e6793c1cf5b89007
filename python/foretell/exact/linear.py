"""A linear layer: float32 master weights, 8-bit operands in every product, forward and backward."""

from __future__ import annotations

import torch
from torch import Tensor

from foretell.exact.grid import exponent_for, power_of_two, quantise
from foretell.exact.matmul import matmul
from foretell.exact.noise import uniform

LIMIT = 127  # of an 8-bit operand; gradients from `logit_gradient` reach 128 on either side


class Linear:
    """``y = x W + b`` on grids.

    Parameters
    ----------
    inputs, outputs : int
    input_exponent : int
        The grid of ``x``: integers in +-127 times ``2^input_exponent``.
    output_exponent : int
        ``y`` is returned in units of ``2^output_exponent`` (not rounded).
    spread : float
        Weights start uniform in +-spread.
    seed : int
        Of the initial weights, 0..2^32-1.
    device : str

    Attributes
    ----------
    weight : float32 tensor [inputs, outputs]
    bias : float32 tensor [outputs]
        The masters: an optimiser changes them, `freeze` makes the change take effect.
    exponent : int32 tensor, shape ()
        The grid of the frozen weights, one for the whole tensor, so that they serve forward and backward.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        input_exponent: int,
        output_exponent: int,
        spread: float,
        seed: int,
        device: str = "cpu",
    ) -> None:
        self.weight = uniform((inputs, outputs), spread, seed, device)
        self.bias = torch.zeros(outputs, dtype=torch.float32, device=device)
        self._input_exponent = input_exponent
        self._output_exponent = output_exponent
        self.freeze()

    def freeze(self) -> None:
        """Quantise the master weights to 8 bits; `forward` and `backward` use these until the next call."""
        self.exponent = exponent_for(self.weight)
        self._frozen = quantise(self.weight, self.exponent)
        self._scale = power_of_two(self.exponent + (self._input_exponent - self._output_exponent))
        self._offset = self.bias * 2.0**-self._output_exponent

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x W + b``.

        Parameters
        ----------
        x : float32 tensor [n, inputs] of integers in +-127

        Returns
        -------
        float32 tensor [n, outputs], in units of ``2^output_exponent``
        """
        return matmul(x, self._frozen, LIMIT, LIMIT).mul_(self._scale).add_(self._offset)

    def backward(self, gradient: Tensor) -> Tensor:
        """Return the gradient with respect to ``x``.

        Parameters
        ----------
        gradient : float32 tensor [n, outputs] of integers in +-128, on a grid ``2^g``

        Returns
        -------
        float32 tensor [n, inputs] of integers, on the grid ``2^(g + exponent)``
        """
        return matmul(gradient, self._frozen.t(), LIMIT + 1, LIMIT)

    def gradients(self, x: Tensor, gradient: Tensor) -> tuple[Tensor, Tensor]:
        """Return the gradients with respect to weight and bias.

        Parameters
        ----------
        x : float32 tensor [n, inputs]
            What `forward` was given.
        gradient : float32 tensor [n, outputs] of integers in +-128, on a grid ``2^g``

        Returns
        -------
        weight_gradient : float32 tensor [inputs, outputs], in units of ``2^(g + input_exponent)``
        bias_gradient : float32 tensor [outputs], in units of ``2^g``
        """
        return matmul(x.t(), gradient, LIMIT, LIMIT + 1), gradient.sum(0)
