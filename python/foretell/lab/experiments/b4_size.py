"""B4: a bigger network has the lower curve and the smaller file, though its weights are many times the file.

Weights are not sent, so they cost nothing; what both sides need, the program, is the same for every size. The n-gram
network of foretell grows in the numbers of a row and in hidden units, all else equal. It codes starts of a text, from a
few hundred bytes to all of it, each as a file of its own: short files show from where on a size is worth its price.

The program is counted as its sources in Python, the network and the exact arithmetic in torch; hashing of contexts and
the coder, in C++, are left out, the same few kilobytes for every size. As weights count those of the two layers alone;
rows of contexts that were seen come on top.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

from foretell.lab import frames, plots
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.instruments import program_bytes
from foretell.lab.verdict import Check
from foretell.lab.worlds import text
from foretell.models.native_ngram import NativeNgramModel
from foretell.models.ngram_parameters import Parameters

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLOCK = 1 << 14
PROGRAM = (
    "foretell.models.ngram",
    "foretell.models.ngram_parameters",
    *(f"foretell.exact.{name}" for name in ("activation", "embedding", "grid", "linear", "matmul", "noise", "optim")),
    *(f"foretell.exact.{name}" for name in ("root", "softmax")),
)


def parameters(width: int, hidden: int) -> Parameters:
    """Return those of a size; rates are of mix/1, one lane, tables as half a megabyte of text fills them."""
    return Parameters(
        lanes=1,
        chunk=32,
        row_bits=18,
        run_bits=18,
        width=width,
        hidden=hidden,
        layer_rate=100,
        row_rate=4000,
        decay=2000,
    )


def measure(run: Run) -> Figures:
    """Code every start of the text at every size."""
    data = text.chosen(run, max(run.settings["lengths"]))
    lengths = [length for length in run.settings["lengths"] if length < len(data)] + [len(data)]
    sizes = {}
    with run.progress(len(run.settings["sizes"]) * sum(lengths), "coding", unit="B") as bar:
        for width, hidden in run.settings["sizes"]:
            own, files = parameters(width, hidden), {}
            for length in lengths:
                path = run.folder / f"{width}-{hidden}-{length}.fore"
                model = NativeNgramModel(own)
                frame, blocks = frames.written(path, data[:length], model=model, block_size=BLOCK)
                files[str(length)] = frame.as_dict()
                bar.update(length)
            sizes[f"{width} × {hidden}"] = {
                "weight_bytes": 4 * own.weights,
                "files": files,
                "curve": [bits / count for count, bits in blocks],
            }
    program = program_bytes(*map(importlib.import_module, PROGRAM))
    return {"lengths": lengths, "program_bytes": program, "sizes": sizes, "best": best(lengths, sizes)}


def best(lengths: list[int], sizes: Figures) -> dict[str, str]:
    """Return by length the size with the least loss: where that changes is a crossover.

    Files would not do: the shortest are stored as they are, with every size.
    """
    return {str(n): min(sizes, key=lambda name: sizes[name]["files"][str(n)]["ideal_bits"]) for n in lengths}


def judge(figures: Figures) -> list[Check]:
    """Each size has a smaller file than the one before, and a lower curve at the end."""
    whole = str(figures["lengths"][-1])
    sizes = list(figures["sizes"].values())
    program = figures["program_bytes"]
    totals = [8 * (program + one["files"][whole]["file_bytes"]) for one in sizes]
    ends = [sum(one["curve"][-8:]) for one in sizes]
    raw = 8 * int(whole)
    heavy = sizes[-1]["weight_bytes"] / sizes[-1]["files"][whole]["file_bytes"]
    return [
        Check("total bits with the program, the next size over this one, the most", _most(totals), high=1 - 1e-9),
        Check("loss of the last blocks, the next size over this one, the most", _most(ends), high=1 - 1e-9),
        Check("bytes of the layers' weights over bytes of the file, largest size", heavy, low=10),
        Check("total bits with the program over the text's, largest size", totals[-1] / raw, high=1, kind="condition"),
        Check(
            "files that another process did not restore",
            sum(not file["restored"] for one in sizes for file in one["files"].values()),
            0,
            0,
        ),
    ]


def _most(values: list[float]) -> float:
    return max(after / before for before, after in pairwise(values))


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Draw the curves, and bits a byte of files of every length."""
    lengths, sizes = figures["lengths"], figures["sizes"]
    curves = {name: one["curve"] for name, one in sizes.items()}
    files = {
        name: [8 * one["files"][str(length)]["file_bytes"] / length for length in lengths]
        for name, one in sizes.items()
    }
    return {
        "curves": plots.many_curves(
            curves, lengths[-1], title="Row × hidden units: the loss", x="bytes", y="bits a byte"
        ),
        "files": plots.lines(
            lengths,
            files,
            title="Files of every length: which size is worth it from where on",
            x_label="bytes of text",
            y_label="bits a byte",
            log="x",
        ),
    }


EXPERIMENT = Experiment(
    id="B4",
    name="size",
    claim="A bigger network has the lower curve and the smaller file, though its weights are far larger than the file.",
    sizes={
        "toy": {"lengths": [500, 10_000], "sizes": [[2, 4], [16, 64]]},
        "quick": {"lengths": [250, 1000, 4000, 16_000, 100_000], "sizes": [[4, 8], [8, 32], [16, 64], [32, 128]]},
        "full": {
            "lengths": [250, 1000, 4000, 16_000, 64_000, 466_000],
            "sizes": [[4, 8], [8, 32], [16, 64], [32, 128], [32, 512]],
        },
    },
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=2,
)
