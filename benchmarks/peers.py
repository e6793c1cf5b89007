"""foretell's coders beside every installed peer, on the same data in one run.

    python benchmarks/peers.py [--cases NAME...] [--repeats N] [--size FACTOR] [--json OUT]

Contestants alternate: each repeat runs all of them, in an order that is reversed from one repeat to the next, on one
core with one thread. A figure is the median of the repeats; a ratio is the time of the fastest peer over a
contestant's own, on the same input, and the median of the inputs. Every input comes from a seed in this script, at
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
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from contestants import FORETELL, Contestant, Table, UnsupportedError
from foretell import cdf
from isolated import attempt, ended_badly
from numpy.typing import NDArray
from peer_adapters import installed, version
from report import write_report

# (seed, standard deviation of the logits in nats): 6.8, 3.7 and 1.9 bits a symbol at 256 symbols
INPUTS = ((11, 1.3), (12, 3.0), (13, 5.0))
CHUNK = 1 << 14  # rows made at a time
SECONDS = 300  # in which a contestant must have done all of a case once

Run = Callable[[], dict[str, float]]  # does it all once, and returns the seconds of each way for one unit


@dataclass
class Case:
    """One table of the report."""

    title: str
    unit: str  # "M symbols/s", "M rows/s" or "us a step"
    aims: tuple[float, ...]  # what foretell's fastest coder should reach: the ratio of each way
    runs: Callable[[Contestant, Any], tuple[Run, float, float]]  # -> run, bytes, ideal bytes
    inputs: Callable[[float, int, float], Any]  # (size, seed, deviation) -> what `runs` gets
    order: str = ""  # only contestants of this order
    over: str = "bytes over ideal"


@dataclass
class Figures:
    seconds: list[dict[str, float]] = field(default_factory=list)  # for each input: median of each way
    bytes: list[float] = field(default_factory=list)
    ideal: list[float] = field(default_factory=list)
    ratios: list[dict[str, float]] = field(default_factory=list)


class WrongError(Exception):
    """A contestant did not give back what it was given."""


def probabilities(rng: np.random.Generator, count: int, vocabulary: int, deviation: float) -> NDArray[np.float32]:
    """Return `count` rows of probabilities, softmax of normal logits."""
    made = np.empty((count, vocabulary), np.float32)
    for begin in range(0, count, CHUNK):
        rows = made[begin : begin + CHUNK]
        rng.standard_normal(out=rows, dtype=np.float32)
        rows *= deviation
        np.exp(rows, out=rows)
        rows /= rows.sum(axis=1, keepdims=True)
    return made


def tables(rng: np.random.Generator, count: int, vocabulary: int, precision: int, deviation: float) -> Table:
    rows = probabilities(rng, count, vocabulary, deviation)
    return Table(cdf.from_probabilities(rows, precision), rows, precision)


def drawn(rng: np.random.Generator, table: Table, count: int) -> NDArray[np.int32]:
    """Return symbols with the distribution of their rows: symbol i has row i % R."""
    symbols = np.empty(count, np.int32)
    size = min(CHUNK, max(1, (1 << 22) // table.cdf.shape[1]))
    for begin in range(0, count, size):
        points = rng.integers(0, 1 << table.precision, min(size, count - begin), np.uint32)
        if len(table.cdf) == 1:
            symbols[begin : begin + size] = np.searchsorted(table.cdf[0, 1:], points, side="right")
        else:
            rows = table.cdf[np.arange(begin, begin + len(points)) % len(table.cdf), 1:]
            symbols[begin : begin + size] = (rows <= points[:, None]).sum(axis=1)
    return symbols


def ideal_bytes(contestant: Contestant, table: Table, symbols: NDArray[np.int32]) -> float:
    """Return what the symbols cost under the distributions that the contestant is given."""
    rows = np.arange(len(symbols)) % len(table.cdf)
    if contestant.floats:
        chosen = table.probabilities[rows, symbols].astype(np.float64)
    else:
        chosen = (table.cdf[rows, symbols + 1] - table.cdf[rows, symbols]) / 2.0**table.precision
    return float(-np.log2(chosen).sum() / 8)


def timed(function: Callable[..., Any], *arguments: Any) -> tuple[Any, float]:
    begun = time.perf_counter()
    result = function(*arguments)
    return result, time.perf_counter() - begun


def compare(decoded: Any, symbols: NDArray[np.int32]) -> None:
    if not np.array_equal(np.asarray(decoded).reshape(-1), symbols):
        raise WrongError("decodes to other symbols")


def message(rows: int, count: int) -> Callable[[float, int, float], Any]:
    """Inputs of `count` symbols that share `rows` rows (0: a row each)."""

    def made(size: float, seed: int, deviation: float) -> Any:
        rng = np.random.default_rng(seed)
        scaled = max(1, int(count * size))
        table = tables(rng, rows or scaled, 256, 16, deviation)
        return table, drawn(rng, table, scaled)

    return made


def run_message(contestant: Contestant, data: Any) -> tuple[Run, float, float]:
    table, symbols = data
    count = min(len(symbols), contestant.most_symbols)
    symbols = symbols[:count]
    table = Table(table.cdf[:count], table.probabilities[:count], table.precision)
    native, given = contestant.table(table, count), contestant.symbols(symbols)

    def run() -> dict[str, float]:
        stream, encode = timed(contestant.encode, given, native)
        stream = contestant.from_bytes(contestant.to_bytes(stream))
        decoded, decode = timed(contestant.decode, stream, native, count)
        compare(decoded, symbols)
        return {"encode": encode / count, "decode": decode / count}

    parts = contestant.to_bytes(contestant.encode(given, native))
    return run, sum(map(len, parts)), ideal_bytes(contestant, table, symbols)


def steps(lanes: int, rows: int, vocabulary: int, precision: int, count: int) -> Callable[[float, int, float], Any]:
    """Inputs of `count` steps of `lanes` symbols each, over `rows` rows in turn."""

    def made(size: float, seed: int, deviation: float) -> Any:
        rng = np.random.default_rng(seed)
        table = tables(rng, rows, vocabulary, precision, deviation)
        scaled = max(1, int(count * size))
        return lanes, table, drawn(rng, table, lanes * scaled).reshape(scaled, lanes)

    return made


def run_steps(contestant: Contestant, data: Any, face: str = "") -> tuple[Run, float, float]:
    lanes, table, symbols = data
    symbols = symbols[: max(1, contestant.most_symbols // lanes)]
    vocabulary, precision = table.cdf.shape[1] - 1, table.precision
    encoder, decoder = getattr(contestant, face + "encoder"), getattr(contestant, face + "decoder")
    encoder(lanes, vocabulary, precision)  # raises where it cannot
    pieces = [slice(begin, begin + lanes) for begin in range(0, len(table.cdf), lanes)]
    if face == "float_":
        in_turn = [table.probabilities[piece] for piece in pieces]
    else:
        in_turn = [
            contestant.step_table(Table(table.cdf[piece], table.probabilities[piece], precision)) for piece in pieces
        ]
    rows = [in_turn[step % len(in_turn)] for step in range(len(symbols))]
    given = [(contestant.symbols(symbols[step]), rows[step]) for step in range(len(symbols))]
    if contestant.steps_reversed:
        given.reverse()

    def encoded() -> Any:
        step, finish = encoder(lanes, vocabulary, precision)
        for now, table_now in given:
            step(now, table_now)
        return finish()

    def decoded(stream: Any) -> Any:
        step = decoder(stream, lanes, vocabulary, precision)
        return [step(table_now) for table_now in rows]

    def run() -> dict[str, float]:
        stream, encode = timed(encoded)
        stream = contestant.from_bytes(contestant.to_bytes(stream))
        made, decode = timed(decoded, stream)
        compare(np.array([np.asarray(now) for now in made]), symbols.reshape(-1))
        return {"encode": encode / len(symbols), "decode": decode / len(symbols)}

    parts = contestant.to_bytes(encoded())
    return run, sum(map(len, parts)), ideal_bytes(contestant, table, symbols.reshape(-1))


def run_large(contestant: Contestant, data: Any) -> tuple[Run, float, float]:
    return run_steps(contestant, data, "float_")


def run_blocks(contestant: Contestant, data: Any) -> tuple[Run, float, float]:
    run, size, ideal = run_steps(contestant, data, "block_")
    return lambda: {way: seconds / data[0] for way, seconds in run().items()}, size, ideal


def rows_only(count: int) -> Callable[[float, int, float], Any]:
    def made(size: float, seed: int, deviation: float) -> Any:
        return probabilities(np.random.default_rng(seed), max(1, int(count * size)), 256, deviation)

    return made


def run_quantise(contestant: Contestant, data: Any) -> tuple[Run, float, float]:
    rows = data[: contestant.most_symbols]
    quantise, as_integers = contestant.quantiser(rows, 16)

    def run() -> dict[str, float]:
        made, seconds = timed(quantise)
        integers = np.asarray(as_integers(made)).astype(np.int64)
        widths = np.diff(integers, axis=1)
        if (widths < 1).any() or (integers[:, 0] != 0).any() or (integers[:, -1] != 1 << 16).any():
            raise WrongError("makes CDFs that break the rules")
        return {"quantise": seconds / len(rows)}

    widths = np.diff(np.asarray(as_integers(quantise())).astype(np.int64), axis=1)
    exact = rows.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        bits = -(exact * np.log2(widths / 65536)).sum()
        entropy = -np.where(exact > 0, exact * np.log2(exact), 0).sum()
    return run, bits / len(rows), entropy / len(rows)


CASES = {
    "memory": Case(
        "a CDF per symbol from memory: 1 M symbols, V = 256, 16 bits",
        "M symbols/s",
        (2.5, 5),
        run_message,
        message(0, 1_000_000),
    ),
    "cache": Case(
        "one call, every symbol names one of 256 shared rows by index: 1 M symbols, V = 256, 16 bits",
        "M symbols/s",
        (4, 4),
        run_message,
        message(256, 1_000_000),
    ),
    "block": Case(
        "a block of 256 symbols a call, each with its own row, rows in cache: 1 M symbols, V = 256, 16 bits",
        "M symbols/s",
        (4, 4),
        run_blocks,
        steps(256, 256, 256, 16, 3906),
    ),
    "lanes": Case(
        "256-lane autoregressive step, tables in cache: V = 256, 16 bits",
        "us a step",
        (3.5, 3.5),
        run_steps,
        steps(256, 256, 256, 16, 1000),
    ),
    "call": Case(
        "one-lane step, the cost of a call", "us a step", (1.5, 1.5), run_steps, steps(1, 256, 256, 16, 20000)
    ),
    "quantise": Case(
        "float32 rows to CDFs: V = 256, 16 bits",
        "M rows/s",
        (15,),
        run_quantise,
        rows_only(50_000),
        over="bits a symbol over entropy",
    ),
    "queue": Case(
        "one CDF for 10 M symbols, first in first out",
        "M symbols/s",
        (1, 3),
        run_message,
        message(1, 10_000_000),
        order="queue",
    ),
    "stack": Case(
        "one CDF for 10 M symbols, last in first out",
        "M symbols/s",
        (2, 3),
        run_message,
        message(1, 10_000_000),
        order="stack",
    ),
    "large": Case(
        "V = 50257 at 24 bits: quantise and code a row of float32",
        "us a step",
        (2, 2),
        run_large,
        steps(1, 40, 50257, 24, 200),
    ),
}


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
