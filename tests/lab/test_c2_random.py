from __future__ import annotations

from pathlib import Path

import pytest
from foretell.lab.experiments.c2_random import EXPERIMENT
from lab_frame import changed, outcome, toy_run

GOOD = {
    "plan": {"digits": 1},
    "operands": [0, 2],
    "answer": [4, 5],
    "position_entropy": [2.1972, 0, 2.1972, 0, 0, 0, 0],
    "valid_by_position": [2.1975, 0.001, 2.1974, 0.001, 0.005, 0.002, 0.001],
    "lowest_operand_gap": -0.004,
    "position_curves": [[2.2, 2.2]] * 7,
    "examples": 100,
}


def test_toy_run(tmp_path: Path) -> None:
    assert toy_run(EXPERIMENT, tmp_path)["verdict"] in ("pass", "inconclusive")


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures["valid_by_position"].__setitem__(2, 2.21),
        lambda figures: figures["valid_by_position"].__setitem__(0, 2.18),  # a leak
        lambda figures: figures["valid_by_position"].__setitem__(4, 0.02),
        lambda figures: figures.update(lowest_operand_gap=-0.5),
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "fail"
