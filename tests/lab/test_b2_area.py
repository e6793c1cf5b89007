from __future__ import annotations

from pathlib import Path

import pytest
from foretell.lab.experiments.b2_area import EXPERIMENT
from lab_frame import changed, outcome, toy_run

GOOD = {
    "exact, text": {"area": [1000.0, 3000.0], "payload": [1008, 3000], "restored": True},
    "float, sums": {"area": [2000.0, 1000.0], "payload": [2000, 1008], "ideal": 3000.5, "restored": True},
}


def test_toy_run(tmp_path: Path) -> None:
    assert toy_run(EXPERIMENT, tmp_path)["verdict"] == "pass"


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures["exact, text"].update(payload=[1016, 3008]),
        lambda figures: figures["exact, text"].update(payload=[1000, 2984]),
        lambda figures: figures["float, sums"].update(payload=[2016, 1008]),
        lambda figures: figures["float, sums"].update(payload=[1992, 1000]),
        lambda figures: figures["float, sums"].update(ideal=3004.5),
        lambda figures: figures["float, sums"].update(restored=False),
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "fail"
