"""Size, speed and memory of foretell's levels beside other compressors, on the same bytes in one run.

    python benchmarks/ratio.py [FILE[:BYTES]...] [--corpora DIR] [--cases NAME...] [--levels L...] [--others NAME...]
                               [--repeats N] [--budget S] [--threads N] [--keep] [--json OUT] [--plot PNG]
                               [--curve LEVEL... --curve-plot PNG] [--startup] [--check [TARGET...]]

The whole run, hours long, on a machine with nothing else to do:

    python benchmarks/ratio.py --corpora DIR --startup --curve 1 5 --check \
        --json benchmarks/results/ratio.json --plot docs/ratio.png --curve-plot docs/curve.png
    python benchmarks/tables.py

DIR holds enwik6, enwik7 and silesia/*. The cases: those, small pieces of them, and small generated files of many
kinds. Every call is a process of its own on as many cores as there are threads, so memory is that process's peak (a
tool's below this process's own, some 25 MiB, cannot be told) and a crash ends nothing. Contestants take turns, in an
order reversed from one repeat to the next; a time is the median of the repeats. One that has used up the budget on a
case is not repeated there; small files are compressed once. Every archive is restored by another process and
compared; a repeat must give as many bytes. Seconds of a command-line tool count from its start, those of a Python
library from when all is imported. "x zpaq" is the time of zpaq -m5 in the same run over a contestant's own.
With --keep, rows of OUT that this run does not measure stay, with the ratios of their own run.
Exit status 1 if a call fails or does not restore its input, or if --check is given and a target is missed or not
measured. A compressor that is not installed is named, and left out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import resource
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import ratio_corpora
from foretell.lab.contestant_process import FailedError, once
from foretell.lab.contestants import OTHERS, REFERENCE, Contestant, Foretell, sorted_out
from ratio_figures import alternating, bits_per_byte, kilobytes_per_second, with_ratios
from ratio_process import curve, first_byte_seconds, use_cores
from ratio_targets import judged
from report import write_report

LEVELS = range(10)


def summed_up(outcomes: list[dict[str, Any]]) -> dict[str, Any]:
    """Return medians of seconds and the largest peaks of the repeats of one contestant."""
    if len({outcome["file_bytes"] for outcome in outcomes}) > 1:
        raise FailedError("repeats gave files of different sizes")
    row: dict[str, Any] = {"file_bytes": outcomes[0]["file_bytes"]}
    for way in ("encode", "decode"):
        seconds = statistics.median(outcome[f"{way}_seconds"] for outcome in outcomes)
        row[f"{way}_seconds"] = float(f"{seconds:.4g}")
    for way in ("encode", "decode"):
        row[f"{way}_peak_mib"] = max(outcome[f"{way}_peak_mib"] for outcome in outcomes)
    return {**row, "repeats": len(outcomes)}


def measure(
    plain: Path, contestants: dict[str, Contestant], options: argparse.Namespace, repeats: int
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Return the rows of a case, and why contestants have none."""
    outcomes: dict[str, list[dict[str, Any]]] = {name: [] for name in contestants}
    failed: dict[str, str] = {}
    for repeat in range(repeats):
        for name in alternating(list(contestants), repeat):
            spent = sum(one["encode_seconds"] + one["decode_seconds"] for one in outcomes[name])
            if name in failed or (repeat and spent > options.budget):
                continue
            try:
                outcomes[name].append(once(contestants[name], plain, options.threads, options.limit))
            except FailedError as error:
                failed[name] = str(error)
    rows = {}
    for name, done in outcomes.items():
        if name not in failed:
            try:
                rows[name] = summed_up(done)
            except FailedError as error:
                failed[name] = str(error)
    with_ratios(rows, REFERENCE)
    return rows, failed


def printed(name: str, row: dict[str, Any]) -> str:
    speeds = "".join(f"{kilobytes_per_second(row, way):>11,.0f}" for way in ("encode", "decode"))
    ratios = "".join(f"{row.get(f'{way}_ratio', float('nan')):>8.3g}" for way in ("encode", "decode"))
    peaks = "".join(f"{row[f'{way}_peak_mib']:>9,.0f}" for way in ("encode", "decode"))
    return f"  {name:<26}{row['file_bytes']:>11,}{bits_per_byte(row):>8.3f}{speeds}{ratios}{peaks}"


HEADER = f"  {'':<26}{'bytes':>11}{'bits/B':>8}{'enc KB/s':>11}{'dec KB/s':>11}{'x zpaq':>16}{'peak MiB':>18}"


def chosen_cases(options: argparse.Namespace) -> list[ratio_corpora.Case]:
    cases = [ratio_corpora.named(one) for one in options.files]
    if options.corpora:
        cases += ratio_corpora.of_field(options.corpora)
    if options.corpora or not options.files:
        cases += ratio_corpora.generated()
    if options.cases:
        cases = [one for one in cases if any(one.name.startswith(start) for start in options.cases)]
    return cases


