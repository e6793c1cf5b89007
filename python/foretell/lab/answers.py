"""A small network that codes the answers to a mixture's questions, and learns from each batch once it is coded.

A file is a line of JSON and one range coder stream. Questions are not in it: they are uniform, no network could save
any of them, and Bob draws the same ones from the same seed.

    python -m foretell.lab.answers FILE    prints the SHA-256 of the answers that Bob restored
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from foretell import cdf
from foretell.coders import RangeDecoder, RangeEncoder
from foretell.lab import elsewhere
from foretell.lab.learner import PRECISION
from foretell.lab.worlds.mixture import Parities

if TYPE_CHECKING:
    from tqdm import tqdm

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class AnswerConfig:
    """All that encoder and decoder need to build the same learner.

    Attributes
    ----------
    width : int
        Of the one hidden layer.
    batch, steps : int
    rate : float
        Of Adam.
    seed : int
        Of the first weights.
    device : str
    threads : int
        Of torch: another number of them may give other bits.
    """

    width: int
    batch: int
    steps: int
    rate: float
    seed: int
    device: str
    threads: int


class AnswerLearner:
    """Predicts the answers of a batch, then learns from them."""

    def __init__(self, world: Parities, config: AnswerConfig) -> None:
        self.world, self.config = world, config
        torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)
        layers = nn.Linear(world.tasks + world.bits, config.width), nn.ReLU(), nn.Linear(config.width, 2)
        self.model = nn.Sequential(*layers).to(config.device)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=config.rate)

    def predict(self, tasks: Ints, bits: NDArray[np.int8]) -> NDArray[np.float32]:
        """Return the distribution of each answer, float32 [N, 2]."""
        kinds = np.eye(self.world.tasks, dtype=np.float32)[tasks]
        inputs = np.hstack([kinds, 2 * bits.astype(np.float32) - 1])
        self._logits = self.model(torch.from_numpy(inputs).to(self.config.device))
        return self._logits.detach().softmax(-1).cpu().numpy()  # type: ignore[no-any-return]

    def learn(self, answers: Ints) -> NDArray[np.float32]:
        """Take a step on the answers to what was last predicted; return their losses before it, in nats, [N]."""
        target = torch.from_numpy(answers).to(self.config.device)
        losses = functional.cross_entropy(self._logits, target, reduction="none")
        self.optimizer.zero_grad(set_to_none=True)
        losses.mean().backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return losses.detach().cpu().numpy()


@dataclass(frozen=True)
class Tally:
    """What a run cost: nats and number of questions by step and task, both [steps, tasks], and the file.

    Attributes
    ----------
    nats, questions : float64 [steps, tasks]
    file : dict
        Its bytes and those of its header; the ideal bits; whether a process of its own restored the answers.
    """

    nats: NDArray[np.float64]
    questions: NDArray[np.float64]
    file: dict[str, Any]


def code(path: Path, world: Parities, config: AnswerConfig, progress: tqdm[Any] | None = None) -> Tally:
    """Code all answers to a file while learning from them, and let a process of its own restore it."""
    learner, encoder, digest = AnswerLearner(world, config), RangeEncoder(PRECISION), hashlib.sha256()
    nats, questions = np.zeros((2, config.steps, world.tasks))
    ideal = 0.0
    for step in range(config.steps):
        tasks, bits, answers = world.batch(config.batch, step)
        p = learner.predict(tasks, bits)
        encoder.encode(*cdf.intervals_from_probabilities(p, answers, PRECISION))
        ideal -= float(np.log2(np.maximum(p[np.arange(len(p)), answers], 1e-45)).sum())
        digest.update(answers.astype("<i8").data)
        nats[step] = np.bincount(tasks, learner.learn(answers), world.tasks)
        questions[step] = np.bincount(tasks, minlength=world.tasks)
        if progress is not None:
            progress.update()
    header = json.dumps({"world": asdict(world), "learner": asdict(config)}).encode() + b"\n"
    path.write_bytes(header + encoder.finish())
    same = elsewhere.restored(__name__, path)["sha256"] == digest.hexdigest()
    size = {"bytes": path.stat().st_size, "header_bytes": len(header)}
    return Tally(nats, questions, {**size, "ideal_bits": ideal, "restored": same})


def restore(path: Path) -> str:
    """Return the SHA-256 of the answers in a file."""
    header, payload = path.read_bytes().split(b"\n", 1)
    made = json.loads(header)
    world, config = Parities(**made["world"]), AnswerConfig(**made["learner"])
    learner, decoder, digest = AnswerLearner(world, config), RangeDecoder(payload, PRECISION), hashlib.sha256()
    for step in range(config.steps):
        tasks, bits = world.batch(config.batch, step)[:2]
        answers = decoder.decode(cdf.from_probabilities(learner.predict(tasks, bits), PRECISION)).astype(np.int64)
        digest.update(answers.astype("<i8").data)
        learner.learn(answers)
    decoder.finish()
    return digest.hexdigest()


if __name__ == "__main__":
    print(json.dumps({"sha256": restore(Path(sys.argv[1]))}))
