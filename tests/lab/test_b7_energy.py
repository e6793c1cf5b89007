from __future__ import annotations

from pathlib import Path

import pytest
from foretell.lab.experiments.b7_energy import EXPERIMENT
from lab_frame import changed, outcome, toy_run


def row(file_bytes: int, seconds: float) -> dict[str, object]:
    return {
        "restored": True,
        "file_bytes": file_bytes,
        "bits_per_byte": 8 * file_bytes / 10_000,
        "encode_seconds": seconds,
        "bytes_per_second": 10_000 / seconds,
        "saved_bits_per_second": 8 * (10_000 - file_bytes) / seconds,
    }


GOOD = {
    "bytes": 10_000,
    "rows": {
        "foretell -1": row(3000, 0.1),
        "foretell -3": row(2800, 0.4),
        "foretell -5": row(2700, 1.0),
        "xz -9e": row(4000, 0.05),
    },
    "front": ["foretell -1", "foretell -3", "foretell -5", "xz -9e"],
}


def test_toy_run(tmp_path: Path) -> None:
    assert toy_run(EXPERIMENT, tmp_path)["verdict"] != "inconclusive"  # seconds of so little say nothing


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures["rows"]["foretell -3"].update(encode_seconds=0.09),
        lambda figures: figures["rows"]["foretell -5"].update(file_bytes=2800),
        lambda figures: figures["rows"]["foretell -1"].update(saved_bits_per_second=1.0),
        lambda figures: figures["rows"]["xz -9e"].update(restored=False),
        lambda figures: figures.update(front=["xz -9e"]),
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "fail"


def test_without_a_level_nothing_is_known() -> None:
    assert outcome(EXPERIMENT, changed(GOOD, lambda figures: figures["rows"].pop("foretell -3"))) == "inconclusive"
