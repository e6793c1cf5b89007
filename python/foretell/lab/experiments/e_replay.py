"""E: to learn again from what has been sent costs no bits, so it can make the file smaller. Up to a point.

The article asks what becomes of its equation, size = area under the curve, once data is used for many epochs. Here each
byte is coded once, before the network first learns from it; after each batch both sides take K further steps on batches
that both already have. What is counted is only the first pass. Bits against K fall, then flatten, and rise if the
network comes to know old batches by heart. Every file is restored by a process of its own, which replays the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

from foretell.lab import plots
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.instruments import thinned
from foretell.lab.verdict import Check
from foretell.lab.worlds import text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LENGTH = 32


def measure(run: Run) -> Figures:
    """Code the same text once for each K."""
    from foretell.lab import prequential
    from foretell.lab.archive import restored_elsewhere
    from foretell.lab.learner import Learner, LearnerConfig

    batch = run.settings["batch"]
    rows = text.rows(text.chosen(run, run.settings["bytes"]), LENGTH)
    steps = len(rows) // batch
    if not steps:
        raise ValueError(f"the text must have {batch * LENGTH} bytes at least")
    runs = []
    for replay in run.settings["replay"]:
        config = LearnerConfig(run.settings["network"], text.VOCABULARY, LENGTH, replay=replay, seed=run.seed)
        archive = run.folder / f"replay-{replay}.archive"
        with run.progress(steps, f"K = {replay}") as progress:
            curve = prequential.run(
                Learner(config, run.device),
                lambda step: rows[step * batch : (step + 1) * batch],
                steps,
                given=text.START,
                archive=archive,
                checkpoint=archive.with_suffix(".checkpoint"),
                progress=progress,
            )
        runs.append(
            {
                "replay": replay,
                "ideal_bits": curve.ideal_bits,
                "file_bytes": curve.file_bytes,
                "restored": restored_elsewhere(archive) == curve.digest,
                "bits_per_byte": thinned(curve.bits / (batch * LENGTH)),
            }
        )
    return {"bytes": steps * batch * LENGTH, "runs": runs}


def judge(figures: Figures) -> list[Check]:
    """Ask that the best K saves 2 %, the last passes less than the first one, and that all files come back."""
    runs = figures["runs"]
    best = min(runs[1:], key=lambda one: one["file_bytes"])
    saved = [before["ideal_bits"] - after["ideal_bits"] for before, after in pairwise(runs)]
    last, first = f"K = {runs[-2]['replay']} to {runs[-1]['replay']}", f"K = 0 to {runs[1]['replay']}"
    return [
        Check(
            f"share of the file that the best K, {best['replay']}, saves",
            1 - best["file_bytes"] / runs[0]["file_bytes"],
            low=0.02,
        ),
        Check(
            f"bits that {last} saves over those that {first} does",
            saved[-1] / saved[0] if len(saved) > 1 and saved[0] > 0 else None,
            high=1,
        ),
        Check("files that another process restored", sum(one["restored"] for one in runs), len(runs), len(runs)),
    ]


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Bits against K, and the curves."""
    runs, count = figures["runs"], figures["bytes"]
    return {
        "replay": plots.lines(
            [one["replay"] for one in runs],
            {"the file": [8 * one["file_bytes"] / count for one in runs]},
            title=f"{count} bytes of text, each coded once",
            x_label="K, further passes for each batch, on what was already sent",
            y_label="bits/byte",
        ),
        "curves": plots.many_curves(
            {f"K = {one['replay']}": one["bits_per_byte"] for one in runs},
            count,
            title="Replay lowers the curve of the first pass",
            x="bytes",
            y="bits/byte",
        ),
    }


EXPERIMENT = Experiment(
    id="E",
    name="replay",
    claim="To learn K more times from what was sent costs no bits and makes the file smaller, each time by less.",
    sizes={
        "toy": {"network": "pico", "bytes": 2 << 10, "batch": 8, "replay": [0, 4]},
        "quick": {"network": "pico", "bytes": 32 << 10, "batch": 32, "replay": [0, 1, 2, 4, 8]},
        "full": {"network": "nano", "bytes": 64 << 10, "batch": 32, "replay": [0, 1, 2, 4, 8]},
    },
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=4,
)
