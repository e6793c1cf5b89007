from __future__ import annotations

from pathlib import Path

import pytest
from foretell.lab.experiments.c7_bigger import EXPERIMENT
from lab_frame import changed, outcome, toy_run

GOOD = {
    name: {"parameters": 1000, "epistemic_bits": bits, "curve": [2.0, 1.3], "entropy": 1.05, "examples": 100}
    for name, bits in (("pico", 9e5), ("nano", 6e5), ("micro", 3e5))
}


def test_toy_run(tmp_path: Path) -> None:
    assert toy_run(EXPERIMENT, tmp_path)["verdict"] in ("pass", "fail")  # seconds decide nothing


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures["micro"].update(epistemic_bits=6e5),
        lambda figures: figures["nano"].update(epistemic_bits=9.1e5),
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "fail"
