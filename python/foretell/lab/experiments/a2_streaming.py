"""A2: one stream for all tokens costs what the priors say, where the bisection code pays for every token alone.

The nine rows of A1, each as one stream of `foretell.coders.RangeEncoder`. Its own end is on a whole byte, which is most
of a message of 1.5 bits; so a stream is ended on the bit here: it is the shortest string of bits after which any bits
may follow and the decoder still returns the right tokens. Such strings need no length and no end of their own as long
as the decoder knows that 20 tokens come. The bytes of the coder's own end are counted too, for comparison.

CDFs have 28 bits: the ends of the float64 intervals, rounded, each at least one slot wide. That is finer than these
priors need; with all 32 bits the coder's own rounding could cost up to a bit a token (see `foretell.coders`). A process
of its own, which makes the priors itself, restores the tokens from the strings of bits.
"""

from __future__ import annotations

import itertools
import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foretell import bisection
from foretell.coders import RangeDecoder, RangeEncoder
from foretell.errors import Error
from foretell.lab import elsewhere, plots
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.experiments.a1_bisection import NAMES, TOKENS, priors
from foretell.lab.verdict import Check

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PRECISION = 28
_TAIL = 128  # bits behind a string; the decoder looks at fewer

Cdfs = NDArray[np.uint32]


def quantised(prior: NDArray[np.float64]) -> Cdfs:
    """Return the CDFs of priors, float64 [N, m], as uint32 [N, m + 1]: the nearest ends that leave nobody out."""
    count, size = prior.shape
    place = np.arange(size + 1)
    ends = np.zeros((count, size + 1), np.int64)
    for row, p in zip(ends, prior, strict=True):
        row[1:] = np.rint(np.cumsum(p) * 2.0**PRECISION)
        row[:] = np.maximum.accumulate(row - place) + place
        np.minimum(row, 2**PRECISION - size + place, out=row)
    ends[:, -1] = 2**PRECISION
    return ends.astype(np.uint32)


def decoded(bits: str, cdfs: Cdfs, fill: str = "0") -> list[int] | None:
    """Return the tokens of a string of bits that `fill` follows for ever; None if no message begins like this."""
    padded = (bits + fill * (_TAIL + 8))[: (len(bits) + _TAIL + 7) // 8 * 8]
    decoder = RangeDecoder(int(padded, 2).to_bytes(len(padded) // 8, "big"), PRECISION)
    try:
        return [int(decoder.decode(row[None])[0]) for row in cdfs]
    except Error:
        return None


def ended_on_a_bit(stream: bytes, tokens: list[int], cdfs: Cdfs, least: int) -> str:
    """Return the shortest string of `least` bits or more that any bits may follow; `stream` is the coder's own.

    What decodes to the tokens is an interval, so it is enough to look at what follows first and last. The shortest
    string stands for a part of it that is at least a quarter as wide, so it is at most 3 parts from any other place.
    """
    whole = int.from_bytes(stream, "big") << _TAIL
    size = 8 * len(stream) + _TAIL
    for count in itertools.count(least):
        near = whole >> (size - count)
        for value in range(max(near - 3, 0), min(near + 4, 1 << count)):
            bits = f"{value:0{count}b}" if count else ""
            if decoded(bits, cdfs, "0") == decoded(bits, cdfs, "1") == tokens:
                return bits
    raise AssertionError


def _row(tokens: NDArray[np.int64], prior: NDArray[np.float64]) -> dict[str, Any]:
    """Code one row of the table; return its figures, and the string of bits."""
    cdfs, place = quantised(prior), np.arange(len(tokens))
    start = cdfs[place, tokens]
    freq = cdfs[place, tokens + 1] - start
    encoder = RangeEncoder(PRECISION)
    encoder.encode(start, freq)
    stream = encoder.finish()
    slots = PRECISION * len(tokens) - float(np.log2(freq.astype(np.float64)).sum())
    bits = ended_on_a_bit(stream, tokens.tolist(), cdfs, math.floor(slots))
    ideal = bisection.ideal_length(tokens, prior)
    return {
        "bisection": bisection.length(tokens, prior),
        "ideal": ideal,
        "quantisation": slots - ideal,
        "bits": len(bits),
        "bytes": len(stream),
        "stream": bits,
    }


def measure(run: Run) -> Figures:
    """Code the nine rows, and have them restored."""
    vocabulary = run.settings["vocabulary"]
    tokens, tables = priors(vocabulary=vocabulary)
    rows = {}
    with run.progress(len(NAMES), "rows", "row") as bar:
        for name in NAMES:
            rows[name] = _row(tokens, tables.pop(0))
            bar.update()
    path = run.folder / "streams.json"
    path.write_text(
        json.dumps({"vocabulary": vocabulary, "streams": {name: row["stream"] for name, row in rows.items()}})
    )
    for name, found in elsewhere.restored(__name__, path).items():
        rows[name]["restored"] = found == tokens.tolist()
    return {"plain": TOKENS * math.log2(vocabulary), "rows": rows}


def judge(figures: Figures) -> list[Check]:
    """Within 2 bits of the ideal, before bisection in every row, and near the end of the scale at 10^7."""
    rows = figures["rows"]
    over = {name: row["bits"] - row["ideal"] - row["quantisation"] for name, row in rows.items()}
    return [
        Check("bits over the ideal and quantisation, the most of any row", max(over.values()), high=2),
        Check("bits over the ideal and quantisation, the least of any row", min(over.values()), low=0),
        Check(
            "quantisation as a share of the ideal, the most of any row",
            max(abs(row["quantisation"] / row["ideal"]) for row in rows.values()),
            high=0.001,
        ),
        Check(
            "rows shorter than by bisection",
            float(sum(row["bits"] < row["bisection"] for row in rows.values())),
            len(NAMES),
            len(NAMES),
        ),
        Check("ratio at 10^7", 1 - rows["10^7"]["bits"] / figures["plain"], low=0.99),
        Check(
            "rows restored by another process",
            float(sum(row["restored"] for row in rows.values())),
            len(NAMES),
            len(NAMES),
        ),
    ]


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Bits of each row by both coders, beside the ideal."""
    rows = figures["rows"].values()
    series = {
        "bisection + length": [row["bisection"] for row in rows],
        "one stream, whole bytes": [8 * row["bytes"] for row in rows],
        "one stream, ended on the bit": [row["bits"] for row in rows],
        "ideal": [row["ideal"] for row in rows],
    }
    return {
        "bits": plots.lines(
            list(range(len(NAMES))),
            series,
            title=f"{TOKENS} tokens, {figures['plain']:.0f} bits plain: bits against what the prior knows",
            x_label="advantage of the true token: random, 10^0, 10^1 …",
            y_label="bits",
            log="y",
            levels={"plain": figures["plain"]},
        )
    }


EXPERIMENT = Experiment(
    id="A2",
    name="streaming",
    claim="A streaming coder costs the ideal length and at most 2 bits, and beats the bisection code in every row.",
    sizes={"toy": {"vocabulary": 1 << 17}, "quick": {"vocabulary": 1 << 20}, "full": {"vocabulary": 1 << 20}},
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=0.3,
)


def main() -> None:
    """Be Bob: make the priors, and print the tokens of each stream of a file."""
    file = json.loads(Path(sys.argv[1]).read_text())
    _, tables = priors(vocabulary=file["vocabulary"])
    found = {
        name: decoded(bits, quantised(table))
        for (name, bits), table in zip(file["streams"].items(), tables, strict=True)
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
