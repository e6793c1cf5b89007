from __future__ import annotations

from pathlib import Path

import pytest
from foretell.lab.experiments.b1_lossless import EXPERIMENT, sums
from lab_frame import changed, outcome, toy_run

FLIPS = {"bits": 1000, "tried": 1000, "error": 990, "other_error": 10, "harmless": 0, "wrong": 0}
GOOD = {
    kind: {"bytes": 1000, "file_bytes": 300, "restored": True, "flips": FLIPS | extra}
    for kind, extra in {"exact": {}, "float": {"error": 980, "harmless": 10}}.items()
}


def test_toy_run(tmp_path: Path) -> None:
    result = toy_run(EXPERIMENT, tmp_path)
    assert result["verdict"] == "inconclusive"  # it flips some bits only
    assert all(check["holds"] for check in result["checks"] if not check["full_only"])


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures["exact"].update(restored=False),
        lambda figures: figures["float"].update(restored=False),
        lambda figures: figures["float"].update(file_bytes=1001),
        lambda figures: figures["exact"]["flips"].update(error=989, wrong=1),
        lambda figures: figures["float"]["flips"].update(error=979),
        lambda figures: figures["float"]["flips"].update(bits=1001),
        lambda figures: figures["exact"]["flips"].update(error=989, harmless=1),
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "fail"


def test_some_flips_are_inconclusive() -> None:
    some = changed(GOOD, lambda figures: figures["exact"]["flips"].update(bits=2000))
    assert outcome(EXPERIMENT, some, "quick") == "inconclusive"


def test_sums() -> None:
    lines = sums(50, 1).decode().splitlines()
    assert len(lines) == 50
    for line in lines:
        left, total = line.split("=")
        assert sum(map(int, left.split("+"))) == int(total)
