from __future__ import annotations

import numpy as np
import pytest
from foretell.lab.worlds.modular import Division


def counted_bits(label: np.ndarray, known: np.ndarray) -> float:
    """The entropy of labels given what is known, by counting."""
    pairs, counts = np.unique(np.stack([known, label]), axis=1, return_counts=True)
    within = {value: counts[pairs[0] == value].sum() for value in np.unique(known)}
    return float(sum(-n / len(label) * np.log2(n / within[value]) for value, n in zip(pairs[0], counts, strict=True)))


def test_examples_are_the_table() -> None:
    world = Division(31)
    a, b, c = world.examples.T
    assert len(set(zip(a, b, strict=True))) == 31 * 30
    assert b.min() == 1
    assert (c * b % 31 == a).all()
    assert len(world.training) == len(world.held_out) == 465
    assert Division(31).examples.tolist() == world.examples.tolist()
    assert Division(31, seed=1).examples.tolist() != world.examples.tolist()


def test_entropy_of_the_rule() -> None:
    world = Division(31)
    a, b, c = world.examples.T
    assert counted_bits(c, np.zeros_like(c)) == pytest.approx(world.plain_bits, abs=1e-9)
    assert counted_bits(c, a) == pytest.approx(world.half_known_bits, abs=1e-9)
    assert counted_bits(c, b) == pytest.approx(world.plain_bits, abs=1e-9)
    assert counted_bits(c, a * 31 + b) == pytest.approx(world.entropy, abs=1e-9)


def test_entropy_of_random_labels() -> None:
    tables = [Division(5, random_labels=True, seed=seed) for seed in range(3000)]
    a, b, c = np.concatenate([table.examples for table in tables]).T
    for known in (np.zeros_like(c), a, a * 5 + b):
        assert counted_bits(c, known) == pytest.approx(np.log2(5), abs=0.005)
    assert tables[0].entropy == tables[0].half_known_bits == tables[0].plain_bits == np.log2(5)
