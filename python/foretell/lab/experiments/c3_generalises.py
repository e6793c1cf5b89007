"""C3: the network adds numbers that it has never seen: held-out sums are right in every digit.

The article's network is gpt-mini on a GPU, 99 %; gpt-micro on a CPU gets 95 % in a tenth of the examples.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from foretell.lab import addition_plans, plots
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.verdict import Check

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_RIGHT = {"micro": 0.95, "mini": 0.99}


def measure(run: Run) -> Figures:
    """Ask for sums of held-out pairs, greedily."""
    figures = addition_plans.base(run)
    return {key: figures[key] for key in ("plan", "exact_match", "looks", "examples")}


def judge(figures: Figures) -> list[Check]:
    """Want nearly all of them right."""
    least = _RIGHT.get(figures["plan"]["size"], 0.95)
    what = f"held-out sums right in all {figures['plan']['digits'] + 1} digits, share"
    return [Check(what, figures["exact_match"], low=least, full_only=True)]


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Draw right sums over time."""
    looks = figures["looks"]
    seen = [int(step) * figures["plan"]["batch"] / 1e6 for step in looks]
    return {
        "exact_match": plots.lines(
            seen,
            {"right in every digit": [right for _, right in looks.values()]},
            title="Held-out sums: share right in every digit",
            x_label="millions of examples",
            y_label="share",
            levels={"all": 1.0},
        )
    }


EXPERIMENT = Experiment(
    id="C3",
    name="generalises",
    claim="Sums that were held out come out right: the weights hold the rule.",
    sizes=addition_plans.SETTINGS,
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=45,
    quick_cannot="generalisation: its training is too short",
)
