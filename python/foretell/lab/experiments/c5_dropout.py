"""C5: the gap between the losses of training and validation is dropout's: without dropout there is none.

The article's curve, made with dropout 0.1, shows 1.907 in training and 1.891 in validation at its plateau.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from foretell.lab import addition_plans, plots
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.verdict import Check

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_KEYS = ("train", "train_error", "valid", "valid_error", "curve", "examples", "looks", "plan")


def measure(run: Run) -> Figures:
    """Train with dropout and without."""
    runs = {"without": addition_plans.small(run), "with": addition_plans.small(run, dropout=0.1)}
    return {name: {key: one[key] for key in _KEYS} for name, one in runs.items()}


def gap(one: Figures) -> tuple[float, float]:
    """Return training less validation loss in nats a token, and the standard error of the difference."""
    return one["train"] - one["valid"], float((one["train_error"] ** 2 + one["valid_error"] ** 2) ** 0.5)


def judge(figures: Figures) -> list[Check]:
    """Want a gap with dropout, and a far smaller one without."""
    without, _ = gap(figures["without"])
    with_, error = gap(figures["with"])
    return [
        Check("gap with dropout 0.1, in standard errors", with_ / error, low=3.0, full_only=True),
        Check("gap without, as a share of the gap with", abs(without) / abs(with_), high=0.2, full_only=True),
    ]


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Draw training losses beside validation losses."""
    curves = {}
    for name, one in figures.items():
        curves[f"training, {name} dropout"] = one["curve"]
        curves[f"validation, {name} dropout"] = [loss for loss, _ in one["looks"].values()]
    return {
        "gap": plots.many_curves(
            curves,
            figures["with"]["examples"] / 1e6,
            title="Training and validation loss, with and without dropout",
            x="millions of examples",
            y="nats a token",
        )
    }


EXPERIMENT = Experiment(
    id="C5",
    name="dropout",
    claim="Training loss lies above validation loss because of dropout alone.",
    sizes=addition_plans.SETTINGS,
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=15,
    quick_cannot="a gap that stands out from its error",
)
