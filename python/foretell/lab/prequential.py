"""The prequential loop: predict a batch, code it, learn from it; what a run cost is the area under its curve."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from foretell.lab.archive import Alice, Digest
from foretell.lab.experiment import Every
from foretell.lab.learner import Learner, Tokens

if TYPE_CHECKING:
    from tqdm import tqdm

Source = Callable[[int], Tokens]
"""Gives the batch of a step, int [N, T + 1]: the same one whenever it is asked, so that a run can go on."""


@dataclass
class Curve:
    """What a run saw and cost.

    Attributes
    ----------
    batch : int
        Sequences a step.
    nats : float32 [S, T]
        Mean loss of each step's batch at each position, before the step.
    ideal_bits : float
        Sum of -log2 of the probabilities that the coder was given; 0 where nothing was coded.
    file_bytes : int
        Size of the archive; 0 where nothing was coded.
    digest : dict
        Batches and SHA-256 of what was coded, as `foretell.lab.archive.restored_elsewhere` returns.
    """

    batch: int
    nats: NDArray[np.float32]
    ideal_bits: float = 0.0
    file_bytes: int = 0
    digest: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def bits(self) -> NDArray[np.float64]:
        """Bits of each step's batch, all positions, [S]."""
        return np.asarray(self.nats.sum(1, dtype=np.float64) * (self.batch / np.log(2)))

    @property
    def area(self) -> float:
        """Bits of the whole run: the area under the loss curve."""
        return float(self.bits.sum())


def run(
    learner: Learner,
    source: Source,
    steps: int,
    *,
    given: int = 0,
    archive: Path | None = None,
    checkpoint: Path | None = None,
    segment: int = 50,
    progress: tqdm[Any] | None = None,
    watch: Callable[[int, Learner], None] | None = None,
) -> Curve:
    """Learn from `steps` batches, each after it has been predicted.

    Parameters
    ----------
    learner : Learner
        As its configuration makes it.
    source : callable
        See `Source`.
    steps : int
    given : int
        The first token of every sequence.
    archive : Path, optional
        Where to write the coded batches; without it nothing is coded, which saves time.
    checkpoint : Path, optional
        Where to keep the state now and then; a run with the same arguments goes on from it.
    segment : int
        Batches between two places where a run can go on.
    progress : tqdm, optional
        Is told the steps.
    watch : callable, optional
        Called with the number of steps taken after each one, and the learner. It is not called again for the steps
        before a checkpoint.

    Returns
    -------
    Curve
    """
    state: dict[str, Any] = {"steps": 0, "nats": [], "ideal_bits": 0.0, "file_bytes": 0}
    if checkpoint is not None and checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        state["nats"] = list(state["nats"].numpy())
        learner.restore(state["learner"])
    batch = len(source(0))
    digest, due = Digest(), Every(30)
    if archive is not None:
        for done in range(state["steps"]):  # cheap beside training
            digest.add(source(done))
    if progress is not None:
        progress.update(state["steps"])
    with Alice(archive, learner, batch, given, state["file_bytes"]) if archive else nullcontext() as alice:
        for step in range(state["steps"], steps):
            sequences = source(step)
            if alice is not None:
                state["ideal_bits"] += alice.code(sequences)
                digest.add(sequences)
            state["nats"].append(learner.learn(sequences).mean(0))
            state["steps"] = step + 1
            if watch is not None:
                watch(step + 1, learner)
            if progress is not None:
                progress.update()
                progress.set_postfix_str(f"{state['nats'][-1].mean() / np.log(2):.4f} bits a token", refresh=False)
            if (step + 1) % segment == 0 or step + 1 == steps:
                if alice is not None:
                    state["file_bytes"] = alice.end_segment()
                if checkpoint is not None and (due() or step + 1 == steps):
                    _save(checkpoint, state, learner)
    nats = np.stack(state["nats"])
    return Curve(batch, nats, state["ideal_bits"], state["file_bytes"], digest.as_dict() if archive else {})


def _save(checkpoint: Path, state: dict[str, Any], learner: Learner) -> None:
    new = checkpoint.with_suffix(".new")
    torch.save({**state, "nats": torch.from_numpy(np.stack(state["nats"])), "learner": learner.state()}, new)
    new.replace(checkpoint)
