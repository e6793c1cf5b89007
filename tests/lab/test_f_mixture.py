from __future__ import annotations

from pathlib import Path

import pytest
from foretell.lab.experiments.f_mixture import EXPERIMENT, rank_correlation
from lab_frame import changed, outcome, toy_run


def fallen(start: int, end: int) -> dict[str, float]:
    return {"start": start, "end": end, "plateau": 1.0, "share": (end - start) / 200}


GOOD = {
    "steps": 1000,
    "windows": 200,
    "frequencies": [0.4, 0.2, 0.15, 0.1, 0.07, 0.05, 0.02, 0.01],
    "entropy": 0.0,
    "tasks": [[1.0, 0.5, 0.0]] * 8,
    "total": [1.0, 0.5, 0.0],
    "task_falls": [fallen(20 * place, 20 * place + 39) for place in range(1, 9)],
    "total_fall": fallen(20, 120),
    "file": {"bytes": 5200, "header_bytes": 200, "ideal_bits": 40000.0, "restored": True, "answers": 256_000},
}


def test_toy_run(tmp_path: Path) -> None:
    figures = toy_run(EXPERIMENT, tmp_path)["figures"]
    assert figures["file"]["restored"]
    assert figures["file"]["bytes"] * 8 < figures["file"]["answers"]  # it has learned


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"
    assert outcome(EXPERIMENT, changed(GOOD, lambda figures: figures.update(total_fall=None))) == "pass"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures["task_falls"].__setitem__(2, fallen(60, 102)),
        lambda figures: figures.update(total_fall=fallen(20, 59)),
        lambda figures: figures.update(
            task_falls=[fallen(70 + place * 7 % 8, 80 + place * 7 % 8) for place in range(8)]
        ),
        lambda figures: figures.update(task_falls=[fallen(100 + place, 120 + place) for place in range(8)]),
        lambda figures: figures["file"].update(bytes=5400),
        lambda figures: figures["file"].update(restored=False),
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "fail"


def test_verdict_is_inconclusive_where_a_kind_is_not_learned() -> None:
    change = changed(GOOD, lambda figures: figures["task_falls"].__setitem__(7, None))
    assert outcome(EXPERIMENT, change) == "inconclusive"


def test_rank_correlation() -> None:
    assert rank_correlation([1, 5, 9]) == 1
    assert rank_correlation([9, 5, 1]) == -1
    assert rank_correlation([1, 3, 2, 4]) == pytest.approx(4 / 6)
    assert rank_correlation([1, 1, 2]) == pytest.approx(2 / 3)
