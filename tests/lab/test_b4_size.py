from __future__ import annotations

from pathlib import Path

import pytest
from foretell.lab.experiments.b4_size import EXPERIMENT, best
from lab_frame import changed, outcome, toy_run


def size(long: int, short: int, loss: float) -> dict[str, object]:
    files = {
        str(length): {"file_bytes": count, "ideal_bits": 8 * count - 99, "restored": True}
        for length, count in ((100, short), (100_000, long))
    }
    return {"weight_bytes": 10**6, "files": files, "curve": [3.0, loss]}


GOOD = {
    "lengths": [100, 100_000],
    "program_bytes": 9_000,
    "sizes": {"4 × 8": size(30_000, 90, 2.5), "8 × 32": size(25_000, 95, 2.2), "16 × 64": size(24_000, 97, 2.1)},
}


def test_toy_run(tmp_path: Path) -> None:
    figures = toy_run(EXPERIMENT, tmp_path)["figures"]
    assert all(file["restored"] for one in figures["sizes"].values() for file in one["files"].values())
    assert figures["best"]["10000"] == "16 × 64"


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"


@pytest.mark.parametrize(
    "change",
    [
        lambda sizes: sizes["16 × 64"]["files"]["100000"].update(file_bytes=25_001),
        lambda sizes: sizes["8 × 32"].update(curve=[3.0, 2.6]),
        lambda sizes: sizes["16 × 64"].update(weight_bytes=200_000),
        lambda sizes: sizes["4 × 8"]["files"]["100"].update(restored=False),
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, lambda figures: change(figures["sizes"]))) == "fail"


def test_nothing_saved_says_nothing() -> None:
    assert outcome(EXPERIMENT, changed(GOOD, lambda figures: figures.update(program_bytes=80_000))) == "inconclusive"


def test_the_best_of_each_length_shows_a_crossover() -> None:
    assert best(GOOD["lengths"], GOOD["sizes"]) == {"100": "4 × 8", "100000": "16 × 64"}
