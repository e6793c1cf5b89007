from __future__ import annotations

from pathlib import Path

import pytest
from foretell.lab.experiments.d_grokking import EXPERIMENT
from lab_frame import changed, outcome, toy_run

GOOD = {
    "prime": 97,
    "rule": {
        "steps": 3000,
        "training_step": 200,
        "held_out_step": 2500,
        "training": [0.01, 0.5, 1.0],
        "held_out": [0.01, 0.3, 0.995],
        "labels": 4656,
        "file": {"bytes": 100, "plain_bits": 30728.7, "restored": True},
    },
    "random": {
        "steps": 3000,
        "training_step": 300,
        "held_out_step": None,
        "training": [0.01, 0.5, 1.0],
        "held_out": [0.01, 0.02, 0.012],
        "labels": 4656,
        "file": {"bytes": 7000, "plain_bits": 30728.7, "restored": True},
    },
}


def test_toy_run(tmp_path: Path) -> None:
    figures = toy_run(EXPERIMENT, tmp_path)["figures"]
    assert figures["rule"]["file"]["restored"]
    assert figures["random"]["file"]["restored"]
    assert abs(8 * figures["rule"]["file"]["bytes"] / figures["rule"]["file"]["ideal_bits"] - 1) < 0.05


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"
    assert outcome(EXPERIMENT, GOOD, "quick") == "inconclusive"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures["rule"].update(training_step=251),
        lambda figures: figures["random"].update(held_out=[0.01, 0.06]),
        lambda figures: figures["rule"]["file"].update(bytes=3842),
        lambda figures: figures["random"]["file"].update(bytes=3840),
        lambda figures: figures["rule"]["file"].update(restored=False),
        lambda figures: figures["random"]["file"].update(restored=False),
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "fail"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures["rule"].update(training_step=None),
        lambda figures: figures["random"].update(training_step=None),
        lambda figures: figures["rule"].update(held_out_step=None),
    ],
)
def test_verdict_is_inconclusive(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "inconclusive"
