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

from ratio_figures import bits_per_byte, kilobytes_per_second, of_corpus, totals
from ratio_targets import verdicts

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


SUMMED = {"enwik6": "enwik6", "dickens-2M": "dickens, 2 MB", "enwik7": "enwik7", "silesia": "Silesia, 12 × 1 MB"}
BESIDE = ("xz -9e", "ppmd -o16", "zpaq -m5", "foretell -1", "foretell -5", "foretell -9")  # where all is too much


def ratio(report: dict[str, Any]) -> list[str]:
    """Return the lines for ratio.py: sizes for each corpus, speeds and memory on enwik7."""
    sums = {corpus: totals(report["results"]["cases"], corpus) for corpus in SUMMED}
    raw = {corpus: next((row["raw_bytes"] for row in rows.values()), 0) for corpus, rows in sums.items()}
    heads = [f"{title}: {raw[corpus]:,}" for corpus, title in SUMMED.items()]
    lines = [f"| bytes of | {' | '.join(heads)} | × zpaq, there | back | peak MiB, there | back |", "|" + "---|" * 9]

    def peak(mib: float) -> str:
        return f"{mib:.0f}" if mib > report["peak_floor_mib"] else f"< {report['peak_floor_mib']:.0f}"

    for name in dict.fromkeys(name for rows in sums.values() for name in rows):
        sizes = [f"{rows[name]['file_bytes']:,}" if name in rows else "–" for rows in sums.values()]
        timed = sums["enwik7"].get(name, {})
        speeds = [rate(timed[f"{way}_ratio"]) if f"{way}_ratio" in timed else "–" for way in WAYS[2]]
        peaks = [peak(timed[f"{way}_peak_mib"]) if timed else "–" for way in WAYS[2]]
        lines.append(f"| {name} | {' | '.join([*sizes, *speeds, *peaks])} |")
    versions = ", ".join(f"{name} {number}" for name, number in report["versions"].items())
    threads = "One thread" if report["threads"] == 1 else f"{report['threads']} threads"
    return [*lines, "", f"{_stamp(report)} {threads}; speed and memory on enwik7. {versions}."]


def ratio_files(corpus: str) -> Callable[[dict[str, Any]], list[str]]:
    """Return what makes a table of ratio.py's with a row for each file of a corpus; the smallest is bold."""

    def lines(report: dict[str, Any]) -> list[str]:
        cases = of_corpus(report["results"]["cases"], corpus)
        names = [name for name in BESIDE if any(name in case["contestants"] for case in cases.values())]
        out = [f"| file | bytes | {' | '.join(names)} |", "|" + "---|" * (len(names) + 2)]
        for title, case in cases.items():
            sizes = {name: case["contestants"][name]["file_bytes"] for name in names if name in case["contestants"]}
            shown = {
                name: f"**{size:,}**" if size == min(sizes.values()) else f"{size:,}" for name, size in sizes.items()
            }
            cells = " | ".join(shown.get(name, "–") for name in names)
            out.append(f"| {title.removeprefix('silesia/')} | {case['raw_bytes']:,} | {cells} |")
        return out

    return lines


def ratio_long(corpus: str) -> Callable[[dict[str, Any]], list[str]]:
    """Return what makes a table of ratio.py's figures of one long file."""

    def lines(report: dict[str, Any]) -> list[str]:
        rows = totals(report["results"]["cases"], corpus)
        out = [
            "| level | bytes | compressed | bits/byte | KB/s, there | back | peak MiB, there | back |",
            "|" + "---|" * 8,
        ]
        for name, row in rows.items():
            speeds = [f"{kilobytes_per_second(row, way):.0f}" for way in WAYS[2]]
            peaks = [f"{row[f'{way}_peak_mib']:.0f}" for way in WAYS[2]]
            sizes = [f"{row['raw_bytes']:,}", f"{row['file_bytes']:,}", f"{bits_per_byte(row):.3f}"]
            out.append(f"| {' | '.join([name, *sizes, *speeds, *peaks])} |")
        return [*out, "", _stamp(report)]

    return lines


