"""C4: skills come suddenly: each digit of the sum is learned within a short time, while the others stay where they are.

`foretell.lab.instruments.fall` looks for a fall of 80 %. How the others moved meanwhile is the median share that the
digits not yet fallen lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from foretell.lab import addition_plans, plots
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.verdict import Check

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SHARE, _FLAT = 0.2, 0.2


def measure(run: Run) -> Figures:
    """Find the falls of the digits' curves."""
    keys = ("plan", "answer", "falls", "others_during_falls", "examples")
    figures = addition_plans.base(run)
    curves = {f"c{index}": figures["position_curves"][place] for index, place in enumerate(figures["answer"])}
    return {**{key: figures[key] for key in keys}, "curves": curves}


def judge(figures: Figures) -> list[Check]:
    """Want all digits to fall so, one at a time."""
    falls = [fall for fall in figures["falls"].values() if fall]
    sudden = [fall for fall in falls if fall["share"] < _SHARE]
    others = sorted(figures["others_during_falls"].values())
    return [
        Check(
            f"digits of {len(figures['falls'])} that fall by 80 %",
            len(falls),
            low=len(figures["falls"]),
            full_only=True,
        ),
        Check(
            f"share of falls within {_SHARE:.0%} of training",
            len(sudden) / len(falls) if falls else None,
            low=0.85,
            full_only=True,
        ),
        Check(
            "what digits not yet fallen lost meanwhile, median over falls of the median share",
            others[len(others) // 2] if others else None,
            high=_FLAT,
            full_only=True,
        ),
        Check("different starts of falls, as a share of falls", _distinct(falls), low=0.85, full_only=True),
    ]


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Draw the digits' curves, with falls shaded."""
    batch = figures["plan"]["batch"] / 1e6
    marks = {
        f"c{index}": (fall["start"] * batch, fall["end"] * batch)
        for index, fall in enumerate(figures["falls"].values())
        if fall
    }
    return {
        "falls": plots.many_curves(
            figures["curves"],
            figures["examples"] / 1e6,
            title="Digits of the sum (c0 is the first): each falls in its time",
            x="millions of examples",
            y="nats",
            marks=marks,
        )
    }


def _distinct(falls: list[dict[str, float]]) -> float | None:
    return len({fall["start"] for fall in falls}) / len(falls) if falls else None


EXPERIMENT = Experiment(
    id="C4",
    name="emergence",
    claim="The digits of the sum are learned one at a time, each suddenly, while the others stay flat.",
    sizes=addition_plans.SETTINGS,
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=45,
    quick_cannot="falls of all digits: its training is too short",
)
