"""Merging against its definition, and that it does not take quadratic time."""

from __future__ import annotations

import itertools
import time

from foretell.adapters.merging import merge
from hypothesis import given
from hypothesis import strategies as st


def by_definition(parts, rank):
    parts = list(parts)
    while True:
        ranked = [(rank(a, b), i) for i, (a, b) in enumerate(itertools.pairwise(parts))]
        ranked = [pair for pair in ranked if pair[0] is not None]
        if not ranked:
            return parts
        _, i = min(ranked)
        parts[i : i + 2] = [parts[i] + parts[i + 1]]


@given(
    st.lists(st.sampled_from([b"a", b"b", b"c"]), max_size=30),
    st.dictionaries(st.tuples(*[st.text("abc", min_size=1, max_size=4)] * 2), st.integers(0, 9), max_size=40),
)
def test_merges_as_the_definition_does(parts, ranks):
    known = {(a.encode(), b.encode()): value for (a, b), value in ranks.items()}
    known |= {(b"a", b"a"): 3, (b"aa", b"b"): 1, (b"b", b"a"): 3, (b"aa", b"aa"): 2}
    assert merge(parts, lambda a, b: known.get((a, b))) == by_definition(parts, lambda a, b: known.get((a, b)))


def test_equal_ranks_go_to_the_leftmost():
    assert merge([b"a"] * 5, lambda a, b: 0 if a + b == b"aa" else None) == [b"aa", b"aa", b"a"]


def test_nothing_to_merge():
    assert merge([], lambda a, b: 0) == []
    assert merge([b"a"], lambda a, b: 0) == [b"a"]


def test_a_hundred_thousand_parts_take_seconds_at_most():
    begin = time.perf_counter()
    merged = merge([b"a"] * 100_000, lambda a, b: 0 if len(a) == len(b) <= 8 else None)
    assert b"".join(merged) == b"a" * 100_000
    assert time.perf_counter() - begin < 10  # quadratic: many minutes
