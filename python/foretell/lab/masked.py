r"""A network of the BERT kind that codes: masked tokens are foretold from all that are not, one place at a time.

A batch starts as masks. Its places are revealed in an order that both sides draw; each is coded as foretold from those
revealed before it, which is a chain of conditional probabilities, and so a code. Encoder and decoder put the same
masked batches, of one shape, through the network. After a batch, both learn from it, with masks at random.

A file is a line of JSON and two streams of a range coder, after a little-endian uint32 with the bytes of the first: of
the batches at first, and of those at the end, when the network has learned.

    python -m foretell.lab.masked FILE    prints what Bob restored, with its SHA-256
"""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from foretell import cdf
from foretell.adapters.runs_on import runs_on
from foretell.coders import RangeDecoder, RangeEncoder
from foretell.errors import ModelMismatchError
from foretell.lab.elsewhere import said
from foretell.lab.learner import PRECISION, LearnerConfig, Tokens
from foretell.lab.networks.gpt import Gpt, GptConfig, decayed

Floats = NDArray[np.float64]

_SIZE = struct.Struct("<I")


@dataclass(frozen=True)
class MaskedConfig:
    """All that both sides need to build the same learner.

    Attributes
    ----------
    size : str
        Of the network, as in `LearnerConfig`.
    vocabulary, length : int
        Of the sequences; the mask is one symbol more.
    rate : float
    steps, passes : int
        Batches, and training steps on each.
    seed : int
    """

    size: str
    vocabulary: int
    length: int
    rate: float
    steps: int
    passes: int
    seed: int = 0


class MaskedLearner:
    """Codes batches of sequences in an order of its own, and learns from each after that.

    Parameters
    ----------
    config : MaskedConfig
    device : str
    """

    def __init__(self, config: MaskedConfig, device: str = "cpu") -> None:
        self.config = config
        self.device = torch.device(device)
        shape = LearnerConfig(config.size, config.vocabulary + 1, config.length).network
        self.model = Gpt(
            GptConfig(shape.vocabulary, shape.length, shape.layers, shape.heads, shape.width, causal=False), config.seed
        ).to(self.device)
        self.optimizer = torch.optim.AdamW(decayed(self.model), lr=config.rate, betas=(0.9, 0.98), weight_decay=0.01)
        self.taken = 0

    def predict(self, tokens: Tokens) -> NDArray[np.float32]:
        """Return the probabilities of each place, float32 [N, T, V], of sequences with masks, int64 [N, T]."""
        self.model.eval()
        with torch.no_grad():
            logits: Tensor = self.model(torch.from_numpy(tokens).to(self.device))[..., : self.config.vocabulary]
            return logits.softmax(-1).cpu().numpy()

    def order(self) -> list[int]:
        """Return the order in which the next batch reveals its places."""
        draw = np.random.default_rng([self.config.seed, self.taken, 0])
        return draw.permutation(self.config.length).tolist()  # type: ignore[no-any-return]

    def steps(self, count: int) -> Iterator[tuple[int, NDArray[np.float32], Tokens]]:
        """Yield place, its probabilities [N, V], and tokens [N, T], in which the caller reveals the place."""
        tokens = np.full((count, self.config.length), self.config.vocabulary, np.int64)
        for place in self.order():
            yield place, np.ascontiguousarray(self.predict(tokens)[:, place]), tokens

    def code_lengths(self, sequences: Tokens) -> Floats:
        """Return the bits of each sequence, int64 [N, T], in the order of the next batch: -log2 of a chain, [N]."""
        bits = np.zeros(len(sequences))
        for place, p, tokens in self.steps(len(sequences)):
            tokens[:, place] = sequences[:, place]
            bits -= np.log2(p[np.arange(len(p)), tokens[:, place]])
        return bits

    def pseudo_lengths(self, sequences: Tokens) -> Floats:
        """Return the sums over all places of -log2 p(place | all others), [N]."""
        bits = np.zeros(len(sequences))
        for place in range(self.config.length):
            tokens = sequences.copy()
            tokens[:, place] = self.config.vocabulary
            p = self.predict(tokens)[np.arange(len(tokens)), place, sequences[:, place]]
            bits -= np.log2(p)
        return bits

    def encode(self, encoder: RangeEncoder, sequences: Tokens) -> Floats:
        """Code a batch, int64 [N, T]; return the ideal bits of each sequence, [N]."""
        bits = np.zeros(len(sequences))
        for place, p, tokens in self.steps(len(sequences)):
            column = np.ascontiguousarray(sequences[:, place])
            encoder.encode(*cdf.intervals_from_probabilities(p, column, PRECISION))
            bits -= np.log2(p[np.arange(len(p)), column])
            tokens[:, place] = column
        return bits

    def decode(self, decoder: RangeDecoder, count: int) -> Tokens:
        """Decode a batch of `count` sequences, int64 [count, T]."""
        for place, p, tokens in self.steps(count):
            tokens[:, place] = decoder.decode(cdf.from_probabilities(p, PRECISION))
        return tokens

    def learn(self, sequences: Tokens) -> None:
        """Take training steps on a batch, int64 [N, T], each with other masks."""
        draw = np.random.default_rng([self.config.seed, self.taken, 1])
        self.model.train()
        for _ in range(self.config.passes):
            ranks = draw.random(sequences.shape).argsort(axis=1)
            hidden = ranks < draw.integers(1, self.config.length + 1, (len(sequences), 1))
            tokens = np.where(hidden, self.config.vocabulary, sequences)
            for group in self.optimizer.param_groups:
                group["lr"] = self.config.rate * (1 - self.taken / self.config.steps)
            logits = self.model(torch.from_numpy(tokens).to(self.device))
            mask, wanted = torch.from_numpy(hidden).to(self.device), torch.from_numpy(sequences).to(self.device)
            self.optimizer.zero_grad(set_to_none=True)
            functional.cross_entropy(logits[mask], wanted[mask]).backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()
        self.taken += 1


