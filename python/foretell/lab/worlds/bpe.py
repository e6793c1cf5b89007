"""Byte-pair encoding: bytes to fewer, larger tokens, and back.

Tokens 0..255 are the bytes; token 256 + i is the i-th pair of tokens that was merged. Any bytes can be written and come
back. What a reader needs is the list of pairs, which `packed_pairs` writes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import foretell

Tokens = NDArray[np.int64]
Pairs = NDArray[np.int64]
"""Pairs in the order of merging, [M, 2]."""


def train(data: bytes, vocabulary: int) -> tuple[Pairs, Tokens]:
    """Merge the commonest pair of neighbours again and again; return the pairs, and the data in the tokens they make.

    Parameters
    ----------
    data : bytes
    vocabulary : int
        Tokens in the end, above 256; fewer if no pair comes twice. Of pairs that come equally often, the one of the
        smaller tokens is merged.
    """
    tokens = np.frombuffer(data, np.uint8).astype(np.int64)
    pairs: list[tuple[int, int]] = []
    for made in range(256, vocabulary):
        found, counts = np.unique(tokens[:-1] * vocabulary + tokens[1:], return_counts=True)
        if not len(found) or counts.max() < 2:
            break
        first, second = divmod(int(found[counts.argmax()]), vocabulary)
        pairs.append((first, second))
        tokens = _merged(tokens, first, second, made)
    return np.array(pairs, np.int64).reshape(-1, 2), tokens


def encode(data: bytes, pairs: Pairs) -> Tokens:
    """Write bytes as tokens [N]: the pairs are merged in their order, each from left to right."""
    tokens = np.frombuffer(data, np.uint8).astype(np.int64)
    for index, (first, second) in enumerate(pairs):
        tokens = _merged(tokens, int(first), int(second), 256 + index)
    return tokens


def decode(tokens: Tokens, pairs: Pairs) -> bytes:
    """Undo `encode`."""
    words = [bytes([byte]) for byte in range(256)]
    for first, second in pairs:
        words.append(words[first] + words[second])
    return b"".join(words[token] for token in tokens)


def packed_pairs(pairs: Pairs) -> bytes:
    """Return the pairs as a file of foretell's."""
    return foretell.compress(pairs.T.astype("<u2").tobytes())


def unpacked_pairs(packed: bytes) -> Pairs:
    """Undo `packed_pairs`."""
    return np.frombuffer(foretell.decompress(packed), "<u2").reshape(2, -1).T.astype(np.int64)


def _merged(tokens: Tokens, first: int, second: int, made: int) -> Tokens:
    at = np.flatnonzero((tokens[:-1] == first) & (tokens[1:] == second))
    if first == second and len(at):  # in a run of equal tokens every other pair is merged
        run = np.cumsum(np.diff(at, prepend=-2) > 1)
        at = at[(at - at[np.searchsorted(run, run)]) % 2 == 0]
    kept = np.ones(len(tokens), np.bool_)
    kept[at + 1] = False
    merged = tokens.copy()
    merged[at] = made
    return np.asarray(merged[kept])
