from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from foretell.lab.elsewhere import restored, said
from foretell.lab.worlds import rsa


@pytest.mark.parametrize("bits", [6, 7, 10, 16, 24, 32])
def test_images_are_those_of_rsa(bits: int) -> None:
    own = rsa.key(bits)
    assert own.modulus.bit_length() == bits
    pairs = rsa.rsa(own).pairs(50, 1)
    secret = own.secret()
    for m, c in pairs.tolist():
        assert c == pow(m, secret, own.modulus)
        assert pow(c, own.exponent, own.modulus) == m


def test_a_key_depends_on_its_seed() -> None:
    assert rsa.key(24, 0) == rsa.key(24, 0) != rsa.key(24, 1)


def test_entropy_is_that_of_counts() -> None:
    world = rsa.rsa(rsa.key(6))
    counts = np.unique(world.batch(200_000, 0), axis=0, return_counts=True)[1]
    p = counts / counts.sum()
    assert len(counts) == world.limit
    assert -(p * np.log2(p)).sum() == pytest.approx(world.entropy, abs=0.001)
    assert world.entropy < world.width - 0.01


def test_controls_are_one_to_one() -> None:
    everything = np.arange(256)
    names = []
    for world in rsa.controls(8):
        names.append(world.name)
        assert sorted(world.image(everything).tolist()) == everything.tolist()
    assert names == ["identity", "xor", "affine"]


def test_bits_of_a_pair() -> None:
    world = rsa.controls(8)[2]
    (m, c), tokens = world.pairs(1, 3)[0].tolist(), world.batch(1, 3)[0].tolist()
    assert tokens == [rsa.START, *map(int, f"{m:08b}"), *map(int, f"{c:08b}"[::-1])]


def test_file_of_one_who_factors(tmp_path: Path) -> None:
    own = rsa.key(20)
    pairs = rsa.rsa(own).pairs(300, 0)
    size = rsa.write(tmp_path / "file", own, pairs)
    assert 8 * size <= 300 * math.log2(own.modulus) + 8 * 80
    assert np.array_equal(rsa.read(tmp_path / "file"), pairs)
    assert restored("foretell.lab.worlds.rsa", tmp_path / "file") == said(pairs)


def test_file_of_other_pairs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not of this key"):
        rsa.write(tmp_path / "file", rsa.key(8), rsa.controls(7)[0].pairs(10, 0))
