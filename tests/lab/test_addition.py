from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from foretell.lab.worlds.addition import Addition


def test_first_held_out_pair() -> None:
    assert Addition().validation[0].tolist() == [61706749, 66448162]
    assert Addition().validation.shape == (10_000, 2)


def test_tokens() -> None:
    world = Addition(2, held_out=0)
    assert world.tokens(np.array([[58, 67]])).tolist() == [[12, 5, 8, 10, 6, 7, 11, 1, 2, 5, 13]]
    reverse = Addition(2, reverse=True, held_out=0)
    assert reverse.tokens(np.array([[58, 40]])).tolist() == [[12, 5, 8, 10, 4, 0, 11, 8, 9, 0, 13]]
    assert world.length == 10
    assert world.answer == slice(6, 9)
    assert world.operands == [0, 1, 3, 4]


@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
def test_entropy_is_that_of_all_examples(zeros: bool, reverse: bool) -> None:
    """By counting all of them: H(position | all before it), position by position."""
    world = Addition(1, zeros, reverse, held_out=0)
    every = np.array(list(itertools.product(range(world.low, 10), repeat=2)))
    rows = [tuple(row) for row in world.tokens(every).tolist()]
    entropy = [_entropy(Counter(row[: t + 2] for row in rows)) for t in range(-1, world.length)]
    assert np.diff(entropy) == pytest.approx(world.position_entropy / np.log(2), abs=1e-9)
    assert entropy[-1] == pytest.approx(world.entropy)


def test_floors_of_the_article() -> None:
    assert Addition().position_entropy.mean() == pytest.approx((14 * np.log(10) + 2 * np.log(9)) / 28)
    assert Addition().entropy == pytest.approx(52.847, abs=1e-3)
    assert Addition(leading_zeros=True).position_entropy.mean() == pytest.approx(1.3158, abs=1e-4)


def test_batches_are_fresh_and_the_same_again() -> None:
    world = Addition(1, held_out=40)
    held_out = {tuple(pair) for pair in world.validation.tolist()}
    seen = {tuple(pair) for step in range(30) for pair in world.pairs(50, 0, step).tolist()}
    assert seen
    assert not seen & held_out
    assert (world.batch(9, 1, 2) == world.batch(9, 1, 2)).all()
    assert (world.batch(9, 1, 2) != world.batch(9, 1, 3)).any()


def _entropy(counts: Counter[tuple[int, ...]]) -> float:
    p = np.array(list(counts.values())) / counts.total()
    return float(-(p * np.log2(p)).sum())
