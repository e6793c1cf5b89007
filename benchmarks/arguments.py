"""Arguments that several benchmarks take."""

from __future__ import annotations

from pathlib import Path


def sized(argument: str) -> tuple[Path, int | None]:
    """Return the path and the number of bytes of FILE[:BYTES]; None without one, for the whole file."""
    path, _, count = argument.rpartition(":")
    return (Path(path), int(count)) if path and count.isdigit() else (Path(argument), None)
