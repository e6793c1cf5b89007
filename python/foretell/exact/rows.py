"""Rows on grids of their own: each row of a tensor as integers times one power of two."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

#: Steps of grids stay within ``2^-40..2^40``. What another library in the process may flush to zero, a denormal, is
#: then zero on every grid, and no product of two rows comes near overflow or denormals.
MAX_ROW_EXPONENT = 40
_EXPONENT_MASK = 0xFF << 23


@lru_cache(maxsize=64)
def _constants(bits: int, device: torch.device) -> tuple[Tensor, Tensor]:
    # As tensors: what torch does with a Python number takes as long as the operation itself on a short row.
    mask = torch.tensor(_EXPONENT_MASK, dtype=torch.int32, device=device)
    return mask, torch.tensor(2.0 ** (2 - bits), dtype=torch.float32, device=device)


def quantise_rows(x: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    """Round each row to the finest grid whose ``bits``-bit integers span it; ties go to even.

    What a row becomes depends on that row alone, so a batch may be split anywhere.

    Parameters
    ----------
    x : float32 tensor [..., width], no NaN or infinity
    bits : int
        Width of the signed integers, 2..25.

    Returns
    -------
    integers : float32 tensor [..., width]
        In ``+-(2^(bits-1) - 1)``; the few values that would round to ``2^(bits-1)`` saturate.
    steps : float32 tensor [..., 1]
        Powers of two, ``2^-MAX_ROW_EXPONENT`` to ``2^MAX_ROW_EXPONENT``: a row is about ``integers * step``.
    """
    limit = float(2 ** (bits - 1) - 1)
    largest = x.abs().amax(-1, keepdim=True)
    # The largest number with its mantissa cleared is a power of two; products and quotients with one are exact.
    mask, unit = _constants(bits, x.device)
    steps = largest.view(torch.int32).bitwise_and_(mask).view(torch.float32)
    steps = steps.mul_(unit).clamp_(2.0**-MAX_ROW_EXPONENT, 2.0**MAX_ROW_EXPONENT)
    return (x / steps).round_().clamp_(-limit, limit), steps
