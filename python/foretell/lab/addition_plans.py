"""Which training runs of addition the experiments look at, by size of run and by device.

On the CPU the full size of the article, operands of 8 digits, is trained once, with gpt-micro; what compares networks,
worlds or dropout does so with 3 digits. On a GPU all is done with 8 digits, the first with gpt-mini.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from foretell.lab.addition_run import Plan, addition_run
from foretell.lab.experiment import Figures, Run

_BASE = {
    "toy": Plan("pico", 30, 32, 10, 1, held_out=20, coded=True),
    "quick": Plan("nano", 500, 64, 100, 2, held_out=500, coded=True),
    "full": Plan("micro", 3600, 128, 600, 8, coded=True),
}
_SMALL = {
    "toy": Plan("pico", 30, 32, 10, 1, held_out=20),
    "quick": Plan("pico", 250, 64, 50, 2, held_out=500),
    "full": Plan("micro", 1500, 128, 300, 3),
}
_BASE_GPU = Plan("mini", 6000, 512, 1000, 8, coded=True)
_SMALL_GPU = Plan("micro", 6000, 512, 1000, 8)

SETTINGS: Mapping[str, Mapping[str, Any]] = {
    size: {"base": asdict(_BASE[size]), "small": asdict(_SMALL[size])} for size in _BASE
}
"""What the experiments' sizes hold: the plans on a CPU."""


def base(run: Run) -> Figures:
    """Return the run that most experiments look at; on a GPU a full one is the article's."""
    gpu = run.device == "cuda" and run.size == "full"
    return addition_run(run, _BASE_GPU if gpu else Plan(**run.settings["base"]))


def small(run: Run, **changes: Any) -> Figures:
    """Return a run of the kind that is compared with others, with changes to its plan."""
    gpu = run.device == "cuda" and run.size == "full"
    return addition_run(run, replace(_SMALL_GPU if gpu else Plan(**run.settings["small"]), **changes))
