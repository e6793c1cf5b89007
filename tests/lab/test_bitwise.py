from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from foretell.errors import UnsupportedError
from foretell.lab import bitwise, elsewhere

TEXT = np.frombuffer(b"peter piper picked a peck of pickled peppers" * 16, np.uint8).reshape(4, -1)


@pytest.mark.parametrize("model", bitwise.MODELS)
@pytest.mark.parametrize("way", bitwise.WAYS)
def test_files_come_back(model: str, way: str, tmp_path: Path) -> None:
    coded = bitwise.write(tmp_path / "file", TEXT, model, way)
    assert np.array_equal(bitwise.restore(tmp_path / "file"), TEXT)
    assert coded.payload_bytes == pytest.approx(coded.ideal_bits / 8, rel=0.002, abs=2)
    assert coded.ideal_bits == pytest.approx(
        bitwise.write(tmp_path / "else", TEXT, model, "bytes").ideal_bits, rel=1e-4
    )


def test_another_process_restores_and_says_what(tmp_path: Path) -> None:
    coded = bitwise.write(tmp_path / "file", TEXT, "counts", "binary")
    assert elsewhere.restored("foretell.lab.bitwise", tmp_path / "file") == coded.said
    (tmp_path / "file").write_bytes(b"no such file")
    with pytest.raises(UnsupportedError):
        bitwise.restore(tmp_path / "file")
    with pytest.raises(RuntimeError):
        elsewhere.restored("foretell.lab.bitwise", tmp_path / "file")


def test_counts_cost_what_counting_by_hand_says(tmp_path: Path) -> None:
    seen: Counter[tuple[int, int]] = Counter()
    bits, before = 0.0, 0
    for byte in TEXT[0].tolist():
        total = 256 + 32 * sum(count for (context, _), count in seen.items() if context == before)
        bits -= math.log2((1 + 32 * seen[before, byte]) / total)
        seen[before, byte] += 1
        before = byte
    assert bitwise.write(tmp_path / "file", TEXT[:1], "counts", "bits").ideal_bits == pytest.approx(bits)


def test_branches_add_up_the_bytes_below() -> None:
    freq = np.random.default_rng(0).integers(1, 9, 256)
    rows = np.concatenate([[0], np.cumsum(freq)]).astype(np.uint32)[None]
    for node in (1, 2, 3, 5, 129, 255):
        depth = node.bit_length() - 1
        below = [byte for byte in range(256) if (byte + 256) >> (8 - depth) == node]
        ones = [byte for byte in below if byte >> (7 - depth) & 1]
        found = bitwise.branches(rows, np.array([node]))
        assert (int(found[0][0]), int(found[1][0])) == (freq[ones].sum(), freq[below].sum())


def test_speeds() -> None:
    found = bitwise.speeds(TEXT)
    assert set(found) == set(bitwise.WAYS)
    assert all(value > 0 for times in found.values() for value in times.values())
