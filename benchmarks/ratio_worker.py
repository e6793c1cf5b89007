"""A Python library's part in ratio.py: one call in a process of its own, timed without start-up and imports.

    python ratio_worker.py PACKAGE encode|decode SOURCE TARGET [SETTING...] THREADS
    python ratio_worker.py foretell curve SOURCE LEVEL THREADS

Prints one line of JSON: seconds from opening SOURCE to having written TARGET, and the process's peak of memory.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PPMD_ORDER, PPMD_MEMORY = 16, 1 << 30


def pyppmd() -> dict[str, Callable[[bytes], bytes]]:
    import pyppmd

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


def foretell(level: str) -> dict[str, Callable[[bytes], bytes]]:
    import foretell

    def encode(data: bytes) -> bytes:
        compressor = foretell.Compressor(int(level), size=len(data))
        return compressor.compress(data) + compressor.flush()

    return {"encode": encode, "decode": foretell.decompress}


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
        call = (foretell(*settings) if package == "foretell" else pyppmd())[way]
        begun = time.perf_counter()
        Path(target).write_bytes(call(Path(source).read_bytes()))
        answer["seconds"] = time.perf_counter() - begun
        answer["peak_mib"] = peak_mib()
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
