"""Reading documents, so that a model knows their kind: what makes a `foretell.adapters.domain_model.DomainModel`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from foretell.adapters.domain_model import DomainModel, Lessons, serialized
from foretell.defaults import BLOCK_SIZE, DEFAULT_LEVEL
from foretell.errors import CorruptError
from foretell.models import Progress, mix_parameters
from foretell.models.mix import MixModel
from foretell.models.mix_parameters import Parameters

MEMORY = 128 << 20
"""Bytes that a model takes at most where no limit is given; its file is a little smaller."""


class Training:
    """A model that reads, one document after the other.

    Parameters
    ----------
    start : Parameters or DomainModel
        A new model, or one that goes on from where it is.

    Attributes
    ----------
    lessons : Lessons
        What has been read.
    """

    def __init__(self, start: Parameters | DomainModel) -> None:
        self._corpus = hashlib.sha256()
        self._met = Lessons()
        self._model = start.start(None) if isinstance(start, DomainModel) else MixModel(start)
        self._before = start.lessons if isinstance(start, DomainModel) else Lessons()

    @property
    def lessons(self) -> Lessons:
        """What has been read."""
        return max(self._before, self._met, key=lambda lessons: lessons.documents)

    def read(self, document: bytes, progress: Progress | None = None) -> float | None:
        """Learn a document, in blocks as they would be compressed.

        Those that a model which goes on has read before come first again; they are compared, and not learned twice.

        Parameters
        ----------
        document : bytes
        progress : callable, optional
            Called with the bytes done since the last call.

        Returns
        -------
        float or None
            Bits that the document costs a decoder that has read what came before: the area under the training curve.
            None for what was read before.

        Raises
        ------
        CorruptError
            The documents are not those that were read before.
        """
        self._corpus.update(len(document).to_bytes(8, "little") + document)
        self._met = Lessons(
            self._met.documents + 1, self._met.raw_bytes + len(document), self._corpus.copy().hexdigest()
        )
        if self._met.documents <= self._before.documents:
            if self._met.documents == self._before.documents and self._met != self._before:
                raise CorruptError("the documents are not those that the training began with: start it anew")
            if progress is not None:
                progress(len(document))
            return None
        bits = 0.0
        for first in range(0, len(document), BLOCK_SIZE):
            bits += self._model.encode_block(document[first : first + BLOCK_SIZE], progress)[1]
        return bits

    def serialized(self, *, finished: bool = True) -> bytes:
        """Return the bytes of a file for what was learned so far; not `finished`: one that training goes on from.

        Raises
        ------
        CorruptError
            There were fewer documents than were read before.
        """
        if self._met.documents < self._before.documents:
            raise CorruptError(
                f"the training began with {self._before.documents} documents, and {self._met.documents} came"
            )
        return serialized(self._model, self.lessons, alert=finished)


def parameters_for(raw_bytes: int, level: int = DEFAULT_LEVEL, memory: int = MEMORY) -> Parameters:
    """Return the parameters of a model for documents of `raw_bytes` bytes together.

    Parameters
    ----------
    raw_bytes : int
    level : int
        1..9, as of compression.
    memory : int
        The most bytes that the model takes: tables are halved until they fit.

    Raises
    ------
    MemoryLimitError
        The smallest tables do not fit; a ValueError too.
    """
    return mix_parameters.for_level(level, raw_bytes, memory)


def train_model(documents: Iterable[bytes], *, level: int = DEFAULT_LEVEL, memory: int = MEMORY) -> DomainModel:
    """Make a model of documents of one kind, to compress others of that kind with.

    Parameters
    ----------
    documents : iterable of bytes
        Read in this order; the last ones are remembered best.
    level, memory
        As for `parameters_for`.

    Returns
    -------
    DomainModel
        For ``model=`` of `foretell.compress`, `foretell.decompress` and the rest.

    Raises
    ------
    ValueError
        The level does not exist, or `memory` is too little for it.
    UnsupportedError
        safetensors is not installed.

    Examples
    --------
    >>> import foretell
    >>> model = foretell.train_model([b'{"id": 1, "name": "Ada"}', b'{"id": 2, "name": "Alan"}'], level=1)
    >>> archive = foretell.compress(b'{"id": 3, "name": "Grace"}', model=model)
    >>> foretell.decompress(archive, model=model)
    b'{"id": 3, "name": "Grace"}'
    """
    kept = list(documents)
    training = Training(parameters_for(sum(map(len, kept)), level, memory))
    for document in kept:
        training.read(document)
    return DomainModel(training.serialized())
