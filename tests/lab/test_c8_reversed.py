from __future__ import annotations

from pathlib import Path

import pytest
from foretell.lab.experiments.c8_reversed import EXPERIMENT
from lab_frame import changed, outcome, toy_run

GOOD = {
    name: {
        "entropy": 1.0465,
        "valid": valid,
        "curve": [2.0, 1.1],
        "examples": 100,
        "exact_match": 1.0,
        "epistemic_bits": bits,
    }
    for name, valid, bits in (("usual", 1.08, 6e5), ("reversed", 1.047, 2e5))
}


def test_toy_run(tmp_path: Path) -> None:
    assert toy_run(EXPERIMENT, tmp_path)["verdict"] in ("pass", "inconclusive")


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures["reversed"].update(epistemic_bits=6.1e5),
        lambda figures: figures["reversed"].update(valid=1.06),
        lambda figures: figures["reversed"].update(entropy=1.05, valid=1.05),
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "fail"
