from __future__ import annotations

from pathlib import Path

import pytest
from foretell.lab.experiments.i4_planes import EXPERIMENT
from lab_frame import changed, outcome, toy_run


def file(bits: float) -> dict[str, object]:
    return {"bits_a_pixel": bits, "restored": True}


GOOD = {
    "side": 256,
    "seed": 0,
    "worlds": [{"noise_bits": 2, "entropy": 2.0, "files": [file(2.1), file(1.06), file(0.09), file(0.08)]}],
}


def test_toy_run(tmp_path: Path) -> None:
    result = toy_run(EXPERIMENT, tmp_path)
    assert all(one["restored"] for world in result["figures"]["worlds"] for one in world["files"])


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures["worlds"][0]["files"][1].update(bits_a_pixel=0.9),
        lambda figures: figures["worlds"][0]["files"][2].update(bits_a_pixel=0.3),
        lambda figures: [one.update(bits_a_pixel=one["bits_a_pixel"] - 0.2) for one in figures["worlds"][0]["files"]],
        lambda figures: figures["worlds"][0]["files"][3].update(restored=False),
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "fail"
