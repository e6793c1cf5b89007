"""The cases that peers.py and test_speed.py measure: their data, and what a contestant does with them.

Every input comes from a seed, at another entropy. Arrays are in each coder's own form before the clock starts; what its
calls allocate counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from contestants import Contestant, Table
from foretell import cdf
from numpy.typing import NDArray

# (seed, standard deviation of the logits in nats): 6.8, 3.7 and 1.9 bits a symbol at 256 symbols
INPUTS = ((11, 1.3), (12, 3.0), (13, 5.0))
CHUNK = 1 << 14  # rows made at a time

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
    if isinstance(decoded, list):  # of steps
        decoded = np.array([np.asarray(now) for now in decoded])
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


@dataclass
class Work:
    """What a contestant does with one input: encodes all of it, and decodes it."""

    contestant: Contestant
    table: Table
    symbols: NDArray[np.int32]
    units: int  # symbols or steps
    encode: Callable[[], Any]  # -> stream, in the coder's own form
    decode: Callable[[Any], Any]  # -> symbols

    def passed_on(self, stream: Any) -> Any:
        return self.contestant.from_bytes(self.contestant.to_bytes(stream))

    def measured(self) -> tuple[Run, float, float]:
        def run() -> dict[str, float]:
            stream, encode = timed(self.encode)
            made, decode = timed(self.decode, self.passed_on(stream))
            compare(made, self.symbols)
            return {"encode": encode / self.units, "decode": decode / self.units}

        parts = self.contestant.to_bytes(self.encode())
        return run, sum(map(len, parts)), ideal_bytes(self.contestant, self.table, self.symbols)


def message_work(contestant: Contestant, data: Any) -> Work:
    table, symbols = data
    count = min(len(symbols), contestant.most_symbols)
    symbols = symbols[:count]
    table = Table(table.cdf[:count], table.probabilities[:count], table.precision)
    native, given = contestant.table(table, count), contestant.symbols(symbols)

    def encode() -> Any:
        return contestant.encode(given, native)

    def decode(stream: Any) -> Any:
        return contestant.decode(stream, native, count)

    return Work(contestant, table, symbols, count, encode, decode)


def run_message(contestant: Contestant, data: Any) -> tuple[Run, float, float]:
    return message_work(contestant, data).measured()


def steps(lanes: int, rows: int, vocabulary: int, precision: int, count: int) -> Callable[[float, int, float], Any]:
    """Inputs of `count` steps of `lanes` symbols each, over `rows` rows in turn."""

    def made(size: float, seed: int, deviation: float) -> Any:
        rng = np.random.default_rng(seed)
        table = tables(rng, rows, vocabulary, precision, deviation)
        scaled = max(1, int(count * size))
        return lanes, table, drawn(rng, table, lanes * scaled).reshape(scaled, lanes)

    return made


def steps_work(contestant: Contestant, data: Any, face: str = "") -> Work:
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

    def encode() -> Any:
        step, finish = encoder(lanes, vocabulary, precision)
        for now, table_now in given:
            step(now, table_now)
        return finish()

    def decode(stream: Any) -> Any:
        step = decoder(stream, lanes, vocabulary, precision)
        return [step(table_now) for table_now in rows]

    return Work(contestant, table, symbols.reshape(-1), len(symbols), encode, decode)


def run_steps(contestant: Contestant, data: Any) -> tuple[Run, float, float]:
    return steps_work(contestant, data).measured()


def run_blocks(contestant: Contestant, data: Any) -> tuple[Run, float, float]:
    work = steps_work(contestant, data, "block_")
    work.units = work.symbols.size
    return work.measured()


def run_large(contestant: Contestant, data: Any) -> tuple[Run, float, float]:
    return steps_work(contestant, data, "float_").measured()


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
    "index": Case(
        "one call, every symbol names one of 256 shared rows by index: 1 M symbols, V = 256, 16 bits",
        "M symbols/s",
        (1, 1),
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
