"""CDFs: the integers that a coder takes in place of probabilities, and how to make them.

A CDF of ``V`` symbols at precision ``P`` is ``V + 1`` integers: ``cdf[0] = 0``, strictly rising, ``cdf[V] = 2**P``.
Symbol ``s`` owns the slots ``cdf[s]`` to ``cdf[s + 1] - 1`` and costs ``P - log2(cdf[s + 1] - cdf[s])`` bits. Every
symbol has a slot, so nothing is ever impossible, and ``V <= 2**P``. The dtype is uint32, or uint64 at precision 32,
where ``2**P`` does not fit uint32; coders also take uint16 up to precision 16, where a last value of ``2**16`` is
stored as 0.

All quantisers make integer weights ``w`` in 0..2**24 from their input, the largest at least 2**23, and share one
normaliser::

    S = sum(w)     k = 55 - P     m = ((2**P - V) << k) // S
    freq[i] = 1 + (w[i] * m >> k);   what is left to 2**P goes to the first of the largest weights

These formulas are part of the numerics class ``exact/1``: they never change, and nothing but integers, and single
float64 operations rounded once each, takes part, so every machine and device computes the same CDFs from the same
input; and rows of equal numbers give equal CDFs, whatever their dtype.

Rows are the last axis, ``[..., V]``, of NumPy arrays, of torch tensors, or of other objects with the buffer or DLPack
protocol in the memory of the CPU. None of these is copied: the last axis must be contiguous, and rows at one distance
from each other, so a slice of rows, or of the columns of a larger array, will do. Torch tensors on another device are
quantised there, by the same integers (a call waits for the device once, to raise errors). Tensors give tensors on
their device, all else NumPy arrays, unless `out` says where the result goes: an array or tensor, C-contiguous, which
is returned. bfloat16, which NumPy lacks, comes in torch tensors. Errors count rows in C order.

>>> import numpy as np
>>> from_probabilities(np.array([[0.5, 0.25, 0.25, 0.0]], dtype=np.float32), precision=8)
array([[  0, 127, 191, 255, 256]], dtype=uint32)

Encoders that know their symbols need two integers of each CDF; these come without the rest:

>>> start, freq = intervals_from_probabilities(np.array([[0.5, 0.25, 0.25, 0.0]]), np.array([1]), precision=8)
>>> start, freq
(array([127], dtype=uint32), array([64], dtype=uint32))
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from foretell import _core
from foretell.distributions import gaussian, logistic, mixture

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "EXP2_TABLE",
    "FRACTION_BITS",
    "check",
    "from_counts",
    "from_logits",
    "from_probabilities",
    "gaussian",
    "intervals_from_logits",
    "intervals_from_probabilities",
    "logistic",
    "mixture",
]

FRACTION_BITS: int = _core.FRACTION_BITS
"""Fraction bits of a fixed-point logit: 1024 is one bit, a factor of two in probability."""

EXP2_TABLE: NDArray[np.uint32] = _core.EXP2_TABLE
"""``floor(2**24 * 2**(-f / 1024))`` for f = 0..1023, exact; uint32 [1024], read-only."""

_Out = TypeVar("_Out", bound="NDArray[Any] | Tensor")
_Floats: TypeAlias = NDArray[np.floating[Any]]
_Logits: TypeAlias = NDArray[np.floating[Any] | np.int32]
_Counts: TypeAlias = NDArray[np.unsignedinteger[Any] | np.int64]
_Symbols: TypeAlias = NDArray[np.integer[Any]]
_Base: TypeAlias = Literal[2, "e"]


def _are_arrays(value: object, out: object) -> bool:
    """Return whether the core takes both as they are: the short way of models that make one row a call."""
    return type(value) is np.ndarray and (out is None or type(out) is np.ndarray)


def _is_tensor(value: object) -> bool:
    """Return whether it is a torch tensor; torch is never imported for this: who has a tensor has done so."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _as_array(value: Any, argument: str) -> tuple[Any, bool]:
    """Return what the core takes, without a copy, and whether its uint16 are the bits of bfloat16."""
    if isinstance(value, np.ndarray):
        return value, False
    if _is_tensor(value):
        torch = sys.modules["torch"]
        value = value.detach()
        if value.dtype == torch.bfloat16:
            return value.view(torch.int16).numpy().view(np.uint16), True
        return value.numpy(), False
    if hasattr(value, "__dlpack__"):
        if value.__dlpack_device__()[0] not in (1, 3):  # kDLCPU, kDLCUDAHost
            raise TypeError(f"{argument}: lies on a device; only torch tensors are quantised there (torch.from_dlpack)")
        return np.from_dlpack(value), False
    return value, False


