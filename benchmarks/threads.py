"""What threads bring to lanes: the same calls with one thread and with more, in turn.

    python benchmarks/threads.py [--threads N] [--repeats N] [--json OUT]

A figure is the median of the repeats, a ratio that of one thread's time over that of N. Rows of 256 symbols keep memory
busy, which cores share. Streams and symbols are compared every time. Calls that take less than a few milliseconds gain
less: a system may take so long to give a new thread a core of its own.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from cases import drawn, tables
from foretell.coders import LaneDecoder, LaneEncoder
from numpy.typing import NDArray
from report import write_report

PRECISION = 16
LANES = 64
STEPS = {32: 16384, 256: 4096}  # for rows of so many symbols


def message(vocabulary: int) -> tuple[NDArray[np.uint16], NDArray[np.int32], NDArray[np.uint32], NDArray[np.uint32]]:
    """Return CDF rows [LANES, steps, V + 1], symbols, starts and frequencies [LANES, steps]."""
    rng = np.random.default_rng(21)
    count = LANES * STEPS[vocabulary]
    table = tables(rng, count, vocabulary, PRECISION, 3.0)
    symbols = drawn(rng, table, count)
    place = np.arange(len(symbols))
    start = table.cdf[place, symbols]
    freq = table.cdf[place, symbols + 1] - start
    shape = (LANES, STEPS[vocabulary])
    rows = table.cdf.astype(np.uint16).reshape(*shape, vocabulary + 1)
    return rows, symbols.reshape(shape), start.reshape(shape), freq.reshape(shape)


def tasks(vocabulary: int, threads: int) -> dict[str, Callable[[], Any]]:
    """Return what is timed; each call checks what it made."""
    rows, symbols, start, freq = message(vocabulary)
    encoder = LaneEncoder(LANES, PRECISION)
    encoder.encode(start, freq)
    streams = encoder.finish()
    out = np.empty(symbols.shape, np.uint32)

    def encode(*arguments: NDArray[Any]) -> float:
        coder = LaneEncoder(LANES, PRECISION, threads=threads)
        begun = time.perf_counter()
        (coder.encode if arguments[0] is start else coder.encode_symbols)(*arguments)
        seconds = time.perf_counter() - begun
        assert coder.finish() == streams, "other bytes"
        return seconds

    def decode() -> float:
        coder = LaneDecoder(streams, PRECISION, threads=threads)
        begun = time.perf_counter()
        coder.decode(rows, out)
        seconds = time.perf_counter() - begun
        assert np.array_equal(out, symbols), "other symbols"
        return seconds

    return {
        "encode by start and freq": lambda: encode(start, freq),
        "encode by rows": lambda: encode(symbols, rows),
        "decode by rows": decode,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=25)
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    results = {}
    print(f"{LANES} lanes; M symbols/s with 1 and {options.threads} threads")
    for vocabulary, steps in STEPS.items():
        one, more = tasks(vocabulary, 1), tasks(vocabulary, options.threads)
        for name in one:
            seconds: tuple[list[float], list[float]] = ([], [])
            for _ in range(options.repeats):
                for run, figures in ((one[name], seconds[0]), (more[name], seconds[1])):
                    figures.append(run())
            medians = [statistics.median(figures[1:]) for figures in seconds]  # the first one warms up
            rates = [LANES * steps / median * 1e-6 for median in medians]
            title = f"{name}, {steps} steps, {vocabulary} symbols"
            print(f"{title:<50}{rates[0]:>8.1f}{rates[1]:>8.1f}   {rates[1] / rates[0]:.2f}x")
            results[title] = {
                "one": round(rates[0], 1),
                "more": round(rates[1], 1),
                "ratio": round(rates[1] / rates[0], 3),
            }
    if options.json:
        write_report(options.json, results, threads=options.threads, lanes=LANES, repeats=options.repeats)
    return 0


if __name__ == "__main__":
    sys.exit(main())
