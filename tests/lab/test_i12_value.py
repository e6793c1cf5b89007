from __future__ import annotations

from pathlib import Path

import pytest
from foretell.lab.experiments.i12_value import EXPERIMENT, FOREIGN, RELATED, SHUFFLED
from lab_frame import changed, outcome, toy_run


def _values(*shares: float) -> list[dict]:
    return [
        {"share": share, "bits": share * 1e6, "file_bits": share * 1e6 + 300, "restored": True, "alone": {"bits": 1e6}}
        for share in shares
    ]


GOOD = {
    "target": 400_000,
    "amounts": [4_000, 16_000, 64_000],
    "judged": 16_000,
    "values": {
        RELATED: _values(0.015, 0.04, 0.1),
        FOREIGN: _values(0.005, 0.02, 0.03),
        SHUFFLED: _values(-0.001, -0.004, -0.02),
    },
}


def test_toy_run(tmp_path: Path) -> None:
    assert toy_run(EXPERIMENT, tmp_path)["verdict"] == "pass"


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures["values"].update({RELATED: _values(0.015, 0.005, 0.1), FOREIGN: _values(0, 0, 0)}),
        lambda figures: figures["values"].update({FOREIGN: _values(0.005, 0.05, 0.03)}),
        lambda figures: figures["values"].update({SHUFFLED: _values(-0.001, -0.011, -0.02)}),
        lambda figures: figures["values"].update({SHUFFLED: _values(-0.001, 0.011, -0.02)}),
        lambda figures: figures["values"][RELATED][0].update(file_bits=20_100),
        lambda figures: figures["values"][FOREIGN][2].update(restored=False),
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "fail"
