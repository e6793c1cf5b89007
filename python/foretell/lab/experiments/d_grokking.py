"""D: grokking shows that the weights of a network need not be a copy of what it was trained on.

A transformer learns half of the table of a / b modulo a prime. It soon knows that half by heart, and much later, under
weight decay, finds the rule: the other half's labels, of which it never saw one, then cost next to nothing. The control
is the same table with random labels: learned by heart as well, and worth nothing for the other half, however long the
training. The labels are really coded, and restored by another process (`foretell.lab.tables`).

How much later the rule comes is a matter of the set-up, and this one was looked for: with GPT-2's first weights, rate
1e-3 and weight decay 1 it came after about twice the steps; with first weights 4 times as large, rate 2e-3 and weight
decay 0.5 after 6.7 times; with 0.25, as here, after more than ten times. So a pass says that a network can know a table
by heart for long before it finds the rule, not that it must.

Training accuracy is that of the batches of the last pass, each measured before the step that learns from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from foretell.lab import plots
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.instruments import smoothed, thinned
from foretell.lab.verdict import Check
from foretell.lab.worlds.modular import Division

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from foretell.lab.tables import History

KNOWN = 0.99
EVERY = 25
LOOKS_AFTER = 4
"""Looks at held-out accuracy that a run goes on for once that is reached."""


def measure(run: Run) -> Figures:
    """Train on the rule's table until it generalises, and as long on the random one; code both held-out halves."""
    by_rule = _trained(run, random_labels=False, steps=run.settings["steps"])
    return {
        "prime": run.settings["prime"],
        "rule": by_rule,
        "random": _trained(run, random_labels=True, steps=by_rule["steps"]),
    }


def _trained(run: Run, *, random_labels: bool, steps: int) -> Figures:
    from foretell.lab.tables import TableLearner

    settings = run.settings
    name = "random" if random_labels else "rule"
    world = Division(settings["prime"], random_labels, run.seed)
    learner = TableLearner(
        world,
        settings["size"],
        rate=settings["rate"],
        weight_decay=settings["weight_decay"],
        start=settings["start"],
        seed=run.seed,
        device=run.device,
    )
    folder = run.folder / name
    folder.mkdir(exist_ok=True)
    with run.progress(steps, name) as progress:
        history = learner.learn(
            steps, every=EVERY, ended=_has_generalised, checkpoint=folder / "checkpoint.pt", progress=progress
        )
    last_pass = smoothed(history.training, learner.batches)
    return {
        "steps": len(history.training),
        "training_step": _first(last_pass, 1),
        "held_out_step": _first(np.array(history.held_out), EVERY),
        "training": thinned(last_pass),
        "held_out": history.held_out,
        "labels": len(world.held_out),
        "file": learner.archive(folder),
    }


def _has_generalised(history: History) -> bool:
    return sum(one >= KNOWN for one in history.held_out) > LOOKS_AFTER


def _first(accuracy: Any, every: int) -> int | None:
    """Return the first step at which an accuracy that was measured every so many steps is reached."""
    reached = np.flatnonzero(accuracy >= KNOWN)
    return int(reached[0]) * every if len(reached) else None


def judge(figures: Figures) -> list[Check]:
    """Check that the rule is found ten times later than the copy, and only where there is one; sizes say the same."""
    rule, random = figures["rule"], figures["random"]
    found = rule["training_step"] and rule["held_out_step"]
    checks = [
        Check(f"{name} labels: the step at which training accuracy is 99 %", one["training_step"], 0, kind="condition")
        for name, one in (("the rule's", rule), ("random", random))
    ]
    checks += [
        Check(
            "steps to 99 % of held-out labels over steps to 99 % of the training labels",
            rule["held_out_step"] / rule["training_step"] if found else None,
            low=10,
            full_only=True,
        ),
        Check(
            "random labels: the highest held-out accuracy, times chance",
            max(random["held_out"]) * figures["prime"],
            high=5,
        ),
        Check("the rule's held-out labels: bits over plain bits", _share(rule), high=1),
        Check("random held-out labels: bits over plain bits", _share(random), low=1),
    ]
    for name, one in (("the rule's", rule), ("random", random)):
        checks.append(Check(f"{name} labels: another process restored them", float(one["file"]["restored"]), 1, 1))
    return checks


def _share(one: Figures) -> float:
    return float(8 * one["file"]["bytes"] / one["file"]["plain_bits"])


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Draw the accuracy of both runs, and the sizes of both files beside plain labels."""
    bits = {
        f"{name}, {kind}": value / one["labels"]
        for name, one in (("rule", figures["rule"]), ("random", figures["random"]))
        for kind, value in (("coded", 8 * one["file"]["bytes"]), ("plain", one["file"]["plain_bits"]))
    }
    return {
        "accuracy": _accuracy(figures),
        "labels": plots.bars(bits, title="The half of the table that was held out", y="bits a label"),
    }


def _accuracy(figures: Figures) -> Figure:
    figure, axes = plots.canvas("Known by heart, then understood: division mod p", "step", "accuracy")
    for name, colour in (("rule", plots.INK), ("random", plots.FLOOR)):
        one = figures[name]
        at = plots.evenly(len(one["training"]), one["steps"])
        axes.plot(at, one["training"], color=colour, lw=1, ls="--", label=f"{name}, training half")
        looks = np.arange(len(one["held_out"])) * EVERY
        axes.plot(looks, one["held_out"], color=colour, lw=1.4, label=f"{name}, other half")
    axes.set_xscale("symlog", linthresh=100)
    axes.legend(frameon=False, fontsize=8)
    return figure


_COMMON = {"rate": 2e-3, "weight_decay": 0.25, "start": 4.0}
EXPERIMENT = Experiment(
    id="D",
    name="grokking",
    claim="A network that knows its training half by heart later finds the rule, if there is one.",
    sizes={
        "toy": {**_COMMON, "prime": 11, "size": "1,2,32", "steps": 60},
        "quick": {**_COMMON, "prime": 59, "size": "1,4,64", "steps": 1500},
        "full": {**_COMMON, "prime": 97, "size": "2,4,128", "steps": 4500},
    },
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=8,
    quick_cannot="that the rule comes ten times later: its table is smaller",
)
