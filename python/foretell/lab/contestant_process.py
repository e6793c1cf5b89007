"""Processes that are timed: one for each call of a contestant, and every archive restored and compared."""

from __future__ import annotations

import filecmp
import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from foretell.lab.contestants import Contestant


class FailedError(Exception):
    """A call did not do what it should; the text says what happened."""


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
    return {
        "seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_mib": round(usage.ru_maxrss / 1024, 1),
    }


def once(contestant: Contestant, plain: Path, threads: int, limit: float) -> dict[str, Any]:
    """Compress and restore in a folder of its own; return seconds, peaks and the size.

    Raises
    ------
    FailedError
        A call failed, or the restored file differs.
    """
    with tempfile.TemporaryDirectory(dir=plain.parent) as name:
        folder = Path(name)
        source, restored = folder / "plain", folder / "restored"
        archive = folder / f"archive{contestant.suffix}"
        os.link(plain, source)
        there, back = contestant.commands(source, archive, restored, threads)
        outputs = (archive, restored) if contestant.writes_to_stdout else (None, None)
        encoded = run(there, folder, outputs[0], contestant.times_itself, limit)
        decoded = run(back, folder, outputs[1], contestant.times_itself, limit)
        if not filecmp.cmp(plain, restored, shallow=False):
            raise FailedError("the restored file differs")
        times = {"encode": encoded, "decode": decoded}
        told = {f"{way}_{key}": value for way, values in times.items() for key, value in values.items()}
        return {"file_bytes": archive.stat().st_size, **told}
