"""The tokenizer that a GGUF file's metadata hold."""

from __future__ import annotations

from typing import Any

import numpy as np

from foretell.adapters import tokenizer_bpe
from foretell.adapters.gguf import GgufFile
from foretell.adapters.tokenizer import Tokenizer
from foretell.adapters.tokenizer_bpe import BpeTokenizer
from foretell.adapters.tokenizer_spm import SpmTokenizer, from_vocabulary
from foretell.errors import CorruptError, UnsupportedError

_NORMAL, _BYTE = 1, 6  # kinds of tokens; text is never encoded with the others


def read_tokenizer(file: GgufFile, vocabulary: int) -> Tokenizer:
    """Return the tokenizer of a model of `vocabulary` tokens.

    Raises
    ------
    CorruptError
        If the metadata are incomplete or do not fit together.
    UnsupportedError
        If it is of a kind that is not known here, or needs a package that is missing.
    """
    tokens = _get(file, "tokens", list)
    if len(tokens) > vocabulary:
        raise CorruptError(f"{file.path}: the tokenizer has {len(tokens)} tokens, the network {vocabulary}")
    kinds = file.metadata.get("tokenizer.ggml.token_type", np.full(len(tokens), _NORMAL))
    if not isinstance(kinds, np.ndarray) or len(kinds) != len(tokens):
        raise CorruptError(f"{file.path}: tokenizer.ggml.token_type does not have a number for each token")
    start = _get(file, "bos_token_id", int)
    if not 0 <= start < len(tokens):
        raise CorruptError(f"{file.path}: the start token {start} is not one of {len(tokens)} tokens")
    model = _get(file, "model", str)
    if model == "gpt2":
        return _bpe(file, tokens, kinds.tolist(), start, vocabulary)
    if model == "llama":
        return _spm(file, tokens, kinds.tolist(), start, vocabulary)
    raise UnsupportedError(f"{file.path}: tokenizer of kind {model!r}; only gpt2 and llama can be read")


def _get(file: GgufFile, name: str, kind: type) -> Any:
    value = file.metadata.get(f"tokenizer.ggml.{name}")
    if not isinstance(value, kind) or isinstance(value, bool):
        raise CorruptError(f"{file.path}: tokenizer.ggml.{name} is missing or not of type {kind.__name__}")
    return value


def _bpe(file: GgufFile, tokens: list[str], kinds: list[int], start: int, vocabulary: int) -> BpeTokenizer:
    before = file.metadata.get("tokenizer.ggml.pre", "default")
    if before not in tokenizer_bpe.NAMED:
        known = ", ".join(tokenizer_bpe.NAMED)
        raise UnsupportedError(f"{file.path}: the tokenizer cuts words as {before!r}; known are {known}")
    pieces = [b""] * vocabulary
    ids: dict[bytes, int] = {}
    for number, (token, kind) in enumerate(zip(tokens, kinds, strict=True)):
        if kind == _NORMAL:
            raw = tokenizer_bpe.piece(token)
            if raw is None:
                raise CorruptError(f"{file.path}: token {number}, {token!r}, is not written in byte characters")
            pieces[number] = raw
            ids.setdefault(raw, number)
    merges = []
    for line in _get(file, "merges", list):
        pair = tuple(tokenizer_bpe.piece(part) for part in line.split(" "))
        if len(pair) != 2 or pair[0] is None or pair[1] is None:
            raise CorruptError(f"{file.path}: merge {line!r} is not a pair of tokens")
        merges.append((pair[0], pair[1]))
    whole = before in ("llama-bpe", "llama3")
    return BpeTokenizer(ids, pieces, merges, tokenizer_bpe.NAMED[before], start, whole_words=whole)


def _spm(file: GgufFile, tokens: list[str], kinds: list[int], start: int, vocabulary: int) -> SpmTokenizer:
    scores = _get(file, "scores", np.ndarray)
    if len(scores) != len(tokens):
        raise CorruptError(f"{file.path}: {len(scores)} scores for {len(tokens)} tokens")
    controls = {number for number, kind in enumerate(kinds) if kind not in (_NORMAL, _BYTE)}
    written = [token.replace("▁", " ").encode() for token in tokens]
    return from_vocabulary(written, scores.tolist(), controls, start, vocabulary)
