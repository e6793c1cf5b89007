"""Models of documents of one kind: reading them, their file, and files made with them."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import foretell
import numpy as np
import pytest
from foretell.adapters import domain_model, training
from foretell.adapters.domain_model import ALERT, DomainModel, Lessons
from foretell.adapters.training import Training, parameters_for, train_model
from foretell.models import mix_parameters

safetensors = pytest.importorskip("safetensors.numpy")

NAMES = ("Ada", "Alan", "Grace", "Edsger", "Barbara", "Claude", "Kurt", "Emmy")


def record(number: int) -> bytes:
    name, other = NAMES[number % 8], NAMES[number * 5 % 8]
    return json.dumps(
        {"identifier": number * 7919 % 10007, "name": name, "works_with": [other, name], "active": number % 3 == 0}
    ).encode()


LESSONS = [record(number) for number in range(60)]
OTHERS = [record(number) for number in range(100, 110)]
SMALL = replace(mix_parameters.for_level(4, 1000, 1 << 30), cell_bits=14, history_bits=14, row_bits=8, run_bits=8)


@pytest.fixture(scope="module")
def model() -> DomainModel:
    work = Training(SMALL)
    for lesson in LESSONS:
        assert work.read(lesson)
    return DomainModel(work.serialized())


def test_documents_of_the_kind_become_small_and_come_back(model: DomainModel) -> None:
    for document in OTHERS:
        archive = foretell.compress(document, model=model)
        assert foretell.decompress(archive, model=model) == document
        (frame,) = foretell.frame_info(archive)
        assert 4 * frame.payload_bytes < foretell.frame_info(foretell.compress(document))[0].payload_bytes
        assert frame.model == "mix/1"
        assert model.digest.startswith(frame.weights[:8])


def test_frames_of_several_blocks(model: DomainModel) -> None:
    data = b"\n".join(OTHERS)
    with io.BytesIO() as file:
        with foretell.open(file, "wb", model=model, block_size=200) as archive:
            archive.write(data)
        assert foretell.decompress(file.getvalue(), model=model) == data
        (frame,) = foretell.frame_info(file.getvalue())
    assert frame.weights == model.digest
    assert frame.blocks > 3


def test_the_file_is_the_model(model: DomainModel, tmp_path: Path) -> None:
    work = Training(SMALL)
    for lesson in LESSONS:
        work.read(lesson)
    data = work.serialized()
    path = tmp_path / "records.safetensors"
    path.write_bytes(data)
    loaded = foretell.load_model(path)
    assert loaded.digest == model.digest  # the same lessons, the same file
    archive = foretell.compress(OTHERS[0], model=model)
    assert foretell.compress(OTHERS[0], model=loaded) == archive
    assert model.lessons == Lessons(60, sum(map(len, LESSONS)), model.lessons.sha256)
    with pytest.raises(foretell.UnsupportedError, match="is exact"):
        foretell.load_model(path, exact=False)


def test_another_model_is_another_one(model: DomainModel) -> None:
    other = train_model(LESSONS[:-1], level=1)
    assert other.digest != model.digest
    archive = foretell.compress(OTHERS[0], model=model)
    with pytest.raises(foretell.ModelMismatchError, match=other.digest.hex()[:16]):
        foretell.decompress(archive, model=other)
    with pytest.raises(foretell.MissingModelError):
        foretell.decompress(archive)


def test_training_goes_on(model: DomainModel) -> None:
    work = Training(SMALL)
    bits = [work.read(lesson) for lesson in LESSONS[:20]]
    half = DomainModel(work.serialized(finished=False))
    assert half.lessons == work.lessons
    again = Training(half)
    seen: list[int] = []
    assert [again.read(lesson, seen.append) for lesson in LESSONS[:20]] == [None] * 20
    assert sum(seen) == sum(map(len, LESSONS[:20]))
    bits += [again.read(lesson) for lesson in LESSONS[20:]]
    assert DomainModel(again.serialized()).digest == model.digest
    assert sum(bit or 0 for bit in bits[-10:]) < sum(bit or 0 for bit in bits[:10]) / 3  # it has learned


def test_training_goes_on_with_the_same_documents_only() -> None:
    work = Training(SMALL)
    for lesson in LESSONS[:5]:
        work.read(lesson)
    half = DomainModel(work.serialized(finished=False))
    again = Training(half)
    again.read(LESSONS[0])
    with pytest.raises(foretell.CorruptError, match="5 documents, and 1 came"):
        again.serialized()
    for lesson in LESSONS[1:4]:
        again.read(lesson)
    with pytest.raises(foretell.CorruptError, match="not those"):
        again.read(LESSONS[5])


def test_a_finished_model_is_alert() -> None:
    work = Training(SMALL)
    work.read(b"".join(LESSONS) * 7)
    for finished, most in ((True, ALERT), (False, 10 * ALERT)):
        seen = safetensors.load(work.serialized(finished=finished))["text.seen"]
        assert min(work.lessons.raw_bytes, most) == seen[0]
    assert work.lessons.raw_bytes > ALERT


def test_long_documents_are_read_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    document = b"".join(LESSONS)
    monkeypatch.setattr(training, "BLOCK_SIZE", 1000)
    long, short = Training(SMALL), Training(SMALL)
    seen: list[int] = []
    assert long.read(document, seen.append) == pytest.approx(
        sum(short.read(document[first : first + 1000]) or 0 for first in range(0, len(document), 1000))
    )
    assert sum(seen) == len(document)
    assert long.lessons.documents == 1
    assert Training(SMALL).read(b"") == 0


def test_parameters_follow_the_documents_and_the_limit() -> None:
    small, large = parameters_for(10_000), parameters_for(10_000_000)
    assert small.memory < large.memory <= training.MEMORY
    assert parameters_for(10_000_000, memory=64 << 20).memory <= 64 << 20
    assert parameters_for(10_000, 9).hidden > parameters_for(10_000, 5).hidden
    with pytest.raises(foretell.MemoryLimitError):
        parameters_for(10_000, memory=1)


@pytest.mark.parametrize(
    ("damage", "error"),
    [
        (lambda data: data[:100], "damaged"),
        (lambda data: data[:-1], "the model"),
        (lambda data: data.replace(b"foretell", b"foretold"), "not a model that foretell-train made"),
        (lambda data: data.replace(b"mix/1", b"mix/9"), "mix/9"),
        (lambda data: data.replace(b"cell_bits", b"cell_bots"), "not a model"),
        (lambda data: data.replace(b"text.seen", b"text.been"), "no array text.seen"),
        (lambda data: b"\xff" * 8 + data[8:], "damaged"),
        (lambda data: b"", "damaged"),
    ],
)
def test_damaged_files(model: DomainModel, damage: object, error: str) -> None:
    assert callable(damage)
    work = Training(SMALL)
    work.read(LESSONS[0])
    data = work.serialized()
    DomainModel(data).start(None)
    with pytest.raises((foretell.CorruptError, foretell.UnsupportedError), match=error):
        DomainModel(damage(data)).start(None)


def test_arrays_of_another_model() -> None:
    work = Training(SMALL)
    work.read(LESSONS[0])
    data = work.serialized()
    arrays = safetensors.load(data)
    about = {"foretell": domain_model._header(data, "x")["__metadata__"]["foretell"]}

    def changed(**other: object) -> DomainModel:
        return DomainModel(safetensors.save({**arrays, **other}, about), "x.safetensors")

    changed().start(None)
    for wrong, error in (
        ({"memory.cells": arrays["memory.cells"][:-1].copy()}, "x.safetensors.*numbers"),
        ({"memory.cells": arrays["memory.cells"].astype(np.uint64)}, "memory.cells"),
        ({"one more": np.zeros(1, np.uint8)}, "arrays"),
        ({"network.hidden.biases": arrays["network.hidden.biases"] * np.float32("nan")}, "no model learns"),
    ):
        with pytest.raises(foretell.CorruptError, match=error):
            changed(**wrong).start(None)


def test_what_a_header_may_ask_for(model: DomainModel) -> None:
    with pytest.raises(foretell.UnsupportedError, match="lm-exact/1"):
        model.rebuild("lm-exact/1", {}, device="cpu", memory=None)
    with pytest.raises(foretell.CorruptError, match="parameters"):
        model.rebuild("mix/1", {"cell_bits": 14}, device="cpu", memory=None)
    with pytest.raises(foretell.UnsupportedError, match="limit"):
        model.rebuild("mix/1", {}, device="cpu", memory=1 << 20)
    assert model.rebuild("mix/1", {}, device="cpu", memory=None).weights == model.digest


def test_without_safetensors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(foretell.UnsupportedError, match=r"foretell\[train\]"):
        train_model([b"text"], level=1)


@pytest.mark.parametrize("isa", ["scalar", "avx2", "avx512"])
def test_the_file_is_the_same_whatever_the_processor(model: DomainModel, isa: str) -> None:
    code = "import test_training as t; work = t.Training(t.SMALL); [work.read(lesson) for lesson in t.LESSONS]; "
    code += "print(t.DomainModel(work.serialized()).digest.hex())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "FORETELL_ISA": isa, "PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    if "not supported" in done.stderr:
        pytest.skip(done.stderr.splitlines()[-1])
    assert done.stdout.strip() == model.digest.hex(), done.stderr
