from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from foretell.lab.experiments.i5_masked import EXPERIMENT, SOURCE, everything, exact
from lab_frame import changed, outcome, toy_run

GOOD = {
    "length": 12,
    "entropy": 7.0,
    "pseudo_exact": 5.5,
    "kraft_exact": 8.0,
    "file": 7.1,
    "file_error": 0.05,
    "pseudo": 5.6,
    "pseudo_error": 0.1,
    "kraft_code": 1.00001,
    "kraft_pseudo": 7.0,
    "curve": [12.0, 7.1],
    "restored": True,
}


def test_exact_values_are_those_of_counts() -> None:
    p, pseudo = exact(SOURCE, 5)
    assert p.sum() == pytest.approx(1)
    drawn = SOURCE.sample(5 * 100_000, 0).reshape(-1, 5)
    counts = np.bincount(drawn @ (1 << np.arange(5)[::-1]), minlength=32) / len(drawn)
    assert -(counts[counts > 0] * np.log2(counts[counts > 0])).sum() == pytest.approx(-(p * np.log2(p)).sum(), abs=0.01)

    rows = everything(5)
    at = int(np.flatnonzero((rows == [0, 1, 1, 0, 0]).all(axis=1))[0])
    by_hand = 0.0
    for place in range(5):
        rest = np.delete(rows, place, axis=1)
        same = (rest == rest[at]).all(axis=1)
        by_hand -= np.log2(counts[at] / counts[same].sum())
    assert pseudo[at] == pytest.approx(by_hand, abs=0.2)


def test_toy_run(tmp_path: Path) -> None:
    result = toy_run(EXPERIMENT, tmp_path)
    holds = {check["what"]: check["holds"] for check in result["checks"]}
    assert all(holds[what] for what in holds if "restored" in what or "source" in what or "code" in what.split()[-1:])


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures.update(file=6.8),
        lambda figures: figures.update(file=7.4),
        lambda figures: figures.update(restored=False),
        lambda figures: figures.update(pseudo_exact=6.9),
        lambda figures: figures.update(pseudo=6.8),
        lambda figures: figures.update(kraft_code=1.01),
        lambda figures: figures.update(kraft_pseudo=1.0),
        lambda figures: figures.update(kraft_exact=1.0),
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "fail"
