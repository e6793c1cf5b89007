"""Rows on grids of their own: each row of a tensor as integers times one power of two."""

from __future__ import annotations

import torch
from torch import Tensor

from foretell.exact.grid import power_of_two

#: Exponents of rows stay within this. The finest grid is then so coarse that denormals, which another library in the
#: process may flush to zero, are zero on it, and no product of two rows comes near overflow or denormals.
MAX_ROW_EXPONENT = 40


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
    exponents : int32 tensor [..., 1]
        Within ``+-MAX_ROW_EXPONENT``: a row is about ``integers * 2^exponent``.
    """
    limit = float(2 ** (bits - 1) - 1)
    largest = x.abs().amax(-1, keepdim=True)
    floor_log2 = (largest.view(torch.int32) >> 23) - 127
    exponents = (floor_log2 + (2 - bits)).clamp_(-MAX_ROW_EXPONENT, MAX_ROW_EXPONENT)
    return (x * power_of_two(-exponents)).round_().clamp_(-limit, limit), exponents
