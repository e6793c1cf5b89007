"""What the test of every experiment does: a toy run as the command makes it, and the verdict on given figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from foretell.lab.experiment import Experiment, Figures
from foretell.lab.results import perform, prepared
from foretell.lab.verdict import Outcome, Size, verdict


def toy_run(experiment: Experiment, out: Path) -> dict[str, Any]:
    """Run the toy size; check that what it wrote is whole; return the result."""
    result = perform(experiment, prepared(experiment, out, "toy", quiet=True))
    folder = out / experiment.id
    assert json.loads((folder / "result.json").read_text()) == result
    assert result["pictures"]
    for picture in result["pictures"]:
        assert (folder / picture).read_bytes().startswith(b"\x89PNG")
    return result


def outcome(experiment: Experiment, figures: Figures, size: Size = "full") -> Outcome:
    """Return the verdict on figures."""
    return verdict(experiment.judge(figures), size)


def changed(figures: Figures, change: Callable[[Any], object]) -> Figures:
    """Return a copy of figures with a change made to it."""
    copy = json.loads(json.dumps(figures))
    change(copy)
    return copy
