"""I9: a chain of thought makes the file smaller, although more tokens are sent.

The question q is a row of random digits, the answer a their sum modulo the base, the thoughts are the sums on the way.
Nothing but q is random: bits(q, thoughts, a) and bits(q, a) have the same entropy, and a longer text can only cost more
to learn. But each thought is a step that a network learns from examples, and the answer without them is not: it costs
its full bits in every example, for ever. The same network sees the same digits in both runs, and both files are
restored by a process of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from foretell.lab import plots
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.instruments import epistemic, standard_error, thinned
from foretell.lab.verdict import Check
from foretell.lab.worlds.thought import RunningSums

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from foretell.lab.instruments import Floats


def _learned(run: Run, thought: bool) -> Figures:
    from foretell.lab.archive import restored_elsewhere
    from foretell.lab.learner import Learner, LearnerConfig
    from foretell.lab.prequential import run as code

    settings = run.settings
    world = RunningSums(settings["digits"], settings["base"], thought)
    steps, batch = settings["steps"], settings["batch"]
    learner = Learner(
        LearnerConfig(
            settings["network"],
            world.vocabulary,
            world.length,
            rate=settings["rate"],
            warmup=30,
            steps=steps,
            cooldown=steps // 3,
            seed=run.seed,
        ),
        run.device,
    )
    name = "thought" if thought else "plain"
    path = run.folder / f"{name}.lab"
    with run.progress(steps, name) as progress:
        curve = code(
            learner,
            lambda step: world.batch(batch, run.seed, step),
            steps,
            given=world.given,
            archive=path,
            checkpoint=run.folder / f"{name}.pt",
            progress=progress,
        )
    nats = curve.nats.astype(np.float64)
    late = nats[-max(steps // 10, 2) :] / math.log(2)
    excess: Floats = epistemic(nats, world.position_entropy).sum(axis=1) / math.log(2)
    question = late[:, world.question].sum(axis=1)
    return {
        "file_bits": 8 * curve.file_bytes,
        "answer": float(late[:, -1].mean()),
        "question": float(question.mean()),
        "question_error": standard_error(question),
        "answer_curve": thinned(nats[:, -1] / math.log(2)),
        "excess_curve": thinned(np.cumsum(excess) * batch / 1000),
        "restored": restored_elsewhere(path) == curve.digest,
    }


def measure(run: Run) -> Figures:
    """Code the same questions with thoughts and without."""
    world = RunningSums(run.settings["digits"], run.settings["base"])
    return {
        "base": world.base,
        "entropy": world.entropy,
        "examples": run.settings["steps"] * run.settings["batch"],
        "thought": _learned(run, True),
        "plain": _learned(run, False),
    }


def judge(figures: Figures) -> list[Check]:
    """Hold the answer against nothing after thoughts and nine tenths of its bits without, and file against file."""
    thought, plain = figures["thought"], figures["plain"]
    full = math.log2(figures["base"])
    checks = [
        Check("bits(a | q, thoughts) in the last tenth", thought["answer"], high=0.1),
        Check(f"bits(a | q) in the last tenth, of {full:.4g}", plain["answer"], low=full * 3 / math.log2(10)),
        Check(
            "file of (q, thoughts, a) over file of (q, a)",
            thought["file_bits"] / plain["file_bits"],
            high=1,
            full_only=True,
        ),
    ]
    for name, one in (("thoughts", thought), ("no thoughts", plain)):
        below = (one["question"] - figures["entropy"]) / one["question_error"]
        checks += [
            Check(f"bits(q) less its entropy, in standard errors, {name}", below, low=-3),
            Check(f"file restored by a process of its own, {name} (1 = yes)", float(one["restored"]), 1, 1),
        ]
    return checks


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Draw the answer's curve, and what each file has cost so far beyond the entropy."""
    names = {"thought": "with thoughts", "plain": "without"}
    examples = figures["examples"]
    return {
        "answer": plots.many_curves(
            {name: figures[key]["answer_curve"] for key, name in names.items()},
            examples,
            title="What the answer costs",
            x="examples",
            y="bits",
            levels={"unknown": math.log2(figures["base"])},
        ),
        "excess": plots.many_curves(
            {name: figures[key]["excess_curve"] for key, name in names.items()},
            examples,
            title="What the whole text has cost so far beyond its entropy",
            x="examples",
            y="kbit",
        ),
    }


_SETTINGS = {"network": "1,8,64", "rate": 5e-3, "batch": 32, "digits": 12, "base": 10}

EXPERIMENT = Experiment(
    id="I9",
    name="thought",
    claim="A chain of thought makes the answer free, and pays for its own tokens.",
    sizes={
        "toy": {**_SETTINGS, "batch": 8, "digits": 4, "base": 4, "steps": 20},
        "quick": {**_SETTINGS, "steps": 300},
        "full": {**_SETTINGS, "steps": 2000},
    },
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=4,
    quick_cannot="that the thoughts pay for themselves, which takes more examples",
)
