"""Speed of foretell's own coders, to compare one version of them with another. peers.py compares them with others.

    pip install '.[torch,test,bench]'
    pytest benchmarks --benchmark-only [-k lanes] [--benchmark-autosave] [--benchmark-compare]

The cases are those of peers.py, on less data; what is encoded is decoded and compared, once. `symbols_per_second` is in
the JSON of --benchmark-save.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import cases
import numpy as np
import pytest
from contestants import FORETELL, Contestant, UnsupportedError
from foretell import cdf
from foretell.coders import StaticTable
from pytest_benchmark.fixture import BenchmarkFixture

SEED, DEVIATION = cases.INPUTS[1]
SIZES = {"memory": 0.1, "index": 0.1, "block": 0.1, "lanes": 0.1, "call": 0.05, "stack": 0.1, "queue": 0.1}
WORKS = {
    "memory": cases.message_work,
    "index": cases.message_work,
    "queue": cases.message_work,
    "stack": cases.message_work,
    "block": lambda one, data: cases.steps_work(one, data, "block_"),
    "lanes": cases.steps_work,
    "call": cases.steps_work,
}


@cache
def inputs(case: str) -> Any:
    return cases.CASES[case].inputs(SIZES[case], SEED, DEVIATION)


def work_of(case: str, coder: type[Contestant]) -> cases.Work:
    order = cases.CASES[case].order
    if order not in ("", coder.order):
        pytest.skip(f"no {order}")
    try:
        return WORKS[case](coder(), inputs(case))
    except UnsupportedError as reason:
        pytest.skip(str(reason))


every_case = pytest.mark.parametrize("case", WORKS)
every_coder = pytest.mark.parametrize("coder", FORETELL, ids=lambda coder: coder.name)


@every_case
@every_coder
def test_encode(benchmark: BenchmarkFixture, case: str, coder: type[Contestant]) -> None:
    work = work_of(case, coder)
    benchmark.group = f"{case}, encode"
    stream = benchmark(work.encode)
    benchmark.extra_info["symbols_per_second"] = work.symbols.size / benchmark.stats["median"]
    cases.compare(work.decode(work.passed_on(stream)), work.symbols)


@every_case
@every_coder
def test_decode(benchmark: BenchmarkFixture, case: str, coder: type[Contestant]) -> None:
    work = work_of(case, coder)
    benchmark.group = f"{case}, decode"
    made = benchmark(work.decode, work.passed_on(work.encode()))
    benchmark.extra_info["symbols_per_second"] = work.symbols.size / benchmark.stats["median"]
    cases.compare(made, work.symbols)


ROWS = {
    "probabilities": (cdf.from_probabilities, np.float32, 1000),
    "counts": (cdf.from_counts, np.int64, 1),
    "logits": (cdf.from_logits, np.int32, 1),
}


@pytest.mark.parametrize("precision", [16, 24])
@pytest.mark.parametrize("source", ROWS)
def test_quantise(benchmark: BenchmarkFixture, source: str, precision: int) -> None:
    quantise, dtype, scale = ROWS[source]
    numbers = np.random.default_rng(SEED).integers(0, 10_000, (2000, 256))
    rows = (numbers / scale).astype(dtype)
    out = np.empty((2000, 257), np.uint32)
    benchmark.group = f"quantise 2000 rows, {precision} bits"
    made = benchmark(quantise, rows, precision, out)
    cdf.check(made, precision)


@pytest.mark.parametrize("precision", [12, 16])
def test_make_table(benchmark: BenchmarkFixture, precision: int) -> None:
    row = cases.tables(np.random.default_rng(SEED), 1, 256, precision, DEVIATION).cdf[0]
    benchmark.group = "table of one CDF"
    assert benchmark(StaticTable, row, precision).vocabulary == 256
