from __future__ import annotations

from pathlib import Path

import pytest
from foretell.lab.experiments.i3_codec_bytes import EXPERIMENT
from lab_frame import changed, outcome, toy_run


def stream(kind: str, saving: float) -> dict[str, object]:
    return {"kind": kind, "saving": saving, "file_bytes": 1000, "restored": True}


GOOD = {
    "bytes": 10_000,
    "streams": {
        "text itself": stream("text", 0.8),
        "gzip -9": stream("entropy-coded", 0.01),
        "JPEG 75": stream("entropy-coded", 0.07),
        "range coder, iid": stream("arithmetic-coded", -0.0002),
    },
}


def test_toy_run(tmp_path: Path) -> None:
    assert all(one["restored"] for one in toy_run(EXPERIMENT, tmp_path)["figures"]["streams"].values())


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"


@pytest.mark.parametrize(
    "change",
    [
        lambda streams: streams["JPEG 75"].update(saving=0.11),
        lambda streams: streams["range coder, iid"].update(saving=0.006),
        lambda streams: streams["range coder, iid"].update(saving=-0.006),
        lambda streams: streams["gzip -9"].update(restored=False),
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, lambda figures: change(figures["streams"]))) == "fail"


def test_a_model_that_learns_nothing_says_nothing() -> None:
    figures = changed(GOOD, lambda figures: figures["streams"]["text itself"].update(saving=0.1))
    assert outcome(EXPERIMENT, figures) == "inconclusive"
