"""The default level at its limits: tiny and random input, memory of a stream, time to the first byte.

    python benchmarks/limits.py FILE [--megabytes A B] [--json OUT]

FILE gives the bytes that are sent through pipes: A and B megabytes (5 and 20), there and back. Every run is the
`foretell` command in a process of its own; memory is that process's peak, time is counted from its start.
Exit status 1 if anything does not come back, random bytes grow by more than 0.1 % + 64 bytes, or the peaks of A and B
differ by more than 2 %.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any

from report import write_report

COMMAND = [sys.executable, "-m", "foretell"]
RANDOM_BYTES = 300_000


def streamed(source: Path, target: Path, *options: str) -> dict[str, Any]:
    """Run the command from a pipe to a pipe; return its seconds and its peak of memory."""

    def feed(pipe: IO[bytes]) -> None:
        with source.open("rb") as file, pipe:
            while piece := file.read(1 << 16):
                pipe.write(piece)

    began = time.perf_counter()
    with subprocess.Popen([*COMMAND, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        if os.fork() == 0:  # a writer of its own, so that neither pipe can block the other
            process.stdout.close()
            feed(process.stdin)
            os._exit(0)
        process.stdin.close()
        with target.open("wb") as file:
            first = process.stdout.read1(1 << 16)
            first_seconds = time.perf_counter() - began
            file.write(first)
            while piece := process.stdout.read(1 << 16):
                file.write(piece)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    os.wait()
    if process.returncode:
        raise SystemExit(f"{' '.join(COMMAND + list(options))}: exit status {process.returncode}")
    return {
        "first_byte_seconds": round(first_seconds, 3),
        "seconds": round(time.perf_counter() - began, 2),
        "peak_mib": usage.ru_maxrss >> 10,
    }


def round_trip(data: bytes, folder: Path) -> dict[str, Any]:
    plain, archive, restored = folder / "plain", folder / "archive", folder / "restored"
    plain.write_bytes(data)
    encode, decode = streamed(plain, archive), streamed(archive, restored, "-d")
    return {
        "raw_bytes": len(data),
        "file_bytes": archive.stat().st_size,
        "identical": restored.read_bytes() == data,
        "encode": encode,
        "decode": decode,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--megabytes", type=int, nargs=2, default=(5, 20))
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    data = options.file.read_bytes()
    cases = {"empty": b"", "one byte": b"x", "random": random.Random(1).randbytes(RANDOM_BYTES)}
    cases |= {f"{count} MB": data[: count * 10**6] for count in options.megabytes}
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        firsts = [round_trip(data[:1000], folder) for _ in range(5)]
        results["1 KB"] = firsts[0]
        for way in ("encode", "decode"):
            median = statistics.median(first[way]["first_byte_seconds"] for first in firsts)
            results["1 KB"][way]["first_byte_seconds"] = median
        for case, plain in cases.items():
            results[case] = round_trip(plain, folder)
    print(f"{'input':<10}{'raw':>10}{'file':>10}{'enc MiB':>9}{'dec MiB':>9}{'first byte s, enc':>19}{'dec':>7}")
    for case, row in results.items():
        ways = row["encode"], row["decode"]
        print(
            f"{case:<10}{row['raw_bytes']:>10}{row['file_bytes']:>10}{ways[0]['peak_mib']:>9}{ways[1]['peak_mib']:>9}"
            f"{ways[0]['first_byte_seconds']:>19}{ways[1]['first_byte_seconds']:>7}"
            f"  {'identical' if row['identical'] else 'DIFFERENT'}"
        )
    if options.json:
        write_report(options.json, results)
    fits = results["random"]["file_bytes"] <= RANDOM_BYTES * 1.001 + 64
    streams = [results[f"{count} MB"] for count in options.megabytes]
    for way in ("encode", "decode"):
        peaks = [row[way]["peak_mib"] for row in streams]
        fits = fits and max(peaks) <= 1.02 * min(peaks)
    return 0 if fits and all(row["identical"] for row in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
