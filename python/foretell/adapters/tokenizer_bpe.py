"""Byte-level byte pair encoding, as of GPT-2, SmolLM2 and Llama 3.

Text is first cut into words by patterns (the pre-tokenizer); then the bytes of each word are merged by a list of pairs,
the earlier in the list the sooner. Vocabularies are written with a visible character for each byte (`BYTE_OF`).
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foretell.adapters.merging import merge
from foretell.adapters.tokenizer import PieceTable, as_bytes, as_text, cut
from foretell.errors import CorruptError, UnsupportedError

if TYPE_CHECKING:
    from typing_extensions import Buffer

_MOST_CHARACTERS = 256  # of a word; longer ones, hardly ever text, are cut, for a merge takes more than linear time
_MOST_CACHED = 1 << 17  # words whose tokens are remembered

_END = r"\s+(?!\S)|\s+"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|" + _END
DIGIT = r"\p{N}"
_CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
_LINES = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
LLAMA3 = _CONTRACTIONS + r"\p{N}{1,3}" + _LINES + _END
QWEN2 = _CONTRACTIONS + r"\p{N}" + _LINES + _END
PATTERNS = (GPT2, DIGIT, LLAMA3, QWEN2)
"""All patterns that are run: none takes more than linear time, which no one can promise for a stranger's."""

NAMED = {
    "default": (GPT2,),
    "gpt-2": (GPT2,),
    "smollm": (DIGIT, GPT2),
    "llama-bpe": (LLAMA3,),
    "llama3": (LLAMA3,),
    "qwen2": (QWEN2,),
}
"""The pre-tokenizers by the names that GGUF files give them: patterns, each applied to what the former leaves."""


def _byte_characters() -> dict[str, int]:
    """Return GPT-2's characters: printable Latin-1 stands for itself, other bytes for characters from U+0100 on."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + i): byte for i, byte in enumerate(others)}


BYTE_OF = _byte_characters()
"""The byte that each character of a vocabulary stands for."""


def piece(token: str) -> bytes | None:
    """Return the bytes that a vocabulary's entry stands for, None if it has other characters than `BYTE_OF`.

    >>> piece("Ġthe"), piece("<｜x｜>")
    (b' the', None)
    """
    try:
        return bytes([BYTE_OF[character] for character in token])
    except KeyError:
        return None


def _compile(pattern: str) -> Any:
    try:
        regex = importlib.import_module("regex")
    except ImportError:
        raise UnsupportedError(
            "this model's tokenizer needs the package regex, which is not installed: pip install 'foretell[pretrained]'"
        ) from None
    return regex.compile(pattern)


class BpeTokenizer(PieceTable):
    """A byte-level BPE tokenizer; see `foretell.adapters.tokenizer.Tokenizer`.

    Words of more than 256 characters are cut, which other implementations do not do: their tokens may differ.

    Parameters
    ----------
    tokens : mapping of bytes to int
        The ids of the tokens that text is encoded with.
    pieces : sequence of bytes
        The bytes of each id, ``b""`` for those that stand for no text.
    merges : sequence of (bytes, bytes)
        Pairs, the first first.
    patterns : sequence of str
        The pre-tokenizer, of `PATTERNS`.
    start : int
        The token before the first.
    whole_words : bool
        Whether a word that is a token is that token, even if merging does not lead there (Llama 3).

    Raises
    ------
    CorruptError
        If the parts do not fit together.
    UnsupportedError
        If `regex` is not installed, or a pattern is not known.
    """

    def __init__(
        self,
        tokens: Mapping[bytes, int],
        pieces: Sequence[bytes],
        merges: Sequence[tuple[bytes, bytes]],
        patterns: Sequence[str],
        start: int,
        whole_words: bool = False,
    ) -> None:
        missing = [byte for byte in range(256) if bytes([byte]) not in tokens]
        super().__init__(pieces, missing, start)
        if any(not 0 <= i < len(pieces) or pieces[i] != token for token, i in tokens.items()):
            raise CorruptError("the tokenizer's tokens are not those of its vocabulary")
        self._ranks: dict[tuple[bytes, bytes], int] = {}
        for rank, pair in enumerate(merges):
            if pair[0] + pair[1] not in tokens:
                raise CorruptError(f"the tokenizer merges {pair[0]!r} and {pair[1]!r} into what is not a token")
            self._ranks.setdefault(pair, rank)
        unknown = [pattern for pattern in patterns if pattern not in PATTERNS]
        if unknown:
            raise UnsupportedError(f"the tokenizer cuts words by the pattern {unknown[0]!r}, which is not known here")
        self._patterns = [_compile(pattern) for pattern in patterns]
        self._ids = dict(tokens) | {bytes([byte]): len(pieces) + i for i, byte in enumerate(missing)}
        self._whole_words = whole_words
        self._cache: dict[str, list[int]] = {}

    def encode(self, data: Buffer) -> NDArray[np.int64]:
        """Return the tokens of a byte string, int64 [n]."""
        out: list[int] = []
        for word in self._words(as_text(data)):
            if len(word) <= _MOST_CHARACTERS:
                out += self._cache.get(word) or self._encode_word(word)
            else:
                for part in cut(word, _MOST_CHARACTERS):
                    out += self._cache.get(part) or self._encode_word(part)
        return np.array(out, dtype=np.int64)

    def _words(self, text: str) -> Iterator[str]:
        """Cut text by all patterns."""
        words: Iterator[str] = iter([text])
        for pattern in self._patterns:
            words = _isolate(pattern, words)
        return words

    def _encode_word(self, word: str) -> list[int]:
        """Return the tokens of a word of at most 256 characters, and remember them."""
        raw = as_bytes(word)
        if self._whole_words and raw in self._ids:
            ids = [self._ids[raw]]
        else:
            ids = [self._ids[token] for token in merge([raw[i : i + 1] for i in range(len(raw))], self._rank)]
        if len(self._cache) >= _MOST_CACHED:
            self._cache.clear()
        self._cache[word] = ids
        return ids

    def _rank(self, left: bytes, right: bytes) -> int | None:
        return self._ranks.get((left, right))


def _isolate(pattern: Any, words: Iterator[str]) -> Iterator[str]:
    """Cut each word into the matches of a pattern and what is between them."""
    for word in words:
        at = 0
        for match in pattern.finditer(word):
            begin, end = match.span()
            if begin > at:
                yield word[at:begin]
            if end > begin:
                yield word[begin:end]
            at = end
        if at < len(word):
            yield word[at:]
