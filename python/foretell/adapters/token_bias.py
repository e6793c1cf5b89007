"""`TokenBias`: the part of a pretrained network's weights that learns while it codes, a bias for each token.

Dynamic evaluation (Krause et al. 2018) of the output layer alone. The loss -log p of a token has the gradient
``p - onehot`` in the biases: all of it is in the CDF that the coder has used, as integers. So whatever computes the
network, the biases are exact, and learning costs an addition for each token of the vocabulary.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from foretell import cdf

RATE = 222
"""What a bias learns from an error of one, in units of a fixed-point logit: 0.15 nats. Measured on texts of 60 KB:
half of it and twice as much save nearly as much."""

MOST_RATE = 4095
_TOKENS = 32  # between updates
_MOST = 1 << 20  # of a bias, in units of a logit: a factor of 2^1024
_NATS = math.log(2) / (1 << cdf.FRACTION_BITS)


class TokenBias:
    """A bias for each token of a vocabulary.

    Parameters
    ----------
    vocabulary, known : int
        Number of tokens, and of those that the network has: the first ones. The others' biases stay 0.
    rate : int
        See `RATE`; 1..MOST_RATE.
    precision : int
        Of the CDFs.
    device : str
        Of torch.
    """

    def __init__(self, vocabulary: int, known: int, rate: int, precision: int, device: str) -> None:
        self._known = known
        self._rate = rate
        self._precision = precision
        # In units of 2^-precision of a logit's: all sums are integers below 2^63.
        self._sums = torch.zeros(vocabulary, dtype=torch.int64, device=device)
        self._errors = torch.zeros(vocabulary, dtype=torch.int64, device=device)  # not yet learned from
        self._bias = self._in_units()
        self._lanes = 1

    def begin(self, lanes: int) -> None:
        """Start a block of so many lanes; what was learned stays."""
        self._lanes = lanes
        self._errors.zero_()

    @property
    def steps(self) -> int:
        """Steps of all lanes between updates."""
        return max(1, _TOKENS // self._lanes)

    def add_to(self, logits: Tensor) -> Tensor:
        """Return logits [n, V], int32 in fixed point or float32 in base e, with the biases added."""
        if logits.is_floating_point():
            return logits + self._bias.to(torch.float32) * _NATS
        return logits + self._bias

    def see(self, rows: Tensor, tokens: Tensor) -> None:
        """Note the errors of tokens, int64 [n], that came where their CDFs, uint32 [n, V + 1], were expected."""
        slots = rows.view(torch.int32).sum(0).diff()  # int32 up to precision 30; torch sums it in int64
        self._errors.sub_(slots)
        came = torch.full_like(tokens, 1 << self._precision)
        self._errors.index_add_(0, tokens, came)

    def learn(self) -> None:
        """Update the biases."""
        learned = self._errors[: self._known] * (self._rate * _TOKENS)
        learned //= max(_TOKENS, self._lanes)  # the mean over _TOKENS, if there are more lanes than that
        most = _MOST << self._precision
        self._sums[: self._known].add_(learned).clamp_(-most, most)
        self._bias = self._in_units()
        self._errors.zero_()

    def copy(self) -> Tensor:
        """Return all that was learned."""
        return self._sums.clone()

    def restore(self, learned: Tensor) -> None:
        """Go back to what `copy` returned."""
        self._sums = learned
        self._bias = self._in_units()

    def _in_units(self) -> Tensor:
        return (self._sums >> self._precision).to(torch.int32)
