"""A network that learns the labels of half a table, and a file of the labels of the other half.

Bob has the weights, which training on the first half gave, and the operands of the second; the file holds the labels.
(He could train the same weights himself: what he is sent here is what he would have.)

    python -m foretell.lab.tables WEIGHTS LABELS    prints the SHA-256 of the labels that Bob restored
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from foretell import cdf
from foretell.coders import RangeDecoder, RangeEncoder
from foretell.lab import elsewhere
from foretell.lab.experiment import Every
from foretell.lab.learner import PRECISION
from foretell.lab.networks.gpt import Gpt, GptConfig
from foretell.lab.worlds.modular import Division

if TYPE_CHECKING:
    from tqdm import tqdm

UNIFORM = 0.01
"""Share of the uniform distribution in what labels are coded with: a network that is sure and wrong costs no more than
``log2(100 p)`` bits."""

Tokens = NDArray[np.int64]


@dataclass
class History:
    """What a training run saw.

    Attributes
    ----------
    training : list of float
        Accuracy on each step's batch, before the step.
    held_out : list of float
        Accuracy on held-out examples, before the first step and every `every` steps.
    """

    training: list[float] = field(default_factory=list)
    held_out: list[float] = field(default_factory=list)


class TableLearner:
    """Learns labels c of examples a, b, c; the loss is on the label only.

    Parameters
    ----------
    world : Division
    size : str
        Layers, heads and width of the network, ``"2,4,128"``.
    batch : int
        Examples a step; a pass over the training half has as many equal batches as come nearest to it.
    rate, weight_decay : float
        Of AdamW, with betas 0.9 and 0.98 and 10 steps of warm-up. All weights decay: the pull towards small weights is
        what makes the rule win over the copy.
    start : float
        Times GPT-2's first weights, for all matrices. A large start learns by heart at once, and weight decay has the
        longer to go before the rule is found.
    seed : int
        Of the first weights and the order.
    device : str
    """

    def __init__(
        self,
        world: Division,
        size: str,
        *,
        batch: int = 512,
        rate: float = 1e-3,
        weight_decay: float = 1.0,
        start: float = 1.0,
        seed: int = 0,
        device: str = "cpu",
    ) -> None:
        self.world, self.size, self.seed, self.rate = world, size, seed, rate
        self.device = torch.device(device)
        self.model = _network(world.prime, size, seed).to(self.device)
        with torch.no_grad():
            for parameter in self.model.parameters():
                if parameter.ndim == 2:
                    parameter.mul_(start)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=rate, betas=(0.9, 0.98), weight_decay=weight_decay
        )
        self.batches = max(1, round(len(world.training) / batch))
        self.history = History()

    def learn(
        self,
        steps: int,
        *,
        every: int = 25,
        sample: int = 1024,
        ended: Callable[[History], bool] = lambda history: False,
        checkpoint: Path | None = None,
        progress: tqdm[Any] | None = None,
    ) -> History:
        """Take up to `steps` steps, fewer if `ended` says so.

        Parameters
        ----------
        steps : int
        every : int
            Steps between two looks at the first `sample` held-out examples.
        sample : int
        ended : callable
            Asked after each look.
        checkpoint : Path, optional
            Where to keep the state now and then, and to go on from.
        progress : tqdm, optional
        """
        if checkpoint is not None and checkpoint.exists():
            self._restore(torch.load(checkpoint, weights_only=True))
        due, history = Every(30), self.history
        if progress is not None:
            progress.update(len(history.training))
        for step in range(len(history.training), steps):
            if step % every == 0:
                if len(history.held_out) == step // every:  # a run that goes on has looked already
                    history.held_out.append(self.accuracy(self.world.held_out[:sample]))
                if ended(history):
                    break
            history.training.append(self._step(step))
            if progress is not None:
                progress.update()
            if checkpoint is not None and due():
                self._save(checkpoint)
        if checkpoint is not None:
            self._save(checkpoint)
        return history

    def accuracy(self, examples: Tokens) -> float:
        """Return the share of labels that the network finds likeliest."""
        return float(np.mean(probabilities(self.model, examples[:, :2]).argmax(1) == examples[:, 2]))

    def losses(self, examples: Tokens) -> NDArray[np.float64]:
        """Return the loss of each label, in nats."""
        chosen = probabilities(self.model, examples[:, :2])[np.arange(len(examples)), examples[:, 2]]
        return -np.log(np.maximum(chosen, 1e-45).astype(np.float64))

    def archive(self, folder: Path) -> dict[str, Any]:
        """Code the held-out labels, let a process of its own restore them; return bytes, ideal bits and whether."""
        weights, labels = folder / "weights.pt", folder / "labels.bin"
        made = {"prime": self.world.prime, "size": self.size, "order": self.world.seed, "device": self.device.type}
        torch.save({**made, "threads": torch.get_num_threads(), "model": self.model.state_dict()}, weights)
        examples = self.world.held_out
        q = _mixed(self.model, examples[:, :2])
        encoder = RangeEncoder(PRECISION)
        encoder.encode(*cdf.intervals_from_probabilities(q, examples[:, 2], PRECISION))
        labels.write_bytes(encoder.finish())
        bob = elsewhere.restored(__name__, weights, labels)
        return {
            "bytes": labels.stat().st_size,
            "plain_bits": len(examples) * self.world.plain_bits,
            "ideal_bits": float(-np.log2(q[np.arange(len(q)), examples[:, 2]]).sum()),
            "restored": bob["sha256"] == _sha256(examples[:, 2]),
        }

    def _step(self, step: int) -> float:
        turn, part = divmod(step, self.batches)
        order = np.random.default_rng([self.seed, turn]).permutation(len(self.world.training))
        chosen = self.world.training[np.array_split(order, self.batches)[part]]
        tokens = torch.from_numpy(chosen).to(self.device)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate * min(1.0, (step + 1) / 10)
        logits = self.model(tokens[:, :2])[:, -1]
        self.optimizer.zero_grad(set_to_none=True)
        functional.cross_entropy(logits, tokens[:, 2]).backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return float((logits.argmax(1) == tokens[:, 2]).float().mean())

    def _save(self, path: Path) -> None:
        new = path.with_suffix(".new")
        state = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(), **vars(self.history)}
        torch.save(state, new)
        new.replace(path)

    def _restore(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.history = History(state["training"], state["held_out"])


def probabilities(model: Gpt, operands: Tokens) -> NDArray[np.float32]:
    """Return the distribution of the labels of operands, int [N, 2], float32 [N, V]."""
    device = model.head.weight.device
    with torch.no_grad():
        parts = [
            model(torch.from_numpy(np.ascontiguousarray(part)).to(device))[:, -1].softmax(-1).cpu().numpy()
            for part in np.array_split(operands, max(1, len(operands) // 512))
        ]
    return np.concatenate(parts)


def _mixed(model: Gpt, operands: Tokens) -> NDArray[np.float32]:
    p = probabilities(model, operands)
    return (1 - UNIFORM) * p + np.float32(UNIFORM / p.shape[1])


def _network(prime: int, size: str, seed: int) -> Gpt:
    layers, heads, width = (int(part) for part in size.split(","))
    return Gpt(GptConfig(prime, 2, layers, heads, width), seed)


def _sha256(labels: NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(labels, "<i8").data).hexdigest()


def main() -> None:
    """Be Bob."""
    weights, labels = sys.argv[1:]
    made = torch.load(weights, weights_only=True)
    torch.set_num_threads(made["threads"])
    model = _network(made["prime"], made["size"], 0).to(made["device"])
    model.load_state_dict(made["model"])
    operands = Division(made["prime"], seed=made["order"]).held_out[:, :2]
    decoder = RangeDecoder(Path(labels).read_bytes(), PRECISION)
    restored = decoder.decode(cdf.from_probabilities(_mixed(model, operands), PRECISION))
    decoder.finish()
    print(json.dumps({"sha256": _sha256(restored)}))


if __name__ == "__main__":
    main()
