"""Shards through an engine: identical frames whoever makes them, runs that go on, damage that is told."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import foretell
import pytest
from foretell import shards
from foretell.shards import MANIFEST, compress_shards, read_manifest, restore_shards
from sample import sample


@contextmanager
def dask() -> Iterator[Executor]:
    distributed = pytest.importorskip("distributed", reason="the package distributed is not installed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client.get_executor()


ENGINES = {"threads": lambda: ThreadPoolExecutor(2), "processes": lambda: ProcessPoolExecutor(2), "dask": dask}


def files(folder: Path, count: int = 5) -> list[Path]:
    folder.mkdir()
    paths = [folder / f"part-{number}" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_bytes(sample(1000 + 300 * number)[100 * number :])
    return paths


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.filterwarnings("ignore")  # of the engines' own, such as forks beside threads
def test_frames_are_those_of_one_process(name: str, tmp_path: Path) -> None:
    paths = files(tmp_path / "plain")
    (tmp_path / "plain" / "empty").write_bytes(b"")
    paths.append(tmp_path / "plain" / "empty")
    with ENGINES[name]() as engine:
        made = compress_shards(paths, tmp_path / "packed", engine=engine, level=1)
        restore_shards(tmp_path / "packed", tmp_path / "back", engine=engine)
    assert [shard.name for shard in made] == [path.name for path in paths]
    for path, shard in zip(paths, made, strict=True):
        archive = (tmp_path / "packed" / shard.archive).read_bytes()
        assert archive == foretell.compress(path.read_bytes(), 1)
        assert shard.file_bytes == len(archive)
        assert (tmp_path / "back" / path.name).read_bytes() == path.read_bytes()


def test_a_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths, packed = files(tmp_path / "plain"), tmp_path / "packed"
    with ThreadPoolExecutor(1) as engine:
        first = compress_shards(paths[:3], packed, engine=engine, level=1)
        assert list(read_manifest(packed)) == [path.name for path in paths[:3]]
        paths[1].write_bytes(b"another text")
        (packed / first[2].archive).write_bytes(b"damage")
        made = []
        original = foretell.Compressor
        monkeypatch.setattr(foretell, "Compressor", lambda *a, **k: made.append(k["size"]) or original(*a, **k))
        second = compress_shards(paths, packed, engine=engine, level=1)
        assert len(made) == 4  # the changed, the damaged and the two new ones
        assert second[0] == first[0]
        assert second[1] != first[1]
        assert second[2] == first[2]
        assert compress_shards(paths, packed, engine=engine, level=1) == second
        assert len(made) == 4
        compress_shards(paths, packed, engine=engine, level=2)
        assert len(made) == 9  # other settings


def test_a_line_that_was_cut_off_is_passed_over(tmp_path: Path) -> None:
    paths, packed = files(tmp_path / "plain"), tmp_path / "packed"
    with ThreadPoolExecutor(1) as engine:
        whole = compress_shards(paths, packed, engine=engine, level=0)
        text = (packed / MANIFEST).read_text()
        (packed / MANIFEST).write_text(text[:-20])
        assert len(read_manifest(packed)) == 4
        assert compress_shards(paths, packed, engine=engine, level=0) == whole
        assert len(read_manifest(packed)) == 5
    lines = (packed / MANIFEST).read_text().splitlines(keepends=True)
    for bad in ('{"name": "a"}\n', "[]\n", "no JSON\n"):
        (packed / MANIFEST).write_text("".join([lines[0], bad, *lines[1:]]))
        with pytest.raises(foretell.CorruptError, match=r"manifest\.jsonl: line 2"):
            read_manifest(packed)


def test_an_error_leaves_the_others_done(tmp_path: Path) -> None:
    paths, packed = files(tmp_path / "plain"), tmp_path / "packed"
    with ThreadPoolExecutor(1) as engine:
        with pytest.raises(FileNotFoundError, match="absent"):
            compress_shards([*paths[:2], tmp_path / "absent"], packed, engine=engine, level=0)
        assert set(read_manifest(packed)) == {path.name for path in paths[:2]}
        with pytest.raises(ValueError, match="part-0 comes twice"):
            compress_shards([paths[0], tmp_path / "part-0"], packed, engine=engine)


def test_restoring_something_else_is_an_error(tmp_path: Path) -> None:
    paths, packed = files(tmp_path / "plain", 1), tmp_path / "packed"
    with ThreadPoolExecutor(1) as engine:
        (shard,) = compress_shards(paths, packed, engine=engine, level=0)
        (packed / shard.archive).write_bytes(foretell.compress(b"something else", 0))
        with pytest.raises(foretell.CorruptError, match="SHA-256"):
            restore_shards(packed, tmp_path / "back", engine=engine)
        assert not (tmp_path / "back" / shard.name).exists()


def test_a_shard_that_changes_meanwhile_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = files(tmp_path / "plain", 1)
    monkeypatch.setattr(shards, "_digest", lambda path: ("0" * 64, path.stat().st_size))  # before the change
    with ThreadPoolExecutor(1) as engine, pytest.raises(OSError, match="changed while"):
        compress_shards([path], tmp_path / "packed", engine=engine, level=0)
    assert not read_manifest(tmp_path / "packed")


def test_workers_load_a_model_once_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = pytest.importorskip("foretell.adapters.training")
    pytest.importorskip("safetensors", reason="the package safetensors is not installed")
    paths = files(tmp_path / "plain")
    work = training.Training(training.parameters_for(1000, 1, 30 << 20))
    work.read(sample(3000))
    model, other = tmp_path / "model", tmp_path / "other"
    model.write_bytes(work.serialized())
    work.read(sample(300))
    loads = []
    load = foretell.load_model
    monkeypatch.setattr(foretell, "load_model", lambda path: loads.append(Path(path)) or load(path))
    with ThreadPoolExecutor(1) as engine:
        made = compress_shards(paths, tmp_path / "packed", engine=engine, model=model)
        restore_shards(tmp_path / "packed", tmp_path / "back", engine=engine, model=model)
        assert loads.count(model) == 2  # for its digest, and by the worker
        other.write_bytes(work.serialized())
        with pytest.raises(foretell.Error):
            restore_shards(tmp_path / "packed", tmp_path / "back", engine=engine, model=other)
    for path, shard in zip(paths, made, strict=True):
        assert (tmp_path / "back" / path.name).read_bytes() == path.read_bytes()
        archive = (tmp_path / "packed" / shard.archive).read_bytes()
        assert archive == foretell.compress(path.read_bytes(), model=load(model))
