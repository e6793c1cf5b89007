"""Results as JSON, stamped with the machine, the versions and the date."""

from __future__ import annotations

import datetime
import json
import os
import platform
import re
from importlib.metadata import distributions, version
from pathlib import Path
from typing import Any


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    model = platform.processor()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
        flags = next((set(line.split()) for line in lines if line.startswith("flags")), set())
        model += "".join(f", {name}" for name in ("avx2", "avx512f", "avx512_vnni") if name in flags)
    installed = {distribution.name for distribution in distributions()}
    versions = {name: version(name) for name in ("foretell", "numpy", "torch") if name in installed}
    return {"cpu": model, "cores": os.cpu_count(), "python": platform.python_version(), **versions}


def write_report(path: Path, results: dict[str, Any], *, one_line_rows: bool = False, **settings: Any) -> None:
    """Write `results` and the settings they were made with; with `one_line_rows`, what is innermost on one line."""
    report = {"date": datetime.date.today().isoformat(), **settings, "machine": machine(), "results": results}
    text = json.dumps(report, indent=1)
    if one_line_rows:  # none of our strings holds a bracket
        text = re.sub(r"[\[{][^\[\]{}]*[\]}]", lambda found: re.sub(r"\n\s*", " ", found[0]), text)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")
