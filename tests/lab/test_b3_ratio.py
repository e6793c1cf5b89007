from __future__ import annotations

from pathlib import Path

import pytest
from foretell.lab.experiments.b3_ratio import EXPERIMENT, UNIFORM
from lab_frame import changed, outcome, toy_run

AT = [100, 1000, 10_000]


def one(limit: float, curve: list[float], blocks: list[float | None]) -> dict:
    return {
        "limit": limit,
        "symbols": AT,
        "counts": {"curve": curve, "restored": True},
        "foretell": {"curve": blocks, "restored": True},
    }


GOOD = {
    "program_bits": 10_000,
    "sources": {
        "Markov": one(0.3, [-2.0, 0.1, 0.292], [0.1, None, 0.291]),
        UNIFORM: one(0.0, [-2.0, -0.2, -0.001], [-0.002, None, -0.001]),
    },
}


def test_toy_run(tmp_path: Path) -> None:
    result = toy_run(EXPERIMENT, tmp_path)
    checks = {check["what"]: check["holds"] for check in result["checks"]}
    assert checks["share of files restored by another process"]
    assert checks["counts: r_n of uniform bytes, the largest"]
    assert checks["counts: what r_n gains from first to last point, the least of all sources but uniform bytes"]


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"


@pytest.mark.parametrize("method", ["counts", "foretell"])
@pytest.mark.parametrize(
    "change",
    [
        lambda sources, method: sources["Markov"][method].update(curve=[-2.0, 0.1, 0.289]),
        lambda sources, method: sources["Markov"][method].update(curve=[-2.0, 0.1, 0.311]),
        lambda sources, method: sources["Markov"][method].update(curve=[0.295, 0.29, 0.294]),
        lambda sources, method: sources[UNIFORM][method].update(curve=[-2.0, 0.001, -0.001]),
        lambda sources, method: sources[UNIFORM][method].update(curve=[-2.0, -0.2, -0.02]),
        lambda sources, method: sources["Markov"][method].update(restored=False),
    ],
)
def test_verdict_fails(method: str, change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, lambda figures: change(figures["sources"], method))) == "fail"
