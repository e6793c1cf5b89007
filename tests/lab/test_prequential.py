"""The learner, its files and the loop: sizes, restoring in another process, going on, damage."""

from __future__ import annotations

import json
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from foretell.errors import CorruptError, Error, ModelMismatchError, TruncatedError, UnsupportedError
from foretell.lab import archive, prequential
from foretell.lab.learner import Learner, LearnerConfig
from foretell.lab.worlds.addition import Addition

WORLD = Addition(1, held_out=0)
CONFIG = LearnerConfig("pico", WORLD.vocabulary, WORLD.length, steps=24, cooldown=6)


def source(step: int) -> np.ndarray:
    return WORLD.batch(16, 7, step)


def coded(folder: Path, config: LearnerConfig = CONFIG, steps: int = 24) -> prequential.Curve:
    return prequential.run(
        Learner(config),
        source,
        steps,
        given=WORLD.given,
        archive=folder / "file.lab",
        checkpoint=folder / "checkpoint.pt",
        segment=10,
    )


def test_area_ideal_and_file_are_the_same_size(tmp_path: Path) -> None:
    curve = coded(tmp_path)
    assert curve.area == pytest.approx(curve.ideal_bits, rel=1e-5)
    header = (tmp_path / "file.lab").read_bytes().index(b"\n") + 1
    payload = 8 * (curve.file_bytes - header - 3 * 12)  # three segments
    assert 0 <= payload - curve.ideal_bits < 3 * 8 + 1e-3 * curve.ideal_bits
    assert curve.file_bytes == (tmp_path / "file.lab").stat().st_size


@pytest.mark.parametrize("changes", [{}, {"replay": 2}, {"dropout": 0.2}])
def test_another_process_restores_it(tmp_path: Path, changes: dict[str, float]) -> None:
    curve = coded(tmp_path, LearnerConfig(**{**CONFIG.as_dict(), **changes}))
    assert archive.restored_elsewhere(tmp_path / "file.lab") == curve.digest
    wanted = archive.Digest()
    for step in range(24):
        wanted.add(source(step))
    assert curve.digest == wanted.as_dict()


def test_some_segments_can_be_restored_alone(tmp_path: Path) -> None:
    coded(tmp_path)
    batches = list(archive.restore(tmp_path / "file.lab", segments=1))
    assert len(batches) == 10
    assert all((batch == source(step)).all() for step, batch in enumerate(batches))


def test_an_interrupted_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same file and the same curve as without the interruption."""
    monkeypatch.setattr(prequential, "Every", lambda seconds: lambda: True)
    (tmp_path / "whole").mkdir()
    (tmp_path / "parts").mkdir()
    whole = coded(tmp_path / "whole")

    def stop(step: int, learner: Learner) -> None:
        if step == 14:
            raise InterruptedError

    arguments = {
        "given": WORLD.given,
        "archive": tmp_path / "parts/file.lab",
        "checkpoint": tmp_path / "parts/checkpoint.pt",
        "segment": 10,
    }
    with pytest.raises(InterruptedError):
        prequential.run(Learner(CONFIG), source, 24, watch=stop, **arguments)  # type: ignore[arg-type]
    seen: list[int] = []
    parts = prequential.run(Learner(CONFIG), source, 24, watch=lambda step, _: seen.append(step), **arguments)  # type: ignore[arg-type]
    assert seen == list(range(11, 25))
    assert np.array_equal(parts.nats, whole.nats)
    assert parts.digest == whole.digest
    assert (tmp_path / "parts/file.lab").read_bytes() == (tmp_path / "whole/file.lab").read_bytes()


def test_replay_learns_from_what_was_coded(tmp_path: Path) -> None:
    plain = prequential.run(Learner(CONFIG), source, 24)
    again = prequential.run(Learner(LearnerConfig(**{**CONFIG.as_dict(), "replay": 3})), source, 24)
    assert plain.nats[0] == pytest.approx(again.nats[0])
    assert again.area < plain.area


def test_without_an_archive_nothing_is_coded() -> None:
    curve = prequential.run(Learner(CONFIG), source, 3)
    assert (curve.file_bytes, curve.ideal_bits, curve.digest) == (0, 0.0, {})
    assert curve.nats.shape == (3, WORLD.length)
    assert curve.nats[0].mean() == pytest.approx(math.log(WORLD.vocabulary), abs=0.2)


def test_rate_rises_and_falls() -> None:
    learner = Learner(LearnerConfig("pico", 4, 3, rate=1.0, warmup=4, steps=10, cooldown=5))
    rates = []
    for learner.taken in range(11):
        rates.append(learner._rate())
    assert rates[:4] == [0.25, 0.5, 0.75, 1.0]
    assert rates[4:6] == [1.0, 1.0]
    assert rates[6:] == pytest.approx([0.8, 0.6, 0.4, 0.2, 0.0])


def test_complete_keeps_what_is_asked() -> None:
    learner = Learner(CONFIG)
    examples = source(0)
    done = learner.complete(examples[:, :5])
    assert (done[:, :5] == examples[:, :5]).all()
    assert done.shape == examples.shape


def test_measure_does_not_learn() -> None:
    learner = Learner(CONFIG)
    before = learner.measure(source(0))
    assert np.array_equal(before, learner.measure(source(0)))


def line(header: dict[str, Any]) -> bytes:
    text = json.dumps(header).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def test_a_flipped_bit_is_found(tmp_path: Path) -> None:
    coded(tmp_path, steps=3)
    path = tmp_path / "file.lab"
    whole = path.read_bytes()
    for byte in range(0, len(whole), 11):
        damaged = bytearray(whole)
        damaged[byte] ^= 1 << byte % 8
        path.write_bytes(damaged)
        with pytest.raises(Error):
            list(archive.restore(path))


def test_a_cut_file_is_found(tmp_path: Path) -> None:
    coded(tmp_path, steps=6)
    path = tmp_path / "file.lab"
    whole = path.read_bytes()
    for cut in (1, 30, len(whole) - whole.index(b"\n") - 5):
        path.write_bytes(whole[:-cut])
        with pytest.raises((TruncatedError, CorruptError)):
            list(archive.restore(path))


def test_other_files_and_machines_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.lab"
    for text in (b"", b"nothing of the kind\n", b'00000000 {"format": "foretell/1"}\n', b"[]\n"):
        path.write_bytes(text)
        with pytest.raises(UnsupportedError, match="not a file of the laboratory"):
            list(archive.restore(path))
    path.write_bytes(line({"format": "foretell-lab/0"}))
    with pytest.raises(UnsupportedError, match="foretell-lab/0, and this release reads foretell-lab/1"):
        list(archive.restore(path))
    coded(tmp_path, steps=2)
    head, rest = path.read_bytes().split(b"\n", 1)
    header = json.loads(head.partition(b" ")[2])
    header["runs_on"]["torch"] = "0.0.1"
    path.write_bytes(line(header) + rest)
    with pytest.raises(ModelMismatchError, match=r"torch: 0.0.1 in the file, .* here"):
        list(archive.restore(path))
    assert "ModelMismatchError" in archive.restored_elsewhere(path)["error"]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu(tmp_path: Path) -> None:
    curve = prequential.run(Learner(CONFIG, "cuda"), source, 12, given=WORLD.given, archive=tmp_path / "file.lab")
    assert archive.restored_elsewhere(tmp_path / "file.lab") == curve.digest
