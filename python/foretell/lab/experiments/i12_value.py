"""I12: data has a value for other data, in bits: value(D→T) = bits(T) - bits(T | D).

T is text. D is the text before it, which is related; source code, which is foreign; or the bytes of that text in random
order, which say no more than how often each byte comes. ``bits(T | D)`` is what T adds to a stream that begins with D,
with foretell's own models (`foretell.lab.value`). All amounts of D are reported and one is judged.

Shuffled bytes are not quite without effect: the model has first to unlearn that nothing can be foretold. What that
costs hardly depends on T but grows with D, so D must be short beside T for it to be nothing: with as much noise as
text, level 5 lost 3 %. Who may leave D unread never loses more than the bit which says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from foretell.lab import plots
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.value import Value, cost
from foretell.lab.verdict import Check
from foretell.lab.worlds import text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RELATED, FOREIGN, SHUFFLED = "the text before", "source code", "shuffled"


def measure(run: Run) -> Figures:
    """Value each amount of each kind of data."""
    level, amounts = run.settings["level"], run.settings["data"]
    most = max(amounts)
    whole = text.chosen(run, most + run.settings["target"])
    before, target = whole[:most], whole[most:]
    if not target:
        raise ValueError(f"the text must have more than {most} bytes")
    mixed = np.random.default_rng(run.seed).permutation(np.frombuffer(before, np.uint8)).tobytes()
    kinds = {RELATED: before, FOREIGN: text.source_code(most), SHUFFLED: mixed}
    alone = cost(target, level, len(whole))
    values: dict[str, list[object]] = {kind: [] for kind in kinds}
    with run.progress(len(kinds) * len(amounts), "values", "value") as progress:
        for kind, data in kinds.items():
            for amount in amounts:
                part = data[-amount:]
                found = Value(alone, cost(part, level, len(whole)), cost(part + target, level, len(whole)))
                values[kind].append(found.as_dict())
                progress.update()
    return {"target": len(target), "amounts": amounts, "judged": run.settings["judged"], "values": values}


def judge(figures: Figures) -> list[Check]:
    """Related data is worth something, more than foreign data; shuffled data is worth nothing."""
    at = figures["amounts"].index(figures["judged"])
    shares = {kind: values[at]["share"] for kind, values in figures["values"].items()}
    found = [one for values in figures["values"].values() for one in values]
    gap = max(abs(one["file_bits"] - one["bits"]) / one["alone"]["bits"] for one in found)
    of = f"{figures['judged']} bytes for {figures['target']}, as a share of bits(T)"
    return [
        Check(f"value of {RELATED}, {of}", shares[RELATED], low=0.01),
        Check("value of the text before, less that of source code", shares[RELATED] - shares[FOREIGN], low=0),
        Check(f"value of it shuffled, {of}", shares[SHUFFLED], -0.01, 0.01),
        Check("files' sizes against bits, largest difference as a share of bits(T)", gap, high=0.005),
        Check("values whose files another process restored", sum(o["restored"] for o in found), len(found), len(found)),
    ]


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Value against the amount of data."""
    return {
        "value": plots.lines(
            figures["amounts"],
            {kind: [one["share"] for one in values] for kind, values in figures["values"].items()},
            title=f"What data is worth for {figures['target']} bytes of text",
            x_label="bytes of data",
            y_label="value, share of bits(T)",
            log="x",
            levels={"nothing": 0.0},
        )
    }


EXPERIMENT = Experiment(
    id="I12",
    name="value-of-data",
    claim="Data is worth bits(T) - bits(T | D): something if it is related, nothing if it is shuffled.",
    sizes={
        "toy": {"level": 1, "target": 60_000, "data": [8_000], "judged": 8_000},
        "quick": {"level": 3, "target": 200_000, "data": [2_000, 8_000], "judged": 8_000},
        "full": {"level": 3, "target": 400_000, "data": [4_000, 16_000, 64_000], "judged": 16_000},
    },
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=2,
)
