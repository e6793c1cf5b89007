"""Put the tables of benchmarks/results/*.json into README.md, between its markers.

python benchmarks/tables.py            writes README.md
python benchmarks/tables.py --check    exit status 1 if that would change it
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
README = ROOT / "README.md"


def _stamp(report: dict[str, Any]) -> str:
    machine = report["machine"]
    return f"Measured {report['date']}: {machine['cpu']}, {machine['cores']} cores, torch {machine['torch']}."


def round_trip(report: dict[str, Any]) -> list[str]:
    """Return the lines for the results of round_trip.py."""
    lines = ["| file | bytes | compressed | bits/byte | payload over area | KB/s, there | back |", "|" + "---|" * 7]
    for name, row in report["results"].items():
        assert row["identical"], name
        raw = row["raw_bytes"]
        lines.append(
            f"| {name} | {raw:,} | {row['file_bytes']:,} | {8 * row['file_bytes'] / raw:.3f} "
            f"| {row['payload_bits'] / row['ideal_bits'] - 1:.3%} "
            f"| {raw / 1000 / row['encode_seconds']:.0f} | {raw / 1000 / row['decode_seconds']:.0f} |"
        )
    return [*lines, "", _stamp(report)]


def limits(report: dict[str, Any]) -> list[str]:
    """Return the lines for the results of limits.py."""
    lines = ["| input, through a pipe | compressed | peak MiB, there | back | first byte after, there | back |"]
    lines += ["|" + "---|" * 6]
    for name, row in report["results"].items():
        assert row["identical"], name
        there, back = row["encode"], row["decode"]
        lines.append(
            f"| {name}, {row['raw_bytes']:,} bytes | {row['file_bytes']:,} | {there['peak_mib']} | {back['peak_mib']} "
            f"| {there['first_byte_seconds']:.2f} s | {back['first_byte_seconds']:.2f} s |"
        )
    return [*lines, "", _stamp(report)]


TABLES: dict[str, Callable[[dict[str, Any]], list[str]]] = {"round_trip": round_trip, "limits": limits}


def rendered(text: str) -> str:
    """Return `text` with the tables between its markers made anew."""
    for name, render in TABLES.items():
        report = json.loads((RESULTS / f"{name}.json").read_text())
        marker = re.compile(rf"(<!-- {name}: [^\n]* -->\n).*?(<!-- end -->)", re.DOTALL)
        lines = "\n".join(render(report))
        text, count = marker.subn(lambda found, lines=lines: found[1] + lines + "\n" + found[2], text)
        if count != 1:
            raise SystemExit(f"README.md: the marker of {name} stands there {count} times, expected once")
    return text


def main() -> int:
    before = README.read_text()
    after = rendered(before)
    if "--check" in sys.argv[1:]:
        if before != after:
            print("README.md: its tables are not those of benchmarks/results; run benchmarks/tables.py")
        return int(before != after)
    README.write_text(after)
    return 0


if __name__ == "__main__":
    sys.exit(main())
