from __future__ import annotations

import itertools
import random
from pathlib import Path

import numpy as np
import pytest
from foretell.lab.elsewhere import restored, said
from foretell.lab.worlds import generators
from foretell.lab.worlds.generators import WORLD, Congruential

MODULE = "foretell.lab.worlds.generators"


def test_outputs_are_those_of_python() -> None:
    seeds = [0, 1, 42, 5489, 2**31, 2**32 - 1]
    draws = [random.Random(seed) for seed in seeds]
    expected = [[draw.getrandbits(32) for _ in range(227)] for draw in draws]
    assert generators.outputs(np.array(seeds), 227).tolist() == expected


def test_first_operands_are_those_of_the_stream() -> None:
    seeds = np.arange(5000, 9200)
    assert generators.first_operands(seeds).tolist() == [next(generators.operands(seed)) for seed in seeds.tolist()]


def test_operands_are_uniform_without_leading_zeros() -> None:
    drawn = np.array(list(itertools.islice(generators.operands(3), 90_000)))
    assert drawn.min() >= 10**7
    assert drawn.max() < 10**8
    counts = np.bincount(drawn // 10**7, minlength=10)[1:]
    assert abs(counts - 10_000).max() < 500


def test_search_finds_the_seed(tmp_path: Path) -> None:
    numbers = generators.pairs(777, 12)
    ideal = generators.write_search(tmp_path / "file", numbers, 10)
    assert ideal[0] == pytest.approx(11, abs=0.001)
    assert ideal[1:].max() < 1e-6
    assert restored(MODULE, tmp_path / "file") == said(WORLD.tokens(numbers))


def test_search_costs_one_bit_more_where_no_seed_fits(tmp_path: Path) -> None:
    numbers = np.vstack([WORLD.pairs(3, 0), generators.pairs(5, 1)])
    ideal = generators.write_search(tmp_path / "file", numbers, 8)
    assert ideal.sum() == pytest.approx(4 * WORLD.entropy + 1, abs=1e-6)
    assert np.array_equal(generators.read(tmp_path / "file"), WORLD.tokens(numbers))


def test_search_survives_a_stream_that_leaves_its_seed(tmp_path: Path) -> None:
    numbers = np.vstack([generators.pairs(5, 4), WORLD.pairs(3, 0)])
    generators.write_search(tmp_path / "file", numbers, 8)
    assert np.array_equal(generators.read(tmp_path / "file"), WORLD.tokens(numbers))


def test_file_of_one_who_knows_the_seed(tmp_path: Path) -> None:
    size = generators.write_seed(tmp_path / "file", 2**32 - 5, 100)
    assert size == 6
    assert restored(MODULE, tmp_path / "file") == said(WORLD.tokens(generators.pairs(2**32 - 5, 100)))


def test_small_generator_has_one_cycle_and_its_entropy() -> None:
    world = Congruential()
    runs = world.batch(20_000, 0)
    state, seen = 0, set()
    for _ in range(world.modulus):
        seen.add(state)
        state = (world.factor * state + world.step) % world.modulus
    assert len(seen) == world.modulus
    assert (runs[:, 0] == world.given).all()
    assert np.array_equal(runs[:, 2:], (world.factor * runs[:, 1:-1] + world.step) % world.modulus)
    counts = np.unique(runs, axis=0, return_counts=True)[1] / len(runs)
    assert -(counts * np.log(counts)).sum() == pytest.approx(world.position_entropy.sum(), abs=0.02)
