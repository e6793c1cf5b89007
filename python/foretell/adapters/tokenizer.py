"""Tokenizers that lose nothing: for every byte string, ``decode(encode(x)) == x``, whether it is text or not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from typing_extensions import Buffer


class Tokenizer(Protocol):
    """Bytes to tokens and back.

    Each token stands for bytes, whatever stands beside it, so ``decode(a + b) == decode(a) + decode(b)``: what has been
    decoded can be written at once. Tokens that stand for no text (the start of a document, unused numbers) have none,
    and `encode` never gives them.

    Some vocabularies lack tokens for bytes that hardly occur in text, such as 0x04 or those that UTF-8 does not have.
    Such bytes have ids of their own, from the network's vocabulary on: a network says nothing of them, so give each
    the least probability that a coder has, and show the network `start` in their place.
    """

    @property
    def vocabulary(self) -> int:
        """Number of tokens: ids are 0 to vocabulary - 1. The network's, or up to 256 more."""
        ...

    @property
    def start(self) -> int:
        """The token that a network sees before the first one of a document."""
        ...

    @property
    def pieces(self) -> Sequence[bytes]:
        """The bytes of each token."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 of `pieces` and `start`, hexadecimal: with the same, all ids decode alike."""
        ...

    def encode(self, data: Buffer) -> NDArray[np.int64]:
        """Return the tokens of a byte string, int64 [n]."""
        ...

    def decode(self, ids: NDArray[np.integer]) -> bytes:
        """Return the bytes of tokens.

        Raises
        ------
        ValueError
            If an id is not below `vocabulary`, or negative.
        """
        ...


class PieceTable:
    """The half of a tokenizer that decodes: the bytes of each token.

    Parameters
    ----------
    pieces : sequence of bytes
        The bytes of each id of the network, ``b""`` for those that stand for no text.
    missing : sequence of int
        The bytes that have no token; they get the ids that follow.
    start : int
        The token before the first.
    """

    def __init__(self, pieces: Sequence[bytes], missing: Sequence[int], start: int) -> None:
        if not 0 <= start < len(pieces):
            raise ValueError(f"start token {start} is not one of {len(pieces)}")
        self._pieces, self._start = (*pieces, *(bytes([byte]) for byte in missing)), start

    @property
    def vocabulary(self) -> int:
        """Number of tokens."""
        return len(self._pieces)

    @property
    def start(self) -> int:
        """The token before the first."""
        return self._start

    @property
    def pieces(self) -> tuple[bytes, ...]:
        """The bytes of each token."""
        return self._pieces

    @property
    def digest(self) -> str:
        """SHA-256 of all of it."""
        state = hashlib.sha256(f"foretell tokens {self._start} {len(self._pieces)}\n".encode())
        for piece in self._pieces:
            state.update(len(piece).to_bytes(4, "little") + piece)
        return state.hexdigest()

    def decode(self, ids: NDArray[np.integer]) -> bytes:
        """Return the bytes of tokens."""
        ids = np.asarray(ids)
        if ids.size == 0:
            return b""
        if ids.dtype.kind not in "iu":
            raise TypeError(f"token ids are integers, not {ids.dtype}")
        if int(ids.min()) < 0 or int(ids.max()) >= len(self._pieces):
            raise ValueError(f"token ids from {ids.min()} to {ids.max()}: there are only 0 to {len(self._pieces) - 1}")
        return b"".join([self._pieces[i] for i in ids.ravel().tolist()])


def as_text(data: Buffer) -> str:
    """Return bytes as text in which each byte that is not UTF-8 is a lone surrogate, U+DC80 to U+DCFF.

    UTF-8 has no surrogates, so `as_bytes` gives back the same bytes.
    """
    return bytes(data).decode("utf-8", "surrogateescape")


def as_bytes(text: str) -> bytes:
    """Return the bytes of which `as_text` made text."""
    return text.encode("utf-8", "surrogateescape")


def cut(text: str, most: int) -> Iterator[str]:
    """Yield parts of at most `most` characters: merging takes more than linear time."""
    for at in range(0, len(text), most):
        yield text[at : at + most]
