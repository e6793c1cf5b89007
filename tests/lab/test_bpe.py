from __future__ import annotations

import itertools

import numpy as np
import pytest
from foretell.lab.worlds import bpe, text
from hypothesis import given
from hypothesis import strategies as st


def _slow(data: bytes, vocabulary: int) -> tuple[list[tuple[int, int]], list[int]]:
    """Byte-pair encoding as textbooks have it."""
    tokens, pairs = list(data), []
    while 256 + len(pairs) < vocabulary:
        counts: dict[tuple[int, int], int] = {}
        for pair in itertools.pairwise(tokens):
            counts[pair] = counts.get(pair, 0) + 1
        if not counts or max(counts.values()) < 2:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        merged, at = [], 0
        while at < len(tokens):
            if tuple(tokens[at : at + 2]) == best:
                merged.append(256 + len(pairs))
                at += 2
            else:
                merged.append(tokens[at])
                at += 1
        tokens = merged
        pairs.append(best)
    return pairs, tokens


@given(st.binary(max_size=60) | st.text("ab", max_size=60).map(str.encode))
def test_as_textbooks_have_it_and_back(data: bytes) -> None:
    pairs, tokens = bpe.train(data, 270)
    slow_pairs, slow_tokens = _slow(data, 270)
    assert [tuple(pair) for pair in pairs.tolist()] == slow_pairs
    assert tokens.tolist() == slow_tokens
    assert bpe.encode(data, pairs).tolist() == slow_tokens
    assert bpe.decode(tokens, pairs) == data


def test_other_bytes_come_back() -> None:
    pairs, _ = bpe.train(text.documentation(20_000), 400)
    for data in (b"", bytes(range(256)) * 3, text.source_code(5000)):
        assert bpe.decode(bpe.encode(data, pairs), pairs) == data


@pytest.mark.parametrize("count", [0, 300])
def test_packed_pairs(count: int) -> None:
    pairs = np.random.default_rng(0).integers(0, 256 + count, (count, 2))
    np.testing.assert_array_equal(bpe.unpacked_pairs(bpe.packed_pairs(pairs)), pairs)