def ratio_targets(report: dict[str, Any]) -> list[str]:
    """Return the lines of what the levels are held to, and whether they are there."""
    lines = ["| target | bound | measured | |", "|---|---|---|---|"]
    lines += [f"| {' | '.join(verdict)} |" for verdict in verdicts(report["results"])]
    return [*lines, "", _stamp(report)]


def ablation(report: dict[str, Any]) -> list[str]:
    """Return the lines for ablation.py: what files grow by without a part, and the time that it takes.

    Seconds of several jobs at once say little, and are not shown.
    """
    rows = report["results"]["rows"]
    timed = report["jobs"] == 1
    kinds = {row["kind"]: row for row in rows if not row["group"]}
    heads = [f"{kind}: {whole['bytes']:,} bytes" + timed * " | time" for kind, whole in kinds.items()]
    lines = [f"| without | {' | '.join(heads)} |", "|" + "---|" * (1 + len(kinds) * (1 + timed))]
    found: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for row in rows:
        if row["group"]:
            found.setdefault((row["group"], row["name"]), {})[row["kind"]] = row

    def cell(row: dict[str, Any] | None) -> str:
        if row is None:
            return timed * " | "
        return f"{row['percent_bytes']:+.2f} %" + timed * f" | {-row['percent_seconds']:+.0f} %"

    for (group, name), by_kind in found.items():
        cells = [cell(by_kind.get(kind)) for kind in kinds]
        lines.append(f"| {group}: {name.replace('|', BAR)} | {' | '.join(cells)} |")
    return [*lines, "", _stamp(report)]


def domain(report: dict[str, Any]) -> list[str]:
    """Return the lines for domain.py: files of one kind with a model of theirs, and with dictionaries."""
    kinds = report["results"]["kinds"]
    lines = [f"| | {' | '.join(row['kind'] for row in kinds)} |", "|" + "---|" * (1 + len(kinds))]

    def line(title: str, cell: Callable[[dict[str, Any]], str]) -> None:
        lines.append(f"| {title} | {' | '.join(cell(row) for row in kinds)} |")

    line("read in training", lambda row: f"{row['lessons']:,} files, {row['lesson_bytes']:,} bytes")
    line("compressed, each alone", lambda row: f"{row['files']:,} files, {row['raw_bytes']:,} bytes")
    line("**foretell, trained**", lambda row: f"**{row['file_bytes']:,}**")
    line("its weights", lambda row: f"{row['weights_bytes']:,}")
    line("its training, seconds", lambda row: f"{row['training_seconds']:.0f}")
    line("a file there, back, ms", lambda row: f"{row['encode_ms']:.0f}, {row['decode_ms']:.0f}")
    line(f"foretell -{report['level']}, untrained", lambda row: f"{row['untrained_file_bytes']:,}")
    for name in kinds[0]["zstd"]:
        title = f"zstd -19 (bytes of its dictionary: {name})"
        line(title, lambda row, name=name: "{file_bytes:,} ({dictionary_bytes:,})".format(**row["zstd"][name]))
    line("smaller than the best of these", lambda row: f"{row['saved']:.1%}")
    return [*lines, "", _stamp(report)]


BAR = "\\|"  # in a table's cell
WAYS = {1: ("quantise",), 2: ("encode", "decode")}
STREAM_TRIALS = ("empty stream", "half a stream", "one flipped bit", "random bytes")

# (page, marker) -> results, and what makes lines of them
TABLES: dict[tuple[str, str], tuple[str, Callable[[dict[str, Any]], list[str]]]] = {
    ("README.md", "round_trip"): ("round_trip", round_trip),
    ("README.md", "limits"): ("limits", limits),
    ("README.md", "ratio"): ("ratio", ratio),
    ("docs/ratio.md", "ratio, targets"): ("ratio", ratio_targets),
    ("docs/ratio.md", "ratio, silesia"): ("ratio", ratio_files("silesia")),
    ("docs/ratio.md", "ratio, small"): ("ratio", ratio_files("small")),
    ("docs/ratio.md", "ratio, enwik8"): ("ratio", ratio_long("enwik8")),
    ("docs/ratio.md", "ablation"): ("ablation", ablation),
    ("docs/domain.md", "domain"): ("domain", domain),
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
