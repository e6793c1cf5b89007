"""GGUF files: what was written is read, and what is wrong is named."""

from __future__ import annotations

import struct

import gguf_writer
import numpy as np
import pytest
from foretell.adapters.gguf import GgufFile
from foretell.errors import CorruptError, Error, TruncatedError, UnsupportedError

METADATA = {"a.int": 7, "a.float": 0.5, "a.bool": True, "a.text": "日本", "a.list": ["x", ""], "a.numbers": [1.0, 2.5]}
TENSORS = {"m": np.arange(12, dtype=np.float32).reshape(3, 4), "v": np.array([1, -2, 0.5], dtype=np.float32)}


@pytest.fixture
def write(tmp_path):
    def write(raw):
        path = tmp_path / "file.gguf"
        path.write_bytes(raw)
        return path

    return write


@pytest.mark.parametrize("version", [2, 3])
def test_what_was_written_is_read(write, version):
    file = GgufFile(write(gguf_writer.write(METADATA, TENSORS, version, half=("m",))))
    for key, value in METADATA.items():
        read = file.metadata[key]
        assert (read.tolist() if isinstance(read, np.ndarray) else read) == value
    assert list(file.tensors) == list(TENSORS)
    for name, tensor in TENSORS.items():
        assert np.array_equal(file.read(name), tensor)
        assert np.array_equal(file.read(name, slice(1, 3)), tensor[1:3])
    assert file.tensors["m"].number_format.name == "F16"
    with pytest.raises(CorruptError, match="'other' is missing"):
        file.read("other")


def test_every_truncation_is_an_error(write):
    raw = gguf_writer.write(METADATA, TENSORS)
    GgufFile(write(raw))
    used = len(raw) - (-12 % 32)  # the padding after the last tensor may be missing
    GgufFile(write(raw[:used]))
    for size in range(used):
        with pytest.raises(TruncatedError, match=r"file\.gguf"):
            GgufFile(write(raw[:size]))


def test_no_flipped_bit_does_worse_than_an_error(write):
    raw = gguf_writer.write(METADATA, TENSORS)
    errors = 0
    for at in range(len(raw) - 96):
        changed = bytearray(raw)
        changed[at] ^= 1 << at % 8
        try:
            file = GgufFile(write(changed))
            for name in file.tensors:
                file.read(name)
        except Error:
            errors += 1
    assert errors > 100


def header(tensors=0, entries=0, version=3):
    return b"GGUF" + struct.pack("<IQQ", version, tensors, entries)


HUGE = struct.pack("<Q", 1 << 62)
KEY = gguf_writer.string("k")
EIGHT_AT_0 = struct.pack("<IQIQ", 1, 8, 0, 0)
TENSOR = gguf_writer.string("t")


@pytest.mark.parametrize(
    ("raw", "kind", "message"),
    [
        (b"", TruncatedError, "the magic"),
        (b"GGML" + bytes(40), CorruptError, "not a GGUF file"),
        (header(version=1), UnsupportedError, "version 1;"),
        (header(version=3 << 24), UnsupportedError, "big-endian"),
        (header(tensors=1 << 60), CorruptError, "at most 65536"),
        (header(entries=1 << 60), CorruptError, "at most 65536"),
        (header(entries=1) + HUGE, TruncatedError, "a metadata key"),
        (header(entries=1) + gguf_writer.string("k")[:8] + b"\xff" + bytes(9), CorruptError, "not UTF-8"),
        (header(entries=1) + KEY + struct.pack("<I", 8) + HUGE, TruncatedError, "'k'"),
        (header(entries=1) + KEY + struct.pack("<II", 9, 8) + HUGE, TruncatedError, "more than fit"),
        (header(entries=1) + KEY + struct.pack("<II", 9, 12) + HUGE, TruncatedError, "'k'"),
        (header(entries=1) + KEY + struct.pack("<II", 9, 9) + HUGE, CorruptError, "type 9"),
        (header(entries=1) + KEY + struct.pack("<I", 13), CorruptError, "type 13"),
        (header(entries=2) + 2 * (KEY + gguf_writer.value(1)), CorruptError, "there twice"),
        (header(tensors=1) + TENSOR + struct.pack("<I", 1 << 31), CorruptError, "dimensions"),
        (header(tensors=1) + TENSOR + struct.pack("<I2QIQ", 2, 1 << 63, 1 << 63, 0, 0), TruncatedError, "'t' ends at"),
        (header(tensors=1) + TENSOR + struct.pack("<IQIQ", 1, 1, 0, (1 << 64) - 1), TruncatedError, "'t' ends at"),
        (header(tensors=1) + TENSOR + struct.pack("<IQIQ", 1, 0, 0, 0), CorruptError, "whole blocks"),
        (header(tensors=1) + TENSOR + struct.pack("<IQIQ", 1, 31, 2, 0), CorruptError, "whole blocks of 32"),
        (header(tensors=1) + TENSOR + struct.pack("<IQIQ", 1, 1, 99, 0), UnsupportedError, "format 99"),
        (header(tensors=2) + 2 * (TENSOR + struct.pack("<IQIQ", 1, 1, 0, 0)), CorruptError, "there twice"),
        (
            header(tensors=2)
            + b"".join(gguf_writer.string(n) + struct.pack("<IQIQ", 1, 8, 0, 0) for n in "ab")
            + bytes(64),
            CorruptError,
            "'b' begins within 'a'",
        ),
    ],
)
def test_hostile_files_are_named(write, raw, kind, message):
    with pytest.raises(kind, match=message):
        GgufFile(write(raw))


@pytest.mark.parametrize("alignment", [0, 3, 24, True, "32"])
def test_alignments_that_are_none(write, alignment):
    with pytest.raises(CorruptError, match=r"general\.alignment"):
        GgufFile(write(gguf_writer.write({"general.alignment": alignment}, TENSORS)))
