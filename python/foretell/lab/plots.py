"""The pictures that experiments share, drawn from figures alone."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from foretell.lab.instruments import Floats

INK, FLOOR, AREA = "#34495e", "#c0392b", "#aed6f1"

Curves = Mapping[str, Sequence[float]]


def save(figure: Figure, target: Path, dpi: int = 90) -> None:
    """Write a figure as PNG of few colours: a picture on a page or in a repository should be small."""
    from PIL import Image  # matplotlib needs it too

    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=dpi)
    few = Image.open(drawn).convert("RGB").quantize(128, Image.Quantize.MAXCOVERAGE)
    few.save(target, format="PNG", optimize=True)


def canvas(title: str, x: str, y: str, *, wide: float = 7.2, high: float = 4.2) -> tuple[Figure, Axes]:
    """Return a figure of one panel; no window system is needed."""
    from matplotlib.figure import Figure

    figure = Figure((wide, high), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, fontsize=10)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def evenly(count: int, last: float) -> Floats:
    """Return the middles of `count` equal parts of 0..last: where the points of a thinned curve lie."""
    return np.asarray((np.arange(count) + 0.5) * last / max(count, 1))


def loss_curve(curve: Sequence[float], last: float, floor: float | None, *, title: str, x: str, y: str) -> Figure:
    """Draw a loss curve with the area under it, the size of the file, and the floor, which nothing can save."""
    figure, axes = canvas(title, x, y)
    at = evenly(len(curve), last)
    below = np.zeros(len(curve)) if floor is None else np.minimum(curve, floor)
    axes.fill_between(at, below, curve, color=AREA, label="can be learned (epistemic)" if floor is not None else "size")
    if floor is not None:
        axes.fill_between(at, 0, below, color=AREA, alpha=0.4, label="cannot (aleatoric)")
        axes.axhline(floor, color=FLOOR, lw=1, ls="--", label=f"entropy {floor:.4g}")
    axes.plot(at, curve, color=INK, lw=1)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=8)
    return figure


def many_curves(
    curves: Curves,
    last: float,
    *,
    title: str,
    x: str,
    y: str,
    marks: Mapping[str, tuple[float, float]] | None = None,
    log: str = "",
    levels: Mapping[str, float] | None = None,
) -> Figure:
    """Draw curves of one length; `marks` shades the falls of some, from and to; `levels` are lines with a name."""
    from matplotlib import colormaps

    figure, axes = canvas(title, x, y)
    colours = colormaps["viridis"](np.linspace(0, 0.9, max(len(curves), 2)))
    for (name, curve), colour in zip(curves.items(), colours, strict=False):
        axes.plot(evenly(len(curve), last), curve, color=colour, lw=1.2, label=name)
        if marks and name in marks:
            axes.axvspan(*marks[name], color=colour, alpha=0.15, lw=0)
    _finish(axes, levels, log)
    axes.legend(frameon=False, fontsize=7, ncols=2 if len(curves) > 6 else 1)
    return figure


def bars(values: Mapping[str, float], *, title: str, y: str, levels: Mapping[str, float] | None = None) -> Figure:
    """Draw one bar a name."""
    figure, axes = canvas(title, "", y)
    drawn = axes.bar(list(values), list(values.values()), color=INK, width=0.6)
    axes.bar_label(drawn, fmt="{:.4g}", fontsize=8)
    _finish(axes, levels)
    if levels:
        axes.legend(frameon=False, fontsize=8)
    if len(values) > 5:
        axes.set_xticks(range(len(values)), list(values), rotation=30, ha="right", fontsize=8)
    return figure


def lines(
    x: Sequence[float],
    series: Mapping[str, Sequence[Any]],
    *,
    title: str,
    x_label: str,
    y_label: str,
    log: str = "",
    levels: Mapping[str, float] | None = None,
) -> Figure:
    """Draw series over the same x, with points; None leaves a gap."""
    figure, axes = canvas(title, x_label, y_label)
    for name, values in series.items():
        axes.plot(x, [np.nan if value is None else value for value in values], marker="o", ms=4, lw=1.2, label=name)
    _finish(axes, levels, log)
    axes.legend(frameon=False, fontsize=8)
    return figure


def _finish(axes: Axes, levels: Mapping[str, float] | None, log: str = "") -> None:
    """Draw lines with a name, and make axes logarithmic."""
    for name, level in (levels or {}).items():
        axes.axhline(level, color=FLOOR, lw=1, ls="--", label=name)
    if "x" in log:
        axes.set_xscale("log")
    if "y" in log:
        axes.set_yscale("log")
