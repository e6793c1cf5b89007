"""B2: the size of a file is the area under the loss curve.

With the exact model the area is the sum of -log2 of the probabilities that were coded (`foretell.Meter`), here of each
block beside the payload of that block, which is a stream of its own. With a GPT in float it is log2 e times the sum of
the losses that the training pass reports, in nats: the coder never saw those numbers, but predicted a token a step.

A stream ends on a whole byte. What is held against "within 2 bits" is therefore the least number of bits that fills so
many bytes: 7 fewer than the bytes hold. It may also be some bits short of its area, for zeros at its end are not
written; so the mean over the streams of a file is judged. Float probabilities become integers on the way, which may
cost or save 0.1 %; nothing is allowed for the exact model, whose area is of the integers already. Not counted are
headers and checksums, and the byte or few before the stream in which the exact model's payload describes its block.
Data that cannot be compressed are stored as they are, without a coder, so there are none here. All files are restored
by processes of their own.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import foretell
from foretell.container import Block, End
from foretell.frame_reader import FrameReader
from foretell.lab import elsewhere, plots
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.instruments import thinned
from foretell.lab.verdict import Check
from foretell.lab.worlds import text
from foretell.lab.worlds.addition import Addition
from foretell.lab.worlds.markov import drawn

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from foretell.lab.learner import Tokens

QUANTISATION = 0.001
BLOCKS = 16


def measure(run: Run) -> Figures:
    """Code several kinds of data both ways."""
    size = run.settings["bytes"]
    kinds = {
        "text": text.chosen(run, size),
        "source code": text.source_code(size),
        "Markov": drawn(16, 1, 0.3).sample(size, run.seed).tobytes(),
        "one line": (b"the same line again and again\n" * (size // 30 + 1))[:size],
    }
    figures = {}
    with run.progress(len(kinds), "exact", "kind") as bar:
        for name, data in kinds.items():
            figures[f"exact, {name}"] = _exact(data, run.settings["level"])
            bar.update()
    for name in run.settings["float"]:
        figures[f"float, {name}"] = _float(run, name)
    return figures


def _exact(data: bytes, level: int) -> dict[str, Any]:
    size = -(-len(data) // BLOCKS)
    compressor = foretell.Compressor(level, size=len(data), block_size=size)
    frame = compressor.compress(data) + compressor.flush()
    lengths, ideal = zip(*compressor.meter.blocks, strict=True)
    return {
        "tokens": len(data),
        "area": [float(bits) for bits in ideal],
        "payload": _stream_bits(frame),
        "file_bits": 8 * len(frame),
        "curve": [bits / length for length, bits in zip(lengths, ideal, strict=True)],
        "restored": elsewhere.decompressed(frame) == data,
    }


def _stream_bits(frame: bytes) -> list[int]:
    """Return the bits of each block's stream, without the description before it (docs/format.md, "mix/1")."""
    reader, found = FrameReader(), []
    reader.feed(frame)
    while not isinstance(element := reader.next(), End):
        if isinstance(element, Block):
            flags = element.payload[0]
            found.append(8 * (len(element.payload) - 1 - bool(flags & 15) - 4 * bool(flags & 16)))
    return found


def _float(run: Run, name: str) -> dict[str, Any]:
    from foretell.lab import archive, prequential
    from foretell.lab.learner import Learner, LearnerConfig

    steps, batch, segment = run.settings["steps"], run.settings["batch"], run.settings["segment"]
    world, rows = Addition(held_out=0), text.rows(text.chosen(run), 32)

    def source(step: int) -> Tokens:
        if name == "sums":
            return world.batch(batch, run.seed, step)
        return np.asarray(rows[np.arange(step * batch, (step + 1) * batch) % len(rows)])

    length = source(0).shape[1] - 1
    vocabulary, given = (world.vocabulary, world.given) if name == "sums" else (text.VOCABULARY, text.START)
    config = LearnerConfig(run.settings["network"], vocabulary, length, seed=run.seed)
    path = run.folder / f"{name}.lab"
    with run.progress(steps, f"float, {name}") as bar:
        curve = prequential.run(
            Learner(config, run.device),
            source,
            steps,
            given=given,
            archive=path,
            checkpoint=run.folder / f"{name}.pt",
            segment=segment,
            progress=bar,
        )
    return {
        "tokens": steps * batch * length,
        "area": [float(part.sum()) for part in np.split(curve.bits, range(segment, steps, segment))],
        "ideal": curve.ideal_bits,
        "payload": _payload_bits(path),
        "file_bits": 8 * curve.file_bytes,
        "curve": thinned(curve.nats.mean(axis=1) / np.log(2)),
        "restored": archive.restored_elsewhere(path) == curve.digest,
    }


def _payload_bits(path: Path) -> list[int]:
    """Return the payload bits of each segment of a file of the laboratory (`foretell.lab.archive`)."""
    content = path.read_bytes()
    at, found = content.index(b"\n") + 1, []
    while at < len(content):
        _, size, _ = struct.unpack_from("<III", content, at)
        found.append(8 * size)
        at += 12 + size
    return found


def judge(figures: Figures) -> list[Check]:
    """Within 2 bits a stream and quantisation, whole bytes and all."""
    checks = []
    for name, one in figures.items():
        streams, payload, size = len(one["payload"]), sum(one["payload"]), sum(one["area"])
        allowed = QUANTISATION if "ideal" in one else 0
        over = (payload - size * (1 + allowed)) / streams - 7
        under = (size * (1 - allowed) - payload) / streams
        totals = f"payload {payload} bits, area {size:.1f}, {streams} streams"
        checks += [
            Check(f"{name} ({totals}): bits a stream over the area and quantisation", over, high=2),
            Check(f"{name}: bits a stream under the area less quantisation", under, high=2),
        ]
        if "ideal" in one:
            checks.append(
                Check(
                    f"{name}: bits a stream between the coder's probabilities and the training pass's",
                    abs(one["ideal"] - size) / streams,
                    high=2,
                )
            )
    restored = [one["restored"] for one in figures.values()]
    checks.append(Check("share of files restored by another process", sum(restored) / len(restored), 1, 1))
    return checks


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Draw the loss curves, with the areas under them."""
    return {
        name.replace(", ", "_").replace(" ", "_").lower(): plots.loss_curve(
            one["curve"],
            one["tokens"],
            None,
            title=f"{name}: area {sum(one['area']):.1f} bits, payload {sum(one['payload'])} bits",
            x="tokens",
            y="bits a token",
        )
        for name, one in figures.items()
    }


EXPERIMENT = Experiment(
    id="B2",
    name="area",
    claim="The size of a file is the area under the loss curve, within 2 bits a stream and quantisation.",
    sizes={
        "toy": {
            "bytes": 2048,
            "level": 3,
            "network": "1,2,16",
            "batch": 8,
            "steps": 4,
            "segment": 2,
            "float": ["sums"],
        },
        "quick": {
            "bytes": 65_536,
            "level": 5,
            "network": "nano",
            "batch": 32,
            "steps": 60,
            "segment": 20,
            "float": ["sums", "text"],
        },
        "full": {
            "bytes": 262_144,
            "level": 5,
            "network": "nano",
            "batch": 64,
            "steps": 300,
            "segment": 50,
            "float": ["sums", "text"],
        },
    },
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=3,
)
