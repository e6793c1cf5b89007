"""C7: the bigger network learns faster: of the same examples it wastes fewer bits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from foretell.lab import addition_plans, plots
from foretell.lab.addition_run import epistemic_bits
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.verdict import Check

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SIZES = {"toy": ("pico", "nano"), "quick": ("pico", "nano"), "full": ("pico", "nano", "micro")}
_GPU_SIZES = ("nano", "micro", "mini")


def measure(run: Run) -> Figures:
    """Train each size on the same examples."""
    sizes = _GPU_SIZES if run.device == "cuda" and run.size == "full" else _SIZES[run.size]
    runs = {size: addition_plans.small(run, size=size) for size in sizes}
    return {
        size: {
            "parameters": one["parameters"],
            "epistemic_bits": epistemic_bits(one),
            "curve": one["curve"],
            "entropy": one["entropy"],
            "examples": one["examples"],
        }
        for size, one in runs.items()
    }


def judge(figures: Figures) -> list[Check]:
    """Want each size to waste less than the one before."""
    names, runs = list(figures), list(figures.values())
    return [
        Check(
            f"bits that {names[index + 1]} spends on learning, over {names[index]}'s",
            runs[index + 1]["epistemic_bits"] / runs[index]["epistemic_bits"],
            high=0.99,
        )
        for index in range(len(runs) - 1)
    ]


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Draw the curves of all sizes."""
    first = next(iter(figures.values()))
    return {
        "sizes": plots.many_curves(
            {f"{name}, {one['parameters'] / 1e3:.0f} k": one["curve"] for name, one in figures.items()},
            first["examples"] / 1e6,
            title="The same examples, networks of several sizes",
            x="millions of examples",
            y="nats a token",
            levels={f"floor {first['entropy']:.4f}": first["entropy"]},
        )
    }


EXPERIMENT = Experiment(
    id="C7",
    name="bigger",
    claim="A bigger network spends fewer bits on learning the same task.",
    sizes=addition_plans.SETTINGS,
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=10,
    quick_cannot="more than two sizes",
)
