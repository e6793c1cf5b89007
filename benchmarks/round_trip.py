"""Compress files, restore each in another process, and report sizes, area and speed.

    python benchmarks/round_trip.py FILE... [--bytes N] [--level L] [--json OUT]

Speeds include everything after start-up: building the model, files, checksums.
Exit status 1 if a file does not come back.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from report import write_report


def encode(source: Path, target: Path, count: int | None, level: int) -> dict[str, Any]:
    import foretell
    import torch

    data = source.read_bytes()[:count]
    begun = time.perf_counter()
    compressor = foretell.Compressor(level, size=len(data))
    target.write_bytes(compressor.compress(data) + compressor.flush())
    meter = compressor.meter
    return {
        "raw_bytes": len(data),
        "file_bytes": target.stat().st_size,
        "payload_bits": meter.payload_bits,
        "ideal_bits": round(meter.ideal_bits, 1),
        "encode_seconds": round(time.perf_counter() - begun, 2),
        "encode_peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
        "threads": torch.get_num_threads(),
    }


def decode(source: Path, archive: Path, count: int | None) -> dict[str, Any]:
    import foretell
    import torch

    torch.get_num_threads()  # imported before the clock starts
    begun = time.perf_counter()
    data = foretell.decompress(archive.read_bytes())
    seconds = time.perf_counter() - begun
    return {
        "identical": data == source.read_bytes()[:count],
        "decode_seconds": round(seconds, 2),
        "decode_peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    }


def in_new_process(function: Any, *arguments: Any) -> dict[str, Any]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        result: dict[str, Any] = pool.apply(function, arguments)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--bytes", type=int, default=None, help="only the first BYTES of each file")
    parser.add_argument("--level", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    results = {}
    print(f"{'file':<16}{'raw':>11}{'file':>10}{'bits/byte':>10}{'area +':>9}{'enc KB/s':>9}{'dec KB/s':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for path in options.files:
            archive = Path(folder) / "archive.fore"
            row = in_new_process(encode, path, archive, options.bytes, options.level)
            row |= in_new_process(decode, path, archive, options.bytes)
            results[path.name] = row
            over = row["payload_bits"] / max(row["ideal_bits"], 1) - 1
            speeds = [row["raw_bytes"] / 1000 / row[f"{way}_seconds"] for way in ("encode", "decode")]
            print(
                f"{path.name:<16}{row['raw_bytes']:>11}{row['file_bytes']:>10}"
                f"{8 * row['file_bytes'] / max(row['raw_bytes'], 1):>10.4f}{over:>9.4%}"
                f"{speeds[0]:>9.1f}{speeds[1]:>9.1f}"
                f"  {'identical' if row['identical'] else 'DIFFERENT'}",
                flush=True,
            )
    if options.json:
        write_report(options.json, results, level=options.level)
    return 0 if all(row["identical"] for row in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
