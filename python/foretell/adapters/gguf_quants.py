"""The number formats of GGUF tensors, to float32.

A row is cut into blocks of 32 or 256 numbers that share a scale, or a scale and an offset. All products in the formulas
below are exact in float32 (at most 24 bits), and at most one sum follows, so each number is rounded once: the values
are those of any other correct reader, bit for bit, whatever the order of its operations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Blocks = NDArray[np.uint8]  # [blocks, bytes of a block]
Numbers = NDArray[np.float32]  # [blocks, numbers of a block]


@dataclass(frozen=True)
class Format:
    """One number format.

    Attributes
    ----------
    name : str
        As GGUF's tools call it.
    numbers, size : int
        Numbers of a block, and its bytes.
    decode : callable
        uint8 [n, size] to float32 [n, numbers].
    """

    name: str
    numbers: int
    size: int
    decode: Callable[[Blocks], Numbers]


def _half(blocks: Blocks, at: int) -> Numbers:
    """Return the float16 at byte `at` of each block, float32 [n, 1]."""
    return np.ascontiguousarray(blocks[:, at : at + 2]).view("<f2").astype(np.float32)


def _f32(blocks: Blocks) -> Numbers:
    return np.ascontiguousarray(blocks).view("<f4").astype(np.float32)


def _f16(blocks: Blocks) -> Numbers:
    return _half(blocks, 0)


def _bf16(blocks: Blocks) -> Numbers:
    """Bfloat16 is the upper half of a float32."""
    return (np.ascontiguousarray(blocks).view("<u2").astype(np.uint32) << 16).view(np.float32)


def _nibbles(packed: Blocks) -> NDArray[np.uint8]:
    """Return all low halves, then all high halves: uint8 [n, k] to [n, 2 k]."""
    return np.concatenate([packed & 15, packed >> 4], axis=1)


def _q4_0(blocks: Blocks) -> Numbers:
    """Return d (q - 8): d float16, 32 q of 4 bits."""
    return (_nibbles(blocks[:, 2:]).astype(np.float32) - 8) * _half(blocks, 0)


def _q4_1(blocks: Blocks) -> Numbers:
    """Return d q + m: d, m float16, 32 q of 4 bits."""
    return _nibbles(blocks[:, 4:]).astype(np.float32) * _half(blocks, 0) + _half(blocks, 2)


def _five_bits(high: Blocks, packed: Blocks) -> Numbers:
    """Add a fifth bit to nibbles: bit i of the 4 bytes `high` belongs to number i."""
    return (_nibbles(packed) | np.unpackbits(high, axis=1, bitorder="little") << 4).astype(np.float32)


def _q5_0(blocks: Blocks) -> Numbers:
    """Return d (q - 16): d float16, 32 q of 5 bits."""
    return (_five_bits(blocks[:, 2:6], blocks[:, 6:]) - 16) * _half(blocks, 0)


def _q5_1(blocks: Blocks) -> Numbers:
    """Return d q + m: d, m float16, 32 q of 5 bits."""
    return _five_bits(blocks[:, 4:8], blocks[:, 8:]) * _half(blocks, 0) + _half(blocks, 2)


def _q8_0(blocks: Blocks) -> Numbers:
    """Return d q: d float16, 32 q of 8 bits."""
    return np.ascontiguousarray(blocks[:, 2:]).view(np.int8).astype(np.float32) * _half(blocks, 0)


def _six_bit_scales(packed: Blocks) -> tuple[Numbers, Numbers]:
    """Unpack 8 scales and 8 offsets of 6 bits from 12 bytes a block: two float32 [n, 8].

    Bytes 0-3 hold scales 0-3, bytes 4-7 offsets 0-3, each in its low 6 bits; their top 2 bits are those of numbers 4-7,
    whose low 4 bits are the nibbles of bytes 8-11.
    """
    a, b, c = packed[:, 0:4], packed[:, 4:8], packed[:, 8:12]
    scale = np.concatenate([a & 63, (c & 15) | (a >> 6) << 4], axis=1)
    offset = np.concatenate([b & 63, (c >> 4) | (b >> 6) << 4], axis=1)
    return scale.astype(np.float32), offset.astype(np.float32)


def _by_eights(blocks: Blocks, q: NDArray[np.uint8]) -> Numbers:
    """Return (d s) q - (dmin o): d, dmin float16, s and o of 6 bits for each 32 numbers; q uint8 [n, 8, 32]."""
    scale, offset = _six_bit_scales(blocks[:, 4:16])
    scale *= _half(blocks, 0)
    offset *= _half(blocks, 2)
    return (q.astype(np.float32) * scale[:, :, None] - offset[:, :, None]).reshape(len(blocks), 256)


def _q4_k(blocks: Blocks) -> Numbers:
    """Return numbers as `_by_eights`, q of 4 bits.

    Of each 32 bytes the low halves are 32 numbers, the high halves the next 32.
    """
    packed = blocks[:, 16:].reshape(-1, 4, 1, 32)
    return _by_eights(blocks, np.concatenate([packed & 15, packed >> 4], axis=2).reshape(-1, 8, 32))


def _q5_k(blocks: Blocks) -> Numbers:
    """Return numbers as `_q4_k`, with a fifth bit: bit i of byte j belongs to number j of the i-th 32."""
    packed = blocks[:, 48:].reshape(-1, 4, 1, 32)
    low = np.concatenate([packed & 15, packed >> 4], axis=2).reshape(-1, 8, 32)
    high = blocks[:, None, 16:48] >> np.arange(8, dtype=np.uint8)[:, None] & 1
    return _by_eights(blocks, low | high << 4)


def _q6_k(blocks: Blocks) -> Numbers:
    """Return (d s) (q - 32): d float16, s int8 for each 16 numbers, q of 6 bits.

    Each half of 128 numbers has 64 bytes of low nibbles (32 numbers in the low halves of the first 32 bytes, 32 in
    those of the second, then the high halves likewise) and 32 bytes with the top bits of 4 x 32 numbers.
    """
    n = len(blocks)
    packed = blocks[:, :128].reshape(n, 2, 1, 64)
    low = np.concatenate([packed & 15, packed >> 4], axis=2).reshape(n, 2, 4, 32)
    shifts = np.arange(0, 8, 2, dtype=np.uint8)[:, None]
    high = blocks[:, 128:192].reshape(n, 2, 1, 32) >> shifts & 3
    q = (low | high << 4).astype(np.float32).reshape(n, 16, 16) - 32
    scale = np.ascontiguousarray(blocks[:, 192:208]).view(np.int8).astype(np.float32) * _half(blocks, 208)
    numbers: Numbers = (q * scale[:, :, None]).reshape(n, 256)
    return numbers


FORMATS = {
    0: Format("F32", 1, 4, _f32),
    1: Format("F16", 1, 2, _f16),
    2: Format("Q4_0", 32, 18, _q4_0),
    3: Format("Q4_1", 32, 20, _q4_1),
    6: Format("Q5_0", 32, 22, _q5_0),
    7: Format("Q5_1", 32, 24, _q5_1),
    8: Format("Q8_0", 32, 34, _q8_0),
    12: Format("Q4_K", 256, 144, _q4_k),
    13: Format("Q5_K", 256, 176, _q5_k),
    14: Format("Q6_K", 256, 210, _q6_k),
    30: Format("BF16", 1, 2, _bf16),
}
"""Formats by the number that a tensor's description has."""

_BLOCKS_AT_ONCE = 1 << 16  # bounds what temporaries take: 64 MiB for blocks of 256


def dequantise(data: NDArray[np.uint8], number_format: Format) -> NDArray[np.float32]:
    """Return the numbers of whole blocks.

    Parameters
    ----------
    data : uint8 [n * number_format.size]
    number_format : Format

    Returns
    -------
    float32 [n * number_format.numbers]
        May hold infinities and NaN, if scales do.
    """
    blocks = data.reshape(-1, number_format.size)
    out = np.empty((len(blocks), number_format.numbers), dtype=np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        for at in range(0, len(blocks), _BLOCKS_AT_ONCE):
            part = slice(at, at + _BLOCKS_AT_ONCE)
            out[part] = number_format.decode(blocks[part])
    return out.reshape(-1)
