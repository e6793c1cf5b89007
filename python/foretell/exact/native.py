"""Where the native library computes what torch would: on the CPU, with the same bits, and several times quicker.

Every function that asks `takes` has a body in torch beside it, which is what runs on a GPU and what the native one is
held against.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor


def takes(x: Tensor) -> bool:
    """Return whether the native library computes what starts from this tensor."""
    return x.device.type == "cpu"


def rows(x: Tensor) -> NDArray[Any]:
    """Return a tensor as rows [n, width] for the native library, without a copy if they lie one after the other."""
    return np.ascontiguousarray(x.detach().numpy().reshape(-1, x.shape[-1]))
