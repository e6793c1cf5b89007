from __future__ import annotations

from pathlib import Path

import pytest
from foretell.lab.experiments.e_replay import EXPERIMENT
from lab_frame import changed, outcome, toy_run

GOOD = {
    "bytes": 65536,
    "runs": [
        {
            "replay": replay,
            "ideal_bits": 8.0 * size,
            "file_bytes": size + 300,
            "restored": True,
            "bits_per_byte": [8.0, 5.0],
        }
        for replay, size in [(0, 30_000), (1, 25_000), (2, 23_000), (4, 22_000), (8, 22_100)]
    ],
}


def test_toy_run(tmp_path: Path) -> None:
    result = toy_run(EXPERIMENT, tmp_path)
    assert result["verdict"] == "inconclusive"  # two runs have one step: it cannot become smaller
    assert [check["holds"] for check in result["checks"]] == [True, None, True]


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures["runs"][0].update(file_bytes=22_700),  # the best has 22 300
        lambda figures: figures["runs"][4].update(ideal_bits=8.0 * 16_000),
        lambda figures: figures["runs"][2].update(restored=False),
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "fail"


def test_where_the_first_pass_saves_nothing_flattening_cannot_be_judged() -> None:
    figures = changed(GOOD, lambda figures: figures["runs"][0].update(ideal_bits=8.0 * 25_000))
    assert outcome(EXPERIMENT, figures) == "inconclusive"
