from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from foretell.errors import Error
from foretell.lab.answers import AnswerConfig, code, restore
from foretell.lab.worlds.mixture import Parities


def test_file_comes_back_and_costs_its_ideal(tmp_path: Path) -> None:
    world = Parities(2, 5, seed=1)
    config = AnswerConfig(width=32, batch=64, steps=150, rate=1e-2, seed=0, device="cpu", threads=1)
    tally = code(tmp_path / "file", world, config)
    size, ideal = tally.file["bytes"] - tally.file["header_bytes"], tally.file["ideal_bits"] / 8
    assert tally.file["restored"]
    assert size == pytest.approx(ideal, rel=0.01, abs=2)
    assert tally.nats.sum() / 0.693147 / 8 == pytest.approx(ideal, rel=0.01)
    assert (tally.questions.sum(1) == 64).all()
    assert tally.nats[-1].sum() < tally.nats[0].sum() / 2


def test_damage_is_not_restored(tmp_path: Path) -> None:
    config = AnswerConfig(width=8, batch=64, steps=20, rate=1e-2, seed=0, device="cpu", threads=1)
    path = tmp_path / "file"
    code(path, Parities(2, 5), config)
    whole, good = path.read_bytes(), restore(path)
    path.write_bytes(whole[:-20] + bytes([whole[-20] ^ 1]) + whole[-19:])
    with contextlib.suppress(Error):
        assert restore(path) != good
