"""I3: what a codec wrote looks like noise to a model of bytes: what it knows is hidden, and little is left to save.

Text and pictures are coded by other codecs, and foretell is given those bytes as they are, at its default level. A
Huffman code leaves a little (headers, codes of whole bits), an arithmetic coder nothing. For comparison, what foretell
makes of the same text when it sees the text itself.

The full run fails. JPEG's usual Huffman codes are fixed, and made for other pictures: at quality 75 an eighth can be
saved of what they write of this one. Of the same picture with codes of its own it is a fiftieth. So the claim holds of
bytes that are well coded, not of all that a codec may write.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from foretell.lab import frames, plots
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.verdict import Check
from foretell.lab.worlds import coded, text
from foretell.lab.worlds.images import NoisyImage

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST, ARITHMETIC = 0.10, 0.005
"""The most that may be saved of what an entropy coder wrote, and of what an arithmetic coder wrote."""


def measure(run: Run) -> Figures:
    """Compress codecs' bytes, and the text itself."""
    data = text.chosen(run, run.settings["bytes"])
    image = NoisyImage(run.settings["side"], run.settings["side"], 3, run.seed)
    kinds = {
        "text": {"text itself": data},
        "entropy-coded": {**coded.of_text(data), **coded.of_picture(image)},
        "arithmetic-coded": coded.arithmetic(data, run.settings["symbols"], run.seed),
    }
    streams = {}
    with run.progress(sum(map(len, kinds.values())), "streams", unit="stream") as bar:
        for kind, found in kinds.items():
            for name, stream in found.items():
                frame, _ = frames.written(run.folder / f"{name}.fore", stream)
                saving = 1 - frame.file_bytes / frame.raw_bytes
                streams[name] = {"kind": kind, "saving": saving, **frame.as_dict()}
                bar.update()
    return {"bytes": len(data), "streams": streams}


def judge(figures: Figures) -> list[Check]:
    """Of entropy-coded bytes at most a tenth is saved, of arithmetic-coded ones nothing."""
    streams = figures["streams"]
    checks = []
    for name, one in streams.items():
        if one["kind"] == "entropy-coded":
            checks.append(Check(f"share saved of {name}", one["saving"], high=MOST))
        elif one["kind"] == "arithmetic-coded":
            checks.append(Check(f"share saved of {name} (arithmetic-coded)", one["saving"], -ARITHMETIC, ARITHMETIC))
    lost = sum(not one["restored"] for one in streams.values())
    checks.append(Check("files that another process did not restore", lost, 0, 0))
    learned = streams["text itself"]["saving"]
    checks.append(Check("share saved of the text itself", learned, low=0.5, kind="condition"))
    return checks


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Draw the share saved of each stream, and what is left of the text after one codec and after two."""
    streams = figures["streams"]
    saving = {name: 100 * one["saving"] for name, one in streams.items() if one["kind"] != "text"}
    left = {name: one["file_bytes"] for name, one in streams.items() if name in ("text itself", "foretell -5")}
    left |= {name: one["file_bytes"] for name, one in streams.items() if name.endswith(("9", "6"))}
    return {
        "saving": plots.bars(
            saving, title="What foretell saves of codecs' bytes", y="% saved", levels={"10 %": 100 * MOST}
        ),
        "left": plots.bars(left, title=f"{figures['bytes']:,} bytes of text, coded, then by foretell", y="bytes"),
    }


EXPERIMENT = Experiment(
    id="I3",
    name="codec-bytes",
    claim="A model of bytes saves at most a tenth of entropy-coded bytes, and nothing of arithmetic-coded ones.",
    sizes={
        "toy": {"bytes": 10_000, "side": 64, "symbols": 20_000},
        "quick": {"bytes": 200_000, "side": 384, "symbols": 200_000},
        "full": {"bytes": 466_000, "side": 768, "symbols": 1_000_000},
    },
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=2,
)