def _on_device(value: Any) -> bool:
    return _is_tensor(value) and value.device.type != "cpu"


def _quantise(argument: str, value: Any, precision: int, out: Any, base: int = 0) -> Any:
    if _on_device(value):
        from foretell import cdf_torch

        return cdf_torch.quantise(value, argument, precision, out, base)
    rows, bfloat16 = _as_array(value, argument)
    target = out.numpy() if _is_tensor(out) and not _on_device(out) else out
    if argument == "p":
        made = _core.cdf_from_probabilities(rows, precision, target, bfloat16)
    elif argument == "logits":
        made = _core.cdf_from_logits(rows, precision, target, base, bfloat16)
    else:
        made = _core.cdf_from_counts(rows, precision, target)
    if out is not None:
        return out
    return sys.modules["torch"].from_numpy(made) if _is_tensor(value) else made


def _intervals(argument: str, value: Any, symbols: Any, precision: int, base: int = 0) -> Any:
    if _on_device(value):
        from foretell import cdf_torch

        return cdf_torch.intervals(value, argument, symbols, precision, base)
    rows, bfloat16 = _as_array(value, argument)
    chosen, _ = _as_array(symbols, "symbols")
    if argument == "p":
        made = _core.intervals_from_probabilities(rows, chosen, precision, bfloat16)
    else:
        made = _core.intervals_from_logits(rows, chosen, precision, base, bfloat16)
    return tuple(map(sys.modules["torch"].from_numpy, made)) if _is_tensor(value) else made


def _base_of(logits: Any, base: _Base | None) -> int:
    if base not in (None, 2, "e"):
        raise ValueError(f"base: expected 2 or 'e', got {base!r}")
    if base == "e" and str(getattr(logits, "dtype", "")).endswith("int32"):
        raise ValueError("base: logits in fixed point (int32) are in base 2")
    return 2 if base == 2 else 0


@overload
def from_logits(logits: _Logits, precision: int, out: None = None, *, base: _Base | None = None) -> NDArray[Any]: ...
@overload
def from_logits(logits: Tensor, precision: int, out: None = None, *, base: _Base | None = None) -> Tensor: ...
@overload
def from_logits(logits: _Logits | Tensor, precision: int, out: _Out, *, base: _Base | None = None) -> _Out: ...
def from_logits(logits: Any, precision: int, out: Any = None, *, base: _Base | None = None) -> Any:
    """Quantise logits: base-2 ones in fixed point, or floats in base e or 2.

    With ``d = max(row) - z[i]`` in fixed point, the weight of a symbol is ``EXP2_TABLE[d % 1024] >> (d // 1024)``,
    which is 0 from 25 bits below the largest on (such a symbol keeps one slot). Floats give
    ``d = floor((max(row) - z[i]) * U + 1/2)`` by single float64 operations, with ``U = 1024`` in base 2, and the
    float64 nearest to ``1024 / log(2)`` in base e. Rounding d costs less than 1e-6 bits a symbol.

    Parameters
    ----------
    logits : int32, float16, float32 or float64 [..., V], or bfloat16 tensor
        Integers in base 2, with `FRACTION_BITS` fraction bits (any int32 is allowed), or floats in base e or 2.
        -infinity is allowed, and makes the weight 0.
    precision : int
        Bits of the CDF, 1..32, at least ``log2(V)``.
    out : uint32 [..., V + 1] (uint64 at any precision; uint16 up to 16), C-contiguous, optional
        Where to write: an array, or a tensor on the input's device; may not overlap the input. Its contents are
        unspecified after an error.
    base : {"e", 2}, optional
        What a float logit is an exponent of; e, as softmax has it, unless told.

    Returns
    -------
    uint32 [..., V + 1] (uint64 at precision 32)
        One CDF a row: `out`, or a new array or tensor.

    Raises
    ------
    TypeError
        An argument is neither array nor tensor, or has another dtype.
    ValueError
        A row (the message names it) holds a NaN or +infinity, or only -infinity; an argument has another shape or
        memory order; the precision is not in 1..32; or V is not in 1..2**precision.

    Examples
    --------
    >>> from_logits(np.log([[0.5, 0.25, 0.25]]), precision=8)
    array([[  0, 128, 192, 256]], dtype=uint32)
    """
    if base is None and _are_arrays(logits, out):
        return _core.cdf_from_logits(logits, precision, out)
    return _quantise("logits", logits, precision, out, _base_of(logits, base))


