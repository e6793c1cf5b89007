"""What every coder does with bad input: foretell's and the installed peers'.

    python benchmarks/bad_input.py [--json OUT]    (benchmarks/tables.py puts the outcomes into docs/bad_input.md)

Each trial is a process of its own, so that a crash or a hang (over 10 seconds) is one cell of the table. "right" means
that the coder gave back the symbols all the same, "WRONG" that it gave back others and said nothing, "accepted" that it
made CDFs of what is no probability. An entropy coder has no redundancy: a damaged stream that decodes to wrong symbols
is no fault of a coder, but of a format without a checksum; a crash, a hang and a silent wrong encoding are faults.
Exit status 1 if a coder of foretell crashes, hangs or raises anything but its own errors, ValueError or TypeError.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from contestants import (
    FORETELL,
    Contestant,
    ForetellLanes,
    ForetellOut,
    ForetellRangeTable,
    ForetellRans16,
    ForetellRansTable,
    Native,
    Table,
    UnsupportedError,
)
from foretell import cdf
from foretell.errors import Error
from isolated import attempt
from numpy.typing import NDArray
from peer_adapters import installed, version
from peer_adapters.stacks import TorchAnsTable
from report import write_report
from tables import outcomes

SECONDS = 10
COUNT, VOCABULARY, PRECISION = 1000, 16, 16
DAMAGED = 500  # which symbol is made bad, or the row of it

Trial = Callable[[Contestant], str]  # returns what happened, where nothing was raised
Damage = Callable[[bytes, np.random.Generator], bytes]
FINE = ("right", "accepted", "n/a")


def good(contestant: Contestant) -> tuple[Table, NDArray[np.int32]]:
    """Return a row for each symbol, or the one row that the coder can use, and the symbols."""
    rng = np.random.default_rng(5)
    rows = rng.dirichlet(np.ones(VOCABULARY), 1 if contestant.one_row else COUNT).astype(np.float32)
    return Table(cdf.from_probabilities(rows, PRECISION), rows, PRECISION), rng.integers(0, VOCABULARY, COUNT, np.int32)


def compared(decoded: Any, symbols: NDArray[np.int32]) -> str:
    return "right" if np.array_equal(np.asarray(decoded).reshape(-1), symbols) else "WRONG"


def round_trip(contestant: Contestant, table: Native, given: Any, symbols: NDArray[np.int32]) -> str:
    return decode(contestant, contestant.to_bytes(contestant.encode(given, table)), table, symbols)


def decode(contestant: Contestant, parts: list[bytes], table: Native, symbols: NDArray[np.int32]) -> str:
    return compared(contestant.decode(contestant.from_bytes(parts), table, COUNT), symbols)


def outcome(trial: Callable[..., str], *arguments: Any) -> str:
    try:
        return trial(*arguments)
    except UnsupportedError:
        return "n/a"
    except BaseException as error:  # a panic of a Rust extension is no Exception
        return type(error).__name__


def damaged_stream(damage: Damage, times: int = 1) -> Trial:
    """Decode streams damaged in `times` ways; one WRONG among them is the outcome, and how many there were."""

    def trial(contestant: Contestant) -> str:
        table, symbols = good(contestant)
        native = contestant.table(table, COUNT)
        parts = contestant.to_bytes(contestant.encode(contestant.symbols(symbols), native))
        rng = np.random.default_rng(6)
        outcomes = []
        for _ in range(times):
            spoilt = [damage(part, rng) for part in parts]
            outcomes.append(outcome(decode, contestant, spoilt, native, symbols))
        wrong = outcomes.count("WRONG")
        if wrong:
            return "WRONG" if times == 1 else f"WRONG {wrong} of {times}"
        return max(set(outcomes), key=outcomes.count)

    return trial


def flipped(stream: bytes, rng: np.random.Generator) -> bytes:
    place, bit = int(rng.integers(len(stream))), int(rng.integers(8))
    return stream[:place] + bytes([stream[place] ^ 1 << bit]) + stream[place + 1 :]


def damaged_row(change: Callable[[Table, int], None]) -> Trial:
    """Round trips in which one row was changed, and its symbol is the one that `change` damages."""

    def trial(contestant: Contestant) -> str:
        table, symbols = good(contestant)
        symbols[DAMAGED] = 7
        change(table, 7)
        return round_trip(contestant, contestant.table(table, COUNT), contestant.symbols(symbols), symbols)

    return trial


def row(table: Table) -> int:
    return DAMAGED % len(table.cdf)


def no_frequency(table: Table, symbol: int) -> None:
    table.cdf[row(table), symbol + 1] = table.cdf[row(table), symbol]
    table.probabilities[row(table), symbol] = 0


def falling(table: Table, symbol: int) -> None:
    table.cdf[row(table), symbol + 1] = table.cdf[row(table), symbol] - 3
    table.probabilities[row(table), symbol] = -0.1


def not_a_number(contestant: Contestant) -> str:
    table, symbols = good(contestant)
    table.probabilities[row(table), 7] = np.nan
    if contestant.floats:
        return round_trip(contestant, contestant.table(table, COUNT), contestant.symbols(symbols), symbols)
    quantise, as_integers = contestant.quantiser(table.probabilities, PRECISION)
    widths = np.diff(np.asarray(as_integers(quantise())).astype(np.int64), axis=1)
    return "accepted" if (widths > 0).all() else "WRONG"


def other_rows(change: Callable[[Any], Any]) -> Trial:
    """Round trips with another form of the same rows."""

    def trial(contestant: Contestant) -> str:
        table, symbols = good(contestant)
        native = contestant.table(table, COUNT)
        if isinstance(native.rows, list):
            raise UnsupportedError("takes lists")
        native.rows = change(native.rows)
        return round_trip(contestant, native, contestant.symbols(symbols), symbols)

    return trial


def strided(rows: Any) -> Any:
    """Return the same rows as every other column of a wider array."""
    if isinstance(rows, torch.Tensor):
        return torch.repeat_interleave(rows, 2, dim=-1)[..., ::2]
    return np.repeat(rows, 2, axis=-1)[..., ::2]


def other_dtype(rows: Any) -> Any:
    """Return the rows as 64-bit floats, which no coder takes: the width is wrong for all, and the kind for most."""
    return rows.to(torch.float64) if isinstance(rows, torch.Tensor) else rows.astype(np.float64)


def no_symbol(contestant: Contestant) -> str:
    table, symbols = good(contestant)
    symbols[DAMAGED] = VOCABULARY + 4
    return round_trip(contestant, contestant.table(table, COUNT), contestant.symbols(symbols), symbols)


TRIALS: dict[str, Trial] = {
    "empty stream": damaged_stream(lambda stream, rng: b""),
    "half a stream": damaged_stream(lambda stream, rng: stream[: len(stream) // 2]),
    "one flipped bit": damaged_stream(flipped, 500),
    "random bytes": damaged_stream(lambda stream, rng: rng.bytes(len(stream)), 500),
    "a symbol without frequency": damaged_row(no_frequency),
    "a NaN probability": not_a_number,
    "a falling CDF (a negative probability)": damaged_row(falling),
    "rows as a list": other_rows(lambda rows: rows.tolist()),
    "rows as float64": other_rows(other_dtype),
    "rows with strides": other_rows(strided),
    "a symbol outside the alphabet": no_symbol,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="write the outcomes here")
    options = parser.parse_args()
    torch.set_num_threads(1)  # a process with threads cannot be forked safely
    peers, missing = installed()
    for name, reason in missing.items():
        print(f"not installed: {name} ({reason})")
    # Without those that have no whole messages, or are like another one but for speed.
    other_ways = (ForetellLanes, ForetellOut, ForetellRangeTable, ForetellRans16, ForetellRansTable)
    ours: list[Contestant] = [one() for one in FORETELL if not issubclass(one, other_ways)]
    contestants = [*ours, *(peer for peer in peers if not isinstance(peer, TorchAnsTable))]
    results: dict[str, dict[str, str]] = {}
    for name, trial in TRIALS.items():
        results[name] = {one.name: attempt(SECONDS, outcome, trial, one) for one in contestants}
    print("\n".join(outcomes(results, list(results))))
    if options.json:
        versions = {peer.package: version(peer) for peer in peers}
        write_report(options.json, results, peers=versions, not_installed=missing)
    allowed = {*FINE, "WRONG", "ValueError", "TypeError"} | {child.__name__ for child in Error.__subclasses__()}
    return int(any(row[one.name].split()[0] not in allowed for row in results.values() for one in ours))


if __name__ == "__main__":
    sys.exit(main())
