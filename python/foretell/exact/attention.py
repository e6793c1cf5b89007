"""Causal attention over keys and values on grids: a softmax of integers, and sums that have no order."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretell import _core
from foretell.exact import native, series
from foretell.exact.grid import power_of_two
from foretell.exact.rows import quantise_rows

BITS = 16
_WEIGHT_BITS = 22
_SCORE_BITS = 10  # 2^10 steps of a score are a factor of two in weight
_UNIT = 1 << _SCORE_BITS
_FAR = (_WEIGHT_BITS + 2) * _UNIT  # at this distance below the largest, and beyond, a weight is 0
_LOG2_E = 1.4426950408889634
_MOST_SCORE = 2.0**40
_MASKED = -(2.0**42)
_MOST_SCORES = 1 << 22  # computed at a time: 32 MB in float64
_MOST_QUERIES = 128  # of a head's at a time: fewer see fewer keys that are hidden from them


@lru_cache(maxsize=1)
def _weights() -> NDArray[np.int32]:
    """Return ``2^22 * 2^(-d / 1024)``, rounded, for d = 0.._FAR, the last one 0."""
    ratio = series.exp(-series.log(2) >> _SCORE_BITS)
    table, power = [], series.ONE
    for _ in range(_FAR):
        table.append(series.rounded(power, _WEIGHT_BITS))
        power = power * ratio >> series.BITS
    return np.array([*table, 0], dtype=np.int32)


@lru_cache(maxsize=8)
def _weights_on(device: str) -> Tensor:
    return torch.from_numpy(_weights()).to(device, torch.float64)


class KeyValueCache:
    """Keys and values of the positions so far, at 16 bits, each vector on a grid of its own.

    A vector is quantised when it comes, from itself alone, so what comes later changes nothing. On a GPU attention is
    torch's, in float64; on the CPU the same is done in integers (cpp/include/foretell/wide_attention.hpp), by as many
    threads as torch is set to use.

    Parameters
    ----------
    lanes, positions, heads, head_width : int
        `positions` is the most that it will hold, at most `MAX_POSITIONS`; `heads` those of keys and values.
    device : str

    Attributes
    ----------
    lanes : int
    MAX_POSITIONS : int
        2^22 (a weight) times 2^15 (a value) times this is 2^53, the largest sum.
    length : int
        Positions held; may be lowered to forget the latest.
    """

    MAX_POSITIONS = 1 << 16

    def __init__(self, lanes: int, positions: int, heads: int, head_width: int, device: str = "cpu") -> None:
        if not 1 <= positions <= self.MAX_POSITIONS:
            raise ValueError(f"a cache of {positions} positions: attention is exact over 1..{self.MAX_POSITIONS}")
        shape = (lanes, heads, positions)
        self.lanes = lanes
        self.length = 0
        self._score_scale = _UNIT * (_LOG2_E / math.sqrt(head_width))
        self._keys = torch.empty((*shape, head_width), dtype=torch.int16, device=device)
        self._values = torch.empty((*shape, head_width), dtype=torch.int16, device=device)
        self._key_steps = torch.empty(shape, dtype=torch.float32, device=device)
        self._value_steps = torch.empty(shape, dtype=torch.float32, device=device)
        if native.takes(self._keys):  # the same memory, as the native library takes it
            held = (self._keys, self._values, self._key_steps, self._value_steps)
            self._native = tuple(tensor.numpy() for tensor in held)

    def attend(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Take the keys and values of the next positions, and attend from each of these to all up to itself.

        Parameters
        ----------
        queries : float32 tensor [lanes, t, query_heads, head_width], no NaN or infinity
            `query_heads` is a multiple of the cache's heads; each of these serves that many neighbours.
        keys, values : float32 tensor [lanes, t, heads, head_width], no NaN or infinity

        Returns
        -------
        float32 tensor [lanes, t, query_heads, head_width]
        """
        first, end = self.length, self.length + queries.shape[1]
        if end > self._keys.shape[2]:
            raise ValueError(f"a cache of {self._keys.shape[2]} positions cannot take {end}")
        self.length = end
        together = torch.cat((queries, keys, values), 2)
        if native.takes(together):
            return self._attend_natively(together, first)
        return self._attend_by_torch(together, torch.arange(first, end, device=together.device), end)

    def attend_at(self, queries: Tensor, keys: Tensor, values: Tensor, place: Tensor, visible: int) -> Tensor:
        """Attend from one position, which a tensor names, with the bits of `attend`; always by torch.

        This is what a CUDA graph can hold: it reads and changes tensors alone, of sizes that stay. `length` is neither
        looked at nor changed.

        Parameters
        ----------
        queries, keys, values
            As for `attend`, with t = 1.
        place : int64 tensor [1]
            The position, on the cache's device: 0..visible - 1, which is not checked.
        visible : int
            So many positions are worked on. What those after `place` hold changes nothing.

        Returns
        -------
        float32 tensor [lanes, 1, query_heads, head_width]
        """
        return self._attend_by_torch(torch.cat((queries, keys, values), 2), place, visible)

    def _attend_natively(self, together: Tensor, first: int) -> Tensor:
        query_heads = together.shape[2] - 2 * self._keys.shape[1]
        mixed = _core.wide_attend(
            together.numpy(),
            query_heads,
            *self._native,
            first=first,
            scale=self._score_scale,
            weights=_weights(),
            threads=torch.get_num_threads(),
        )
        return torch.from_numpy(mixed).view(*together.shape[:2], query_heads, -1)

    def _attend_by_torch(self, together: Tensor, places: Tensor, visible: int) -> Tensor:
        """Attend from the positions `places`, the last of those that come, to the first `visible` ones."""
        heads = self._keys.shape[1]
        lanes, t, query_heads, head_width = together[:, :, : -2 * heads].shape
        group = query_heads // heads
        # All at once: rows are rounded each for itself, and a call costs more than the work on a few of them.
        integers, steps = quantise_rows(together, BITS)
        by_head, by_head_step = integers.transpose(1, 2), steps.squeeze(-1).transpose(1, 2)
        self._keys.index_copy_(2, places, by_head[:, query_heads:-heads].to(torch.int16))
        self._values.index_copy_(2, places, by_head[:, -heads:].to(torch.int16))
        self._key_steps.index_copy_(2, places, by_head_step[:, query_heads:-heads])
        self._value_steps.index_copy_(2, places, by_head_step[:, -heads:])
        # [lanes, heads, group, t, head_width], and a step for each: neighbours that share a head are its queries.
        wide = by_head[:, :query_heads].to(torch.float64).reshape(lanes, heads, group, t, head_width)
        wide_step = by_head_step[:, :query_heads].to(torch.float64).reshape(lanes, heads, group, t, 1)
        step = min(max(1, _MOST_SCORES // (lanes * query_heads * visible)), _MOST_QUERIES)
        parts = []
        for begin in range(0, t, step):
            end = min(begin + step, t)
            seen = visible - (t - end)  # later ones are hidden from all of these
            part = self._attend(wide[:, :, :, begin:end], wide_step[:, :, :, begin:end], places[begin:end], seen)
            parts.append(part.permute(0, 3, 1, 2, 4).reshape(lanes, -1, query_heads, head_width))
        return torch.cat(parts, 1) if len(parts) > 1 else parts[0]

    def _attend(self, queries: Tensor, steps: Tensor, places: Tensor, visible: int) -> Tensor:
        """Attend from positions `places`; queries and result [lanes, heads, group, count, head_width]."""
        lanes, heads, group, count, head_width = queries.shape
        keys = self._keys[:, :, :visible].to(torch.float64)
        values = self._values[:, :, :visible].to(torch.float64)
        rows = (lanes, heads, group * count)
        scores = torch.matmul(queries.reshape(*rows, head_width), keys.transpose(2, 3))
        # Exact so far. A constant times powers of two: one rounding, then one to a step of the score.
        scale = steps.reshape(*rows, 1) * self._score_scale
        scores.mul_(scale).mul_(self._key_steps[:, :, None, :visible])
        scores.round_().clamp_(-_MOST_SCORE, _MOST_SCORE)
        # After the clamp, so that whatever stands in places not filled yet, or no more, is gone.
        hidden = torch.arange(visible, device=queries.device) > places[:, None]
        scores.view(lanes, heads, group, count, visible).masked_fill_(hidden, _MASKED)
        top = scores.amax(-1, keepdim=True)
        total = _weigh(scores, top).sum(-1, keepdim=True)
        # What a key adds to the result is 2^(score / 1024 + its value's exponent) times an integer: those weights are
        # rounded against the largest of themselves, so that a key of weight but no value costs the others no bits.
        exponents = (self._value_steps[:, :, None, :visible].view(torch.int32) >> 23) - 127
        scores.add_(exponents * _UNIT)
        summit = scores.amax(-1, keepdim=True)
        mixed = torch.matmul(_weigh(scores, summit), values).div_(total)
        whole = (summit - top).mul_(1 / _UNIT).ceil_()
        part = (whole * _UNIT).sub_(summit - top)
        factor = _weights_on(str(part.device)).index_select(0, part.to(torch.int64).view(-1)).view(part.shape)
        factor.mul_(2.0**-_WEIGHT_BITS).mul_(power_of_two(whole.to(torch.int32)).to(torch.float64))
        return mixed.mul_(factor).to(torch.float32).view(lanes, heads, group, count, head_width)


def _weigh(scores: Tensor, top: Tensor) -> Tensor:
    """Return the weights of scores, float64 integers in 0..2^22, as far as they lie below `top`."""
    distance = (top - scores).clamp_(max=float(_FAR)).to(torch.int32)
    return _weights_on(str(scores.device)).index_select(0, distance.view(-1)).view(scores.shape)
