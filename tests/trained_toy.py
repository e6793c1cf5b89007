"""A toy model that was trained before: `Book` is what a pretrained model's file is to others."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import toy_model
from foretell import codec, models
from foretell.errors import UnsupportedError

NAME = "trained-toy/1"


class TrainedToy(toy_model.ToyModel):
    """A toy that has read a text before."""

    name = NAME

    def __init__(self, book: bytes, fingerprint: tuple[tuple[str, str], ...] = (), **parameters: int) -> None:
        super().__init__(**parameters)
        self.weights = hashlib.sha256(book).digest()
        self.fingerprint = fingerprint
        self.numerics = "native" if fingerprint else "exact/1"
        codec.learn_block(self, book)


class Book:
    """A text that models have read before.

    Parameters
    ----------
    book : bytes
    brief : bool
        Whether files may leave the parameters out.
    made_on : str
        The fingerprint; with one, the numerics are native.
    """

    def __init__(self, book: bytes, *, brief: bool = False, **made_on: str) -> None:
        self.book = book
        self.brief = brief
        self.fingerprint = tuple(made_on.items())
        self.sizes: list[int | None] = []

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.book).digest()

    def start(self, size: int | None) -> TrainedToy:
        self.sizes.append(size)
        return TrainedToy(self.book, self.fingerprint)

    def rebuild(self, name: str, parameters: Mapping[str, int], *, device: str, memory: int | None) -> TrainedToy:
        if name != NAME:
            raise UnsupportedError(f"a book makes no {name}")
        return TrainedToy(self.book, self.fingerprint, **parameters)


def _needs_weights(parameters: Mapping[str, int], device: str) -> TrainedToy:
    raise AssertionError("built without its weights")


@contextmanager
def installed() -> Iterator[None]:
    """Make the trained toy known."""
    models.register(NAME, toy_model.PARAMETER_NAMES, _needs_weights)
    try:
        yield
    finally:
        del models.PARAMETER_NAMES[NAME]
