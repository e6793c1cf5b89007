"""The square root, rounded once."""

from __future__ import annotations

import torch
from torch import Tensor


def sqrt(x: Tensor) -> Tensor:
    """Return the square root as IEEE 754 rounds it, in float32.

    On the CPU, ``torch.sqrt`` of float32 may come from a vector library whose last bit is wrong: with MKL it is for one
    number in six, the same at every SIMD level, but not where torch is built without MKL, and not on a GPU. The root
    of the same number in float64, narrowed, is right even if its own last bits are not: a float32's root stays at least
    2^-50 of itself away from the middle between two float32 numbers.

    Parameters
    ----------
    x : float32 tensor, any shape
        Not negative.

    Returns
    -------
    float32 tensor of the same shape
    """
    return x.to(torch.float64).sqrt_().to(torch.float32)
