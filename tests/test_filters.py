"""Filters against a definition of their own, and what the probe finds."""

from __future__ import annotations

from array import array

import numpy as np
import pytest
from foretell import _core
from foretell.errors import CorruptError
from hypothesis import given
from hypothesis import strategies as st

NONE, DELTA, DELTA16_LITTLE, DELTA16_BIG, X86 = range(5)
FILTERS = [
    (NONE, 0),
    *((DELTA, stride) for stride in range(1, 33)),
    *((kind, parameter) for kind in (DELTA16_LITTLE, DELTA16_BIG) for parameter in range(2, 34)),
    (X86, 0),
    (X86, 1),
]
ADDRESSING = bytes.fromhex("03 2b 33 39 3b 63 85 89 8b 8d ff")
# What opcodes, ModRM bytes and signs are made of: operands overlap everywhere.
BRANCHES = st.lists(st.sampled_from(b"\xe8\xe9\x0f\x80\x8f\x03\x39\x8b\x8d\x05\x3d\x00\xff"), max_size=60).map(bytes)
BLOCKS = st.binary(max_size=100) | BRANCHES


def delta(block: bytes, stride: int) -> bytes:
    return bytes((byte - (block[i - stride] if i >= stride else 0)) % 256 for i, byte in enumerate(block))


def delta16(block: bytes, parameter: int, order: str) -> bytes:
    stride, phase = parameter // 2 * 2, parameter % 2
    end = phase + max(0, len(block) - phase) // 2 * 2
    samples = np.frombuffer(block[phase:end], order).astype(np.int64)
    lag = stride // 2
    before = np.concatenate([np.zeros(lag, np.int64), samples])[: len(samples)]
    return block[:phase] + ((samples - before) % 65536).astype(order).tobytes() + block[end:]


def is_wide(first: int, second: int) -> bool:
    return (first == 0x0F and second >> 4 == 8) or (first in ADDRESSING and second & 0xC7 == 5)


def x86(block: bytes, wide: bool) -> bytes:
    filtered = bytearray(block)
    for i in reversed(range(len(block))):
        opcode = filtered[i : i + 2]
        if opcode[0] in b"\xe8\xe9":
            begin = i + 1
        elif wide and len(opcode) == 2 and is_wide(*opcode):
            begin = i + 2
        else:
            continue
        operand = filtered[begin : begin + 4]
        if len(operand) < 4:
            continue
        if operand[3] in b"\x00\xff":
            target = (int.from_bytes(operand, "little") + begin + 4) % 2**25
            high, *others = (target - 2**25 if target >= 2**24 else target).to_bytes(4, "big", signed=True)
            filtered[begin : begin + 4] = bytes([*others, high])
    return bytes(filtered)


def expected(kind: int, parameter: int, block: bytes) -> bytes:
    if kind == DELTA:
        return delta(block, parameter)
    if kind in (DELTA16_LITTLE, DELTA16_BIG):
        return delta16(block, parameter, "<u2" if kind == DELTA16_LITTLE else ">u2")
    return x86(block, parameter == 1) if kind == X86 else block


def filtered(kind: int, parameter: int, block: bytes) -> bytes:
    copy = bytearray(block)
    _core.apply_filter(kind, parameter, copy)
    return bytes(copy)


@given(st.sampled_from(FILTERS), BLOCKS)
def test_filters_do_what_the_format_says_and_are_undone(chosen: tuple[int, int], block: bytes) -> None:
    copy = bytearray(block)
    _core.apply_filter(*chosen, copy)
    assert bytes(copy) == expected(*chosen, block)
    _core.undo_filter(*chosen, copy)
    assert bytes(copy) == block


@given(st.sampled_from(FILTERS), BLOCKS)
def test_undoing_is_one_to_one(chosen: tuple[int, int], block: bytes) -> None:
    copy = bytearray(block)
    _core.undo_filter(*chosen, copy)
    assert filtered(*chosen, bytes(copy)) == block


def test_the_control_a_filter_with_another_parameter_does_not_undo() -> None:
    block = bytes(range(1, 90)) + b"\xe8\x01\x02\x03\x00" * 3 + b"\x0f\x84\x01\x02\x03\x00" * 3
    outputs = {filtered(*chosen, block) for chosen in FILTERS}
    assert len(outputs) == len(FILTERS)
    copy = bytearray(block)
    _core.apply_filter(X86, 1, copy)
    _core.undo_filter(X86, 0, copy)
    assert bytes(copy) != block


@pytest.mark.parametrize("numbers", [(5, 0), (0, 1), (1, 0), (1, 33), (2, 1), (3, 34), (4, 2), (256, 0), (1, 2**63)])
def test_unknown_filters_are_corrupt_data(numbers: tuple[int, int]) -> None:
    with pytest.raises(CorruptError, match=f"kind {numbers[0]} and parameter {numbers[1]}"):
        _core.undo_filter(*numbers, bytearray(10))
    if max(numbers) < 256:
        with pytest.raises(ValueError, match="no filter has kind"):
            _core.apply_filter(*numbers, bytearray(10))


def test_blocks_are_writable_bytes() -> None:
    for block in (bytearray(b"abc"), array("B", b"abc"), np.frombuffer(b"abc", np.uint8).copy()):
        _core.apply_filter(DELTA, 1, memoryview(block))
        assert bytes(memoryview(block)) == b"a\x01\x01"
    with pytest.raises(ValueError, match="read-only"):
        _core.apply_filter(DELTA, 1, b"abc")
    with pytest.raises(ValueError, match="contiguous"):
        _core.undo_filter(DELTA, 1, np.zeros(10, np.uint8)[::2])
    with pytest.raises(TypeError, match="uint8"):
        _core.undo_filter(DELTA, 1, np.zeros(10, np.uint16))


def test_the_probe_finds_columns_and_picks_a_filter() -> None:
    random = np.random.default_rng(1)
    image = np.cumsum(np.cumsum(random.normal(0, 0.3, (300, 700)), 0), 1)
    image = (image / np.abs(image).max() * 30000).astype("<i2")
    found = _core.probe(image.view(np.uint8).reshape(-1))
    assert (found.kind, found.unit, found.row) == ("columns", 2, 1400)
    assert found.unit_score > 900
    assert found.row_score > 800
    time = np.arange(100_000)
    sound = 9000 * np.sin(time / 30 + 40 * np.sin(time / 5000)) + random.normal(0, 40, len(time))  # no steady tone
    found = _core.probe(sound.astype(">i2").tobytes())
    assert (found.kind, found.filter, found.unit) == ("columns", (DELTA16_BIG, 2), 2)
    text = _core.probe(b"The quick brown fox jumps over the lazy dog.\n" * 100)
    assert (text.kind, text.filter, text.text_score) == ("text", (NONE, 0), 1000)
    other = _core.probe(random.bytes(100_000))
    assert (other.kind, other.filter, other.unit, other.row) == ("other", (NONE, 0), 1, 0)


@given(st.binary(max_size=2000), st.integers(0, 8))
def test_any_block_can_be_probed(part: bytes, repeats: int) -> None:
    block = part * repeats
    found = _core.probe(block)
    assert found.filter in FILTERS
    assert found.row == 0 or found.unit < found.row < len(block)
