"""A Python library's part in a comparison: one call in a process of its own, timed without start-up and imports.

    python -P contestant_worker.py PACKAGE encode|decode SOURCE TARGET [SETTING...] THREADS
    python -P contestant_worker.py foretell curve SOURCE LEVEL THREADS

Prints one line of JSON: seconds from opening SOURCE to having written TARGET, seconds of the processor, and the
process's peak of memory in MiB.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

PPMD_ORDER, PPMD_MEMORY = 16, 1 << 30

Calls = Mapping[str, Callable[[bytes], bytes]]


def ppmd() -> Calls:
    """Return what encodes and decodes."""
    pyppmd = importlib.import_module("pyppmd")

    def encode(data: bytes) -> bytes:
        encoder = pyppmd.Ppmd7Encoder(PPMD_ORDER, PPMD_MEMORY)
        coded: bytes = encoder.encode(data) + encoder.flush()
        return len(data).to_bytes(8, "little") + coded  # which does not say how long the input was

    def decode(archive: bytes) -> bytes:
        return bytes(
            pyppmd.Ppmd7Decoder(PPMD_ORDER, PPMD_MEMORY).decode(archive[8:], int.from_bytes(archive[:8], "little"))
        )

    return {"encode": encode, "decode": decode}


def load_foretell(level: int, threads: int) -> None:
    """Import all that the level needs, as its command does before it reads."""
    from foretell import models, process

    process.prepare()
    if level:
        models.for_level(level, 1)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)


def ours(level: str) -> Calls:
    """Return what encodes at a level and decodes."""
    import foretell

    def encode(data: bytes) -> bytes:
        compressor = foretell.Compressor(int(level), size=len(data))
        return compressor.compress(data) + compressor.flush()

    return {"encode": encode, "decode": foretell.decompress}


def of_python(package: str, level: str) -> Calls:
    """Return what encodes at a level and decodes, of zlib, bz2 or lzma."""
    module = importlib.import_module(package)
    setting = "preset" if package == "lzma" else "compresslevel" if package == "bz2" else "level"
    return {"encode": lambda data: module.compress(data, **{setting: int(level)}), "decode": module.decompress}


def curve(source: str, level: str) -> list[tuple[int, float]]:
    """Return plain bytes and ideal bits of each block."""
    import foretell

    data = Path(source).read_bytes()
    compressor = foretell.Compressor(int(level), size=len(data))
    compressor.compress(data)
    compressor.flush()
    return [(raw, round(bits, 1)) for raw, bits in compressor.meter.blocks]


def peak_mib() -> float:
    """Return the peak of this process; its ru_maxrss would count the parent's before exec too."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return round(int(line.split()[1]) / 1024, 1)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def main() -> None:
    """Do one call."""
    package, way, source, *rest = sys.argv[1:]
    *rest, threads = rest
    os.environ["OMP_NUM_THREADS"] = threads
    if package == "foretell":
        load_foretell(int(rest[-1]), int(threads))
    answer: dict[str, Any] = {}
    if way == "curve":
        answer["blocks"] = curve(source, rest[0])
    else:
        target, *settings = rest
        if package == "pyppmd":
            calls = ppmd()
        else:
            calls = ours(*settings) if package == "foretell" else of_python(package, *settings)
        call = calls[way]
        begun, begun_cpu = time.perf_counter(), time.process_time()
        Path(target).write_bytes(call(Path(source).read_bytes()))
        answer["seconds"] = time.perf_counter() - begun
        answer["cpu_seconds"] = time.process_time() - begun_cpu
        answer["peak_mib"] = peak_mib()
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
