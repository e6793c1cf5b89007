from __future__ import annotations

from pathlib import Path

import pytest
from foretell.lab.experiments.b5_determinism import EXPERIMENT, SAME, THREADS
from lab_frame import changed, outcome, toy_run

RIGHT = {"differing": 0, "decodes": True, "first_wrong": None}
WRONG = {"differing": 50, "decodes": False, "first_wrong": 12}
GOOD = {
    "float": {"symbols": 400, "entries": 6000, "changes": {SAME: RIGHT, THREADS: RIGHT, "each sequence alone": WRONG}},
    "exact": {
        "symbols": 400,
        "entries": 6000,
        "bits_per_byte": 5.0,
        "changes": {SAME: RIGHT, THREADS: RIGHT, "each sequence alone": RIGHT, "in C++": RIGHT},
    },
}


def test_toy_run(tmp_path: Path) -> None:
    assert toy_run(EXPERIMENT, tmp_path)["verdict"] == "pass"


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures["float"]["changes"].update({"each sequence alone": WRONG | {"decodes": True}}),
        lambda figures: figures["float"]["changes"].update({"each sequence alone": WRONG | {"differing": 0}}),
        lambda figures: figures["exact"]["changes"].update({THREADS: RIGHT | {"differing": 1}}),
        lambda figures: figures["exact"]["changes"].update({"in C++": RIGHT | {"decodes": False}}),
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "fail"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures["float"]["changes"].update({SAME: WRONG}),
        lambda figures: figures["exact"].update(bits_per_byte=8.0),
    ],
)
def test_verdict_is_inconclusive(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "inconclusive"
