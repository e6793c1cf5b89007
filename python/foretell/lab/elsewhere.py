"""Bob, in a process of his own: the command for files of foretell, a module for those that experiments write otherwise.

Such a module has a ``main`` that takes a file and prints one line of JSON about what it restored.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def restored(module: str, path: Path, *more: str | Path) -> dict[str, Any]:
    """Let a process of its own restore a file by a module's ``main``; return what it printed."""
    command = [sys.executable, "-m", module, path, *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout.startswith("{"):
        raise RuntimeError(f"the process that should restore {path} failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def decompressed(file: bytes) -> bytes | None:
    """Return what ``foretell -d`` makes of a file in a process of its own; None if it reports an error."""
    command = [sys.executable, "-m", "foretell", "-d", "-c"]
    done = subprocess.run(command, input=file, capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None


def said(rows: NDArray[np.integer[Any]]) -> dict[str, Any]:
    """Return what ``main`` prints of the rows that it restored, int [N, ...]: their number and their SHA-256."""
    return {"rows": len(rows), "sha256": hashlib.sha256(np.ascontiguousarray(rows, "<i8").data).hexdigest()}
