"""Many files at once, by the processes or machines of an engine: `compress_shards`, `restore_shards`.

Each shard becomes a file of its own, one frame, the same bytes as `foretell.compress` makes of it wherever it is made.
A manifest beside them, a line of JSON for each shard, says what is done, so that an interrupted run goes on.

The engine is any `concurrent.futures.Executor`: a process pool of the standard library, Dask's
``Client.get_executor()`` (``pip install 'foretell[shards]'``), or another's. Workers read the shards and write the
archives themselves, so all need the paths: one machine, or a file system that they share.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor, Future, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import foretell
from foretell.atomic import atomic_output

if TYPE_CHECKING:
    from foretell.models import Pretrained

MANIFEST = "manifest.jsonl"
_CHUNK = 1 << 16

StrPath = str | os.PathLike[str]


@dataclass(frozen=True)
class Shard:
    """A line of the manifest.

    Attributes
    ----------
    name : str
        The shard's name without folders; its archive's is that and ``.fore``.
    raw_bytes : int
    sha256 : str
        Of the plain bytes.
    file_bytes : int
    file_sha256 : str
        Of the archive.
    settings : dict
        What it was made with: level, block_size, memory, and the model's SHA-256 or None.
    """

    name: str
    raw_bytes: int
    sha256: str
    file_bytes: int
    file_sha256: str
    settings: dict[str, Any]

    @property
    def archive(self) -> str:
        """Name of the archive."""
        return f"{self.name}.fore"


def compress_shards(
    shards: Iterable[StrPath],
    folder: StrPath,
    *,
    engine: Executor,
    level: int = foretell.DEFAULT_LEVEL,
    block_size: int = foretell.BLOCK_SIZE,
    memory: int | None = None,
    model: StrPath | None = None,
) -> list[Shard]:
    """Compress files into a folder, each by whichever worker is free.

    Parameters
    ----------
    shards : iterable of path
        Files whose names differ, whatever their folders.
    folder : path
        For archives and manifest; made if it is not there. Shards that its manifest has, with the same bytes and
        settings, and whose archives are there, are not compressed again.
    engine : concurrent.futures.Executor
    level, block_size, memory
        As for `foretell.compress`.
    model : path, optional
        Of a pretrained model, which each worker loads (`foretell.load_model`).

    Returns
    -------
    list of Shard
        In the order of `shards`.

    Raises
    ------
    ValueError
        Two shards have one name.
    foretell.Error, OSError
        What went wrong with a shard. Those that were under way are finished and in the manifest.
    """
    sources = [Path(shard) for shard in shards]
    names = [source.name for source in sources]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"shards need names that differ, and {', '.join(twice)} comes twice")
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    settings = {
        "level": level,
        "block_size": block_size,
        "memory": memory,
        "model": None if model is None else foretell.load_model(Path(model)).digest.hex(),
    }
    done = read_manifest(out)
    work = {
        engine.submit(
            _compress, str(source), str(out), settings, None if model is None else str(model), done.get(source.name)
        )
        for source in sources
    }
    made: dict[str, Shard] = {}
    with (out / MANIFEST).open("a") as manifest:
        for shard in _results(work):
            made[shard.name] = shard
            if shard != done.get(shard.name):
                manifest.write(json.dumps(asdict(shard)) + "\n")
                manifest.flush()
    return [made[name] for name in names]


def restore_shards(
    folder: StrPath, out: StrPath, *, engine: Executor, memory: int | None = None, model: StrPath | None = None
) -> list[Shard]:
    """Restore all shards of a folder's manifest into another folder, and compare their SHA-256.

    Parameters
    ----------
    folder : path
        As `compress_shards` left it.
    out : path
        Made if it is not there; files of the shards' names are replaced.
    engine, memory, model
        As for `compress_shards`.

    Returns
    -------
    list of Shard
        In the order of the manifest.

    Raises
    ------
    foretell.Error, OSError
        What went wrong with a shard; no file of its name is written for it.
    """
    shards = read_manifest(folder)
    Path(out).mkdir(parents=True, exist_ok=True)
    work = {
        engine.submit(_restore, shard, str(folder), str(out), memory, None if model is None else str(model))
        for shard in shards.values()
    }
    for _ in _results(work):
        pass
    return list(shards.values())


def read_manifest(folder: StrPath) -> dict[str, Shard]:
    """Return what a folder's manifest says of each name, the last line for each; empty where there is none.

    A last line that was cut off by an interruption is passed over.

    Raises
    ------
    foretell.CorruptError
        If another line is not one of a manifest.
    """
    path = Path(folder) / MANIFEST
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    found: dict[str, Shard] = {}
    for number, line in enumerate(lines):
        try:
            shard = Shard(**json.loads(line))
        except (ValueError, TypeError):
            if number + 1 == len(lines) and not line.endswith("\n"):
                path.write_text("".join(lines[:-1]))  # what comes next starts on a line of its own
                break
            raise foretell.CorruptError(f"{path}: line {number + 1} does not describe a shard") from None
        found[shard.name] = shard
    return found


def _results(work: set[Future[Shard]]) -> Iterable[Shard]:
    """Yield results as they come; after an error those that are under way, and then the error."""
    failed: BaseException | None = None
    for future in as_completed(work):
        if future.cancelled():
            continue
        error = future.exception()
        if error is None:
            yield future.result()
        elif failed is None:
            failed = error
            for waiting in work:
                waiting.cancel()
    if failed is not None:
        raise failed


def _compress(source: str, folder: str, settings: Mapping[str, Any], model: str | None, before: Shard | None) -> Shard:
    """Make an archive, in a worker; return the line `before` if there is nothing to do."""
    path = Path(source)
    digest, size = _digest(path)
    target = Path(folder) / f"{path.name}.fore"
    if before is not None and (before.sha256, before.settings) == (digest, settings) and _holds(target, before):
        return before
    compressor = foretell.Compressor(
        settings["level"],
        size=size,
        block_size=settings["block_size"],
        memory=settings["memory"],
        model=_loaded(model),
    )
    plain = hashlib.sha256()
    with path.open("rb") as file, atomic_output(str(target), overwrite=True) as out:
        while chunk := file.read(_CHUNK):
            plain.update(chunk)
            out.write(compressor.compress(chunk))
        out.write(compressor.flush())
        if plain.hexdigest() != digest:
            raise OSError(f"{source}: changed while it was read; try again")
    file_digest, file_size = _digest(target)
    return Shard(path.name, size, digest, file_size, file_digest, dict(settings))


def _restore(shard: Shard, folder: str, out: str, memory: int | None, model: str | None) -> Shard:
    """Restore an archive, in a worker."""
    source, target = Path(folder) / shard.archive, Path(out) / shard.name
    digest = hashlib.sha256()
    with (
        foretell.ForetellFile(source, memory=memory, model=_loaded(model)) as archive,
        atomic_output(str(target), overwrite=True) as file,
    ):
        while piece := archive.read1(_CHUNK):
            digest.update(piece)
            file.write(piece)
        if digest.hexdigest() != shard.sha256:
            raise foretell.CorruptError(f"{source}: restores other bytes than the manifest's SHA-256 tells of")
    return shard


_kept = threading.local()  # a model serves one thread at a time


def _loaded(path: str | None) -> Pretrained | None:
    """Return the model of a path; a worker that does many shards with one reads it once."""
    if path is None:
        return None
    status = os.stat(path)
    key = (path, status.st_mtime_ns, status.st_size)
    if getattr(_kept, "key", None) != key:
        _kept.model, _kept.key = foretell.load_model(path), key
    model: Pretrained = _kept.model
    return model


def _holds(target: Path, line: Shard) -> bool:
    """Return whether an archive is there and is the one that a manifest's line tells of."""
    return target.exists() and _digest(target)[0] == line.file_sha256


def _digest(path: Path) -> tuple[str, int]:
    """Return SHA-256 and size of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
