"""The experiments, one file each; a file makes one `foretell.lab.experiment.Experiment`, named ``EXPERIMENT``.

They import torch where they use it, so that listing and reporting stay quick.
"""

from __future__ import annotations

import importlib
import pkgutil

from foretell.lab.experiment import Experiment


def load() -> dict[str, Experiment]:
    """Return all experiments by id, in the order of the article's list."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    experiments = [importlib.import_module(f"{__name__}.{name}").EXPERIMENT for name in names]
    return {one.id: one for one in sorted(experiments, key=lambda one: (one.id[0], int(one.id[1:] or 0)))}


def find(wanted: str) -> Experiment:
    """Return the experiment of an id or a name, whatever its case.

    Raises
    ------
    ValueError
        There is none; the message lists them.
    """
    experiments = load()
    for experiment in experiments.values():
        if wanted.lower() in (experiment.id.lower(), experiment.name.lower()):
            return experiment
    known = ", ".join(f"{one.id} ({one.name})" for one in experiments.values())
    raise ValueError(f"{wanted}: no such experiment; there are {known}")
