"""llama2.c's files: hostile headers, lengths and sizes are named. That they are read rightly: test_weights.py."""

from __future__ import annotations

import struct

import pytest
import tiny_networks
from foretell.adapters.llama2c import read_llama2c, read_tokenizer
from foretell.adapters.weights import load
from foretell.errors import CorruptError, Error, TruncatedError, UnsupportedError


@pytest.fixture
def checkpoint(tmp_path):
    of = tiny_networks.config()
    return tiny_networks.write_llama2c(tmp_path / "m.bin", of, tiny_networks.tensors(of))


def test_truncated_and_too_long_checkpoints(checkpoint):
    raw = checkpoint.read_bytes()
    for size in (0, 1, 27, 28, 29, len(raw) - 4, len(raw) - 1):
        checkpoint.write_bytes(raw[:size])
        with pytest.raises(TruncatedError, match=r"m\.bin"):
            read_llama2c(checkpoint, checkpoint.parent / "tokenizer.bin")
    checkpoint.write_bytes(raw + b"\0")
    with pytest.raises(CorruptError, match="its header asks for"):
        read_llama2c(checkpoint, checkpoint.parent / "tokenizer.bin")


@pytest.mark.parametrize("field", range(7))
@pytest.mark.parametrize("value", [0, -1, 1, 3, 2**31 - 1, -(2**31)])
def test_hostile_headers(checkpoint, field, value):
    raw = bytearray(checkpoint.read_bytes())
    if struct.unpack_from("<i", raw, 4 * field)[0] == value:
        pytest.skip("is the true value")
    struct.pack_into("<i", raw, 4 * field, value)
    checkpoint.write_bytes(raw)
    with pytest.raises(Error, match=r"m\.bin"):
        load(checkpoint)


def test_later_versions_are_named(checkpoint):
    checkpoint.write_bytes(struct.pack("<I", 0x616B3432) + bytes(300))
    with pytest.raises(UnsupportedError, match="later version"):
        load(checkpoint)


def test_truncated_and_wrong_tokenizers(checkpoint):
    path = checkpoint.parent / "tokenizer.bin"
    raw = path.read_bytes()
    for size in range(0, len(raw), 7):
        path.write_bytes(raw[:size])
        with pytest.raises(TruncatedError, match=r"tokenizer\.bin"):
            load(checkpoint)
    for length in (-1, 2**31 - 1):
        path.write_bytes(raw[:8] + struct.pack("<i", length) + raw[12:])
        with pytest.raises(TruncatedError, match="token 0 has"):
            load(checkpoint)
    path.write_bytes(raw)
    with pytest.raises(CorruptError, match="of another model"):
        read_tokenizer(path, 279)


def test_a_missing_tokenizer_is_named(checkpoint):
    other = (checkpoint.parent / "tokenizer.bin").rename(checkpoint.parent / "other.bin")
    with pytest.raises(UnsupportedError, match=r"tokenizer=\.\.\."):
        load(checkpoint)
    assert load(checkpoint, other).tokenizer.decode(load(checkpoint, tokenizer=other).tokenizer.encode(b"x")) == b"x"
