"""Pictures of ratio.json: size against speed, and bits per byte against bytes seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # after the backend is chosen
from foretell.lab import pareto, plots
from ratio_figures import WAYS, Cases, bits_per_byte, kilobytes_per_second, totals

PANELS = {  # enwik6 is the start of enwik7
    "enwik7": "enwik7, 10 MB of text with markup",
    "dickens-2M": "dickens, 2 MB of English",
    "silesia": "Silesia, 1 MB of each of 12 files",
}
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
        pareto.panel(axes, own)
    for corpus, row in zip(corpora, grid, strict=True):
        row[0].set_ylabel("bits per byte (less is better)")
        for axes, way in zip(row, ("encoding", "decoding"), strict=True):
            axes.set_title(f"{PANELS.get(corpus, corpus)}: {way}", fontsize=9)
    for axes in grid[-1]:
        axes.set_xlabel("KB/s (more is better)")
    figure.canvas.draw()  # places are known from here on
    for axes, own in points.items():
        pareto.label(axes, own)
    plots.save(figure, target)
    plt.close(figure)


def _points(rows: Mapping[str, Mapping[str, Any]], way: str) -> dict[str, tuple[float, float]]:
    return {
        name: (kilobytes_per_second(row, way), bits_per_byte(row))
        for name, row in rows.items()
        if bits_per_byte(row) < STORED
    }


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
    plots.save(figure, target)
    plt.close(figure)
