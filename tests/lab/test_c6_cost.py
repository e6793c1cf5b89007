from __future__ import annotations

from pathlib import Path

import pytest
from foretell.lab.experiments.c6_cost import EXPERIMENT
from lab_frame import changed, outcome, toy_run

GOOD = {
    "plan": {"digits": 8},
    "entropy": 1.308,
    "examples": 1000,
    "area": 80_000.0,
    "entropy_bits": 52_847.0,
    "epistemic_bits": 27_153.0,
    "ratio": [-0.5, 0.2, 0.4],
    "ratio_end": 0.40,
    "ratio_limit": 0.504,
    "ratio_crosses_at": 300,
    "ladder_ratio_end": 0.405,
    "program_bytes": 6500,
    "ideal_bits": 80_000.0,
    "file_bytes": 10_004,
    "curve": [2.0, 1.5, 1.31],
    "restored": True,
    "bob": {},
}


def test_toy_run(tmp_path: Path) -> None:
    assert toy_run(EXPERIMENT, tmp_path)["verdict"] in ("pass", "inconclusive")


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures.update(restored=False),
        lambda figures: figures.update(file_bytes=10_020),
        lambda figures: figures.update(file_bytes=9_990),
        lambda figures: figures.update(ladder_ratio_end=0.42),
        lambda figures: figures["curve"].append(1.4),
        lambda figures: figures.update(ratio_end=0.51, ladder_ratio_end=0.51),
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "fail"
