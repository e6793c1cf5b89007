"""I2: coding bit by bit costs what coding byte by byte does, for the same model.

Two models code a text both ways. The n-gram network predicts bytes, and its prediction is split into eight decisions.
Counts are learned twice, of bytes and, by a learner that has never seen a byte, of bits at the nodes of a tree, from
the same prior. Each stream is restored by a process of its own.

What differs is rounding. The grid has 24 bits for bytes and for bits in the range coder, 16 in the binary coder; the
range coder itself loses 0.0001 bits a symbol on average, and a byte has eight decisions. A tenth of a percent is
allowed for all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from foretell.lab import bitwise, elsewhere, plots
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.verdict import Check
from foretell.lab.worlds import text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LANES = 64
QUANTISATION = 0.001
END = 8
"""Bits by which a stream may be longer for its end."""


def measure(run: Run) -> Figures:
    """Code and restore the text with each model in each way; time the coders alone."""
    data = text.chosen(run, run.settings["bytes"])
    lanes = np.frombuffer(data, np.uint8, len(data) // LANES * LANES).reshape(LANES, -1)
    files: dict[str, dict[str, object]] = {}
    with run.progress(len(bitwise.MODELS) * len(bitwise.WAYS), "files", unit="file") as bar:
        for model in bitwise.MODELS:
            files[model] = {}
            for way in bitwise.WAYS:
                path = run.folder / f"{model}-{way}.coded"
                coded = bitwise.write(path, lanes, model, way)
                restored = elsewhere.restored(bitwise.__name__, path) == coded.said
                files[model][way] = {**asdict(coded), "restored": restored}
                bar.update()
    timed = lanes[:, : run.settings["timed"] // LANES]
    return {"bytes": lanes.size, "files": files, "speeds": bitwise.speeds(timed)}


def judge(figures: Figures) -> list[Check]:
    """Compare sums with sums, and files with them: equal within the rounding."""
    checks, lost = [], 0
    for model, files in figures["files"].items():
        whole = files["bytes"]["ideal_bits"]
        apart = max(abs(files[way]["ideal_bits"] / whole - 1) for way in ("bits", "binary"))
        checks.append(Check(f"{model}: sum of the bits' costs over the bytes', less 1", apart, high=QUANTISATION))
        for way, file in files.items():
            over = max(abs(8 * file["payload_bytes"] - whole) - END, 0) / whole
            checks.append(Check(f"{model}, {way}: payload over the bytes' loss, less 1", over, high=QUANTISATION))
            lost += not file["restored"]
    learned = figures["files"]["network"]["bytes"]["ideal_bits"] / figures["bytes"]
    checks.append(Check("bits a byte of the network: it has learned", learned, high=6, kind="condition"))
    return [*checks, Check("streams that another process did not restore", lost, 0, 0)]


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Draw bits a byte of the streams, and how quick the coders are."""
    size = figures["bytes"]
    sizes = {
        f"{model}, {way}": 8 * file["payload_bytes"] / size
        for model, files in figures["files"].items()
        for way, file in files.items()
    }
    speeds = {
        f"{way}, {direction}": speed / 1e6
        for way, directions in figures["speeds"].items()
        for direction, speed in directions.items()
    }
    return {
        "sizes": plots.bars(sizes, title="The same model, byte by byte and bit by bit", y="bits a byte"),
        "speeds": plots.bars(speeds, title="The coder alone, probabilities known", y="10^6 bytes a second"),
    }


EXPERIMENT = Experiment(
    id="I2",
    name="bits",
    claim="Coding a byte as eight decisions costs what coding it whole does, for the same model.",
    sizes={
        "toy": {"bytes": 10_000, "timed": 5_000},
        "quick": {"bytes": 150_000, "timed": 50_000},
        "full": {"bytes": 466_000, "timed": 100_000},
    },
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=1,
)
