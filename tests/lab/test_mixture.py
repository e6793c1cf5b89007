from __future__ import annotations

import numpy as np
import pytest
from foretell.lab.worlds.mixture import Parities


def counted_bits(values: np.ndarray) -> float:
    """Entropy of integers by counting."""
    counts = np.bincount(values)
    p = counts[counts > 0] / len(values)
    return float(-(p * np.log2(p)).sum())


def test_answers_are_parities() -> None:
    world = Parities(4, 9, seed=3)
    tasks, bits, answers = world.batch(500, 7)
    for task, row, answer in zip(tasks, bits, answers, strict=True):
        assert answer == sum(row[world.counting[task]]) % 2
    assert all(len(set(row)) == 3 for row in world.counting.tolist())
    again = world.batch(500, 7)
    assert all((x == y).all() for x, y in zip((tasks, bits, answers), again, strict=True))
    assert (world.batch(500, 8)[1] != bits).any()


def test_entropies_are_what_counting_finds() -> None:
    world = Parities(3, 4, power=1.5)
    tasks, bits, answers = world.batch(400_000, 0)
    question = tasks * 16 + bits @ (1 << np.arange(4))
    assert counted_bits(tasks) == pytest.approx(world.task_entropy, abs=0.005)
    assert counted_bits(question) == pytest.approx(world.question_entropy, abs=0.005)
    assert counted_bits(question * 2 + answers) - counted_bits(question) == pytest.approx(world.entropy, abs=1e-9)
    assert np.bincount(tasks) / len(tasks) == pytest.approx(world.frequencies, abs=0.005)


def test_fewer_bits_than_count_say_nothing() -> None:
    world = Parities(1, 4)
    bits, answers = world.batch(100_000, 0)[1:]
    for left_out in world.counting[0]:
        seen = np.delete(bits, left_out, axis=1) @ np.array([1, 2, 4])
        gained = counted_bits(seen * 2 + answers) - counted_bits(seen)
        assert gained == pytest.approx(world.plain_bits, abs=0.001)
