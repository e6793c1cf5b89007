"""Files seen as memory, so that only what is used of them is read."""

from __future__ import annotations

import mmap
from pathlib import Path


def map_file(path: Path) -> memoryview:
    """Return a file's bytes, read-only; OSError if it cannot be read. It must not shrink while they are in use."""
    with path.open("rb") as file:
        if not path.stat().st_size:
            return memoryview(b"")  # which cannot be mapped
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
