"""Put the tables of benchmarks/results/*.json into README.md and docs/, between their markers.

python benchmarks/tables.py            writes the pages
python benchmarks/tables.py --check    exit status 1 if that would change one
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"


def _stamp(report: dict[str, Any]) -> str:
    machine = report["machine"]
    torch = f", torch {machine['torch']}" if "torch" in machine else ""
    return f"Measured {report['date']}: {machine['cpu']}, {machine['cores']} cores{torch}."


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


def shown(result: str) -> str:
    """Return a cell; an error is marked if its type says no more than that something went wrong."""
    vague = ("AssertionError", "Exception", "RuntimeError", "SystemError", "PanicException")
    loud = ("WRONG", "CRASHES", "HANGS")
    if result.startswith(loud):
        word, _, rest = result.partition(" ")
        return f"**{word.rstrip(':')}** {rest}".rstrip()
    return f"{result} (untyped)" if result in vague else result


def outcomes(results: dict[str, dict[str, str]], trials: list[str]) -> list[str]:
    """Return the lines of a table of bad_input.py: a row for each coder, a column for each of `trials`."""
    lines = [f"| coder | {' | '.join(trials)} |", "|" + "---|" * (len(trials) + 1)]
    return lines + [
        f"| {coder} | {' | '.join(shown(results[trial][coder]) for trial in trials)} |" for coder in results[trials[0]]
    ]


def bad_input(of_streams: bool) -> Callable[[dict[str, Any]], list[str]]:
    """Return what makes the lines for the results of bad_input.py."""

    def lines(report: dict[str, Any]) -> list[str]:
        trials = [trial for trial in report["results"] if (trial in STREAM_TRIALS) == of_streams]
        versions = ", ".join(f"{package} {number}" for package, number in report["peers"].items())
        return [*outcomes(report["results"], trials), "", f"Tried {report['date']}: {versions}."]

    return lines


def rate(value: float) -> str:
    """Return three digits, without an exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def peers(report: dict[str, Any]) -> list[str]:
    """Return the lines for the results of peers.py: the fastest coder of both sides for each case and way."""
    lines = ["| case | way | fastest here | | fastest peer | | times as fast (aim) |", "|" + "---|" * 7]
    for case in report["results"].values():
        unit = case["unit"].replace("us a step", "µs a step")
        fastest = min if "step" in unit else max
        for way, aim in zip(WAYS[len(case["aims"])], case["aims"], strict=True):
            rates = {name: median(figures[way]) for name, figures in case["contestants"].items()}
            ours = fastest((name for name in rates if name.startswith("foretell")), key=rates.__getitem__)
            peer = fastest((name for name in rates if not name.startswith("foretell")), key=rates.__getitem__)
            ratio = case["contestants"][ours]["ratio_to_best_peer"][way]
            lines.append(
                f"| {case['title']} | {way} | {rate(rates[ours])} {unit} | {ours.removeprefix('foretell').strip(' ,')} "
                f"| {rate(rates[peer])} | {peer} | {ratio:.2f} ({aim:g}) |"
            )
    versions = ", ".join(f"{package} {number}" for package, number in report["peers"].items())
    return [*lines, "", f"{_stamp(report)} One thread. {versions}."]


def threads(report: dict[str, Any]) -> list[str]:
    """Return the lines for the results of threads.py."""
    lines = [f"| call | M symbols/s, one thread | {report['threads']} threads | ratio |", "|" + "---|" * 4]
    for name, row in report["results"].items():
        lines.append(f"| {name} | {rate(row['one'])} | {rate(row['more'])} | {row['ratio']:.2f} |")
    return [*lines, "", _stamp(report)]


WAYS = {1: ("quantise",), 2: ("encode", "decode")}
STREAM_TRIALS = ("empty stream", "half a stream", "one flipped bit", "random bytes")

# (page, marker) -> results, and what makes lines of them
TABLES: dict[tuple[str, str], tuple[str, Callable[[dict[str, Any]], list[str]]]] = {
    ("README.md", "round_trip"): ("round_trip", round_trip),
    ("README.md", "limits"): ("limits", limits),
    ("docs/coders.md", "peers"): ("peers", peers),
    ("docs/coders.md", "threads"): ("threads", threads),
    ("docs/bad_input.md", "bad_input, streams"): ("bad_input", bad_input(of_streams=True)),
    ("docs/bad_input.md", "bad_input, arguments"): ("bad_input", bad_input(of_streams=False)),
}


def rendered(page: str, text: str) -> str:
    """Return the text of a page with the tables between its markers made anew."""
    for (where, name), (results, render) in TABLES.items():
        if where != page:
            continue
        report = json.loads((RESULTS / f"{results}.json").read_text())
        marker = re.compile(rf"(<!-- {name}: [^\n]* -->\n).*?(<!-- end -->)", re.DOTALL)
        lines = "\n".join(render(report))
        text, count = marker.subn(lambda found, lines=lines: found[1] + lines + "\n" + found[2], text)
        if count != 1:
            raise SystemExit(f"{page}: the marker of {name} stands there {count} times, expected once")
    return text


def main() -> int:
    stale = False
    for page in dict.fromkeys(page for page, _ in TABLES):
        before = (ROOT / page).read_text()
        after = rendered(page, before)
        if "--check" not in sys.argv[1:]:
            (ROOT / page).write_text(after)
        elif before != after:
            stale = True
            print(f"{page}: its tables are not those of benchmarks/results; run benchmarks/tables.py")
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())
