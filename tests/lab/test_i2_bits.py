from __future__ import annotations

from pathlib import Path

import pytest
from foretell.lab.experiments.i2_bits import EXPERIMENT
from lab_frame import changed, outcome, toy_run


def file(payload_bytes: int, ideal_bits: float) -> dict[str, object]:
    return {"payload_bytes": payload_bytes, "ideal_bits": ideal_bits, "restored": True}


GOOD = {
    "bytes": 10_000,
    "files": {
        model: {"bytes": file(2500, 19_998.0), "bits": file(2501, 19_998.0), "binary": file(2501, 19_998.0)}
        for model in ("network", "counts")
    },
    "speeds": {},
}


def test_toy_run(tmp_path: Path) -> None:
    assert toy_run(EXPERIMENT, tmp_path)["verdict"] == "pass"


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"


@pytest.mark.parametrize(
    "change",
    [
        lambda files: files["counts"]["bits"].update(ideal_bits=20_030.0),
        lambda files: files["network"]["binary"].update(ideal_bits=19_970.0),
        lambda files: files["counts"]["bytes"].update(payload_bytes=2510),
        lambda files: files["network"]["bits"].update(payload_bytes=2490),
        lambda files: files["network"]["bits"].update(restored=False),
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, lambda figures: change(figures["files"]))) == "fail"


def test_a_network_that_learned_nothing_says_nothing() -> None:
    figures = changed(GOOD, lambda figures: figures.update(bytes=3_000))
    assert outcome(EXPERIMENT, figures) == "inconclusive"