def run_cases(options: argparse.Namespace, contestants: dict[str, Contestant], results: dict[str, Any]) -> bool:
    """Measure every case into `results`, and write them down after each; return whether all went well."""
    fine = True
    with tempfile.TemporaryDirectory() as folder:
        for case in chosen_cases(options):
            plain = Path(folder) / "plain"
            case.write(plain)
            raw_bytes = plain.stat().st_size
            with plain.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            print(f"\n{case.name}, {raw_bytes:,} bytes\n{HEADER}")
            rows, failed = measure(plain, contestants, options, 1 if case.corpus == "small" else options.repeats)
            old = results["cases"].get(case.name, {})
            kept = old["contestants"] if old.get("sha256") == digest else {}
            results["cases"][case.name] = {
                "corpus": case.corpus,
                "raw_bytes": raw_bytes,
                "sha256": digest,
                "contestants": in_order({**kept, **rows}),
            }
            for name, row in rows.items():
                print(printed(name, {**row, "raw_bytes": raw_bytes}))
            for name, reason in failed.items():
                fine = False
                print(f"  {name:<26} FAILED: {reason}")
            sys.stdout.flush()
            plain.unlink()
            write(options, contestants, results)
    return fine


def in_order(rows: dict[str, Any]) -> dict[str, Any]:
    order = [Foretell(level).name for level in LEVELS] + [one.name for one in OTHERS]
    return dict(sorted(rows.items(), key=lambda item: order.index(item[0]) if item[0] in order else len(order)))


def write(options: argparse.Namespace, contestants: dict[str, Contestant], results: dict[str, Any]) -> None:
    if options.json:
        versions = {name: one.version() for name, one in contestants.items() if not name.startswith("foretell")}
        settings = {"repeats": options.repeats, "budget_seconds": options.budget, "threads": options.threads}
        write_report(
            options.json,
            results,
            one_line_rows=True,
            **settings,
            versions={**options.kept_versions, **versions},
            not_installed=options.missing,
            peak_floor_mib=math.ceil(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        )


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="*", metavar="FILE[:BYTES]")
    parser.add_argument("--corpora", type=Path, metavar="DIR", help="holds enwik6, enwik7 and silesia/*")
    parser.add_argument("--cases", nargs="+", metavar="NAME", help="only those whose names start so")
    parser.add_argument("--levels", nargs="*", type=int, choices=LEVELS, default=list(LEVELS))
    parser.add_argument(
        "--others", nargs="*", choices=[one.name for one in OTHERS], metavar="NAME", help="default: all"
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--budget", type=float, default=120, help="seconds after which a case is not repeated (120)")
    parser.add_argument("--limit", type=float, default=7200, help="seconds after which a call has failed (7200)")
    parser.add_argument("--threads", type=int, default=1, help="of every contestant, and cores that it may use (1)")
    parser.add_argument("--keep", action="store_true", help="keep rows of OUT that this run does not measure")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures here")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="draw size against speed")
    parser.add_argument("--curve", nargs="+", type=int, metavar="LEVEL", help="bits per byte against bytes seen")
    parser.add_argument("--curve-file", metavar="FILE[:BYTES]", help="of this file (enwik7 of --corpora)")
    parser.add_argument("--curve-plot", type=Path, metavar="PNG", help="draw it")
    parser.add_argument("--startup", action="store_true", help="time the command's first byte for 1 KB")
    parser.add_argument("--check", nargs="*", metavar="TARGET", help="judge the targets whose names contain this (all)")
    options = parser.parse_args(arguments)
    if options.curve and not (options.curve_file or options.corpora):
        parser.error("--curve needs --curve-file or --corpora")
    return options


def main(arguments: list[str] | None = None) -> int:
    options = parsed(arguments)
    others = [one for one in OTHERS if options.others is None or one.name in options.others]
    present, options.missing = sorted_out([*(Foretell(level) for level in options.levels), *others])
    contestants = {one.name: one for one in present}
    for name, obtain in options.missing.items():
        print(f"not installed: {name} ({obtain})")
    results: dict[str, Any] = {"cases": {}, "startup": {}, "curve": {}}
    options.kept_versions = {}
    if options.keep and options.json and options.json.exists():
        kept = json.loads(options.json.read_text())
        results |= kept["results"]
        options.kept_versions = kept["versions"]
    use_cores(options.threads)
    fine = run_cases(options, contestants, results)
    if options.startup:
        for level in options.levels:
            row = first_byte_seconds(level, ratio_corpora.text(1000))
            results["startup"][Foretell(level).name] = row
            print(f"foretell -{level}, 1 KB: first byte after {row['first_byte_seconds']} s, last {row['seconds']} s")
    if options.curve:
        case = ratio_corpora.named(options.curve_file or str(options.corpora / "enwik7"))
        for level in options.curve:
            results["curve"][f"foretell -{level}, {case.name}"] = curve(case, level, options.threads, options.limit)
    write(options, contestants, results)
    if options.plot or options.curve_plot:
        import ratio_plot  # matplotlib, not needed before

        if options.plot:
            ratio_plot.sizes_and_speeds(results["cases"], options.plot)
        if options.curve_plot:
            ratio_plot.curves(results["curve"], options.curve_plot)
    if options.check is not None:
        lines, met = judged(results, options.check)
        print("", *lines, sep="\n")
        fine = fine and met
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
