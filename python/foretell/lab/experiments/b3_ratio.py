"""B3: the ratio r_n rises to 1 - H / log2 m, whatever learns, as long as it can learn the source.

Sources of known entropy, independent and Markov, each coded by counts of the source's own order (which must learn it)
and by foretell's exact model, which knows nothing of the source and takes symbols as bytes. Both are measured against
the plain size n log2 m. What counts need besides the coder is their own source, and |f| is that, compressed; foretell's
program is large and the same for all, so its |f| is left out here. Uniform bytes are the control: nobody can save
anything, so r_n is never above 0, and comes to it. Foretell's points are files of the first n symbols, headers and all;
the counts' are ideal but for the last. The last files of both are restored by processes of their own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

import foretell
from foretell.lab import counts, elsewhere, instruments, plots
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.verdict import Check
from foretell.lab.worlds.markov import Markov, drawn, independent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

UNIFORM = "uniform bytes"
SOURCES: dict[str, Callable[[], Markov]] = {
    "independent, m = 4": partial(independent, [8, 4, 2, 1]),
    "independent, m = 256": lambda: independent(1 / np.arange(1, 257)),
    "Markov, m = 16": partial(drawn, 16, 1, 0.3),
    "order 3, m = 4": partial(drawn, 4, 3, 0.5),
    UNIFORM: lambda: independent(np.ones(256)),
}
METHODS = ("counts", "foretell")


def measure(run: Run) -> Figures:
    """Code every source both ways, and have the files restored."""
    names = run.settings["sources"]
    program = 8 * instruments.program_bytes(counts)
    sources = {}
    with run.progress(len(names), "sources", "source") as bar:
        for name in names:
            sources[name] = _source(SOURCES[name](), run, program)
            bar.update()
    return {"program_bits": program, "sources": sources}


def _source(source: Markov, run: Run, program: int) -> dict[str, Any]:
    count, level = run.settings["symbols"], run.settings["level"]
    symbols = source.sample(count, run.seed)
    at = (count * 0.5 ** (np.arange(16, -1, -1) / 2)).astype(int)
    ratio = partial(instruments.ratio, vocabulary=source.vocabulary)

    path = run.folder / "counts"
    ideal = np.cumsum(counts.write(path, symbols, source.vocabulary, source.order))
    size = np.append(ideal[at[:-1] - 1], 8 * path.stat().st_size)
    by_counts = {
        "curve": ratio(size, at, program_bits=program).round(6).tolist(),
        "restored": counts.restored_elsewhere(path) == counts.sha256(symbols),
    }
    curve: list[float | None] = [None] * len(at)
    for place in range(0, len(at), 4):  # files of the first symbols: coding them is much quicker than coding all
        plain = symbols[: at[place]].tobytes()
        frame = foretell.compress(plain, level=level)
        curve[place] = round(float(ratio(8 * len(frame), at[place])), 6)
    return {
        "limit": 1 - source.entropy / math.log2(source.vocabulary),
        "symbols": at.tolist(),
        "counts": by_counts,
        "foretell": {"curve": curve, "restored": elsewhere.decompressed(frame) == plain},
    }


def judge(figures: Figures) -> list[Check]:
    """Near the limit, and rising to it; nothing saved of uniform bytes."""
    sources = figures["sources"]
    checks = []
    for method in METHODS:
        last = {name: one[method]["curve"][-1] for name, one in sources.items()}
        checks += [
            Check(
                f"{method}: |r_n - (1 - H / log2 m)|, the largest of all sources but uniform bytes",
                max(abs(last[name] - one["limit"]) for name, one in sources.items() if name != UNIFORM),
                high=0.01,
                full_only=True,
            ),
            Check(
                f"{method}: what r_n gains from first to last point, the least of all sources but uniform bytes",
                min(last[name] - one[method]["curve"][0] for name, one in sources.items() if name != UNIFORM),
                low=0,
            ),
        ]
        uniform = [value for value in sources[UNIFORM][method]["curve"] if value is not None]
        checks += [
            Check(f"{method}: r_n of uniform bytes, the largest", max(uniform), high=0),
            Check(f"{method}: r_n of uniform bytes, the last", uniform[-1], low=-0.01, full_only=True),
        ]
    restored = [one[method]["restored"] for one in sources.values() for method in METHODS]
    checks.append(Check("share of files restored by another process", sum(restored) / len(restored), 1, 1))
    return checks


def draw(figures: Figures) -> Mapping[str, Figure]:
    """r_n of each source against n, with its limit."""
    pictures = {}
    for name, one in figures["sources"].items():
        picture = plots.lines(
            one["symbols"],
            {method: one[method]["curve"] for method in METHODS},
            title=f"{name}: what is saved of n log2 m",
            x_label="symbols n",
            y_label="r_n",
            log="x",
            levels={f"1 - H / log2 m = {one['limit']:.4f}": one["limit"]},
        )
        picture.axes[0].set_ylim(-0.3, max(0.1, one["limit"] + 0.1))
        pictures[name.replace(", m = ", "_").replace(" ", "_").lower()] = picture
    return pictures


EXPERIMENT = Experiment(
    id="B3",
    name="ratio",
    claim="The share that is saved rises to 1 - H / log2 m, and is never above 0 where nothing can be saved.",
    sizes={
        "toy": {"symbols": 1 << 12, "level": 3, "sources": ["independent, m = 4", UNIFORM]},
        "quick": {"symbols": 1 << 17, "level": 3, "sources": list(SOURCES)},
        "full": {"symbols": 1 << 21, "level": 5, "sources": list(SOURCES)},
    },
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=8,
    quick_cannot="that r_n comes within 0.01 of its limit: the program and what must be learned are too large a part",
)
