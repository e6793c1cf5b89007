from __future__ import annotations

from pathlib import Path

import pytest
from foretell.lab.experiments.c4_emergence import EXPERIMENT
from lab_frame import changed, outcome, toy_run

GOOD = {
    "plan": {"batch": 32},
    "answer": [4, 5, 6],
    "falls": {
        "4": {"start": 10, "end": 14, "plateau": 2.3, "share": 0.04},
        "5": {"start": 50, "end": 55, "plateau": 2.3, "share": 0.05},
        "6": {"start": 80, "end": 89, "plateau": 2.3, "share": 0.09},
    },
    "others_during_falls": {"4": 0.02, "5": 0.05},
    "curves": {"c0": [2.3, 0.0], "c1": [2.3, 0.0], "c2": [2.3, 0.0]},
    "examples": 3200,
}


def test_toy_run(tmp_path: Path) -> None:
    assert toy_run(EXPERIMENT, tmp_path)["verdict"] in ("inconclusive",)


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures["falls"].update({"5": None}),
        lambda figures: figures["falls"]["5"].update(share=0.4),
        lambda figures: figures["falls"]["5"].update(start=10),
        lambda figures: figures["others_during_falls"].update({"4": 0.7, "5": 0.9}),
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "fail"
