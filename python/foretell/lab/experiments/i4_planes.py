"""I4: pictures have many bits and little structure: the lowest planes are noise, and cost one bit a pixel each.

A world of pictures whose lowest bits are uniform and whose high bits are a smooth surface. Without its k lowest planes
a picture takes k bits a pixel less, as long as those planes are noise: no compressor, however good, saves any of them.
All that there is to understand lies in the planes above, which take next to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from foretell.lab import frames, plots
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.verdict import Check
from foretell.lab.worlds.images import DEPTH, NoisyImage

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def measure(run: Run) -> Figures:
    """Write every picture without 0, 1, 2 … of its lowest planes: all of the noise, and one plane more."""
    side, worlds = run.settings["side"], []
    total = sum(noise_bits + 2 for noise_bits in run.settings["noise_bits"])
    with run.progress(total, "files", unit="file") as bar:
        for noise_bits in run.settings["noise_bits"]:
            world = NoisyImage(side, side, noise_bits, run.seed)
            files = []
            for planes in range(noise_bits + 2):
                data = (world.pixels >> planes).tobytes()
                frame, _ = frames.written(run.folder / f"noise-{noise_bits}-without-{planes}.fore", data)
                files.append({**frame.as_dict(), "bits_a_pixel": 8 * frame.file_bytes / len(data)})
                bar.update()
            worlds.append({"noise_bits": noise_bits, "entropy": world.entropy, "files": files})
    return {"side": side, "seed": run.seed, "worlds": worlds}


def judge(figures: Figures) -> list[Check]:
    """Within a tenth of a bit a pixel."""
    checks = []
    lost = sum(not file["restored"] for world in figures["worlds"] for file in world["files"])
    for world in figures["worlds"]:
        bits, noise = [file["bits_a_pixel"] for file in world["files"]], world["noise_bits"]
        worst = max(abs(bits[0] - bits[planes] - planes) for planes in range(1, noise + 1))
        name = f"{noise} noisy planes"
        checks.append(Check(f"{name}: bits a pixel that k planes took, less k; the worst k", worst, high=0.1))
        checks.append(Check(f"{name}: bits a pixel of the file less the noise's", bits[0] - world["entropy"], low=0))
    return [*checks, Check("files that another process did not restore", lost, 0, 0)]


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Draw sizes against planes removed, and the planes of the last picture."""
    last = figures["worlds"][-1]
    series = {}
    for world in figures["worlds"]:
        noise, files = world["noise_bits"], [file["bits_a_pixel"] for file in world["files"]]
        series[f"file, {noise} noisy planes"] = [*files, *[None] * (DEPTH - len(files))]
        image = NoisyImage(1, 1, noise)
        series[f"entropy of the noise, {noise} planes"] = [image.entropy_without(planes) for planes in range(DEPTH)]
    sizes = plots.lines(
        list(range(DEPTH)),
        series,
        title="A noisy plane costs a bit a pixel, and no more is to be saved",
        x_label="lowest planes removed",
        y_label="bits a pixel",
    )
    world = NoisyImage(figures["side"], figures["side"], last["noise_bits"], figures["seed"])
    return {"sizes": sizes, "planes": _planes(world)}


def _planes(world: NoisyImage) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure((9.0, 4.8), layout="constrained")
    axes = figure.subplots(2, DEPTH // 2)
    for plane, one in zip(reversed(range(DEPTH)), axes.flat, strict=True):
        one.imshow((world.pixels >> plane) & np.uint8(1), cmap="gray", vmin=0, vmax=1)
        one.set_title(f"plane {plane}{' (noise)' if plane < world.noise_bits else ''}", fontsize=9)
        one.set_axis_off()
    return figure


EXPERIMENT = Experiment(
    id="I4",
    name="planes",
    claim="Each of the lowest planes of a noisy picture takes a bit a pixel, and holds nothing to learn.",
    sizes={
        "toy": {"side": 64, "noise_bits": [1]},
        "quick": {"side": 256, "noise_bits": [2, 4]},
        "full": {"side": 512, "noise_bits": [2, 4]},
    },
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=3,
)
