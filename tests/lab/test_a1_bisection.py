from __future__ import annotations

from pathlib import Path

import pytest
from foretell.lab.experiments.a1_bisection import EXPECTED, EXPERIMENT, NAMES, TOTALS
from lab_frame import changed, outcome, toy_run

GOOD = {
    "rows": {name: {"bits": total, "ideal": total / 2} for name, total in zip(NAMES, TOTALS, strict=True)},
    "queries": {f"{p:.6g}": {"counted": 2.0, "formula": 2.01} for p in EXPECTED},
    "rare_refused": True,
}


def test_toy_run(tmp_path: Path) -> None:
    assert toy_run(EXPERIMENT, tmp_path)["verdict"] == "pass"


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures["rows"]["10^3"].update(bits=243),
        lambda figures: figures["queries"]["0.1"].update(counted=2.04),
        lambda figures: figures.update(rare_refused=False),
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "fail"
