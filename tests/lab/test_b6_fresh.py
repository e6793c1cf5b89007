from __future__ import annotations

from pathlib import Path

import pytest
from foretell.lab.experiments.b6_fresh import EXPERIMENT
from lab_frame import changed, outcome, toy_run
from test_c5_dropout import GOOD  # the same figures, judged otherwise


def test_toy_run(tmp_path: Path) -> None:
    assert toy_run(EXPERIMENT, tmp_path)["verdict"] in ("inconclusive",)


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures["without"].update(train=1.3100),
        lambda figures: figures["without"].update(train=1.3060),
        lambda figures: figures["with"].update(train=1.3200),
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "fail"
