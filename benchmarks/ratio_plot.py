"""Pictures of ratio.json: size against speed, and bits per byte against bytes seen."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # after the backend is chosen
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from PIL import Image  # matplotlib needs it too
from ratio_figures import WAYS, Cases, bits_per_byte, kilobytes_per_second, pareto, totals

PANELS = {  # enwik6 is the start of enwik7
    "enwik7": "enwik7, 10 MB of text with markup",
    "dickens-2M": "dickens, 2 MB of English",
    "silesia": "Silesia, 1 MB of each of 12 files",
}
OURS, OTHERS = "#c0392b", "#34495e"
LABEL = 7.5  # points
STORED = 7.5  # bits per byte from which on a point would only squeeze the others together (level 0)


def sizes_and_speeds(cases: Cases, target: Path) -> None:
    """Draw a row for each corpus that is there: encoding to the left, decoding to the right."""
    corpora = [one for one in PANELS if totals(cases, one)] or sorted({case["corpus"] for case in cases.values()})
    figure, grid = plt.subplots(
        len(corpora), 2, figsize=(9.6, 3.6 * len(corpora)), squeeze=False, sharey="row", layout="constrained"
    )
    points = {
        axes: _points(totals(cases, corpus), way)
        for corpus, row in zip(corpora, grid, strict=True)
        for axes, way in zip(row, WAYS, strict=True)
    }
    for axes, own in points.items():
        _panel(axes, own)
    for corpus, row in zip(corpora, grid, strict=True):
        row[0].set_ylabel("bits per byte (less is better)")
        for axes, way in zip(row, ("encoding", "decoding"), strict=True):
            axes.set_title(f"{PANELS.get(corpus, corpus)}: {way}", fontsize=9)
    for axes in grid[-1]:
        axes.set_xlabel("KB/s (more is better)")
    figure.canvas.draw()  # places are known from here on
    for axes, own in points.items():
        _label(axes, own)
    _save(figure, target)


def _save(figure: Figure, target: Path) -> None:
    """Write few colours: a picture in a repository should be small."""
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=90)
    plt.close(figure)
    Image.open(drawn).convert("RGB").quantize(128, Image.Quantize.MAXCOVERAGE).save(target, format="PNG", optimize=True)


def _points(rows: Mapping[str, Mapping[str, Any]], way: str) -> dict[str, tuple[float, float]]:
    return {
        name: (kilobytes_per_second(row, way), bits_per_byte(row))
        for name, row in rows.items()
        if bits_per_byte(row) < STORED
    }


def _panel(axes: Axes, points: Mapping[str, tuple[float, float]]) -> None:
    front = pareto(points)
    line = sorted(points[name] for name in front)
    ours = sorted(point for name, point in points.items() if name.startswith("foretell"))
    if line:  # to the left of a point all slower speeds have its size too
        axes.plot(*zip(*line, strict=True), color="0.75", zorder=1, linewidth=1.2, drawstyle="steps-pre")
    if ours:
        axes.plot(*zip(*ours, strict=True), color=OURS, alpha=0.3, zorder=1)
    for name, (x, y) in points.items():
        colour = OURS if name.startswith("foretell") else OTHERS
        axes.scatter(x, y, s=32, zorder=2, edgecolors=colour, facecolors=colour if name in front else "white")
    axes.set_xscale("log")
    axes.margins(x=0.18, y=0.12)
    axes.grid(which="major", color="0.92")
    axes.set_axisbelow(True)


def _label(axes: Axes, points: Mapping[str, tuple[float, float]]) -> None:
    """Write each name beside its point, moved up or down until it covers no other point or name, nor the edge."""
    inside = axes.bbox.extents
    scale = axes.figure.dpi / 72
    taken = [(x - 3 * scale, y - 3 * scale, x + 3 * scale, y + 3 * scale) for x, y in map(_at(axes), points.values())]
    for name, point in sorted(points.items(), key=lambda item: item[1][1]):
        x, y = _at(axes)(point)
        shown = name.removeprefix("foretell ") if name.startswith("foretell") else name
        width, height = 0.58 * LABEL * scale * len(shown), 1.25 * LABEL * scale
        best = min(
            (
                (_covered(box, taken) + 3 * (_area(box) - _covered(box, [inside])) + abs(lift) * 0.5, side, lift, box)
                for side in (1, -1)
                for lift in (0, 7, -7, 12, -12, 18, -18, 25, -25)
                for box in [_box(x + side * 6 * scale, y + lift * scale, side * width, height)]
            ),
            key=lambda option: option[0],
        )
        _, side, lift, box = best
        taken.append(box)
        axes.annotate(
            shown,
            point,
            (side * 6, lift),
            textcoords="offset points",
            ha="left" if side > 0 else "right",
            va="center",
            fontsize=LABEL,
            color=OURS if name.startswith("foretell") else OTHERS,
            path_effects=[withStroke(linewidth=2, foreground="white")],
        ).set_in_layout(False)  # or the places above would move


def _at(axes: Axes) -> Any:
    return lambda point: tuple(axes.transData.transform(point))


def _box(x: float, y: float, width: float, height: float) -> tuple[float, float, float, float]:
    return min(x, x + width), y - height / 2, max(x, x + width), y + height / 2


def _area(box: Sequence[float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _covered(box: Sequence[float], taken: Sequence[Sequence[float]]) -> float:
    """Return the area that a box shares with others."""
    return sum(
        max(0.0, min(box[2], one[2]) - max(box[0], one[0])) * max(0.0, min(box[3], one[3]) - max(box[1], one[1]))
        for one in taken
    )


def curves(of_levels: Mapping[str, Sequence[tuple[int, float]]], target: Path) -> None:
    """Draw for each level the bits per byte of each block, and of all up to it, against bytes seen."""
    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    for number, (name, blocks) in enumerate(of_levels.items()):
        seen, spent, ends, means = 0, 0.0, [], []
        for raw, bits in blocks:
            seen, spent = seen + raw, spent + bits
            ends.append(seen / 1e6)
            means.append(spent / seen)
        axes.plot(ends, means, color=f"C{number}", marker="o", markersize=3, label=f"{name}: all so far")
        own = [bits / raw for raw, bits in blocks]
        axes.plot(ends, own, color=f"C{number}", linewidth=0.8, linestyle=":", label=f"{name}: the block alone")
    axes.set_xlabel("MB seen")
    axes.set_ylabel("ideal bits per byte")
    axes.grid(color="0.92")
    if of_levels:
        axes.legend(fontsize=8, frameon=False)
    _save(figure, target)
