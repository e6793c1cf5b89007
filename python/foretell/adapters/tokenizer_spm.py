"""SentencePiece-like tokenizers, as of Llama 2 and llama2.c: characters merged by scores, other bytes one by one.

There is no token before the first but the start token: unlike other implementations, `encode` puts no space in front
of the text, so that what decodes is the bytes themselves, wherever they were cut.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from foretell.adapters.merging import merge
from foretell.adapters.tokenizer import PieceTable, as_bytes, as_text, cut
from foretell.errors import CorruptError

if TYPE_CHECKING:
    from typing_extensions import Buffer

_MOST_CHARACTERS = 256  # merged at once; longer runs without a space are cut, for merging takes more than linear time
_MOST_CACHED = 1 << 17  # words whose tokens are remembered
_WORD = re.compile(" *[^ ]+| +")
_BYTE = re.compile(rb"<0x([0-9A-Fa-f]{2})>")


class SpmTokenizer(PieceTable):
    """A tokenizer by scores; see `foretell.adapters.tokenizer.Tokenizer`.

    Text is cut before each space that follows something else, and after 256 characters without one. The first cut
    changes nothing, for the vocabularies in use have no token with a space after something else; the second may.

    Parameters
    ----------
    scores : mapping of bytes to float
        The tokens that text is merged to, with their scores: the pair whose union has the greatest is merged first.
    tokens : mapping of bytes to int
        Their ids.
    byte_tokens : mapping of int to int
        The ids of the tokens for single bytes, by byte, for what is in no token of `tokens`.
    pieces : sequence of bytes
        The bytes of each id, ``b""`` for those that stand for no text.
    start : int
        The token before the first.

    Raises
    ------
    CorruptError
        If the parts do not fit together, or a score is not finite.
    """

    def __init__(
        self,
        scores: Mapping[bytes, float],
        tokens: Mapping[bytes, int],
        byte_tokens: Mapping[int, int],
        pieces: Sequence[bytes],
        start: int,
    ) -> None:
        known = {bytes([byte]): token for byte, token in byte_tokens.items()}
        missing = [byte for byte in range(256) if bytes([byte]) not in known and bytes([byte]) not in tokens]
        super().__init__(pieces, missing, start)
        ids = [*tokens.items(), *known.items()]
        if scores.keys() != tokens.keys() or any(not 0 <= i < len(pieces) or pieces[i] != token for token, i in ids):
            raise CorruptError("the tokenizer's tokens are not those of its vocabulary")
        if not all(map(math.isfinite, scores.values())):
            raise CorruptError("a score of the tokenizer is not finite")
        self._ranks = {token: -score for token, score in scores.items()}
        self._ids = dict(tokens)
        self._singles = dict(byte_tokens) | {byte: len(pieces) + i for i, byte in enumerate(missing)}
        self._cache: dict[str, list[int]] = {}

    def encode(self, data: Buffer) -> NDArray[np.int64]:
        """Return the tokens of a byte string, int64 [n]."""
        out: list[int] = []
        for match in _WORD.finditer(as_text(data)):
            for part in cut(match[0], _MOST_CHARACTERS):
                out += self._cache.get(part) or self._encode_part(part)
        return np.array(out, dtype=np.int64)

    def _encode_part(self, part: str) -> list[int]:
        """Return the tokens of at most 256 characters, and remember them."""
        ids: list[int] = []
        for token in merge([as_bytes(character) for character in part], self._rank):
            known = self._ids.get(token)
            ids += [self._singles[byte] for byte in token] if known is None else [known]
        if len(self._cache) >= _MOST_CACHED:
            self._cache.clear()
        self._cache[part] = ids
        return ids

    def _rank(self, left: bytes, right: bytes) -> float | None:
        return self._ranks.get(left + right)


def from_vocabulary(
    tokens: Sequence[bytes], scores: Sequence[float], controls: Collection[int], start: int, vocabulary: int
) -> SpmTokenizer:
    """Return the tokenizer of a vocabulary as files have it.

    Parameters
    ----------
    tokens : sequence of bytes
        By id; ``<0x0A>`` and the like are tokens for single bytes.
    scores : sequence of float
        As many.
    controls : collection of int
        The ids that stand for no text.
    start : int
        The token before the first.
    vocabulary : int
        Ids of the network, at least as many as tokens; those beyond stand for no text.

    Raises
    ------
    CorruptError
        As `SpmTokenizer`.
    """
    pieces = [b""] * vocabulary
    known: dict[bytes, int] = {}
    bytes_known: dict[int, int] = {}
    for number, token in enumerate(tokens):
        if number in controls or not token:
            continue
        match = _BYTE.fullmatch(token)
        if match:
            byte = int(match[1], 16)
            pieces[number] = bytes([byte])
            bytes_known.setdefault(byte, number)
        else:
            pieces[number] = token
            known.setdefault(token, number)
    return SpmTokenizer({token: scores[i] for token, i in known.items()}, known, bytes_known, pieces, start)
