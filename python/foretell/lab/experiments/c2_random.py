"""C2: what is random stays random, and what follows from it is learned.

The digits of the operands cost ln 9 and ln 10 nats, never less: less would be a leak of what comes later. The signs and
the sum, which follow from what is before them, come to cost nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from foretell.lab import addition_plans, plots
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.verdict import Check

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NEAR, _NOTHING = 0.01, 0.01  # nats


def measure(run: Run) -> Figures:
    """Look at the loss of each position, at the end and all along."""
    keys = ("plan", "operands", "answer", "position_entropy", "valid_by_position", "lowest_operand_gap")
    figures = addition_plans.base(run)
    return {
        **{key: figures[key] for key in keys},
        "position_curves": figures["position_curves"],
        "examples": figures["examples"],
    }


def judge(figures: Figures) -> list[Check]:
    """Hold operands to their entropy, all else to nothing."""
    entropy, valid = figures["position_entropy"], figures["valid_by_position"]
    operands = figures["operands"]
    known = [loss for place, loss in enumerate(valid) if place not in operands]
    off = [valid[place] - entropy[place] for place in operands]
    return [
        Check("operand digits, largest loss over ln 9 or ln 10, nats", max(off), high=_NEAR, full_only=True),
        Check("operand digits, smallest loss over ln 9 or ln 10, nats", min(off), low=-_NEAR),
        Check("the same, smoothed, at any time in training", figures["lowest_operand_gap"], low=-3 * _NEAR),
        Check("+ = e and the sum, largest loss, nats", max(known), high=_NOTHING, full_only=True),
    ]


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Draw losses by position at the end, and over time."""
    digits = figures["plan"]["digits"]
    names = [*(f"a{i}" for i in range(digits)), "+", *(f"b{i}" for i in range(digits)), "="]
    names += [*(f"c{i}" for i in range(digits + 1)), "e"]
    curves = figures["position_curves"]
    return {
        "positions": plots.bars(
            dict(zip(names, figures["valid_by_position"], strict=True)),
            title="Validation loss by position: what is random, and what is not",
            y="nats",
            levels={"ln 10": 2.302585, "ln 9": 2.197225},
        ),
        "curves": plots.many_curves(
            {names[place]: curves[place] for place in range(len(names)) if place not in figures["operands"]},
            figures["examples"] / 1e6,
            title="What follows from the operands, position by position",
            x="millions of examples",
            y="nats",
        ),
    }


EXPERIMENT = Experiment(
    id="C2",
    name="random",
    claim="What is random stays random (operand digits), what follows from it comes to cost nothing.",
    sizes=addition_plans.SETTINGS,
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=45,
    quick_cannot="the learned sum: its training is too short",
)
