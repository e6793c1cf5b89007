"""RMSNorm and LayerNorm: sums of integers, and single divisions and square roots."""

from __future__ import annotations

import torch
from torch import Tensor

from foretell.exact.root import sqrt
from foretell.exact.rows import quantise_rows

#: Squares of 2^24 summed over this many stay below 2^63.
MAX_WIDTH = 1 << 14
MIN_EPSILON = 2.0**-40
_RMS_BITS = 24
_LAYER_BITS = 21
_MEAN_STEPS = 8  # the mean is rounded to this part of a step, which leaves centred integers within 2^24
_DROPPED = 10  # bits of the sum of squares, so that what is left fits float64 exactly


def check_norm(width: int, epsilon: float) -> None:
    """Raise ValueError if a norm of this width, with this epsilon, would not be exact.

    Parameters
    ----------
    width : int
    epsilon : float
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
        Read with 24 bits below the row's largest.
    weight : float32 tensor [width]
    epsilon : float
        See `check_norm`.

    Returns
    -------
    float32 tensor [..., width]
    """
    integers, steps = quantise_rows(x, _RMS_BITS)
    return _over_root(integers, steps, epsilon).mul_(weight)


def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, epsilon: float) -> Tensor:
    """Return ``(x - mean) / sqrt(variance + epsilon) * weight + bias`` for each row.

    Parameters
    ----------
    x : float32 tensor [..., width], no NaN or infinity
        Read with 21 bits below the row's largest.
    weight, bias : float32 tensor [width]
    epsilon : float
        See `check_norm`.

    Returns
    -------
    float32 tensor [..., width]
    """
    integers, steps = quantise_rows(x, _LAYER_BITS)
    total = integers.to(torch.int64).sum(-1, keepdim=True).to(torch.float64)
    mean = total.mul_(_MEAN_STEPS / x.shape[-1]).round_().to(torch.float32)
    centred = integers.mul_(_MEAN_STEPS).sub_(mean)
    return _over_root(centred, steps.mul_(1 / _MEAN_STEPS), epsilon).mul_(weight).add_(bias)


def _over_root(integers: Tensor, steps: Tensor, epsilon: float) -> Tensor:
    """Divide integers in +-2^24, in units of `steps`, by the root of their mean square plus epsilon."""
    wide = integers.to(torch.int64)
    total = (wide * wide).sum(-1, keepdim=True) >> _DROPPED
    # A product with the reciprocal, made once in Python: torch makes one of a division by a number on some devices.
    mean = total.to(torch.float64).mul_(2**_DROPPED / integers.shape[-1])
    steps = steps.to(torch.float64)
    mean += torch.full_like(steps, epsilon).div_(steps).div_(steps)
    # A non-zero integer over a root below 2^70: far from denormals, in whatever units x was.
    return integers.div_(sqrt(mean.to(torch.float32)))