@dataclass(frozen=True)
class Coded:
    """What a file holds and cost.

    Attributes
    ----------
    sequences : int64 [N, T]
        All of them.
    ideal : float64 [N]
        -log2 of the probability that each was coded with.
    stream_bits : tuple of int
        Of the two streams in the file.
    """

    sequences: Tokens
    ideal: Floats
    stream_bits: tuple[int, int]


def write(
    path: Path,
    learner: MaskedLearner,
    source: Callable[[int], Tokens],
    late: int,
    tick: Callable[[], object] = lambda: None,
) -> Coded:
    """Code the batches of all steps, int64 [N, T] each, the last `late` in a stream of their own.

    `tick` is called after each batch.
    """
    steps = learner.config.steps
    streams, encoder, ideal, batches = [], RangeEncoder(PRECISION), [], []
    for step in range(steps):
        if step == steps - late:
            streams.append(encoder.finish())
            encoder = RangeEncoder(PRECISION)
        batches.append(source(step))
        ideal.append(learner.encode(encoder, batches[-1]))
        learner.learn(batches[-1])
        tick()
    streams.append(encoder.finish())
    header = {
        "learner": asdict(learner.config),
        "batch": len(batches[0]),
        "late": late,
        "runs_on": runs_on(learner.device.type),
    }
    path.write_bytes(json.dumps(header).encode() + b"\n" + _SIZE.pack(len(streams[0])) + b"".join(streams))
    return Coded(np.concatenate(batches), np.concatenate(ideal), (8 * len(streams[0]), 8 * len(streams[1])))


def read(path: Path) -> Tokens:
    """Restore the sequences of a file, int64 [N, T].

    Raises
    ------
    ModelMismatchError
        This process does not run on what the file was made on.
    """
    line, rest = path.read_bytes().split(b"\n", 1)
    header: dict[str, Any] = json.loads(line)
    torch.set_num_threads(header["runs_on"]["threads"])
    device = header["runs_on"]["device"]
    if runs_on(device) != header["runs_on"]:
        raise ModelMismatchError(f"{path}: made on something else, so it may not decode here")
    learner = MaskedLearner(MaskedConfig(**header["learner"]), device)
    middle = _SIZE.size + _SIZE.unpack_from(rest)[0]
    decoder, batches = RangeDecoder(rest[_SIZE.size : middle], PRECISION), []
    for step in range(learner.config.steps):
        if step == learner.config.steps - header["late"]:
            decoder = RangeDecoder(rest[middle:], PRECISION)
        batches.append(learner.decode(decoder, header["batch"]))
        learner.learn(batches[-1])
    return np.concatenate(batches)


if __name__ == "__main__":
    print(json.dumps(said(read(Path(sys.argv[1])))))
