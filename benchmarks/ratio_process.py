"""The processes that ratio.py starts and measures."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from ratio_contestants import WORKER
from ratio_corpora import Case


class FailedError(Exception):
    """A call did not do what it should; the text says what happened."""


def use_cores(count: int) -> None:
    """Confine this process and those it starts to as many cores, and libraries to as many threads."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-count:])
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(count)


def run(command: list[str], folder: Path, output: Path | None, times_itself: bool, limit: float) -> dict[str, float]:
    """Run a command in `folder`, its output going to `output`; return its seconds and its peak of memory in MiB.

    Raises
    ------
    FailedError
        It could not be started, ended badly, or took longer than `limit` seconds.
    """
    own = output or folder / "said"
    with own.open("wb") as stdout, (folder / "errors").open("wb") as stderr:
        begun = time.perf_counter()
        try:
            process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
        except OSError as error:
            raise FailedError(f"{command[0]}: {error}") from error
        killer = threading.Timer(limit, process.kill)
        killer.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        killer.cancel()
        process.returncode = code = os.waitstatus_to_exitcode(status)
    if code:
        last = (folder / "errors").read_text(errors="replace").strip().splitlines()[-1:]
        if seconds >= limit:
            how = f"not done after {limit:g} s"
        else:
            how = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        raise FailedError(": ".join([how, *last]))
    if times_itself:
        told: dict[str, float] = json.loads(own.read_text())
        return told
    return {"seconds": seconds, "peak_mib": round(usage.ru_maxrss / 1024, 1)}


def curve(case: Case, level: int, threads: int, limit: float) -> list[tuple[int, float]]:
    """Return plain bytes and ideal bits of each block of a case at a level."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        case.write(folder / "plain")
        command = [sys.executable, str(WORKER), "foretell", "curve", "plain", str(level), str(threads)]
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
