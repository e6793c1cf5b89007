"""The documents that a command is given: files, and all files of folders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path


def documents(paths: Sequence[str]) -> Iterator[Path]:
    """Yield files, and all files of folders in the order of their names."""
    for path in map(Path, paths):
        yield from sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else (path,)
