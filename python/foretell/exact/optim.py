"""Adam and Adagrad in single IEEE operations: no fused kernel, no ``alpha=``, no ``pow``."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from foretell.exact.root import sqrt

#: Averages that only decay are kept above this, or become zero, well before they are denormals (which another library
#: in the process may flush to zero).
TINY = 2.0**-100


class Adam:
    """Adam (Kingma & Ba 2015, algorithm 1) for one tensor, updated in place.

    Parameters
    ----------
    parameter : float32 tensor
    rate : float
        Step size.
    beta1 : float
        Decay of the mean gradient; 0 keeps no mean (RMSprop with bias correction), which is best for online coding.
    beta2 : float
        Decay of the mean squared gradient.
    epsilon : float
    """

    def __init__(
        self, parameter: Tensor, rate: float, beta1: float = 0.0, beta2: float = 0.999, epsilon: float = 2.0**-27
    ) -> None:
        self.rate = rate
        self._parameter = parameter
        self._beta1 = beta1
        self._beta2 = beta2
        self._epsilon = epsilon
        self._mean = torch.zeros_like(parameter) if beta1 else None
        self._square = torch.zeros_like(parameter)
        self._power1 = 1.0  # beta1 ** steps and beta2 ** steps, multiplied step by step
        self._power2 = 1.0

    def step(self, gradient: Tensor) -> None:
        """Take one step down ``gradient`` (float32, shape of the parameter; overwritten)."""
        self._power1 *= self._beta1
        self._power2 *= self._beta2
        self._square.mul_(self._beta2)
        self._square += (gradient * gradient).mul_(1.0 - self._beta2)
        self._square.clamp_min_(TINY)
        size = sqrt(self._square).mul_(1.0 / math.sqrt(1.0 - self._power2)).add_(self._epsilon)
        if self._mean is not None:
            self._mean.mul_(self._beta1)
            self._mean += gradient.mul_(1.0 - self._beta1)
            self._mean.mul_((self._mean.abs() >= TINY).to(torch.float32))
            gradient = self._mean.clone()
        self._parameter -= gradient.div_(size).mul_(self.rate / (1.0 - self._power1))


class Adagrad:
    """Adagrad (Duchi, Hazan & Singer 2011, diagonal) for one tensor, updated in place.

    Parameters
    ----------
    parameter : float32 tensor
    rate : float
        Step size.
    epsilon : float
    """

    def __init__(self, parameter: Tensor, rate: float, epsilon: float = 2.0**-10) -> None:
        self.rate = rate
        self._parameter = parameter
        self._epsilon = epsilon
        self._sum = torch.zeros_like(parameter)

    def step(self, gradient: Tensor) -> None:
        """Take one step down ``gradient`` (float32, shape of the parameter; overwritten)."""
        self._sum += gradient * gradient
        self._parameter -= gradient.div_(sqrt(self._sum).add_(self._epsilon)).mul_(self.rate)
