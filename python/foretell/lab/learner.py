"""A network that codes sequences and learns from what it has coded: the article's f, in float."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from foretell import cdf
from foretell.coders import RangeDecoder, RangeEncoder
from foretell.lab.networks.gpt import SIZES, Gpt, GptConfig, decayed

PRECISION = 24

Tokens = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class LearnerConfig:
    """All that encoder and decoder need to build the same learner.

    Attributes
    ----------
    size : str
        Of the network, a key of `foretell.lab.networks.gpt.SIZES`; or ``"layers,heads,width"``.
    vocabulary, length : int
        Number of symbols V; tokens T a sequence that are predicted. A sequence has T + 1: the first is given.
    rate, weight_decay, beta2 : float
        Of AdamW; beta1 is 0.9.
    warmup, steps, cooldown : int
        The rate rises over the first steps and falls to zero over the last of `steps`.
    clip : float
        The most that the norm of the gradient may be.
    dropout : float
    replay : int
        Further batches, of sequences coded before, learned from after each batch: they cost no bits.
    seed : int
    """

    size: str
    vocabulary: int
    length: int
    rate: float = 1e-3
    weight_decay: float = 0.01
    beta2: float = 0.98
    warmup: int = 10
    steps: int = 0
    cooldown: int = 0
    clip: float = 1.0
    dropout: float = 0.0
    replay: int = 0
    seed: int = 0

    @property
    def network(self) -> GptConfig:
        """The shape of the network."""
        shape = SIZES[self.size] if self.size in SIZES else tuple(int(part) for part in self.size.split(","))
        layers, heads, width = shape
        return GptConfig(self.vocabulary, self.length, layers, heads, width, self.dropout)

    def as_dict(self) -> dict[str, Any]:
        """Return what an archive's header holds."""
        return asdict(self)


class Learner:
    """Codes batches of sequences, and learns from each after it has been coded.

    Parameters
    ----------
    config : LearnerConfig
    device : str
    """

    def __init__(self, config: LearnerConfig, device: str = "cpu") -> None:
        self.config = config
        self.device = torch.device(device)
        self.model = Gpt(config.network, config.seed).to(self.device)
        self.optimizer = torch.optim.AdamW(
            decayed(self.model), lr=config.rate, betas=(0.9, config.beta2), weight_decay=config.weight_decay
        )
        self.taken = 0
        self._seen: list[Tokens] = []  # for replay

    @property
    def parameters(self) -> int:
        """How many numbers the network has."""
        return sum(p.numel() for p in self.model.parameters())

    def encode(self, encoder: RangeEncoder, sequences: Tokens) -> float:
        """Code a batch, int [N, T + 1], the first column of which the decoder has; return the ideal bits."""
        ideal = 0.0
        stepper = self.stepper(np.ascontiguousarray(sequences[:, 0]))
        probabilities = next(stepper)
        for t in range(1, sequences.shape[1]):
            column = np.ascontiguousarray(sequences[:, t])
            start, freq = cdf.intervals_from_probabilities(probabilities, column, PRECISION)
            encoder.encode(start, freq)
            chosen = probabilities[np.arange(len(column)), column]
            ideal -= float(np.log2(np.maximum(chosen, 1e-45)).sum())
            if t + 1 < sequences.shape[1]:
                probabilities = stepper.send(column)
        return ideal

    def decode(self, decoder: RangeDecoder, first: Tokens) -> Tokens:
        """Decode a batch whose first column, int [N], is known; return int64 [N, T + 1]."""
        columns = [first.astype(np.int64)]
        stepper = self.stepper(first)
        probabilities = next(stepper)
        for t in range(1, self.config.length + 1):
            columns.append(decoder.decode(cdf.from_probabilities(probabilities, PRECISION)).astype(np.int64))
            if t < self.config.length:
                probabilities = stepper.send(columns[-1])
        return np.stack(columns, axis=1)

    def stepper(self, first: Tokens) -> Generator[NDArray[np.float32], Tokens, None]:
        """Yield the probabilities of the next token, float32 [N, V], and be sent what came, int [N]."""
        self.model.eval()
        cache, tokens = self.model.cache(len(first)), first
        for at in range(self.config.length):
            with torch.no_grad():
                probabilities = self.model.step(self._tensor(tokens), at, cache).softmax(-1)
            tokens = yield probabilities.cpu().numpy()

    def learn(self, sequences: Tokens) -> NDArray[np.float32]:
        """Take a training step on a batch, int [N, T + 1]; return its losses before the step, in nats, [N, T]."""
        losses = self._train(sequences)
        if self.config.replay:
            self._seen.append(sequences)
            chosen = np.random.default_rng([self.config.seed, self.taken])
            for _ in range(self.config.replay):
                self._train(self._seen[int(chosen.integers(len(self._seen)))])
        self.taken += 1
        return losses

    def measure(self, sequences: Tokens) -> NDArray[np.float32]:
        """Return the losses of sequences, int [N, T + 1], in nats, [N, T], without learning."""
        self.model.eval()
        with torch.no_grad():
            parts = [
                self._losses(self._tensor(sequences[at : at + 1024])).cpu().numpy()
                for at in range(0, len(sequences), 1024)
            ]
        return np.concatenate(parts)

    def measure_training(self, sequences: Tokens, ahead: int) -> NDArray[np.float32]:
        """Return the losses of the batch, int [N, T + 1], that comes after `ahead` others, as `learn` does.

        With dropout, in nats, [N, T], but without learning from it, nor from the others.
        """
        with torch.no_grad():
            return self._training_losses(sequences, ahead).cpu().numpy()

    def complete(self, prefix: Tokens) -> Tokens:
        """Continue prefixes, int [N, P] with the first column given, by the likeliest tokens to int64 [N, T + 1]."""
        columns = [prefix[:, t].astype(np.int64) for t in range(prefix.shape[1])]
        stepper = self.stepper(columns[0])
        probabilities = next(stepper)
        for t in range(1, self.config.length + 1):
            if t >= len(columns):
                columns.append(probabilities.argmax(1).astype(np.int64))
            if t < self.config.length:
                probabilities = stepper.send(columns[t])
        return np.stack(columns, axis=1)

    def state(self) -> dict[str, Any]:
        """Return what `restore` needs, for `torch.save`."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "taken": self.taken,
            "seen": [torch.from_numpy(np.asarray(batch, np.int64)) for batch in self._seen],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.taken = state["taken"]
        self._seen = [batch.numpy() for batch in state["seen"]]

    def _train(self, sequences: Tokens) -> NDArray[np.float32]:
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate()
        losses = self._training_losses(sequences)
        self.optimizer.zero_grad(set_to_none=True)
        losses.mean().backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip)
        self.optimizer.step()
        return losses.detach().cpu().numpy()

    def _training_losses(self, sequences: Tokens, ahead: int = 0) -> Tensor:
        self.model.train()
        # Dropout: the decoder's network drops the same.
        torch.manual_seed(self.config.seed * 1_000_003 + self.taken + ahead)
        return self._losses(self._tensor(sequences))

    def _losses(self, sequences: Tensor) -> Tensor:
        logits = self.model(sequences[:, :-1])
        return functional.cross_entropy(logits.transpose(1, 2), sequences[:, 1:], reduction="none")

    def _rate(self) -> float:
        config, step = self.config, self.taken + 1
        up = min(1.0, step / config.warmup) if config.warmup else 1.0
        down = min(1.0, (config.steps - self.taken) / config.cooldown) if config.cooldown else 1.0
        return config.rate * up * max(down, 0.0)

    def _tensor(self, tokens: Tokens) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(tokens, np.int64)).to(self.device)
