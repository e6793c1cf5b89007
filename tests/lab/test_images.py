from __future__ import annotations

import numpy as np
import pytest
from foretell.lab.worlds.images import DEPTH, SURFACE, NoisyImage


@pytest.mark.parametrize("noise_bits", [0, 1, 3, 4])
def test_entropy_is_what_counting_finds(noise_bits: int) -> None:
    world = NoisyImage(256, 256, noise_bits, 3)
    low = world.pixels & ((1 << (DEPTH - SURFACE)) - 1)
    assert np.array_equal(world.pixels >> (DEPTH - SURFACE), world.surface)
    share = np.bincount(low.ravel()) / low.size
    share = share[share > 0]
    assert -(share * np.log2(share)).sum() == pytest.approx(world.entropy, abs=0.001)
    beside = np.bincount((low[:, 1:].astype(int) << 4 | low[:, :-1]).ravel()) / low[:, 1:].size  # pairs: independent
    beside = beside[beside > 0]
    assert -(beside * np.log2(beside)).sum() == pytest.approx(2 * world.entropy, abs=0.01)


def test_what_is_left_without_planes() -> None:
    assert [NoisyImage(noise_bits=2).entropy_without(planes) for planes in range(4)] == [2, 1, 0, 0]


def test_surface_is_smooth_uses_all_levels_and_follows_the_seed() -> None:
    surface = NoisyImage(seed=1).surface.astype(int)
    assert (surface.min(), surface.max()) == (0, 15)
    assert max(np.abs(np.diff(surface, axis=axis)).max() for axis in (0, 1)) <= 1
    assert np.array_equal(NoisyImage(seed=1).pixels, NoisyImage(seed=1).pixels)
    assert not np.array_equal(NoisyImage(seed=1).pixels, NoisyImage(seed=2).pixels)
