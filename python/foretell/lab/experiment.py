"""What an experiment is, and one run of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foretell.lab.verdict import Check, Size

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from tqdm import tqdm

Figures = dict[str, Any]
"""What an experiment measured, as JSON holds it: numbers, strings, lists, dictionaries with string keys. Curves are
lists of a few hundred points (`foretell.lab.instruments.thinned`)."""


@dataclass(frozen=True)
class Run:
    """One run of an experiment: how large, with which seed, and where its files go.

    Attributes
    ----------
    folder : Path
        Exists; the experiment's own. Checkpoints and archives go here; an interrupted run finds them again.
    size : {"toy", "quick", "full"}
        Toy runs, of seconds, are for tests.
    settings : mapping
        The numbers of this size, `Experiment.sizes`.
    seed : int
        Seeds the network and the data.
    device : str
        Of the float networks: ``"cpu"`` or ``"cuda"``.
    shared : Path
        Exists; for what several experiments need (`foretell.lab.addition_run`).
    text : Path or None
        Text of the user's to work on, in place of Python's own documentation.
    quiet : bool
        Show no progress.
    """

    folder: Path
    size: Size
    settings: Mapping[str, Any]
    seed: int = 0
    device: str = "cpu"
    shared: Path = Path()
    text: Path | None = None
    quiet: bool = False

    def progress(self, total: float, what: str, unit: str = "step", done: float = 0) -> tqdm[Any]:
        """Return a progress bar on standard error; a context manager."""
        from tqdm import tqdm

        return tqdm(
            total=total, initial=done, desc=what, unit=unit, disable=self.quiet, leave=False, dynamic_ncols=True
        )


@dataclass(frozen=True)
class Experiment:
    """A claim of the article and how to look.

    Attributes
    ----------
    id : str
        The row of the article's list, such as ``"A1"``.
    name : str
        A word or two for people: ``foretell-lab bisection`` is ``foretell-lab A1``.
    claim : str
        One sentence.
    sizes : mapping
        Settings of the sizes ``"toy"``, ``"quick"`` (two minutes on 2 cores at most) and ``"full"``.
    measure : callable
        Does the work: `Run` to `Figures`.
    judge : callable
        From the figures alone, of any size, to the checks. Pure.
    draw : callable
        From the figures alone to pictures by name. Pure.
    minutes : float
        Of a full run on 2 cores, about.
    quick_cannot : str
        What the quick run cannot show; empty if it shows all.
    """

    id: str
    name: str
    claim: str
    sizes: Mapping[str, Mapping[str, Any]]
    measure: Callable[[Run], Figures]
    judge: Callable[[Figures], Sequence[Check]]
    draw: Callable[[Figures], Mapping[str, Figure]]
    minutes: float
    quick_cannot: str = ""


class Every:
    """Says when some seconds have passed since it last did: for checkpoints."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last = time.monotonic()

    def __call__(self) -> bool:
        """Return whether it is time again."""
        now = time.monotonic()
        if now - self._last < self._seconds:
            return False
        self._last = now
        return True
