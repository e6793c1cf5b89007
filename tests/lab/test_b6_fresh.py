from __future__ import annotations

from pathlib import Path

import pytest
from foretell.lab.experiments.b6_fresh import EXPERIMENT
from lab_frame import changed, outcome, toy_run

GOOD = {
    "without": {
        "train": 1.3085,
        "train_error": 0.0005,
        "valid": 1.3080,
        "valid_error": 0.0002,
        "curve": [2.0, 1.3],
        "examples": 100,
        "looks": {"1": [1.4, 0.5], "2": [1.31, 0.9]},
        "plan": {},
    },
    "with": {
        "train": 1.3400,
        "train_error": 0.0005,
        "valid": 1.3200,
        "valid_error": 0.0002,
        "curve": [2.0, 1.3],
        "examples": 100,
        "looks": {"1": [1.4, 0.5], "2": [1.32, 0.9]},
        "plan": {},
    },
}


def test_toy_run(tmp_path: Path) -> None:
    assert toy_run(EXPERIMENT, tmp_path)["verdict"] in ("inconclusive",)


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures["without"].update(train=1.3100),
        lambda figures: figures["without"].update(train=1.3060),
        lambda figures: figures["with"].update(train=1.3200),
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "fail"
