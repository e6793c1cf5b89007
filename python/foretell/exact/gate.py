"""SiLU and GELU (the tanh form): both are ``x * sigmoid(z)``, with the sigmoid from a table of integers."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretell import _core
from foretell.exact import native, series

_TABLE_BITS = 24
_STEP_BITS = 8  # table steps of 2^-8: linear interpolation is then wrong by less than 2^-22
_RANGE = 20  # beyond, the sigmoid is within 2^-28 of 0 or 1
# 2 sqrt(2 / pi), and that times 0.044715: 0.5 (1 + tanh(y)) is sigmoid(2 y).
_LINEAR = 1.5957691216057308
_CUBIC = 0.07135481627159844


@lru_cache(maxsize=8)
def _sigmoid_table(device: str) -> Tensor:
    """Return the sigmoid at ``k * 2^-8 - 20`` in units of 2^-24, float32 [10242] of integers."""
    steps = _RANGE << _STEP_BITS
    ratio = series.exp(-series.fixed(1) >> _STEP_BITS)
    upper, power = [], series.ONE
    for _ in range(steps + 2):  # one more than the range, for interpolation from its last point
        upper.append(series.rounded((series.ONE << series.BITS) // (series.ONE + power), _TABLE_BITS))
        power = power * ratio >> series.BITS
    lower = [(1 << _TABLE_BITS) - value for value in upper[steps:0:-1]]
    return torch.tensor(lower + upper, dtype=torch.int32, device=device).to(torch.float32)


def sigmoid(x: Tensor) -> Tensor:
    """Return ``1 / (1 + e^-x)``, within 2^-21.

    Parameters
    ----------
    x : float32 tensor, any shape, no NaN

    Returns
    -------
    float32 tensor of the same shape
    """
    table = _sigmoid_table(str(x.device))
    place = x.clamp(-_RANGE, _RANGE).add_(_RANGE).mul_(1 << _STEP_BITS)
    cell = place.floor()
    index = cell.to(torch.int32).reshape(-1)
    low = table.index_select(0, index).view(x.shape)
    rise = table.index_select(0, index + 1).view(x.shape).sub_(low)
    return rise.mul_(place.sub_(cell)).add_(low).mul_(2.0**-_TABLE_BITS)


def silu(x: Tensor) -> Tensor:
    """Return ``x * sigmoid(x)``.

    Parameters
    ----------
    x : float32 tensor, any shape, no NaN or infinity

    Returns
    -------
    float32 tensor of the same shape
    """
    if native.takes(x):
        return _natively(_core.silu, x)
    return _silu_by_torch(x)


def _silu_by_torch(x: Tensor) -> Tensor:
    return sigmoid(x).mul_(x)


def gelu(x: Tensor) -> Tensor:
    """Return ``0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))``, the approximate GELU that GPT-2 uses.

    Parameters
    ----------
    x : float32 tensor, any shape, no NaN or infinity

    Returns
    -------
    float32 tensor of the same shape
    """
    if native.takes(x):
        return _natively(_core.gelu, x)
    return _gelu_by_torch(x)


def _gelu_by_torch(x: Tensor) -> Tensor:
    near = x.clamp(-_RANGE, _RANGE)
    return sigmoid((near * near).mul_(_CUBIC).add_(_LINEAR).mul_(near)).mul_(x)


def _natively(gate: Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]], x: Tensor) -> Tensor:
    return torch.from_numpy(gate(native.rows(x.reshape(-1, 1)), _sigmoid_table("cpu").numpy())).view(x.shape)
