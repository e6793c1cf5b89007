"""The tokenizer in a Hugging Face folder's ``tokenizer.json``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from foretell.adapters import tokenizer_bpe
from foretell.adapters.json_file import JsonObject
from foretell.adapters.tokenizer import Tokenizer
from foretell.adapters.tokenizer_bpe import BpeTokenizer
from foretell.adapters.tokenizer_spm import from_vocabulary
from foretell.errors import CorruptError, UnsupportedError


def read_tokenizer(path: Path, start: int, vocabulary: int) -> Tokenizer:
    """Return the tokenizer of a network.

    Parameters
    ----------
    path : Path
    start : int
        The token before the first.
    vocabulary : int
        Tokens of the network; no more can be in the file.

    Raises
    ------
    CorruptError
        If the file is damaged or incomplete.
    UnsupportedError
        If the tokenizer is of a kind that is not known here, or needs a package that is missing.
    OSError
        If it cannot be read.
    """
    whole = JsonObject.read(path)
    if not 0 <= start < vocabulary:
        raise CorruptError(f"{path}: the start token {start} is not one of {vocabulary}")
    model = whole.child("model")
    if model.get("type", str, "BPE") != "BPE":
        raise UnsupportedError(f"{path}: a tokenizer of type {model.values['type']!r}; only BPE can be read")
    tokens = model.get("vocab", dict)
    for token, number in tokens.items():
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < vocabulary:
            raise CorruptError(f"{path}: token {token!r} has id {number!r}; the network has {vocabulary} tokens")
    controls = {
        item.get("id", int)
        for item in (JsonObject(added, f"{path}: added_tokens") for added in whole.get("added_tokens", list, []))
    }
    merges = [_pair(path, merge) for merge in model.get("merges", list)]
    if model.get("byte_fallback", bool, False):
        return _by_scores(path, tokens, merges, controls, start, vocabulary)
    pieces = [b""] * vocabulary
    ids: dict[bytes, int] = {}
    for token, number in tokens.items():
        raw = None if number in controls else tokenizer_bpe.piece(token)
        if raw is not None:
            pieces[number] = raw
            ids[raw] = number
    pairs = [(_piece(path, left), _piece(path, right)) for left, right in merges]
    patterns = _patterns(path, whole.values.get("pre_tokenizer"))
    return BpeTokenizer(ids, pieces, pairs, patterns, start, whole_words=model.get("ignore_merges", bool, False))


def _pair(path: Path, merge: Any) -> tuple[str, str]:
    """Return the two sides of a merge, which is ``"a b"`` or ``["a", "b"]``."""
    sides = merge.split(" ") if isinstance(merge, str) else merge
    if not isinstance(sides, list) or len(sides) != 2 or not all(isinstance(side, str) for side in sides):
        raise CorruptError(f"{path}: merge {str(merge)[:40]!r} is not a pair of tokens")
    return sides[0], sides[1]


def _piece(path: Path, token: str) -> bytes:
    raw = tokenizer_bpe.piece(token)
    if raw is None:
        raise CorruptError(f"{path}: {token!r} is merged, but not written in byte characters")
    return raw


def _patterns(path: Path, step: Any) -> list[str]:
    """Return the patterns of a pre-tokenizer; which of them can be run is for `BpeTokenizer` to say."""
    what = JsonObject(step, f"{path}: pre_tokenizer")
    kind = what.get("type", str)
    if kind == "Sequence":
        return [pattern for part in what.get("pretokenizers", list) for pattern in _patterns(path, part)]
    if kind == "Digits" and what.get("individual_digits", bool, False):
        return [tokenizer_bpe.DIGIT]
    if kind == "ByteLevel":
        return [tokenizer_bpe.GPT2] if what.get("use_regex", bool, True) else []
    if kind == "Split" and what.get("behavior", str) == "Isolated" and not what.get("invert", bool, False):
        return [what.child("pattern").get("Regex", str)]
    raise UnsupportedError(f"{path}: the tokenizer cuts words by {str(step)[:80]!r}, which is not known here")


def _by_scores(
    path: Path, tokens: dict[str, int], merges: list[tuple[str, str]], controls: set[int], start: int, vocabulary: int
) -> Tokenizer:
    """Return a Llama 2 tokenizer: what the merges make is scored by the first that makes it."""
    written, scores = [b""] * vocabulary, [0.0] * vocabulary
    for token, number in tokens.items():
        written[number] = token.replace("▁", " ").encode("utf-8", "surrogatepass")
    for rank, (left, right) in enumerate(reversed(merges)):
        number = tokens.get(left + right, -1)
        if number < 0:
            raise CorruptError(f"{path}: {left!r} and {right!r} are merged into what is not a token")
        scores[number] = float(rank)
    return from_vocabulary(written, scores, controls, start, vocabulary)
