"""A1: the bisection code gives the article's totals, and the number of its queries is known in advance.

The article's first program: 20 tokens of m = 2^20, with random priors and with priors that know better and better
(section 2 of its account; the draws come from one NumPy `RandomState`, in this order).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from foretell import bisection
from foretell.lab import plots
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.verdict import Check

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TOKENS, VOCABULARY = 20, 1 << 20
ADVANTAGES = tuple(10**power for power in range(8))
NAMES = ("random", *(f"10^{power}" for power in range(8)))
TOTALS = (471, 422, 372, 304, 244, 173, 129, 100, 100)
EXPECTED = (1 / 3, 0.3, 0.25, 0.1, 0.03, 1 / 256, 0.001)


def priors(tokens: int = TOKENS, vocabulary: int = VOCABULARY) -> tuple[NDArray[np.int64], list[NDArray[np.float64]]]:
    """Return the tokens [20] and for each row of the table their priors, float64 [20, 2^20]."""
    draw = np.random.RandomState(42)
    chosen = draw.randint(vocabulary, size=tokens)
    rows = []
    for advantage in (0, *ADVANTAGES):
        p = draw.uniform(size=(tokens, vocabulary))
        p[np.arange(tokens), chosen] += advantage
        rows.append(p / p.sum(axis=1, keepdims=True))
    return chosen, rows


def measure(run: Run) -> Figures:
    """Count the bits of all nine rows, and the queries of intervals that lie anywhere."""
    tokens, tables = priors()
    rows = {
        name: {"bits": bisection.length(tokens, table), "ideal": bisection.ideal_length(tokens, table)}
        for name, table in zip(NAMES, tables, strict=True)
    }
    draw = np.random.default_rng(run.seed)
    queries = {}
    for p in EXPECTED:
        starts = draw.uniform(0, 1 - p, run.settings["intervals"])
        counted = np.mean([len(bisection.code(low, low + p)) + 1 for low in starts])
        queries[f"{p:.6g}"] = {"counted": float(counted), "formula": bisection.expected_queries(p)}
    rare = np.array([2.0**-32, 1 - 2.0**-32])
    try:
        bisection.length([0], [rare], field=5)
        refused = False
    except ValueError:
        refused = True
    return {"rows": rows, "queries": queries, "rare_refused": refused}


def judge(figures: Figures) -> list[Check]:
    """Totals are exact, queries within 1 %."""
    checks = [
        Check(f"bits, prior {name}", figures["rows"][name]["bits"], total, total)
        for name, total in zip(NAMES, TOTALS, strict=True)
    ]
    worst = max(abs(one["counted"] / one["formula"] - 1) for one in figures["queries"].values())
    checks.append(Check("queries, counted over formula, the largest deviation", worst, high=0.01))
    checks.append(Check("p < 2^-31 is an error (1 = yes)", float(figures["rare_refused"]), 1, 1))
    return checks


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Bits of each row beside the ideal."""
    rows = figures["rows"].values()
    series = {"bisection + length": [row["bits"] for row in rows], "ideal": [row["ideal"] for row in rows]}
    levels = {"plain, 400 bits": 400.0, "length fields alone, 100 bits": 100.0}
    return {
        "bits": plots.lines(
            list(range(len(NAMES))),
            series,
            title="20 tokens of 2^20: bits against what the prior knows",
            x_label="advantage of the true token: random, 10^0, 10^1 …",
            y_label="bits",
            levels=levels,
        )
    }


EXPERIMENT = Experiment(
    id="A1",
    name="bisection",
    claim="The bisection code costs what the article says, and its queries can be foretold.",
    sizes={"toy": {"intervals": 20_000}, "quick": {"intervals": 100_000}, "full": {"intervals": 400_000}},
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=1,
)
