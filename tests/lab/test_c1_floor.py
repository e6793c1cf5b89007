from __future__ import annotations

from pathlib import Path

import pytest
from foretell.lab.experiments.c1_floor import EXPERIMENT
from lab_frame import changed, outcome, toy_run

GOOD = {
    "plan": {"size": "micro", "digits": 8},
    "entropy": 1.30824,
    "valid": 1.3095,
    "valid_error": 0.0001,
    "wrong_floor": 1.3158,
    "exact_match": 1.0,
    "curve": [2.0, 1.3],
    "examples": 100,
    "worlds": {
        "no leading zeros": {"entropy": 1.0465, "valid": 1.047, "curve": [2.0, 1.0], "examples": 100},
        "leading zeros": {"entropy": 1.0627, "valid": 1.063, "curve": [2.0, 1.0], "examples": 100},
    },
}


def test_toy_run(tmp_path: Path) -> None:
    assert toy_run(EXPERIMENT, tmp_path)["verdict"] in ("inconclusive",)


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures.update(valid=1.3158),
        lambda figures: figures.update(valid=1.3145),
        lambda figures: figures.update(valid=1.3070),
        lambda figures: figures.update(valid_error=0.003),
        lambda figures: figures["worlds"]["leading zeros"].update(valid=1.0465),
        lambda figures: figures["worlds"]["no leading zeros"].update(valid=1.0627),
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "fail"
