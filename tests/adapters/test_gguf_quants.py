"""Every number format against a definition of one number at a time."""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np
import pytest
from foretell.adapters.gguf_quants import FORMATS, dequantise


def half(block: bytes, at: int) -> float:
    return float(struct.unpack_from("<e", block, at)[0])


def nibble(packed: bytes, i: int) -> int:
    """The i-th of 32 numbers in 16 bytes."""
    return packed[i] & 15 if i < 16 else packed[i - 16] >> 4


def signed(byte: int) -> int:
    return byte - 256 if byte > 127 else byte


def fifth(block: bytes, at: int, i: int) -> int:
    return int.from_bytes(block[at : at + 4], "little") >> i & 1


def scale_and_offset(packed: bytes, i: int) -> tuple[int, int]:
    """The i-th of 8 scales and offsets of 6 bits."""
    if i < 4:
        return packed[i] & 63, packed[i + 4] & 63
    return packed[i + 4] & 15 | packed[i - 4] >> 6 << 4, packed[i + 4] >> 4 | packed[i] >> 6 << 4


def k_nibble(packed: bytes, i: int) -> int:
    """The i-th of 256 numbers, 64 in each 32 bytes."""
    byte = packed[i // 64 * 32 + i % 32]
    return byte >> 4 if i % 64 >= 32 else byte & 15


def by_eights(block: bytes, q: int, i: int) -> float:
    scale, offset = scale_and_offset(block[4:16], i // 32)
    return half(block, 0) * scale * q - half(block, 2) * offset


def q6_k(block: bytes, i: int) -> float:
    part, within = divmod(i, 128)
    quarter, j = divmod(within, 32)
    low = block[part * 64 + quarter % 2 * 32 + j] >> (4 if quarter >= 2 else 0) & 15
    high = block[128 + part * 32 + j] >> 2 * quarter & 3
    return half(block, 208) * signed(block[192 + i // 16]) * ((low | high << 4) - 32)


ONE: dict[str, Callable[[bytes, int], float]] = {
    "F32": lambda b, i: float(struct.unpack("<f", b)[0]),
    "F16": lambda b, i: half(b, 0),
    "BF16": lambda b, i: float(struct.unpack("<f", b"\0\0" + b)[0]),
    "Q4_0": lambda b, i: half(b, 0) * (nibble(b[2:], i) - 8),
    "Q4_1": lambda b, i: half(b, 0) * nibble(b[4:], i) + half(b, 2),
    "Q5_0": lambda b, i: half(b, 0) * ((nibble(b[6:], i) | fifth(b, 2, i) << 4) - 16),
    "Q5_1": lambda b, i: half(b, 0) * (nibble(b[8:], i) | fifth(b, 4, i) << 4) + half(b, 2),
    "Q8_0": lambda b, i: half(b, 0) * signed(b[2 + i]),
    "Q4_K": lambda b, i: by_eights(b, k_nibble(b[16:], i), i),
    "Q5_K": lambda b, i: by_eights(b, k_nibble(b[48:], i) | (b[16 + i % 32] >> i // 32 & 1) << 4, i),
    "Q6_K": q6_k,
}
SCALES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q4_K": [0, 2], "Q5_K": [0, 2]}
SCALES["Q6_K"] = [208]


def random_blocks(name: str, count: int) -> bytearray:
    """Random bytes, with scales as networks have them: float64 holds what they make exactly."""
    size = next(f.size for f in FORMATS.values() if f.name == name)
    random = np.random.default_rng(size)
    blocks = bytearray(random.bytes(count * size))
    for block in range(count):
        for at in SCALES.get(name, []):
            struct.pack_into("<e", blocks, block * size + at, random.choice([-1, 1]) * random.uniform(0.001, 0.1))
        if name in ("F32", "F16", "BF16"):
            blocks[block * size + size - 1] &= 0xBF  # finite
    return blocks


@pytest.mark.parametrize("kind", FORMATS)
def test_numbers_are_those_of_the_definition_rounded_once(kind):
    number_format = FORMATS[kind]
    raw = random_blocks(number_format.name, 5)
    got = dequantise(np.frombuffer(raw, dtype=np.uint8), number_format)
    blocks = [bytes(raw[at : at + number_format.size]) for at in range(0, len(raw), number_format.size)]
    wanted = [ONE[number_format.name](block, i) for block in blocks for i in range(number_format.numbers)]
    assert got.dtype == np.float32
    assert np.array_equal(got, np.array(wanted, dtype=np.float32))


@pytest.mark.parametrize("kind", FORMATS)
def test_every_bit_of_a_block_matters(kind):
    """The control: a reader that leaves a bit out would pass a test on few numbers."""
    number_format = FORMATS[kind]
    raw = random_blocks(number_format.name, 1)
    before = dequantise(np.frombuffer(raw, dtype=np.uint8), number_format)
    for bit in range(8 * len(raw)):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        after = dequantise(np.frombuffer(changed, dtype=np.uint8), number_format)
        assert not np.array_equal(before, after), f"bit {bit}"


def test_scales_that_are_not_finite_raise_nothing():
    blocks = np.full(210, 0xFF, dtype=np.uint8)
    assert not np.isfinite(dequantise(blocks, FORMATS[14])).any()


def test_many_blocks_are_decoded_in_parts():
    count = (1 << 16) + 3
    blocks = np.arange(count, dtype="<u2")
    assert np.array_equal(dequantise(blocks.view(np.uint8), FORMATS[1]), blocks.view("<f2").astype(np.float32), True)
