from __future__ import annotations

from pathlib import Path

import pytest
from foretell.lab.experiments.h_generator import EXPERIMENT
from foretell.lab.worlds.generators import WORLD
from lab_frame import changed, outcome, toy_run

GOOD = {
    "entropy": WORLD.entropy,
    "examples": 1000,
    "twister": {"operands": 52.86, "error": 0.005, "curve": [60.0, 52.9]},
    "congruential": {"state": 0.02, "curve": [8.0, 0.1]},
    "searched": {
        "bits": 20,
        "ideal": 21.0,
        "later": 1e-7,
        "file_bits": 56,
        "curve": [21.0, 21.0],
        "restored": True,
    },
    "known_one": {"file_bits": 48, "restored": True},
    "known_all": {"file_bits": 56, "restored": True},
}


def test_toy_run(tmp_path: Path) -> None:
    result = toy_run(EXPERIMENT, tmp_path)
    holds = {check["what"]: check["holds"] for check in result["checks"]}
    assert all(holds[what] for what in holds if not what.startswith("network"))


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures["twister"].update(operands=52.8),
        lambda figures: figures["twister"].update(operands=53.4),
        lambda figures: figures["congruential"].update(state=0.11),
        lambda figures: figures["searched"].update(ideal=20.0),
        lambda figures: figures["searched"].update(ideal=21.2),
        lambda figures: figures["searched"].update(later=0.02),
        lambda figures: figures["searched"].update(file_bits=64),
        lambda figures: figures["known_one"].update(file_bits=56),
        lambda figures: figures["known_all"].update(file_bits=112),
        lambda figures: figures["searched"].update(restored=False),
        lambda figures: figures["known_one"].update(restored=False),
        lambda figures: figures["known_all"].update(restored=False),
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "fail"
