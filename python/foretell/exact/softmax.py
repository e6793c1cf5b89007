"""Base-2 softmax to an integer CDF, and its gradient.

`cdf_from_logits` is the torch twin, for any device, of ``foretell.cdf.from_logits`` (C++): the same integers, which the
tests prove. The formulas stand in ``cpp/include/foretell/cdf.hpp``.
"""

from __future__ import annotations

from functools import lru_cache
from math import isqrt

import torch
from torch import Tensor

#: Fixed-point logits: 2^FRACTION_BITS is a factor of two in probability.
FRACTION_BITS = 10
_WEIGHT_BITS = 24


@lru_cache(maxsize=8)
def _exp2_table(device: str) -> Tensor:
    """Return ``floor(2^24 * 2^(-f/1024))`` for f = 0..1023 as int64, by integer square roots alone."""
    guard = 80  # bits; far more than the 24 kept, so that every floor is the true one
    roots = [1 << (guard - 1)]  # 2^(-2^-k) for k = 0..10
    for _ in range(FRACTION_BITS):
        roots.append(isqrt(roots[-1] << guard))
    table = []
    for f in range(1 << FRACTION_BITS):
        value = 1 << guard
        for k in range(1, FRACTION_BITS + 1):
            if f >> (FRACTION_BITS - k) & 1:
                value = value * roots[k] >> guard
        table.append(value >> (guard - _WEIGHT_BITS))
    return torch.tensor(table, dtype=torch.int64, device=device)


def cdf_from_logits(logits: Tensor, precision: int) -> Tensor:
    """Turn fixed-point base-2 logits into quantised CDFs.

    Parameters
    ----------
    logits : int32 tensor [n, V]
        In units of ``2^-FRACTION_BITS``.
    precision : int
        Bits of the CDF, at most 30 (the result is int32); ``V <= 2^precision``.

    Returns
    -------
    int32 tensor [n, V + 1]
        0 first, strictly increasing, ``2^precision`` last.
    """
    n, vocabulary = logits.shape
    if not 1 <= precision <= 30 or vocabulary > 1 << precision:
        raise ValueError(f"precision {precision} does not fit {vocabulary} symbols in int32 (1..30, V <= 2^precision)")
    wide = logits.to(torch.int64)
    # The first largest logit, not argmax: torch leaves open which of several equal ones that is.
    largest = wide.amax(1, keepdim=True)
    places = torch.arange(vocabulary, device=logits.device)
    first = torch.where(wide == largest, places, vocabulary).amin(1, keepdim=True)
    distance = largest - wide
    shift = (distance >> FRACTION_BITS).clamp_(max=_WEIGHT_BITS + 1)
    weight = _exp2_table(str(logits.device))[distance & ((1 << FRACTION_BITS) - 1)] >> shift
    scale_bits = 55 - precision
    numerator = ((1 << precision) - vocabulary) << scale_bits
    multiplier = numerator // weight.sum(1, keepdim=True)
    freq = (weight * multiplier >> scale_bits) + 1
    freq.scatter_add_(1, first, (1 << precision) - freq.sum(1, keepdim=True))
    cdf = torch.zeros((n, vocabulary + 1), dtype=torch.int32, device=logits.device)
    cdf[:, 1:] = freq.cumsum(1)
    return cdf


def logit_gradient(cdf: Tensor, symbols: Tensor, precision: int, noise: Tensor) -> Tensor:
    """Return ``p - onehot``, the gradient of the code length over ln 2, dithered to 8 bits.

    Parameters
    ----------
    cdf : int32 tensor [n, V + 1]
    symbols : int64 tensor [n]
        What came.
    precision : int
        Of the CDF, at most 24.
    noise : float32 tensor [n, V]
        See `NoiseBank`.

    Returns
    -------
    float32 tensor [n, V] of integers in +-128, on the grid ``2^-7``
    """
    gradient = (cdf[:, 1:] - cdf[:, :-1]).to(torch.float32)
    gradient.scatter_add_(1, symbols.unsqueeze(1), gradient.new_full((len(symbols), 1), -float(1 << precision)))
    return gradient.mul_(2.0 ** (7 - precision)).add_(noise).floor_()
