from __future__ import annotations

from pathlib import Path

import pytest
from foretell.lab.experiments.c3_generalises import EXPERIMENT
from lab_frame import changed, outcome, toy_run

GOOD = {
    "plan": {"size": "micro", "digits": 8, "batch": 128},
    "exact_match": 0.96,
    "looks": {"10": [1.5, 0.0], "20": [1.3, 0.96]},
    "examples": 2560,
}


def test_toy_run(tmp_path: Path) -> None:
    assert toy_run(EXPERIMENT, tmp_path)["verdict"] in ("inconclusive",)


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures.update(exact_match=0.94),
        lambda figures: figures["plan"].update(size="mini"),  # held to more
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "fail"
