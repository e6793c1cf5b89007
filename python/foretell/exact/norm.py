"""RMSNorm and LayerNorm: sums of integers, and single divisions and square roots."""

from __future__ import annotations

import torch
from torch import Tensor

from foretell import _core
from foretell.exact import native
from foretell.exact.root import sqrt
from foretell.exact.rows import quantise_rows

_BITS = 20
#: Squares of 2^19, summed over this many, stay within 2^53.
MAX_WIDTH = 1 << 15
MIN_EPSILON = 2.0**-40


def check_norm(width: int, epsilon: float) -> None:
    """Raise ValueError if a norm of this width, with this epsilon, would not be exact.

    Parameters
    ----------
    width : int
        1..`MAX_WIDTH`.
    epsilon : float
        `MIN_EPSILON`..1.
    """
    if not 1 <= width <= MAX_WIDTH:
        raise ValueError(f"a norm over {width} numbers: exact over 1..{MAX_WIDTH}")
    if not MIN_EPSILON <= epsilon <= 1:
        raise ValueError(f"a norm's epsilon is {epsilon}: expected {MIN_EPSILON:g}..1")


def rms_norm(x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    """Return ``x / sqrt(mean(x^2) + epsilon) * weight`` for each row.

    Parameters
    ----------
    x : float32 tensor [..., width], no NaN or infinity
        The mean is that of its 20-bit integers.
    weight : float32 tensor [width]
    epsilon : float
        See `check_norm`.

    Returns
    -------
    float32 tensor [..., width]
    """
    if native.takes(x):
        normed = _core.rms_norm(native.rows(x), weight.detach().numpy(), epsilon)
        return torch.from_numpy(normed).view(x.shape)
    return _rms_norm_by_torch(x, weight, epsilon)


def _rms_norm_by_torch(x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    integers, steps = quantise_rows(x, _BITS)
    wide, step = integers.to(torch.float64), steps.to(torch.float64)
    # Products with the width's reciprocal, made once in Python: torch makes one of a division by a number on some
    # devices and not on others. Squares of steps are powers of two, so that these products are exact.
    mean = (wide * wide).sum(-1, keepdim=True).mul_(1 / x.shape[-1]).mul_(step * step)
    return (x / _root(mean, epsilon)).mul_(weight)


def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float) -> Tensor:
    """Return ``(x - mean) / sqrt(variance + epsilon) * weight + bias`` for each row.

    Parameters
    ----------
    x : float32 tensor [..., width], no NaN or infinity
        Mean and variance are those of its 20-bit integers.
    weight, bias : float32 tensor [width]
    epsilon : float
        See `check_norm`.

    Returns
    -------
    float32 tensor [..., width]
    """
    if native.takes(x):
        normed = _core.layer_norm(native.rows(x), weight.detach().numpy(), bias.detach().numpy(), epsilon)
        return torch.from_numpy(normed).view(x.shape)
    return _layer_norm_by_torch(x, weight, bias, epsilon)


def _layer_norm_by_torch(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float) -> Tensor:
    integers, steps = quantise_rows(x, _BITS)
    wide, step = integers.to(torch.float64), steps.to(torch.float64)
    total = wide.sum(-1, keepdim=True)
    mean = total * (1 / x.shape[-1])
    variance = (wide * wide).sum(-1, keepdim=True).sub_(total * mean).mul_(1 / x.shape[-1])
    variance = variance.clamp_(min=0.0).mul_(step * step)  # rounding may leave less than nothing of equal numbers
    centred = x - mean.mul_(step).to(torch.float32)
    return centred.div_(_root(variance, epsilon)).mul_(weight).add_(bias)


def _root(mean_square: Tensor, epsilon: float) -> Tensor:
    return sqrt(mean_square.add_(epsilon).to(torch.float32))
