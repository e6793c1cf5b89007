"""Bob for the files that an experiment writes in a way of its own: a module that restores them in a process of its own.

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


def restored(module: str, path: Path) -> dict[str, Any]:
    """Let a process of its own restore a file by a module's ``main``; return what it printed."""
    done = subprocess.run([sys.executable, "-m", module, str(path)], capture_output=True, text=True, check=False)
    if not done.stdout.startswith("{"):
        raise RuntimeError(f"the process that should restore {path} failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def said(rows: NDArray[np.integer[Any]]) -> dict[str, Any]:
    """Return what ``main`` prints of the rows that it restored, int [N, ...]: their number and their SHA-256."""
    return {"rows": len(rows), "sha256": hashlib.sha256(np.ascontiguousarray(rows, "<i8").data).hexdigest()}
