"""Pictures of ratio.json: size against speed, and bits per byte against bytes seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # after the backend is chosen
from matplotlib.axes import Axes
from ratio_figures import WAYS, Cases, bits_per_byte, kilobytes_per_second, pareto, totals

PANELS = {
    "enwik6": "enwik6, 1 MB of text with markup",
    "enwik7": "enwik7, 10 MB of text with markup",
    "dickens-2M": "dickens, 2 MB of English",
    "silesia": "Silesia, 1 MB of each of 12 files",
}
OURS, OTHERS = "#c0392b", "#34495e"
LABEL = 7.5  # points


def sizes_and_speeds(cases: Cases, target: Path) -> None:
    """Draw a column for each corpus that is there, encoding above decoding."""
    corpora = [one for one in PANELS if totals(cases, one)] or sorted({case["corpus"] for case in cases.values()})
    figure, grid = plt.subplots(
        2, len(corpora), figsize=(4.6 * len(corpora), 7.6), squeeze=False, sharey="col", layout="constrained"
    )
    for column, corpus in enumerate(corpora):
        rows = totals(cases, corpus)
        for axes, way in zip(grid[:, column], WAYS, strict=True):
            _panel(axes, rows, way)
            axes.set_title(f"{PANELS.get(corpus, corpus)}: {way[:-1]}ing", fontsize=9)
    for axes in grid[:, 0]:
        axes.set_ylabel("bits per byte (less is better)")
    for axes in grid[1]:
        axes.set_xlabel("KB/s (more is better)")
    figure.canvas.draw()  # places are known from here on
    for column, corpus in enumerate(corpora):
        for axes, way in zip(grid[:, column], WAYS, strict=True):
            _label(axes, _points(totals(cases, corpus), way))
    figure.savefig(target, dpi=85)
    plt.close(figure)


def _points(rows: Mapping[str, Mapping[str, Any]], way: str) -> dict[str, tuple[float, float]]:
    return {name: (kilobytes_per_second(row, way), bits_per_byte(row)) for name, row in rows.items()}


def _panel(axes: Axes, rows: Mapping[str, Mapping[str, Any]], way: str) -> None:
    points = _points(rows, way)
    front = pareto(points)
    line = sorted(points[name] for name in front)
    axes.plot(*zip(*line, strict=True), color="0.75", zorder=1, linewidth=1.2, drawstyle="steps-post")
    levels = sorted((name for name in points if name.startswith("foretell")), key=lambda name: points[name])
    axes.plot(*zip(*(points[name] for name in levels), strict=True) if levels else ([], []), color=OURS, alpha=0.3)
    for name, (x, y) in points.items():
        colour = OURS if name.startswith("foretell") else OTHERS
        axes.scatter(x, y, s=32, zorder=2, edgecolors=colour, facecolors=colour if name in front else "white")
    axes.set_xscale("log")
    axes.margins(x=0.22, y=0.08)
    axes.grid(which="major", color="0.92")
    axes.set_axisbelow(True)


def _label(axes: Axes, points: Mapping[str, tuple[float, float]]) -> None:
    """Write each name beside its point, moved up or down until it covers no other point or name."""
    scale = axes.figure.dpi / 72
    taken = [(x - 3 * scale, y - 3 * scale, x + 3 * scale, y + 3 * scale) for x, y in map(_at(axes), points.values())]
    for name, point in sorted(points.items(), key=lambda item: item[1][1]):
        x, y = _at(axes)(point)
        shown = name.removeprefix("foretell ") if name.startswith("foretell") else name
        width, height = 0.58 * LABEL * scale * len(shown), 1.25 * LABEL * scale
        best = min(
            (
                (_covered(box, taken) + abs(lift) * 0.5, side, lift, box)
                for side in (1, -1)
                for lift in (0, 7, -7, 12, -12, 18, -18, 25, -25)
                for box in [_box(x + side * 6 * scale, y + lift * scale, side * width, height)]
            ),
            key=lambda option: option[:2],
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
        ).set_in_layout(False)  # or the places above would move


def _at(axes: Axes) -> Any:
    return lambda point: tuple(axes.transData.transform(point))


def _box(x: float, y: float, width: float, height: float) -> tuple[float, float, float, float]:
    return min(x, x + width), y - height / 2, max(x, x + width), y + height / 2


def _covered(box: tuple[float, float, float, float], taken: Sequence[tuple[float, float, float, float]]) -> float:
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
    figure.savefig(target, dpi=85)
    plt.close(figure)
