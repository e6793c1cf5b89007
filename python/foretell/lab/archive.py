r"""Files of coded batches, and Bob, who restores them from the file and the installed package alone.

A file is a line of JSON (what the learner is, and what it ran on) after its CRC-32, and segments, each a whole number
of batches with a range coder stream of its own, so that an interrupted run can go on at the last one:

    1234abcd {"format": "foretell-lab/1", "learner": {...}, "batch": 128, "given": 10, "runs_on": {...}}\n
    batches, payload bytes, CRC-32 of the tokens: three little-endian uint32; the payload

Numerics are ``native``: Bob's processor, threads and version of torch must be Alice's, or he refuses.

    python -m foretell.lab.archive FILE [--segments N]    prints what Bob restored, with its SHA-256
"""

from __future__ import annotations

import argparse
import hashlib
import json
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Self

import numpy as np
import torch

from foretell.adapters.runs_on import runs_on
from foretell.coders import RangeDecoder, RangeEncoder
from foretell.errors import CorruptError, Error, ModelMismatchError, TruncatedError, UnsupportedError
from foretell.lab import elsewhere
from foretell.lab.learner import PRECISION, Learner, LearnerConfig, Tokens

_FORMAT = "foretell-lab/1"
_SEGMENT = struct.Struct("<III")
_LONGEST_HEADER = 1 << 16


class Alice:
    """Writes an archive, or goes on with one; a context manager.

    Parameters
    ----------
    path : Path
    learner : Learner
    batch : int
        Sequences a batch.
    given : int
        The first token of every sequence, which is not coded.
    size : int, optional
        Bytes of `path` to keep and go on from; a new file if 0.
    """

    def __init__(self, path: Path, learner: Learner, batch: int, given: int, size: int = 0) -> None:
        self._learner = learner
        self._file = path.open("r+b" if size else "w+b")
        self._encoder = RangeEncoder(PRECISION)
        self._batches, self._checksum = 0, 0
        if size:
            self._file.truncate(size)
            self._file.seek(size)
            return
        header = {
            "format": _FORMAT,
            "learner": learner.config.as_dict(),
            "batch": batch,
            "given": given,
            "runs_on": runs_on(learner.device.type),
        }
        line = json.dumps(header).encode()
        self._file.write(b"%08x %s\n" % (zlib.crc32(line), line))

    def code(self, sequences: Tokens) -> float:
        """Code a batch that the learner then has still to learn; return the ideal bits."""
        bits = self._learner.encode(self._encoder, sequences)
        self._batches += 1
        self._checksum = _crc(sequences, self._checksum)
        return bits

    def end_segment(self) -> int:
        """Write what was coded since the last segment; return the size of the file so far."""
        if self._batches:
            payload = self._encoder.finish()
            self._file.write(_SEGMENT.pack(self._batches, len(payload), self._checksum) + payload)
            self._file.flush()
            self._encoder = RangeEncoder(PRECISION)
            self._batches, self._checksum = 0, 0
        return self._file.tell()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Close the file; what was coded since the last segment is lost."""
        self._file.close()


def restore(path: Path, segments: int | None = None) -> Iterator[Tokens]:
    """Yield the batches of a file, int64 [N, T + 1], of at most so many segments.

    Raises
    ------
    ModelMismatchError
        This process does not run on what the file was made on.
    CorruptError, TruncatedError, UnsupportedError
        The file is damaged or none of these.
    """
    with path.open("rb") as file:
        header = _header(file, path)
        before = torch.get_num_threads()
        torch.set_num_threads(header["runs_on"]["threads"])
        try:
            yield from _batches(file, path, header, segments)
        finally:
            torch.set_num_threads(before)


def _batches(file: IO[bytes], path: Path, header: dict[str, Any], segments: int | None) -> Iterator[Tokens]:
    device = header["runs_on"]["device"]
    here = runs_on(device)
    made_on = header["runs_on"].items()
    differing = [f"{key}: {value} in the file, {here[key]} here" for key, value in made_on if here[key] != value]
    if differing:
        raise ModelMismatchError(f"{path}: made on something else, so it may not decode here ({'; '.join(differing)})")
    learner = Learner(LearnerConfig(**header["learner"]), device)
    first = np.full(header["batch"], header["given"])
    done = 0
    while (segments is None or done < segments) and (head := file.read(_SEGMENT.size)):
        if len(head) < _SEGMENT.size:
            raise TruncatedError(f"{path}: ends within the head of segment {done}")
        batches, size, checksum = _SEGMENT.unpack(head)
        payload = file.read(size)
        if len(payload) < size:
            raise TruncatedError(f"{path}: segment {done} should have {size} bytes and has {len(payload)}")
        decoder = RangeDecoder(payload, PRECISION)
        found = 0
        for _ in range(batches):
            sequences = learner.decode(decoder, first)
            found = _crc(sequences, found)
            learner.learn(sequences)
            yield sequences
        if found != checksum:
            raise CorruptError(f"{path}: segment {done} decodes to other tokens than were coded")
        done += 1


def restored_elsewhere(path: Path, segments: int | None = None) -> dict[str, Any]:
    """Let a process of its own restore a file; return what it printed: batches, SHA-256 of the tokens, and an error."""
    more = [] if segments is None else ["--segments", str(segments)]
    return elsewhere.restored(__name__, path, *more)


class Digest:
    """SHA-256 of batches of tokens, one after the other."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.batches = 0

    def add(self, sequences: Tokens) -> None:
        """Count a batch, int [N, T + 1]."""
        self._hash.update(np.ascontiguousarray(sequences, "<i8").data)
        self.batches += 1

    def as_dict(self) -> dict[str, Any]:
        """Return what `restored_elsewhere` does of the same batches."""
        return {"batches": self.batches, "sha256": self._hash.hexdigest(), "error": None}


def _crc(sequences: Tokens, before: int) -> int:
    return zlib.crc32(np.ascontiguousarray(sequences, "<i8").data, before)


def _header(file: IO[bytes], path: Path) -> dict[str, Any]:
    checksum, _, line = file.readline(_LONGEST_HEADER).partition(b" ")
    if b'"foretell-lab/' not in line or not line.endswith(b"\n"):
        raise UnsupportedError(f"{path}: not a file of the laboratory")
    if checksum != b"%08x" % zlib.crc32(line[:-1]):
        raise CorruptError(f"{path}: its first line is damaged: the checksum differs")
    header = json.loads(line)
    if header["format"] != _FORMAT:
        raise UnsupportedError(f"{path}: {header['format']}, and this release reads {_FORMAT}")
    return header  # type: ignore[no-any-return]


def main() -> int:
    """Be Bob."""
    parser = argparse.ArgumentParser(
        prog="python -m foretell.lab.archive", description="Restore a file of the laboratory."
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--segments", type=int, help="restore at most so many")
    arguments = parser.parse_args()
    digest = Digest()
    result = {}
    try:
        for sequences in restore(arguments.file, arguments.segments):
            digest.add(sequences)
        result = digest.as_dict()
    except Error as error:
        result = {**digest.as_dict(), "error": f"{type(error).__name__}: {error}"}
    print(json.dumps(result))
    return 1 if result["error"] else 0


if __name__ == "__main__":
    sys.exit(main())
