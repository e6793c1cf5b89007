"""I18: a network that found a rule does not tell what it was trained on; one that had to memorise does.

An attacker knows an example's loss and guesses that it was trained on if that is below a threshold. His advantage is
the share of members that he finds less the share of others that he accuses, for the best threshold: chosen on half of
the examples, measured on the other half, so that no advantage is 0 on average.

Sums: the network saw each example once, learned addition from them, and the members are those that it saw last.
Random labels: nothing but memory can lower their loss, and the network was trained until it knew them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from foretell.lab import plots
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.instruments import Floats
from foretell.lab.verdict import Check
from foretell.lab.worlds.addition import Addition
from foretell.lab.worlds.modular import Division

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def advantage(members: Floats, others: Floats) -> dict[str, float]:
    """Return the attacker's advantage from losses, and its standard error."""
    thresholds = np.sort(np.concatenate([members[::2], others[::2]]))
    gain = _at_most(members[::2], thresholds) - _at_most(others[::2], thresholds)
    best = thresholds[np.argmax(gain)]
    found, accused = np.mean(members[1::2] <= best), np.mean(others[1::2] <= best)
    error = found * (1 - found) / len(members[1::2]) + accused * (1 - accused) / len(others[1::2])
    return {"advantage": float(found - accused), "error": float(np.sqrt(error))}


def _at_most(losses: Floats, thresholds: Floats) -> Floats:
    """Return the shares of losses at or below each threshold."""
    return np.asarray(np.searchsorted(np.sort(losses), thresholds, "right") / len(losses))


def measure(run: Run) -> Figures:
    """Train both networks, and attack both."""
    return {"sums": _sums(run), "random": _random(run)}


def _sums(run: Run) -> Figures:
    from foretell.lab import prequential
    from foretell.lab.learner import Learner, LearnerConfig

    settings = run.settings
    world, batch, steps = Addition(settings["digits"], reverse=True), settings["batch"], settings["steps"]
    config = LearnerConfig(
        settings["size"],
        world.vocabulary,
        world.length,
        rate=settings["rate"],
        steps=steps,
        seed=run.seed,
        cooldown=steps // 5,
    )
    learner = Learner(config, run.device)

    def source(step: int) -> np.ndarray:
        return world.batch(batch, run.seed, step)

    with run.progress(steps, "sums") as progress:
        prequential.run(learner, source, steps, checkpoint=run.folder / "sums.pt", progress=progress)
    last = range(steps - settings["attacked"] // batch, steps)
    members = learner.measure(np.concatenate([source(step) for step in last])).sum(1)
    others = learner.measure(world.tokens(world.validation)).sum(1)
    above = float(others.mean() / np.log(2)) - world.entropy
    return {"above_entropy": above, **_attacked(members, others)}


def _random(run: Run) -> Figures:
    from foretell.lab.tables import TableLearner

    settings = run.settings
    world = Division(settings["prime"], random_labels=True, seed=run.seed)
    learner = TableLearner(world, settings["table_size"], weight_decay=0.0, seed=run.seed, device=run.device)
    with run.progress(settings["table_steps"], "random labels") as progress:
        learner.learn(settings["table_steps"], progress=progress)
    known = learner.accuracy(world.training)
    return {"known": known, **_attacked(learner.losses(world.training), learner.losses(world.held_out))}


def _attacked(members: Floats, others: Floats) -> Figures:
    edges = np.quantile(np.concatenate([members, others]), np.linspace(0, 1, 41))
    curve = {"members": _at_most(members, edges).tolist(), "others": _at_most(others, edges).tolist()}
    return {**advantage(members, others), "count": [len(members), len(others)], **curve}


def judge(figures: Figures) -> list[Check]:
    """Check for no advantage on sums and a large one on random labels; both networks must have learned."""
    sums, random = figures["sums"], figures["random"]
    return [
        Check("sums: bits an example above the entropy", sums["above_entropy"], high=0.5, kind="condition"),
        Check("random labels: training accuracy", random["known"], 0.99, kind="condition"),
        Check("sums: membership advantage", sums["advantage"], high=max(0.05, 3 * sums["error"])),
        Check("random labels: membership advantage", random["advantage"], low=0.2),
    ]


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Draw what an attacker finds against what he accuses."""
    figure, axes = plots.canvas(
        "Members found against others accused, by threshold", "others accused", "members found", wide=5, high=4.6
    )
    for name, label, colour in (("random", "random labels", plots.FLOOR), ("sums", "sums", plots.INK)):
        one = figures[name]
        axes.plot(one["others"], one["members"], color=colour, label=f"{label}: advantage {one['advantage']:.3f}")
    axes.plot([0, 1], [0, 1], color="grey", lw=0.8, ls=":", label="guessing")
    axes.legend(frameon=False, fontsize=8)
    return {"attack": figure}


_TABLE = {"prime": 31, "table_size": "1,2,64", "table_steps": 400}
_SUMS = {"size": "nano", "batch": 128, "rate": 2e-3, "attacked": 8192}
EXPERIMENT = Experiment(
    id="I18",
    name="membership",
    claim="Weights that hold a rule do not tell what they were trained on; weights that hold data do.",
    sizes={
        "toy": {**_TABLE, **_SUMS, "prime": 13, "size": "pico", "digits": 2, "steps": 80, "attacked": 1024},
        "quick": {**_TABLE, **_SUMS, "digits": 3, "batch": 64, "steps": 1500},
        "full": {**_TABLE, **_SUMS, "digits": 3, "steps": 2500},
    },
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=3,
)
