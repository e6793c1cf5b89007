from __future__ import annotations

from pathlib import Path

import pytest
from foretell.lab.experiments.g_rsa import EXPERIMENT
from lab_frame import changed, outcome, toy_run


def learned(bits: int, c: float, restored: bool | None = None) -> dict[str, float | bool | None]:
    return {"bits": bits, "entropy": float(bits), "m": 1.01 * bits, "c": c, "restored": restored}


GOOD = {
    "rsa": [learned(6, 0.1, restored=True), learned(12, 8.0), learned(16, 15.9), learned(32, 32.1)],
    "controls": {name: learned(16, 0.2) for name in ("identity", "xor", "affine")},
    "factored": [{"file_bits": 12_207, "header_bits": 200, "m_bits": 12_000.5, "restored": True}] * 2,
}


def test_toy_run(tmp_path: Path) -> None:
    result = toy_run(EXPERIMENT, tmp_path)
    holds = {check["what"]: check["holds"] for check in result["checks"]}
    assert all(holds[what] for what in holds if "restored" in what or "factors" in what or "rsa 16" in what)


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"
    assert outcome(EXPERIMENT, GOOD, "quick") == "inconclusive"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures["rsa"][2].update(c=14.3),
        lambda figures: figures["rsa"][3].update(c=28.7),
        lambda figures: figures["rsa"][0].update(c=0.3),
        lambda figures: figures["rsa"][0].update(restored=False),
        lambda figures: figures["controls"]["identity"].update(c=0.7),
        lambda figures: figures["controls"]["xor"].update(c=0.7),
        lambda figures: figures["controls"]["affine"].update(c=0.7),
        lambda figures: figures["factored"][1].update(file_bits=12_209),
        lambda figures: figures["factored"][0].update(restored=False),
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "fail"
