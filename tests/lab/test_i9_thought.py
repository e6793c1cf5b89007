from __future__ import annotations

import math
from pathlib import Path

import pytest
from foretell.lab.experiments.i9_thought import EXPERIMENT
from lab_frame import changed, outcome, toy_run

CURVE = {"answer_curve": [3.3, 1.0], "excess_curve": [5.0, 6.0]}
GOOD = {
    "base": 10,
    "entropy": 12 * math.log2(10),
    "examples": 1000,
    "thought": {
        **CURVE,
        "file_bits": 42_000,
        "answer": 0.01,
        "question": 39.87,
        "question_error": 0.01,
        "restored": True,
    },
    "plain": {
        **CURVE,
        "file_bits": 43_400,
        "answer": 3.32,
        "question": 39.86,
        "question_error": 0.01,
        "restored": True,
    },
}


def test_toy_run(tmp_path: Path) -> None:
    result = toy_run(EXPERIMENT, tmp_path)
    assert all(check["holds"] for check in result["checks"] if "restored" in check["what"])


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"
    assert outcome(EXPERIMENT, GOOD, "quick") == "inconclusive"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures["thought"].update(answer=0.11),
        lambda figures: figures["plain"].update(answer=2.99),
        lambda figures: figures["thought"].update(file_bits=43_401),
        lambda figures: figures["thought"].update(question=39.8),
        lambda figures: figures["plain"].update(question=39.8),
        lambda figures: figures["thought"].update(restored=False),
        lambda figures: figures["plain"].update(restored=False),
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "fail"
