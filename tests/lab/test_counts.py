from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from foretell import errors
from foretell.lab import counts


def test_context_is_the_last_symbols() -> None:
    found = counts.contexts(np.array([1, 2, 0, 3], np.uint8), vocabulary=4, order=2)
    np.testing.assert_array_equal(found, [0, 1, 1 * 4 + 2, 2 * 4 + 0])


@pytest.mark.parametrize(("vocabulary", "order"), [(2, 0), (4, 1), (3, 2), (256, 0)])
def test_costs_what_the_estimator_says(vocabulary: int, order: int) -> None:
    symbols = np.random.default_rng(0).integers(vocabulary, size=600).astype(np.uint8) // 2
    seen: dict[tuple[int, ...], list[int]] = {}
    history = [0] * order
    expected = []
    for symbol in symbols.tolist():
        here = seen.setdefault(tuple(history), [])
        expected.append(-np.log2((here.count(symbol) + 0.5) / (len(here) + vocabulary / 2)))
        here.append(symbol)
        history = [*history, symbol][1:] if order else []
    _, freq = counts.intervals(symbols, vocabulary, order)
    np.testing.assert_allclose(counts.bits(freq), expected, atol=1e-3)


@pytest.mark.parametrize(("vocabulary", "order", "size"), [(4, 1, 100_000), (256, 0, 3000), (5, 2, 1), (2, 0, 0)])
def test_round_trip(tmp_path: Path, vocabulary: int, order: int, size: int) -> None:
    path = tmp_path / "file"
    symbols = np.random.default_rng(2).integers(vocabulary, size=size).astype(np.uint8)
    ideal = counts.write(path, symbols, vocabulary, order)
    np.testing.assert_array_equal(counts.read(path), symbols)
    payload = path.read_bytes().partition(b"\n")[2]
    assert 0 <= 8 * len(payload) - ideal.sum() <= 8 + 0.001 * ideal.sum()


def test_another_process_restores(tmp_path: Path) -> None:
    symbols = np.random.default_rng(3).integers(3, size=500).astype(np.uint8)
    counts.write(tmp_path / "file", symbols, 3, 1)
    assert counts.restored_elsewhere(tmp_path / "file") == counts.sha256(symbols)


def test_damage_is_found(tmp_path: Path) -> None:
    path = tmp_path / "file"
    counts.write(path, np.random.default_rng(4).integers(3, size=300).astype(np.uint8), 3, 1)
    whole = bytearray(path.read_bytes())
    whole[-20] ^= 1
    path.write_bytes(whole)
    with pytest.raises(errors.Error):
        counts.read(path)
    path.write_bytes(b"{}\n")
    with pytest.raises(errors.UnsupportedError):
        counts.read(path)
