"""Matrix products of integers held in floats: exact, so no blocking, thread count or device can change a bit."""

from __future__ import annotations

import torch
from torch import Tensor

#: bf16 and TF32, which a user may have allowed for float32 products, both hold every integer up to this exactly.
NARROW = 256


def matmul(a: Tensor, b: Tensor, bound_a: int, bound_b: int) -> Tensor:
    """Return ``a @ b`` for matrices of integers.

    Operands up to 256 are multiplied in float32, wider ones in float64. The common dimension is cut so that no partial
    sum of a product can pass 2^24 (2^53); the parts' results are added one after the other, in order.

    Parameters
    ----------
    a : float32 tensor [n, k] of integers in ``+-bound_a``
    b : float32 tensor [k, m] of integers in ``+-bound_b``
    bound_a, bound_b : int
        The bounds; the caller vouches for them.

    Returns
    -------
    float32 tensor [n, m]
        Exact while the sums stay below 2^24; beyond, rounded once for each part (or once in all, if wide).
    """
    wide = max(bound_a, bound_b) > NARROW
    part = (2**53 if wide else 2**24) // (bound_a * bound_b)
    if part == 0:
        raise ValueError(f"matmul: products of integers up to {bound_a} and {bound_b} do not fit 53 bits")
    if wide:
        a, b = a.to(torch.float64), b.to(torch.float64)
    if torch.is_autocast_enabled(a.device.type):  # it would round the result to 16 bits
        with torch.autocast(a.device.type, enabled=False):
            return _in_parts(a, b, part)
    return _in_parts(a, b, part)


def _in_parts(a: Tensor, b: Tensor, part: int) -> Tensor:
    product = torch.mm(a[:, :part], b[:part]).to(torch.float32)
    for start in range(part, a.shape[1], part):
        product += torch.mm(a[:, start : start + part], b[start : start + part]).to(torch.float32)
    return product
