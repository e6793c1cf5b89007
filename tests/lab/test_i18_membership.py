from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from foretell.lab.experiments.i18_membership import EXPERIMENT, advantage
from lab_frame import changed, outcome, toy_run

CURVES = {"members": [0.0, 0.5, 1.0], "others": [0.0, 0.5, 1.0]}
GOOD = {
    "sums": {"above_entropy": 0.1, "advantage": 0.01, "error": 0.01, **CURVES},
    "random": {"known": 1.0, "advantage": 0.9, "error": 0.02, **CURVES},
}


def test_toy_run(tmp_path: Path) -> None:
    result = toy_run(EXPERIMENT, tmp_path)
    assert result["figures"]["random"]["advantage"] > 0.2


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"
    noisy = changed(GOOD, lambda figures: figures["sums"].update(advantage=0.08, error=0.03))
    assert outcome(EXPERIMENT, noisy) == "pass"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures["sums"].update(advantage=0.06),
        lambda figures: figures["random"].update(advantage=0.19),
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "fail"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures["sums"].update(above_entropy=0.6),
        lambda figures: figures["random"].update(known=0.98),
    ],
)
def test_verdict_is_inconclusive(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "inconclusive"


def test_advantage() -> None:
    draw = np.random.default_rng(0)
    members, others = draw.normal(0, 1, 40_000), draw.normal(1, 1, 40_000)
    assert advantage(members, others)["advantage"] == pytest.approx(0.3829, abs=0.015)  # 2 Φ(1/2) - 1
    nothing = [advantage(draw.normal(size=400), draw.normal(size=400)) for _ in range(200)]
    mean = np.mean([one["advantage"] for one in nothing])
    assert abs(mean) < 0.02
    assert np.std([one["advantage"] for one in nothing]) == pytest.approx(
        np.mean([one["error"] for one in nothing]), rel=0.25
    )
