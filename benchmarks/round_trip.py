"""Compress files, restore each in another process, and report sizes, area and speed.

    python benchmarks/round_trip.py FILE[:BYTES]... [--level L] [--json OUT]

With :BYTES only the first BYTES of the file count.
Speeds include everything after start-up: building the model, files, checksums. "area +" is what the payload takes over
the ideal bits, the area under the loss curve.
Exit status 1 if a file does not come back, or its payload is over the area by more than 2 bits a block + 0.1 %.
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

from arguments import sized
from report import write_report


def content(argument: str) -> tuple[str, bytes]:
    """Return name and bytes of FILE[:BYTES]."""
    path, size = sized(argument)
    return path.name, path.read_bytes()[:size]


def load_model() -> None:
    """Import what the model needs before the clock starts, as the command does."""
    from foretell import models, process

    process.prepare()
    models.for_level(1, 1)


def encode(source: str, target: Path, level: int) -> dict[str, Any]:
    import foretell

    load_model()
    _, data = content(source)
    begun = time.perf_counter()
    compressor = foretell.Compressor(level, size=len(data))
    target.write_bytes(compressor.compress(data) + compressor.flush())
    meter = compressor.meter
    return {
        "raw_bytes": len(data),
        "file_bytes": target.stat().st_size,
        "payload_bits": meter.payload_bits,
        "ideal_bits": round(meter.ideal_bits, 1),
        "blocks": len(meter.blocks),
        "encode_seconds": round(time.perf_counter() - begun, 2),
        "encode_peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    }


def decode(source: str, archive: Path) -> dict[str, Any]:
    import foretell

    load_model()
    begun = time.perf_counter()
    data = foretell.decompress(archive.read_bytes())
    seconds = time.perf_counter() - begun
    return {
        "identical": data == content(source)[1],
        "decode_seconds": round(seconds, 2),
        "decode_peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    }


def in_new_process(function: Any, *arguments: Any) -> dict[str, Any]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        result: dict[str, Any] = pool.apply(function, arguments)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", metavar="FILE[:BYTES]")
    parser.add_argument("--level", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    results = {}
    print(f"{'file':<16}{'raw':>11}{'file':>10}{'bits/byte':>10}{'area +':>9}{'enc KB/s':>9}{'dec KB/s':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for source in options.files:
            name = content(source)[0]
            archive = Path(folder) / "archive.fore"
            row = in_new_process(encode, source, archive, options.level)
            row |= in_new_process(decode, source, archive)
            results[name] = row
            over = row["payload_bits"] / max(row["ideal_bits"], 1) - 1
            row["on_area"] = row["payload_bits"] <= row["ideal_bits"] * 1.001 + 2 * row["blocks"]
            speeds = [row["raw_bytes"] / 1000 / row[f"{way}_seconds"] for way in ("encode", "decode")]
            print(
                f"{name:<16}{row['raw_bytes']:>11}{row['file_bytes']:>10}"
                f"{8 * row['file_bytes'] / max(row['raw_bytes'], 1):>10.4f}{over:>9.4%}"
                f"{speeds[0]:>9.1f}{speeds[1]:>9.1f}"
                f"  {'identical' if row['identical'] else 'DIFFERENT'}{'' if row['on_area'] else ', NOT ON THE AREA'}",
                flush=True,
            )
    if options.json:
        write_report(options.json, results, level=options.level)
    return 0 if all(row["identical"] and row["on_area"] for row in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
