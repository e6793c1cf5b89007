"""B7: energy becomes compression: more of the processor's time buys smaller files, at a worse and worse price.

Every level of foretell and every compressor that is installed codes the same text, in a process of its own, one thread;
another process restores it. What a bit saved costs is told in seconds of the processor, and for levels with a network
in multiplications of it. Seconds include what is not arithmetic, so that all can be compared; a tool's include its
start, a few milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

from foretell.lab import compare, plots
from foretell.lab.contestants import EVERYDAY, OTHERS, Foretell, sorted_out
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.verdict import Check
from foretell.lab.worlds import text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STEPS = ("foretell -1", "foretell -3", "foretell -5")
"""Levels that do different things, each more than the one before; their neighbours differ in sizes of tables alone."""


def measure(run: Run) -> Figures:
    """Compare all on the same bytes."""
    data = text.chosen(run, run.settings["bytes"])
    others = (EVERYDAY + OTHERS)[: run.settings["others"]]
    chosen, _ = sorted_out([*map(Foretell, run.settings["levels"]), *others])
    with run.progress(len(chosen), "compressors", unit="compressor") as bar:
        rows = compare.compared(data, chosen, run.folder, lambda name, row: bar.update())
    return {"bytes": len(data), "rows": rows, "front": sorted(compare.front(rows))}


def judge(figures: Figures) -> list[Check]:
    """Levels 1, 3 and 5 are in order of time, size and price; a point of the front is ours."""
    rows = figures["rows"]
    checks = [
        Check("archives that another process did not restore", sum(not one["restored"] for one in rows.values()), 0, 0)
    ]
    steps = [rows[name] for name in STEPS if rows.get(name, {}).get("restored")]
    for what, key, sign in (
        ("seconds: the least growth", "encode_seconds", 1),
        ("file bytes: the least fall", "file_bytes", -1),
        ("bits saved per second: the least fall", "saved_bits_per_second", -1),
    ):
        growth = [sign * (after[key] / before[key] - 1) for before, after in pairwise(steps)]
        complete = len(steps) == len(STEPS)
        checks.append(Check(f"levels 1, 3, 5, {what}, as a share", min(growth) if complete else None, low=1e-9))
    ours = sum(name.startswith("foretell") for name in figures["front"])
    checks.append(Check("points of the Pareto front that are foretell's", ours, low=1))
    return checks


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Draw the front, and what a bit costs."""
    rows = {name: one for name, one in figures["rows"].items() if one["restored"]}
    title = f"{figures['bytes']:,} bytes of text: size against speed"
    figure, axes = plots.canvas(
        "The smaller the file, the dearer its last bits", "bits per byte", "bits saved per second"
    )
    for ours, colour in ((True, plots.FLOOR), (False, plots.INK)):
        points = sorted(
            (one["bits_per_byte"], one["saved_bits_per_second"])
            for name, one in rows.items()
            if name.startswith("foretell") == ours and one["saved_bits_per_second"] > 0
        )
        if points:
            axes.plot(
                *zip(*points, strict=True), "o-" if ours else "o", color=colour, label="foretell" if ours else "others"
            )
    axes.set_yscale("log")
    axes.legend(frameon=False, fontsize=8)
    return {"front": compare.picture(rows, title), "price": figure}


EXPERIMENT = Experiment(
    id="B7",
    name="energy",
    claim="More computation buys smaller files, and each further bit costs more of it.",
    sizes={
        "toy": {"bytes": 30_000, "levels": [1, 3, 5], "others": 3},
        "quick": {"bytes": 200_000, "levels": list(range(6)), "others": 99},
        "full": {"bytes": 300_000, "levels": list(range(10)), "others": 99},
    },
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=3,
)
