from __future__ import annotations

import numpy as np
import pytest
from foretell.lab.worlds.thought import RunningSums


@pytest.mark.parametrize("thought", [True, False])
def test_entropy_of_each_position_is_that_of_counts(thought: bool) -> None:
    world = RunningSums(digits=3, base=3, thought=thought)
    rows = world.batch(100_000, 0)
    assert rows.shape == (100_000, world.length + 1)
    assert (rows[:, 0] == world.given).all()

    def bits(columns: int) -> float:
        counts = np.unique(rows[:, :columns], axis=0, return_counts=True)[1] / len(rows)
        return float(-(counts * np.log2(counts)).sum())

    counted = [bits(at + 2) - bits(at + 1) for at in range(world.length)]
    assert counted == pytest.approx(world.position_entropy / np.log(2), abs=0.002)
    assert world.entropy == pytest.approx(3 * np.log2(3))
    assert world.position_entropy.sum() / np.log(2) == pytest.approx(world.entropy)


def test_thoughts_are_sums_so_far_and_questions_are_the_same() -> None:
    with_thought, without = RunningSums(digits=5, base=10), RunningSums(digits=5, base=10, thought=False)
    longer, shorter = with_thought.batch(50, 1, 2)[:, 1:], without.batch(50, 1, 2)[:, 1:]
    digits = longer[:, with_thought.question]
    assert np.array_equal(digits, shorter[:, without.question])
    assert np.array_equal(longer[:, 1::2], digits.cumsum(axis=1) % 10)
    assert np.array_equal(longer[:, -1], shorter[:, -1])
