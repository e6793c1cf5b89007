"""The same computation in another order: what determinism is tested with.

Each of these is the same function on paper. In float sums the order counts, and matrix products of another shape, or on
another number of threads, may add in another order; in exact arithmetic it does not.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretell import cdf, exact
from foretell.coders import RangeDecoder, RangeEncoder
from foretell.errors import Error
from foretell.lab.learner import PRECISION, Learner, LearnerConfig, Tokens
from foretell.models.base import Model
from foretell.models.ngram import NgramModel
from foretell.models.ngram_parameters import Parameters

Steps = Generator[NDArray[np.float32], Tokens, None]


class Alone(Learner):
    """Predicts each sequence of a batch by itself."""

    def stepper(self, first: Tokens) -> Steps:
        """See `foretell.lab.learner.Learner`."""
        each = [super(Alone, self).stepper(first[row : row + 1]) for row in range(len(first))]
        rows = [next(one) for one in each]
        while True:
            tokens = yield np.concatenate(rows)
            rows = [one.send(tokens[row : row + 1]) for row, one in enumerate(each)]


class Whole(Learner):
    """Predicts from all of each sequence so far, as in training, and keeps nothing."""

    def stepper(self, first: Tokens) -> Steps:
        """See `foretell.lab.learner.Learner`."""
        self.model.eval()
        columns = [first]
        while True:
            with torch.no_grad():
                logits = self.model(self._tensor(np.stack(columns, axis=1)))[:, -1]
            tokens = yield logits.softmax(-1).cpu().numpy()
            columns.append(tokens)


class ByRow(exact.Linear):
    """An exact layer that takes one row at a time."""

    def forward(self, x: Tensor) -> Tensor:
        """See `foretell.exact.Linear`."""
        return torch.cat([exact.Linear.forward(self, row) for row in torch.split(x, 1)])

    def backward(self, gradient: Tensor) -> Tensor:
        """See `foretell.exact.Linear`."""
        return torch.cat([exact.Linear.backward(self, row) for row in torch.split(gradient, 1)])


def by_row(parameters: Parameters) -> NgramModel:
    """Return an exact model whose layers take one row at a time."""
    model = NgramModel(parameters)
    for layer in (model._hidden, model._output):
        layer.__class__ = ByRow
    return model


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Let torch work with so many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass
class Trial:
    """A stream of batches, coded by one learner, and the CDFs that it was coded with.

    Attributes
    ----------
    config : LearnerConfig
    batches : sequence of int [N, T + 1]
    cdfs : list of uint32 [T, N, V + 1]
    stream : bytes
    """

    config: LearnerConfig
    batches: Sequence[Tokens]
    cdfs: list[NDArray[np.uint32]]
    stream: bytes


def coded(config: LearnerConfig, batches: Sequence[Tokens]) -> Trial:
    """Code batches, learning from each."""
    learner, encoder, cdfs = Learner(config), RangeEncoder(PRECISION), []
    for sequences in batches:
        cdfs.append(_cdfs(learner, sequences))
        learner.encode(encoder, sequences)
        learner.learn(sequences)
    return Trial(config, batches, cdfs, encoder.finish())


def differing(trial: Trial, kind: type[Learner]) -> int:
    """Return how many entries of its CDFs come out otherwise where a learner of a kind sees the same batches."""
    learner, found = kind(trial.config), 0
    for sequences, cdfs in zip(trial.batches, trial.cdfs, strict=True):
        found += int((_cdfs(learner, sequences) != cdfs).sum())
        learner.learn(sequences)
    return found


def first_wrong(trial: Trial, kind: type[Learner]) -> int | None:
    """Return the number of the first symbol that such a learner decodes wrongly, or cannot; None if all are right."""
    learner, decoder, right = kind(trial.config), RangeDecoder(trial.stream, PRECISION), 0
    try:
        for sequences in trial.batches:
            stepper = learner.stepper(np.ascontiguousarray(sequences[:, 0]))
            probabilities = next(stepper)
            for t in range(1, sequences.shape[1]):
                column = decoder.decode(cdf.from_probabilities(probabilities, PRECISION))
                wrong = np.flatnonzero(column != sequences[:, t])
                if len(wrong):
                    return right + int(wrong[0])
                right += len(column)
                if t + 1 < sequences.shape[1]:
                    probabilities = stepper.send(column.astype(np.int64))
            learner.learn(sequences)
        decoder.finish()
    except Error:
        return right
    return None


def exactly_coded(model: Model, columns: Tokens) -> bytes:
    """Code uint8 [S, lanes] with an exact model, by whole chunks."""
    model.begin(columns.shape[1])
    encoder = RangeEncoder(model.precision)
    for at in range(0, len(columns), model.chunk):
        start, freq = model.score(np.ascontiguousarray(columns[at : at + model.chunk].T))
        encoder.encode(np.ascontiguousarray(start.T).ravel(), np.ascontiguousarray(freq.T).ravel())
    return encoder.finish()


def exactly_decoded(model: Model, stream: bytes, shape: tuple[int, int]) -> tuple[Tokens, NDArray[np.uint32]]:
    """Decode uint8 [S, lanes] a step at a time; return them, and the CDFs, uint32 [S, lanes, 257]."""
    steps, lanes = shape
    decoder = RangeDecoder(stream, model.precision)
    columns, cdfs = [], []
    model.begin(lanes)
    for _ in range(steps):
        rows = model.predict().copy()
        columns.append(decoder.decode(rows, np.empty(lanes, np.uint8)))
        cdfs.append(rows)
        model.update(columns[-1])
    decoder.finish()
    return np.stack(columns), np.stack(cdfs)


def _cdfs(learner: Learner, sequences: Tokens) -> NDArray[np.uint32]:
    stepper = learner.stepper(np.ascontiguousarray(sequences[:, 0]))
    found = [cdf.from_probabilities(next(stepper), PRECISION)]
    for column in np.ascontiguousarray(sequences[:, 1:-1].T):
        found += [cdf.from_probabilities(stepper.send(column), PRECISION)]
    return np.stack(found)
