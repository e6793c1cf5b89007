"""Which of many compressors are worth their time: the Pareto front, and the picture of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OURS, OTHERS = "#c0392b", "#34495e"
LABEL = 7.5  # points

Key = TypeVar("Key")


def pareto(points: Mapping[Key, tuple[float, float]]) -> set[Key]:
    """Return the keys of the (speed, size) that no other point beats: as fast and smaller, or faster and as small."""

    def beaten(own: tuple[float, float], rivals: Iterable[tuple[float, float]]) -> bool:
        return any(one != own and one[0] >= own[0] and one[1] <= own[1] for one in rivals)

    return {key for key, own in points.items() if not beaten(own, points.values())}


def panel(axes: Axes, points: Mapping[str, tuple[float, float]]) -> None:
    """Draw (speed, size) points with names, and the front; the names come with `label`, once places are known."""
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


def label(axes: Axes, points: Mapping[str, tuple[float, float]]) -> None:
    """Write each name beside its point, moved up or down until it covers no other point or name, nor the edge."""
    from matplotlib.patheffects import withStroke

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
