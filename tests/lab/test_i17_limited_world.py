from __future__ import annotations

from pathlib import Path

import pytest
from foretell.lab.experiments.i17_limited_world import EXPERIMENT
from lab_frame import changed, outcome, toy_run

ROWS = [
    ("text", "text", 1.0e5, None),
    ("text", "source code", 1.2e5, None),
    ("source code", "text", 1.1e5, None),
    ("source code", "source code", 1.0e5, None),
    ("Markov P", "Markov P", 1.03e5, 1.0e5),
    ("Markov P", "Markov Q", 1.1e5, 1.0e5),
    ("Markov Q", "Markov P", 1.1e5, 1.0e5),
    ("Markov Q", "Markov Q", 1.03e5, 1.0e5),
]
GOOD = {
    "bytes": 100_000,
    "rows": [
        {"trained": trained, "coded": coded, "given": given, "floor": floor, "restored": True}
        for trained, coded, given, floor in ROWS
    ],
}


def test_toy_run(tmp_path: Path) -> None:
    result = toy_run(EXPERIMENT, tmp_path)
    assert result["verdict"] == "pass"
    assert {(row["trained"], row["coded"]) for row in result["figures"]["rows"]} == {row[:2] for row in ROWS}


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures["rows"][1].update(given=0.99e5),
        lambda figures: figures["rows"][6].update(given=1.0e5),
        lambda figures: figures["rows"][4].update(given=1.2e5, floor=1.0e5),
        lambda figures: figures["rows"][7].update(given=0.97e5),
        lambda figures: figures["rows"][3].update(restored=False),
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "fail"
