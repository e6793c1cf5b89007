"""What figures were measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import distributions, version
from pathlib import Path
from typing import Any


def machine() -> dict[str, Any]:
    """Return the processor, its cores, and the versions of Python, foretell, NumPy and torch."""
    model = platform.processor()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
        flags = next((set(line.split()) for line in lines if line.startswith("flags")), set())
        model += "".join(f", {name}" for name in ("avx2", "avx512f", "avx512_vnni") if name in flags)
    installed = {distribution.name for distribution in distributions()}
    versions: dict[str, str] = {name: version(name) for name in ("foretell", "numpy", "torch") if name in installed}
    return {"cpu": model, "cores": os.cpu_count(), "python": platform.python_version()} | versions
