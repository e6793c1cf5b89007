"""C1: the loss on sums goes down to the entropy of their operands, and allowing leading zeros moves it.

With operands of 8 digits, the first not zero, the floor is (14 ln 10 + 2 ln 9) / 28 = 1.30824 nats a token; the
tempting 16 ln 10 / 28 = 1.3158 is the floor of another world, in which they may start with zeros.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from foretell.lab import addition_plans, plots
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.verdict import Check
from foretell.lab.worlds.addition import Addition

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NEAR = {"micro": 0.006, "mini": 0.003}
"""Nats a token by which the last loss may miss the floor, by network; the article's own is gpt-mini's."""

_CLEAR = 3.0
"""Standard errors that should lie between the loss and the wrong floor."""


def measure(run: Run) -> Figures:
    """Train in the article's world, and in a smaller one with and without leading zeros."""
    figures = addition_plans.base(run)
    worlds = {}
    for name, zeros in (("no leading zeros", False), ("leading zeros", True)):
        other = addition_plans.small(run, leading_zeros=zeros)
        worlds[name] = {key: other[key] for key in ("entropy", "valid", "curve", "examples")}
    keys = ("plan", "entropy", "valid", "valid_error", "exact_match", "curve", "examples")
    digits = figures["plan"]["digits"]
    wrong = float(Addition(digits, not figures["plan"]["leading_zeros"]).position_entropy.mean())
    return {**{key: figures[key] for key in keys}, "wrong_floor": wrong, "worlds": worlds}


def judge(figures: Figures) -> list[Check]:
    """Meet the floor from above, far from the wrong one, in each world its own."""
    near = _NEAR.get(figures["plan"]["size"], 0.006)
    floor, valid, error = figures["entropy"], figures["valid"], figures["valid_error"]
    checks = [
        Check("validation loss, nats a token", valid, floor - 3 * error, floor + near, full_only=True),
        Check(
            "standard errors below the floor of leading zeros",
            (figures["wrong_floor"] - valid) / error,
            low=_CLEAR,
            full_only=True,
        ),
    ]
    for name, one in figures["worlds"].items():
        what = f"validation loss over the floor {one['entropy']:.4f}, {name}"
        checks.append(Check(what, one["valid"] - one["entropy"], -0.002, 0.006, full_only=True))
    return checks


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Draw the loss curve with the area shaded, and the two smaller worlds."""
    digits, size = figures["plan"]["digits"], figures["plan"]["size"]
    worlds = figures["worlds"]
    return {
        "loss": plots.loss_curve(
            figures["curve"],
            figures["examples"] / 1e6,
            figures["entropy"],
            title=f"Sums of {digits} digits, {size}: the size of the file is the area",
            x="millions of examples",
            y="nats a token",
        ),
        "worlds": plots.many_curves(
            {name: one["curve"] for name, one in worlds.items()},
            next(iter(worlds.values()))["examples"] / 1e6,
            title="With and without leading zeros: each has its own floor",
            x="millions of examples",
            y="nats a token",
            levels={f"floor, {name}: {one['entropy']:.4f}": one["entropy"] for name, one in worlds.items()},
        ),
    }


EXPERIMENT = Experiment(
    id="C1",
    name="floor",
    claim="The loss on sums goes down to the entropy of the operands: 1.30824 nats a token with 8 digits.",
    sizes=addition_plans.SETTINGS,
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=60,
    quick_cannot="the floor of 8 digits; it trains on sums of 2 digits, and briefly",
)
