"""The quantisers of `foretell.cdf` in torch, for tensors on CUDA, with the integers of the C++ core.

Only integer operations (and, for logits in floating point, single float64 ones) take part, and sums are sums of
integers, so no device, blocking or library changes a bit. The formulas stand in ``cpp/include/foretell/cdf.hpp``.

Errors in the input must be raised, so each call waits for the device, once for every block of rows. A block bounds the
memory that the int64 intermediates take, about 80 bytes an entry.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import torch
from torch import Tensor

from foretell import _core

_WEIGHT_BITS = 24
_PRODUCT_BITS = 55  # P + k of the normaliser
_BLOCK = 1 << 24  # entries
_MOST_DISTANCE = 31 << _core.FRACTION_BITS
_SIGNED = {2: torch.int16, 4: torch.int32, 8: torch.int64}
_DTYPES = {2: torch.uint16, 4: torch.uint32, 8: torch.uint64}
_INFINITY = {torch.float32: 0xFF << 23, torch.float64: 0x7FF << 52}
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_COUNTS = (torch.uint32, torch.uint64, torch.int64)


@lru_cache(maxsize=8)
def _exp2_table(device: torch.device) -> Tensor:
    return torch.from_numpy(_core.EXP2_TABLE.astype("int64")).to(device)


def _check_dtype(tensor: Tensor, argument: str, dtypes: tuple[torch.dtype, ...]) -> None:
    if tensor.dtype not in dtypes:
        names = ", ".join(str(dtype).removeprefix("torch.") for dtype in dtypes)
        raise TypeError(f"{argument}: expected dtype {names}, got {str(tensor.dtype).removeprefix('torch.')}")


def _check_vocabulary(tensor: Tensor, argument: str, precision: int) -> None:
    if not 1 <= precision <= 32:
        raise ValueError(f"precision: must be in 1..32, got {precision}")
    if tensor.ndim == 0:
        raise ValueError(f"{argument}: expected an axis of symbols, got 0 dimensions")
    if not 1 <= tensor.shape[-1] <= min(1 << precision, 1 << 31):
        raise ValueError(
            f"vocabulary: {tensor.shape[-1]} symbols cannot share 2^{precision} slots; it must be in 1..2^precision, "
            "and at most 2^31"
        )


def _widened(tensor: Tensor) -> Tensor:
    """Return float16 and bfloat16 as float32, which is exact; bfloat16 by a shift."""
    if tensor.dtype == torch.bfloat16:
        return (tensor.view(torch.int16).to(torch.int32) << 16).view(torch.float32)
    return tensor.to(torch.float32) if tensor.dtype == torch.float16 else tensor


def _bits(tensor: Tensor) -> Tensor:
    """Return the bits of floats as signed integers of their width; -0 as 0."""
    bits = tensor.view(_SIGNED[tensor.element_size()])
    return torch.where(bits == torch.iinfo(bits.dtype).min, 0, bits)


def _refuse(
    begin: int, bad: Tensor, empty: Tensor, tensor: Tensor, name: str, names: str, rule: str, nothing: str
) -> None:
    """Raise for the first row, counted from `begin`, that has a bad entry, or nothing that a symbol could come from."""
    rows = bad.any(1) | empty
    if not bool(rows.any()):
        return
    row = int(rows.nonzero()[0, 0])
    if bool(bad[row].any()):
        entry = int(bad[row].nonzero()[0, 0])
        raise ValueError(f"row {begin + row}: {name} {entry} is {tensor[row, entry].item()}; {names} {rule}")
    raise ValueError(f"row {begin + row}: all {names} are {nothing}")


def _probability_weights(p: Tensor, begin: int) -> Tensor:
    """Return int64 weights [n, V]."""
    p = _widened(p)
    mantissa_bits = 23 if p.dtype == torch.float32 else 52
    bits = _bits(p)
    largest = bits.amax(1, keepdim=True)
    bad = (bits < 0) | (bits >= _INFINITY[p.dtype])
    _refuse(
        begin, bad, largest[:, 0] == 0, p, "probability", "probabilities", "must be finite and not negative",
        "0; at least one must be positive",
    )  # fmt: skip
    bits, largest = bits.to(torch.int64), largest.to(torch.int64)
    implicit = 1 << mantissa_bits
    exponent = bits >> mantissa_bits
    mantissa = (bits & (implicit - 1)) + torch.where(exponent > 0, implicit, 0)
    down = (largest >> mantissa_bits).clamp(min=1) - exponent.clamp(min=1)
    # Where the largest is denormal: what brings its first bit to the implicit one's place.
    up = torch.where(largest < implicit, mantissa_bits + 1 - _bit_length(largest), 0)
    return mantissa << up >> (down + (mantissa_bits + 1 - _WEIGHT_BITS)).clamp(max=63)


def _bit_length(values: Tensor) -> Tensor:
    """Return the bit lengths of int64 numbers, none negative: comparisons with powers of two, without a logarithm."""
    length = torch.zeros_like(values)
    for step in (32, 16, 8, 4, 2, 1):
        high = values >> step
        length = torch.where(high > 0, length + step, length)
        values = torch.where(high > 0, high, values)
    return length + values


def _logit_weights(logits: Tensor, base: int, begin: int) -> Tensor:
    """Return int64 weights [n, V]; `base` is 2, or 0 for e."""
    if logits.dtype == torch.int32:
        wide = logits.to(torch.int64)
        distance = wide.amax(1, keepdim=True) - wide
    else:
        # A flush-to-zero setting that clears denormals changes nothing: they are far below the 1/2.
        z = _widened(logits)
        bits = z.view(_SIGNED[z.element_size()])
        infinity = _INFINITY[z.dtype]
        magnitude = bits & torch.iinfo(bits.dtype).max
        bad = (magnitude > infinity) | (bits == infinity)
        masked = (magnitude == infinity) & (bits < 0)
        _refuse(
            begin, bad, masked.all(1) & ~bad.any(1), z, "logit", "logits",
            "must be finite, or -infinity for what is masked", "-infinity; at least one must be finite",
        )  # fmt: skip
        z = z.to(torch.float64)
        scaled = (z.amax(1, keepdim=True) - z) * (1024.0 if base == 2 else _core.UNIT_OF_NATS)
        distance = (scaled + 0.5).clamp(max=float(_MOST_DISTANCE)).to(torch.int64)
    distance = distance.clamp(max=_MOST_DISTANCE)
    return _exp2_table(logits.device)[distance & 1023] >> (distance >> _core.FRACTION_BITS)


def _count_weights(counts: Tensor, begin: int) -> Tensor:
    """Return int64 weights [n, V]."""
    if counts.dtype == torch.uint32:
        wide = counts.view(torch.int32).to(torch.int64) & 0xFFFFFFFF
    else:
        wide = counts.view(torch.int64)
    if counts.dtype == torch.uint64:
        # A row that needs bit 63 does without bit 0: its weights are 40 bits shorter anyway.
        high = (wide < 0).any(1, keepdim=True)
        wide = torch.where(high, wide >> 1 & (2**63 - 1), wide)
        bad = torch.zeros_like(wide, dtype=torch.bool)
    else:
        bad = wide < 0
    largest = wide.amax(1, keepdim=True)
    _refuse(
        begin,
        bad,
        largest[:, 0] == 0,
        wide,
        "count",
        "counts",
        "must not be negative",
        "0; at least one must be positive",
    )
    excess = _bit_length(largest) - _WEIGHT_BITS
    return wide >> excess.clamp(min=0) << (-excess).clamp(min=0)


def _frequencies(weights: Tensor, precision: int) -> Tensor:
    """Return int64 frequencies [n, V]: the normaliser of cdf.hpp."""
    vocabulary = weights.shape[1]
    places = torch.arange(vocabulary, device=weights.device)
    # The first largest weight, not argmax: torch leaves open which of several equal ones that is.
    first = torch.where(weights == weights.amax(1, keepdim=True), places, vocabulary).amin(1, keepdim=True)
    shift = _PRODUCT_BITS - precision
    factor = (((1 << precision) - vocabulary) << shift) // weights.sum(1, keepdim=True)
    freq = (weights * factor >> shift) + 1
    left = (1 << precision) - freq.sum(1, keepdim=True)
    return freq + torch.where(places == first, left, 0)


def _rows(tensor: Tensor) -> Tensor:
    return tensor.reshape(-1, tensor.shape[-1])


def _check(tensor: Tensor, argument: str, precision: int) -> None:
    _check_dtype(tensor, argument, {"p": _FLOATS, "logits": (*_FLOATS, torch.int32), "counts": _COUNTS}[argument])
    _check_vocabulary(tensor, argument, precision)


def _blocks(tensor: Tensor, argument: str, precision: int, base: int) -> Iterator[tuple[slice, Tensor]]:
    """Yield some rows' places and their frequencies, int64 [n, V]; `argument` says what the tensor holds."""
    rows = _rows(tensor.detach())
    step = max(1, _BLOCK // rows.shape[1])
    for begin in range(0, len(rows), step):
        piece = slice(begin, begin + step)
        if argument == "p":
            weights = _probability_weights(rows[piece], begin)
        elif argument == "logits":
            weights = _logit_weights(rows[piece], base, begin)
        else:
            weights = _count_weights(rows[piece], begin)
        yield piece, _frequencies(weights, precision)


def _width(precision: int) -> int:
    return 8 if precision == 32 else 4


def quantise(tensor: Tensor, argument: str, precision: int, out: Tensor | None = None, base: int = 0) -> Tensor:
    """Return the CDFs of the rows of a tensor, on its device.

    Parameters
    ----------
    tensor : tensor [..., V]
        Probabilities, logits or counts, with the dtypes of `foretell.cdf`.
    argument : {"p", "logits", "counts"}
        Which of them.
    precision : int
        Bits of the CDF, 1..32, at least ``log2(V)``.
    out : uint16, uint32 or uint64 tensor [..., V + 1], optional
        Where to write.
    base : int
        Of float logits: 2, or 0 for e.

    Returns
    -------
    uint32 tensor [..., V + 1] (uint64 at precision 32)
        `out`, or a new tensor.
    """
    _check(tensor, argument, precision)
    shape = (*tensor.shape[:-1], tensor.shape[-1] + 1)
    if out is None:
        out = torch.empty(shape, dtype=_DTYPES[_width(precision)], device=tensor.device)
    else:
        _check_out(out, shape, tensor.device, precision)
    # Written as signed integers of the same width, whose bits are the same: torch does more with them on all devices.
    flat = out.view(_SIGNED[out.element_size()]).view(-1, shape[-1])
    flat[:, :1] = 0
    for piece, frequencies in _blocks(tensor, argument, precision, base):
        flat[piece, 1:] = frequencies.cumsum(1).to(flat.dtype)
    return out


def _check_out(out: Tensor, shape: tuple[int, ...], device: torch.device, precision: int) -> None:
    if not isinstance(out, Tensor) or out.device != device:
        raise TypeError(f"out: expected a tensor on {device}, like the input")
    dtypes = [dtype for width, dtype in _DTYPES.items() if precision <= {2: 16, 4: 31, 8: 32}[width]]
    _check_dtype(out, "out", tuple(dtypes))
    if tuple(out.shape) != shape or not out.is_contiguous():
        raise ValueError(f"out: expected a contiguous tensor of shape {shape}, got {tuple(out.shape)}")


def intervals(tensor: Tensor, argument: str, symbols: Tensor, precision: int, base: int = 0) -> tuple[Tensor, Tensor]:
    """Return start and frequency of one symbol in each row, on the device of the rows.

    Parameters
    ----------
    tensor, argument, precision, base
        As for `quantise`.
    symbols : integer tensor [...]
        On the same device, in 0..V - 1.

    Returns
    -------
    start, freq : uint32 tensors [...] (uint64 at precision 32)
    """
    _check(tensor, argument, precision)
    if not isinstance(symbols, Tensor) or symbols.device != tensor.device:
        raise TypeError(f"symbols: expected a tensor on {tensor.device}, like the rows")
    if symbols.is_floating_point() or symbols.dtype == torch.bool:
        raise TypeError(f"symbols: expected integers, got {str(symbols.dtype).removeprefix('torch.')}")
    if symbols.shape != tensor.shape[:-1]:
        raise ValueError(f"symbols: expected shape {tuple(tensor.shape[:-1])}, got {tuple(symbols.shape)}")
    flat = symbols.to(torch.int64).reshape(-1, 1)
    outside = (flat < 0) | (flat >= tensor.shape[-1])
    if bool(outside.any()):
        at = int(outside[:, 0].nonzero()[0, 0])
        raise ValueError(
            f"symbols[{at}]: {int(flat[at, 0])} is outside the {tensor.shape[-1]} symbols of the vocabulary"
        )
    start, freq = torch.empty_like(flat), torch.empty_like(flat)
    for piece, frequencies in _blocks(tensor, argument, precision, base):
        freq[piece] = frequencies.gather(1, flat[piece])
        start[piece] = frequencies.cumsum(1).gather(1, flat[piece]) - freq[piece]
    width = _width(precision)
    start, freq = ((x.reshape(symbols.shape).to(_SIGNED[width]).view(_DTYPES[width])) for x in (start, freq))
    return start, freq
