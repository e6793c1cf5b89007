"""Processes of ratio.py that are no contestant's call: a curve, a first byte."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from foretell.lab.contestant_process import FailedError, run
from foretell.lab.contestants import WORKER
from ratio_corpora import Case


def use_cores(count: int) -> None:
    """Confine this process and those it starts to as many cores, and libraries to as many threads."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-count:])
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(count)


def curve(case: Case, level: int, threads: int, limit: float) -> list[tuple[int, float]]:
    """Return plain bytes and ideal bits of each block of a case at a level."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        case.write(folder / "plain")
        command = [*WORKER, "foretell", "curve", "plain", str(level), str(threads)]
        run(command, folder, folder / "blocks", False, limit)
        blocks: list[tuple[int, float]] = json.loads((folder / "blocks").read_text())["blocks"]
        return blocks


def first_byte_seconds(level: int, data: bytes, repeats: int = 9) -> dict[str, float]:
    """Return medians of the seconds from the start of the command to its first byte and to its end."""
    firsts, ends = [], []
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        command = [sys.executable, "-m", "foretell", f"-{level}", "-c", file.name]
        for _ in range(repeats):
            begun = time.perf_counter()
            with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
                assert process.stdout is not None
                if not process.stdout.read(1):
                    raise FailedError(f"{' '.join(command)}: no output")
                firsts.append(time.perf_counter() - begun)
                process.stdout.read()
            ends.append(time.perf_counter() - begun)
    return {
        "first_byte_seconds": round(statistics.median(firsts), 3),
        "seconds": round(statistics.median(ends), 3),
    }
