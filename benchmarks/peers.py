"""foretell's coders beside every installed peer, on the same data in one run.

    python benchmarks/peers.py [--cases NAME...] [--repeats N] [--size FACTOR] [--json OUT]

Contestants alternate: each repeat runs all of them, in an order that is reversed from one repeat to the next, on one
core with one thread. A figure is the median of the repeats; a ratio is the time of the fastest peer over a
contestant's own, on the same input, and the median of the inputs. Every input comes from a seed in cases.py, at
another entropy. Arrays are in each coder's own form before the clock starts; what its calls allocate counts. Every
message is decoded from its bytes and compared, every time. A contestant does all of it once in a process of its own
first: one that crashes or hangs there is left out. Exit status 1 if a coder of foretell decodes wrongly.

`pip install --no-deps -r benchmarks/peers.txt` installs the peers; those that are not there are left out.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"

import argparse
import gc
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from cases import CASES, INPUTS, Case, Run
from contestants import FORETELL, Contestant, UnsupportedError
from isolated import attempt, ended_badly
from peer_adapters import installed, version
from report import write_report

SECONDS = 300  # in which a contestant must have done all of a case once


@dataclass
class Figures:
    seconds: list[dict[str, float]] = field(default_factory=list)  # for each input: median of each way
    bytes: list[float] = field(default_factory=list)
    ideal: list[float] = field(default_factory=list)
    ratios: list[dict[str, float]] = field(default_factory=list)


def alternate(runs: dict[str, Run], repeats: int, broken: dict[str, str]) -> dict[str, dict[str, float]]:
    """Return the median seconds of each way for each contestant that never failed."""
    seconds: dict[str, list[dict[str, float]]] = {name: [] for name in runs}
    for repeat in range(repeats + 1):  # the first one warms up
        for name in list(seconds)[:: 1 if repeat % 2 else -1]:
            try:
                outcome = runs[name]()
            except Exception as error:  # a peer may fail in any way, which must not end the run
                broken[name] = reason_of(error)
                del seconds[name]
                continue
            if repeat:
                seconds[name].append(outcome)
    return {
        name: {way: statistics.median(one[way] for one in outcomes) for way in outcomes[0]}
        for name, outcomes in seconds.items()
    }


def reason_of(error: BaseException) -> str:
    said = str(error) if isinstance(error, UnsupportedError) else f"{type(error).__name__}: {error}"
    return said.splitlines()[0] if said else type(error).__name__


def probe(case: Case, contestant: Contestant, data: Any) -> str:
    """Return why a contestant cannot do a case, "" if it can."""
    try:
        run, _, _ = case.runs(contestant, data)
        run()
    except BaseException as error:  # a panic of a Rust extension is no Exception
        return reason_of(error)
    return ""


def measure(
    case: Case, ours: list[Contestant], peers: list[Contestant], size: float, repeats: int
) -> tuple[dict[str, Figures], dict[str, str]]:
    """Return the figures of a case, and why contestants are not among them."""
    figures: dict[str, Figures] = {}
    left_out: dict[str, str] = {}
    contestants = [one for one in [*ours, *peers] if case.order in ("", one.order)]
    for seed, deviation in INPUTS:
        data = case.inputs(size, seed, deviation)
        runs: dict[str, Run] = {}
        sizes: dict[str, tuple[float, float]] = {}
        for contestant in contestants:
            if contestant.name in left_out:
                continue
            reason = attempt(SECONDS, probe, case, contestant, data)
            if reason:
                left_out[contestant.name] = reason
                continue
            run, count, ideal = case.runs(contestant, data)
            runs[contestant.name], sizes[contestant.name] = run, (count, ideal)
        medians = alternate(runs, repeats, left_out)
        rivals = [one for one in medians if one in {peer.name for peer in peers}]
        for name, ways in medians.items():
            own = figures.setdefault(name, Figures())
            own.seconds.append(ways)
            own.bytes.append(sizes[name][0])
            own.ideal.append(sizes[name][1])
            if rivals:
                own.ratios.append({way: min(medians[one][way] for one in rivals) / ways[way] for way in ways})
        del data, runs
        gc.collect()
    return {name: own for name, own in figures.items() if name not in left_out}, left_out


def medians_of(items: list[dict[str, float]]) -> dict[str, float]:
    return {way: statistics.median(item[way] for item in items) for way in items[0]} if items else {}


def printed(case: Case, figures: dict[str, Figures]) -> Iterator[str]:
    """Give the lines of a case's table."""
    ways = ["quantise"] if case.unit == "M rows/s" else ["encode", "decode"]
    aims = " / ".join(f"{aim:g}" for aim in case.aims)
    yield f"\n{case.title} ({case.unit}; aim: {aims} times the fastest peer)"
    yield (
        f"{'':<24}" + "".join(f"{way:>10}" for way in ways) + "".join(f"{'ratio':>8}" for _ in ways) + f"  {case.over}"
    )
    for name, own in figures.items():
        seconds, ratios = medians_of(own.seconds), medians_of(own.ratios)
        rates = [seconds[way] * 1e6 if case.unit == "us a step" else 1e-6 / seconds[way] for way in ways]
        line = f"{name:<24}" + "".join(f"{rate:>10.2f}" for rate in rates)
        line += "".join(f"{ratios[way]:>8.2f}" if ratios else f"{'-':>8}" for way in ways)
        over, worst = max(
            (count - ideal, (count - ideal) / ideal) for count, ideal in zip(own.bytes, own.ideal, strict=True)
        )
        yield line + f"  {over:.{4 if case.unit == 'M rows/s' else 1}f} ({worst:.4%})"


def as_plain(case: Case, figures: dict[str, Figures], left_out: dict[str, str]) -> dict[str, Any]:
    """Return a case for JSON: figures of each input, in the units of the table."""

    def rate(seconds: float) -> float:
        return float(f"{seconds * 1e6 if case.unit == 'us a step' else 1e-6 / seconds:.4g}")

    return {
        "title": case.title,
        "unit": case.unit,
        "aims": case.aims,
        "contestants": {
            name: {
                **{way: [rate(one[way]) for one in own.seconds] for way in own.seconds[0]},
                "ratio_to_best_peer": {way: round(value, 3) for way, value in medians_of(own.ratios).items()},
                "size": [round(value, 4) for value in own.bytes],
                "ideal_size": [round(value, 4) for value in own.ideal],
            }
            for name, own in figures.items()
        },
        "left_out": left_out,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--size", type=float, default=1.0, help="factor on the number of symbols, steps and rows")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    peers, missing = installed()
    ours = [one() for one in FORETELL]
    versions = {peer.package: version(peer) for peer in peers}
    print(", ".join(f"{package} {number}" for package, number in versions.items()))
    for name, reason in missing.items():
        print(f"not installed: {name} ({reason})")
    gc.disable()  # so that it does not run within somebody's time
    results: dict[str, Any] = {}
    wrong = False
    for name in options.cases:
        figures, left_out = measure(CASES[name], ours, peers, options.size, options.repeats)
        print("\n".join(printed(CASES[name], figures)), flush=True)
        for contestant, reason in left_out.items():
            print(f"    {contestant}: {reason}")
            wrong = wrong or (contestant.startswith("foretell") and ("Error: " in reason or ended_badly(reason)))
        results[name] = as_plain(CASES[name], figures, left_out)
    if options.json:
        settings = {"repeats": options.repeats, "size": options.size, "inputs": INPUTS}
        write_report(options.json, results, **settings, peers=versions, not_installed=missing)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
