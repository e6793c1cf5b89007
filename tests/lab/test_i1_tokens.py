from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from foretell.lab.experiments.i1_tokens import BYTES, EXPERIMENT, FIXED, TOKENS, batches, packed, unpacked
from lab_frame import changed, outcome, toy_run


def _way(size: int, vocabulary: int, curve: list[float] | None) -> dict:
    return {"file_bytes": size, "vocabulary_bytes": vocabulary, "restored": True, "bits_per_byte": curve}


GOOD = {
    "bytes": 300_000,
    "tokens": 100_000,
    "vocabulary": 1024,
    "ways": {
        FIXED: _way(125_000, 1700, None),
        TOKENS: _way(90_000, 1700, [4.0, 3.0]),
        BYTES: _way(100_000, 0, [8.0, 3.0]),
    },
}


def test_toy_run(tmp_path: Path) -> None:
    result = toy_run(EXPERIMENT, tmp_path)
    assert result["verdict"] == "inconclusive"
    assert all(way["restored"] for way in result["figures"]["ways"].values())


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures["ways"][TOKENS].update(file_bytes=113_000),
        lambda figures: figures["ways"][TOKENS].update(vocabulary_bytes=30_000),
        lambda figures: figures["ways"][BYTES].update(restored=False),
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "fail"


@pytest.mark.parametrize("count", [0, 1, 3, 1000])
@pytest.mark.parametrize("vocabulary", [256, 257, 1024])
def test_packed(count: int, vocabulary: int) -> None:
    tokens = np.random.default_rng(count).integers(0, vocabulary, count)
    data = packed(tokens, vocabulary)
    assert len(data) == -(-count * int(np.ceil(np.log2(vocabulary))) // 8)
    np.testing.assert_array_equal(unpacked(data, vocabulary), tokens)


def test_batches_hold_all_and_padding() -> None:
    cut = batches(np.arange(10), 99, 2, 3)
    assert cut.tolist() == [[[99, 0, 1, 2], [99, 3, 4, 5]], [[99, 6, 7, 8], [99, 9, 99, 99]]]
