"""F: each skill of a mixture emerges abruptly, at a time of its own; the loss of them all together looks smooth.

Eight kinds of question, asked with power-law frequencies, each answered by the parity of 3 of 48 random bits that the
question shows: nothing about a parity can be known before it is known almost whole. Answers are coded before they are
learned from, every question is new, so each kind's curve is also what its answers cost, and all of it can be learned
(the entropy of an answer is 0).

Shares of the training depend on how long it goes on after the last fall, which was chosen so that all kinds are learned
and not much longer; that the total's fall takes longer than any kind's does not.

A fall is a loss of 80 % of a curve's plateau (`foretell.lab.instruments.fall`). A kind falls abruptly if its fall takes
less than a fifth of the training; the total must take longer than that for its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from foretell.lab import plots
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.instruments import Floats, fall, thinned
from foretell.lab.verdict import Check
from foretell.lab.worlds.mixture import Parities

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ABRUPT = 0.2
"""Of the training: a fall that takes less is abrupt, one that takes more is not."""
IN_ORDER = 18 / 28
"""Kendall's rank correlation that 8 tasks in a random order reach once in a hundred times."""


def measure(run: Run) -> Figures:
    """Code the answers of one run, and look for falls in the curves of the kinds and of the total."""
    import torch

    from foretell.lab.answers import AnswerConfig, code

    settings = run.settings
    steps = settings["steps"]
    world = Parities(settings["tasks"], settings["bits"], 3, settings["power"], run.seed)
    config = AnswerConfig(
        settings["width"], settings["batch"], steps, settings["rate"], run.seed, run.device, torch.get_num_threads()
    )
    with run.progress(steps, "mixture") as progress:
        tally = code(run.folder / "answers.bin", world, config, progress)
    windows = settings["windows"]
    nats, questions = (_pieces(values, windows) for values in (tally.nats, tally.questions))
    tasks = nats / np.maximum(questions, 1) / np.log(2)
    total = nats.sum(1) / questions.sum(1) / np.log(2)
    found = [fall(curve) for curve in (*tasks.T, total)]
    falls = [one.as_dict() if one else None for one in found]
    return {
        "steps": steps,
        "windows": windows,
        "frequencies": world.frequencies.tolist(),
        "entropy": world.entropy,
        "tasks": [thinned(curve, windows) for curve in tasks.T],
        "total": thinned(total, windows),
        "task_falls": falls[:-1],
        "total_fall": falls[-1],
        "file": {**tally.file, "answers": steps * settings["batch"]},
    }


def _pieces(values: Floats, count: int) -> Floats:
    return np.stack([piece.sum(0) for piece in np.array_split(values, count)])


def rank_correlation(values: list[int]) -> float:
    """Return Kendall's rank correlation of values with their places; equal ones count as neither order."""
    x = np.array(values)
    upper = np.triu_indices(len(x), 1)
    return float(np.sign(x[None, :] - x[:, None])[upper].mean())


def judge(figures: Figures) -> list[Check]:
    """Check that all kinds fall, each abruptly, the common ones first, and that the total does not fall abruptly."""
    falls, total, file = figures["task_falls"], figures["total_fall"], figures["file"]
    found = [one for one in falls if one]
    learned = len(found) == len(falls)
    ends = [one["end"] for one in found]
    payload_bits = 8 * (file["bytes"] - file["header_bytes"])
    return [
        Check("kinds that have fallen, as a share of all", len(found) / len(falls), low=1, kind="condition"),
        Check(
            "the longest fall of a kind, as a share of the training",
            max(one["share"] for one in found) if learned else None,
            high=ABRUPT,
        ),
        Check(
            "the total's fall, as a share of the training (1: it has none)",
            total["share"] if total else 1.0,
            low=ABRUPT,
        ),
        Check(
            "rank correlation of the falls with the order of frequency",
            rank_correlation(ends) if learned else None,
            low=IN_ORDER,
        ),
        Check("the last fall's end over the first one's", max(ends) / min(ends) if learned else None, low=2),
        Check("the payload's bits over the area under the curve", payload_bits / file["ideal_bits"], 0.99, 1.01),
        Check("another process restored the answers (1 = yes)", float(file["restored"]), 1, 1),
    ]


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Draw the kinds' curves with their falls, and the total."""
    names = [f"asked {share:.1%}" for share in figures["frequencies"]]
    step = figures["steps"] / figures["windows"]
    marks = {
        name: (one["start"] * step, one["end"] * step)
        for name, one in zip(names, figures["task_falls"], strict=True)
        if one
    }
    return {
        "tasks": plots.many_curves(
            dict(zip(names, figures["tasks"], strict=True)),
            figures["steps"],
            title="Each kind of question is learned abruptly",
            marks=marks,
            x="step",
            y="bits an answer",
        ),
        "total": plots.loss_curve(
            figures["total"],
            figures["steps"],
            figures["entropy"],
            title="All kinds together",
            x="step",
            y="bits an answer",
        ),
    }


_COMMON = {"width": 128, "power": 1.2, "rate": 2e-3, "batch": 256, "windows": 200}
EXPERIMENT = Experiment(
    id="F",
    name="mixture",
    claim="Skills of a mixture emerge abruptly one by one, and the total loss looks smooth.",
    sizes={
        "toy": {**_COMMON, "tasks": 3, "bits": 6, "steps": 300, "windows": 60, "rate": 1e-2},
        "quick": {**_COMMON, "tasks": 8, "bits": 24, "steps": 9000},
        "full": {**_COMMON, "tasks": 8, "bits": 48, "steps": 14_000},
    },
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=2,
)
