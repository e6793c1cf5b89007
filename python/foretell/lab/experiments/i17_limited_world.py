"""I17: who has learned one world knows another one less well: bits(B | trained on A) > bits(B | trained on B).

Two pairs of worlds, each both ways: Python's documentation and its source code; and two Markov sources of one kind with
tables of their own, whose entropy is known, so that it can be seen that the right training comes near to the floor and
the wrong one does not. Training is what a model of foretell's keeps from the first part of a stream
(`foretell.lab.value`); all amounts are equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import TYPE_CHECKING

from foretell.lab import plots
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.value import Value, cost
from foretell.lab.verdict import Check
from foretell.lab.worlds import markov, text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SYMBOLS, ORDER, CONCENTRATION = 16, 2, 0.2


def worlds(run: Run) -> dict[str, dict[str, tuple[bytes, float | None]]]:
    """Return the pairs: of each world two parts of equal length as one, and its entropy in bits a byte if known."""
    count = 2 * run.settings["bytes"]
    texts = text.chosen(run, count)
    if len(texts) < count:
        raise ValueError(f"the text must have {count} bytes at least")
    tables = {f"Markov {name}": markov.drawn(SYMBOLS, ORDER, CONCENTRATION, seed) for seed, name in enumerate("PQ")}
    return {
        "text": {"text": (texts, None), "source code": (text.source_code(count), None)},
        "Markov": {name: (one.sample(count, run.seed).tobytes(), one.entropy) for name, one in tables.items()},
    }


def measure(run: Run) -> Figures:
    """Code the second part of each world after the first part of either."""
    half, level = run.settings["bytes"], run.settings["level"]
    rows = []
    pairs = worlds(run)
    with run.progress(4 * len(pairs), "pairs", "pair") as progress:
        for pair in pairs.values():
            trained = {name: cost(data[:half], level, 2 * half) for name, (data, _) in pair.items()}
            alone = {name: cost(data[half:], level, 2 * half) for name, (data, _) in pair.items()}
            for on, of in product(pair, pair):
                both = cost(pair[on][0][:half] + pair[of][0][half:], level, 2 * half)
                value = Value(alone[of], trained[on], both)
                entropy = pair[of][1]
                floor = None if entropy is None else entropy * half
                rows.append({"trained": on, "coded": of, "floor": floor, **value.as_dict()})
                progress.update()
    return {"bytes": half, "rows": rows}


def judge(figures: Figures) -> list[Check]:
    """Training on another world costs more, everywhere; on its own, a world of known entropy nears the floor."""
    rows = figures["rows"]
    own = {row["coded"]: row for row in rows if row["trained"] == row["coded"]}
    checks = [
        Check(
            f"bits({row['coded']} | {row['trained']}) over bits({row['coded']} | {row['coded']})",
            row["given"] / own[row["coded"]]["given"],
            low=1,
        )
        for row in rows
        if row["trained"] != row["coded"]
    ]
    checks += [
        Check(f"bits({name} | {name}) over the entropy", row["given"] / row["floor"], 0.98, 1.1)
        for name, row in own.items()
        if row["floor"] is not None
    ]
    restored = sum(row["restored"] for row in rows)
    return [*checks, Check("rows whose files another process restored", restored, len(rows), len(rows))]


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Bits/byte of each world after either training."""
    figure = plots.bars(
        {f"{row['coded']}\nafter {row['trained']}": row["given"] / figures["bytes"] for row in figures["rows"]},
        title=f"{figures['bytes']} bytes coded after as many of its own world or of another",
        y="bits/byte",
    )
    return {"worlds": figure}


EXPERIMENT = Experiment(
    id="I17",
    name="limited-world",
    claim="A model trained on one world codes another one worse than one trained there.",
    sizes={
        "toy": {"level": 1, "bytes": 20_000},
        "quick": {"level": 3, "bytes": 60_000},
        "full": {"level": 3, "bytes": 150_000},
    },
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=2,
)