@overload
def from_probabilities(p: _Floats, precision: int, out: None = None) -> NDArray[Any]: ...
@overload
def from_probabilities(p: Tensor, precision: int, out: None = None) -> Tensor: ...
@overload
def from_probabilities(p: _Floats | Tensor, precision: int, out: _Out) -> _Out: ...
def from_probabilities(p: Any, precision: int, out: Any = None) -> Any:
    """Quantise probabilities, of any positive scale: rows need not sum to one.

    The weight of a symbol is ``floor(p * 2**e)``, with the power of two that brings the row's largest into [2**23,
    2**24). Mantissas are shifted as integers, so denormals count, whatever the processor's flush-to-zero setting.

    Parameters
    ----------
    p : float16, float32 or float64 [..., V], or bfloat16 tensor
        Finite, not negative, at least one positive in each row.
    precision : int
        Bits of the CDF, 1..32, at least ``log2(V)``.
    out : uint32 [..., V + 1] (uint64 at any precision; uint16 up to 16), C-contiguous, optional
        Where to write: an array, or a tensor on the input's device; may not overlap the input. Its contents are
        unspecified after an error.

    Returns
    -------
    uint32 [..., V + 1] (uint64 at precision 32)
        One CDF a row: `out`, or a new array or tensor.

    Raises
    ------
    TypeError
        An argument is neither array nor tensor, or has another dtype.
    ValueError
        A row (the message names it) holds a NaN, an infinite or a negative value, or only zeros; an argument has
        another shape or memory order; the precision is not in 1..32; or V is not in 1..2**precision.
    """
    if _are_arrays(p, out):
        return _core.cdf_from_probabilities(p, precision, out)
    return _quantise("p", p, precision, out)


@overload
def from_counts(counts: _Counts, precision: int, out: None = None) -> NDArray[Any]: ...
@overload
def from_counts(counts: Tensor, precision: int, out: None = None) -> Tensor: ...
@overload
def from_counts(counts: _Counts | Tensor, precision: int, out: _Out) -> _Out: ...
def from_counts(counts: Any, precision: int, out: Any = None) -> Any:
    """Quantise how often each symbol came, or any integers in proportion to its probability.

    The weight of a symbol is ``floor(count * 2**e)``, with the power of two that brings the row's largest into [2**23,
    2**24). Symbols that never came keep one slot.

    Parameters
    ----------
    counts : uint32, uint64 or int64 [..., V]
        Not negative, at least one positive in each row. (`numpy.bincount` gives int64.)
    precision : int
        Bits of the CDF, 1..32, at least ``log2(V)``.
    out : uint32 [..., V + 1] (uint64 at any precision; uint16 up to 16), C-contiguous, optional
        Where to write: an array, or a tensor on the input's device; may not overlap the input. Its contents are
        unspecified after an error.

    Returns
    -------
    uint32 [..., V + 1] (uint64 at precision 32)
        One CDF a row: `out`, or a new array or tensor.

    Raises
    ------
    TypeError
        An argument is neither array nor tensor, or has another dtype.
    ValueError
        A row (the message names it) holds a negative number, or only zeros; an argument has another shape or memory
        order; the precision is not in 1..32; or V is not in 1..2**precision.

    Examples
    --------
    >>> from_counts(np.bincount([1, 1, 0, 1], minlength=3), precision=8)
    array([  0,  64, 255, 256], dtype=uint32)
    """
    return _quantise("counts", counts, precision, out)


