"""C6: learning costs a finite number of bits; from then on the ratio rises to its limit.

The file of all examples is written and restored by a process of its own. Its size is predicted, too: by a ladder on
which every position has three levels only, log 14, what is known without the sum, and its entropy.
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

_KEYS = (
    "plan",
    "entropy",
    "examples",
    "area",
    "entropy_bits",
    "ratio",
    "ratio_end",
    "ratio_limit",
    "ratio_crosses_at",
    "ladder_ratio_end",
    "program_bytes",
    "ideal_bits",
    "file_bytes",
    "curve",
)


def measure(run: Run) -> Figures:
    """Let Bob restore the file of the run."""
    from foretell.lab.archive import restored_elsewhere

    figures = addition_plans.base(run)
    bob = restored_elsewhere(run.shared / figures["folder"] / figures["archive"])
    return {
        **{key: figures[key] for key in _KEYS},
        "epistemic_bits": epistemic_bits(figures),
        "restored": bob == figures["digest"],
        "bob": bob,
    }


def judge(figures: Figures) -> list[Check]:
    """Want a real file as large as the area, and the ratio that the ladder says."""
    file_bits = 8 * figures["file_bytes"]
    last = figures["curve"][-1] / figures["entropy"] - 1
    return [
        Check("restored by another process (1 = yes)", float(figures["restored"]), 1, 1),
        Check(
            "file bits over the area under the curve, less 1",
            file_bits / figures["area"] - 1,
            -1e-4,
            1e-3,
            full_only=True,
        ),
        Check(
            "r_n at the end over that of the ladder, less 1",
            figures["ratio_end"] / figures["ladder_ratio_end"] - 1,
            -0.02,
            0.02,
            full_only=True,
        ),
        Check("loss at the end over the entropy, less 1: what is still being paid", last, high=0.02, full_only=True),
        Check("r_n at the end", figures["ratio_end"], high=figures["ratio_limit"]),
    ]


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Draw the ratio against the examples seen."""
    return {
        "ratio": plots.many_curves(
            {"r_n": [max(value, -0.2) for value in figures["ratio"]]},
            figures["examples"] / 1e6,
            title=f"Ratio against examples; learning cost {figures['epistemic_bits'] / 1e6:.3g} Mbit",
            x="millions of examples",
            y="r = 1 − S1 / S0",
            levels={f"limit {figures['ratio_limit']:.4f}": figures["ratio_limit"], "no gain": 0.0},
        )
    }


EXPERIMENT = Experiment(
    id="C6",
    name="cost",
    claim="The cost of learning is finite, and the ratio rises to 1 − H / log2 m.",
    sizes=addition_plans.SETTINGS,
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=90,
    quick_cannot="the limit: its file ends while the network still learns",
)
