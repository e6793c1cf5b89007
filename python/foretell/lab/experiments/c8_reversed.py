"""C8, a control: with the sum's digits in reverse each follows from few others, and the same floor costs less to reach.

Written as usual, the first digit depends on carries from all the others; least significant first, each digit needs
two digits and one carry.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from foretell.lab import addition_plans, plots
from foretell.lab.addition_run import epistemic_bits
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.verdict import Check

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def measure(run: Run) -> Figures:
    """Train on sums in both orders."""
    runs = {"usual": addition_plans.small(run), "reversed": addition_plans.small(run, reverse=True)}
    keys = ("entropy", "valid", "curve", "examples", "exact_match")
    return {
        name: {**{key: one[key] for key in keys}, "epistemic_bits": epistemic_bits(one)} for name, one in runs.items()
    }


def judge(figures: Figures) -> list[Check]:
    """Want the same floor and a smaller area."""
    usual, other = figures["usual"], figures["reversed"]
    return [
        Check("entropy, reversed less usual, nats a token", other["entropy"] - usual["entropy"], 0, 0),
        Check(
            "validation loss over the floor, reversed", other["valid"] - other["entropy"], -0.002, 0.006, full_only=True
        ),
        Check(
            "bits spent on learning, reversed over usual",
            other["epistemic_bits"] / usual["epistemic_bits"],
            high=1.0,
            full_only=True,
        ),
    ]


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Draw both curves."""
    usual = figures["usual"]
    return {
        "orders": plots.many_curves(
            {name: one["curve"] for name, one in figures.items()},
            usual["examples"] / 1e6,
            title="Digits of the sum in the usual order and in reverse",
            x="millions of examples",
            y="nats a token",
            levels={f"floor {usual['entropy']:.4f}": usual["entropy"]},
        )
    }


EXPERIMENT = Experiment(
    id="C8",
    name="reversed",
    claim="Reversed digits have the same floor and a smaller area.",
    sizes=addition_plans.SETTINGS,
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=10,
    quick_cannot="which order is cheaper: its training is too short",
)