@overload
def intervals_from_logits(
    logits: _Logits, symbols: _Symbols, precision: int, *, base: _Base | None = None
) -> tuple[NDArray[Any], NDArray[Any]]: ...
@overload
def intervals_from_logits(
    logits: Tensor, symbols: Tensor, precision: int, *, base: _Base | None = None
) -> tuple[Tensor, Tensor]: ...
def intervals_from_logits(logits: Any, symbols: Any, precision: int, *, base: _Base | None = None) -> Any:
    """Return the interval that `from_logits` gives to one symbol of each row, without making the CDF.

    For encoders, such as `foretell.coders.RangeEncoder.encode`, with large vocabularies.

    Parameters
    ----------
    logits : int32, float16, float32 or float64 [..., V], or bfloat16 tensor
        Integers in base 2, with `FRACTION_BITS` fraction bits (any int32 is allowed), or floats in base e or 2.
        -infinity is allowed, and makes the weight 0.
    symbols : integers [...]
        One for each row, each in 0..V - 1; for tensors on a device, a tensor there.
    precision : int
        Bits of the CDF, 1..32, at least ``log2(V)``.
    base : {"e", 2}, optional
        What a float logit is an exponent of; e, as softmax has it, unless told.

    Returns
    -------
    start, freq : uint32 [...] (uint64 at precision 32)
        ``cdf[s]`` and ``cdf[s + 1] - cdf[s]`` of each row's symbol s.

    Raises
    ------
    TypeError, ValueError
        As `from_logits`; a ValueError also for a symbol that is not in 0..V - 1.
    """
    return _intervals("logits", logits, symbols, precision, _base_of(logits, base))


@overload
def intervals_from_probabilities(
    p: _Floats, symbols: _Symbols, precision: int
) -> tuple[NDArray[Any], NDArray[Any]]: ...
@overload
def intervals_from_probabilities(p: Tensor, symbols: Tensor, precision: int) -> tuple[Tensor, Tensor]: ...
def intervals_from_probabilities(p: Any, symbols: Any, precision: int) -> Any:
    """Return the interval that `from_probabilities` gives to one symbol of each row, without making the CDF.

    For encoders, such as `foretell.coders.RangeEncoder.encode`, with large vocabularies.

    Parameters
    ----------
    p : float16, float32 or float64 [..., V], or bfloat16 tensor
        Finite, not negative, at least one positive in each row.
    symbols : integers [...]
        One for each row, each in 0..V - 1; for tensors on a device, a tensor there.
    precision : int
        Bits of the CDF, 1..32, at least ``log2(V)``.

    Returns
    -------
    start, freq : uint32 [...] (uint64 at precision 32)
        ``cdf[s]`` and ``cdf[s + 1] - cdf[s]`` of each row's symbol s.

    Raises
    ------
    TypeError, ValueError
        As `from_probabilities`; a ValueError also for a symbol that is not in 0..V - 1.
    """
    return _intervals("p", p, symbols, precision)


def check(cdf: NDArray[Any] | Tensor, precision: int) -> None:
    """Check that every row is a CDF.

    Coders check no more of a CDF than they need to stay safe, so that they stay fast; check CDFs of your own once.

    Parameters
    ----------
    cdf : uint16, uint32 or uint64 [N, V + 1], C-contiguous
        One CDF a row: an array, or a tensor (one on a device is copied to the CPU for this).
    precision : int
        Bits of the CDF, 1..32.

    Raises
    ------
    TypeError
        `cdf` is neither array nor tensor, or has another dtype.
    ValueError
        A row breaks a rule (the message names both), or `cdf` has another shape or memory order.
    """
    rows, _ = _as_array(cdf.cpu() if _on_device(cdf) else cdf, "cdf")  # type: ignore[union-attr]  # it is a tensor
    _core.check_cdf(rows, precision)
