"""B5: Bob decodes only if his numbers are Alice's to the bit; float networks do not promise that, exact ones do.

One stream of additions is coded by a GPT in float, which predicts the sequences of a batch together, a token a step, on
one thread. Then it is decoded with one thing changed that does not matter on paper: each sequence alone, whole
sequences instead of steps, another number of threads. Any of them may happen to give the same bits on a machine; the
claim needs one that does not, and then the decoder goes wrong and stays wrong.

The exact model (`foretell.models.ngram`, in torch) codes text by whole chunks, and is decoded a step at a time with the
same things changed, and by its other implementation, which is in C++. Not one entry of one CDF may differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from foretell.lab import plots
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.verdict import Check
from foretell.lab.worlds import text
from foretell.lab.worlds.addition import Addition

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SAME = "nothing"
THREADS = "2 threads instead of 1"


def measure(run: Run) -> Figures:
    """Change one thing at a time, in float and in exact arithmetic."""
    from foretell.lab.otherwise import threads

    with threads(1), run.progress(2, "kinds", "kind") as bar:
        in_float = _in_float(run)
        bar.update()
        return {"float": in_float, "exact": _exactly(text.chosen(run, run.settings["bytes"]), run.settings["lanes"])}


def _in_float(run: Run) -> dict[str, Any]:
    from foretell.lab import otherwise
    from foretell.lab.learner import Learner, LearnerConfig

    world = Addition(held_out=0)
    config = LearnerConfig(run.settings["network"], world.vocabulary, world.length, seed=run.seed)
    batches = [world.batch(run.settings["batch"], run.seed, step) for step in range(run.settings["steps"])]
    trial = otherwise.coded(config, batches)
    kinds = {
        SAME: Learner,
        "each sequence alone": otherwise.Alone,
        "whole sequences": otherwise.Whole,
        THREADS: Learner,
    }
    changes = {}
    for name, kind in kinds.items():
        with otherwise.threads(2 if name == THREADS else 1):
            wrong = otherwise.first_wrong(trial, kind)
            changes[name] = {
                "differing": otherwise.differing(trial, kind),
                "decodes": wrong is None,
                "first_wrong": wrong,
            }
    entries = sum(int(rows.size) for rows in trial.cdfs)
    return {"symbols": len(batches) * batches[0][:, 1:].size, "entries": entries, "changes": changes}


def _exactly(data: bytes, lanes: int) -> dict[str, Any]:
    from foretell.errors import Error
    from foretell.lab import otherwise
    from foretell.models.base import Model
    from foretell.models.native_ngram import NativeNgramModel
    from foretell.models.ngram import NgramModel
    from foretell.models.ngram_parameters import Parameters

    parameters = Parameters(lanes=lanes, row_bits=12, run_bits=12, width=16, hidden=32)
    kinds: dict[str, Callable[[], Model]] = {
        SAME: partial(NgramModel, parameters),
        "each sequence alone": partial(otherwise.by_row, parameters),
        THREADS: partial(NgramModel, parameters),
        "in C++": partial(NativeNgramModel, parameters),
    }
    symbols = np.frombuffer(data, np.uint8)
    columns = np.ascontiguousarray(symbols[: len(symbols) // lanes * lanes].reshape(lanes, -1).T)
    stream = otherwise.exactly_coded(kinds[SAME](), columns)
    same: Any = None
    changes = {}
    for name, kind in kinds.items():
        with otherwise.threads(2 if name == THREADS else 1):
            try:
                decoded, cdfs = otherwise.exactly_decoded(kind(), stream, columns.shape)
            except Error:  # then nearly all entries after some step differ; one is enough to know
                changes[name] = {"differing": 1, "decodes": False}
                continue
        same = cdfs if name == SAME else same
        changes[name] = {
            "differing": int((cdfs != same).sum()),
            "decodes": bool(np.array_equal(decoded, columns)),
        }
    return {
        "symbols": columns.size,
        "entries": int(cdfs.size),
        "changes": changes,
        "bits_per_byte": 8 * len(stream) / columns.size,
    }


def judge(figures: Figures) -> list[Check]:
    """Float breaks by one change at least, exact arithmetic by none."""
    in_float, exact = figures["float"]["changes"], figures["exact"]["changes"]
    real = [one for name, one in in_float.items() if name != SAME]
    return [
        Check("float decodes where nothing is changed (1 = yes)", float(in_float[SAME]["decodes"]), 1, 1, "condition"),
        Check("exact model's bits a byte: it predicts", figures["exact"]["bits_per_byte"], high=7.5, kind="condition"),
        Check("float: changes after which it does not decode", float(sum(not one["decodes"] for one in real)), low=1),
        Check("float: CDF entries that differ, the most of a change", max(one["differing"] for one in real), low=1),
        Check("exact: changes after which it does not decode", sum(not one["decodes"] for one in exact.values()), 0, 0),
        Check("exact: CDF entries that differ, all changes", sum(one["differing"] for one in exact.values()), 0, 0),
    ]


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Draw what share of the CDF entries differs, and how far the decoder came."""
    shares = {
        f"{kind}: {name}": one["differing"] / figures[kind]["entries"]
        for kind in ("float", "exact")
        for name, one in figures[kind]["changes"].items()
    }
    right = {
        name: figures["float"]["symbols"] if one["decodes"] else one["first_wrong"]
        for name, one in figures["float"]["changes"].items()
    }
    return {
        "entries": plots.bars(shares, title="CDF entries that differ, by what is changed", y="share of entries"),
        "decoded": plots.bars(
            right,
            title="Float: symbols decoded before the first wrong one, by what is changed",
            y="symbols",
            levels={"all": figures["float"]["symbols"]},
        ),
    }


EXPERIMENT = Experiment(
    id="B5",
    name="determinism",
    claim="Decoding needs the same bits on both sides: float loses them by another batch split, exact models never do.",
    sizes={
        "toy": {"network": "1,2,32", "batch": 8, "steps": 1, "bytes": 1024, "lanes": 16},
        "quick": {"network": "nano", "batch": 32, "steps": 10, "bytes": 32_768, "lanes": 64},
        "full": {"network": "micro", "batch": 64, "steps": 20, "bytes": 131_072, "lanes": 128},
    },
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=2,
)
