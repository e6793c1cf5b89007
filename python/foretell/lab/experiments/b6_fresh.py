"""B6: on data that never repeats, training loss is validation loss; dropout parts them.

Every example is new, so what the network is trained on tests it first. Without dropout the two losses are equal but for
noise; with dropout a part of the network is missing in training.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from foretell.lab import addition_plans
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.experiments import c5_dropout
from foretell.lab.verdict import Check

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def measure(run: Run) -> Figures:
    """Train with dropout and without."""
    return c5_dropout.measure(run)


def judge(figures: Figures) -> list[Check]:
    """Want equal losses without dropout, training above validation with it."""
    difference, error = c5_dropout.gap(figures["without"])
    above, above_error = c5_dropout.gap(figures["with"])
    return [
        Check("without dropout: training less validation, standard errors", difference / error, -2, 2, full_only=True),
        Check(
            "with dropout 0.1: training less validation, standard errors", above / above_error, low=2, full_only=True
        ),
    ]


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Draw as for C5."""
    return c5_dropout.draw(figures)


EXPERIMENT = Experiment(
    id="B6",
    name="fresh",
    claim="On data that never repeats, training loss is validation loss, unless dropout parts them.",
    sizes=addition_plans.SETTINGS,
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=15,
    quick_cannot="a difference of a few thousandths of a nat",
)
