"""Size against time, of every level and of other compressors: ``foretell-lab compare FILE``."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foretell import models
from foretell.lab import plots
from foretell.lab.contestant_process import FailedError, once
from foretell.lab.contestants import EVERYDAY, OTHERS, Contestant, Foretell, sorted_out
from foretell.lab.machine import machine
from foretell.lab.pareto import label, panel, pareto
from foretell.models import mix_parameters

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LIMIT = 3600  # seconds after which a call has failed
STORED = 7.9  # bits per byte from which on a point would only squeeze the others together (level 0)

Row = dict[str, Any]


def compared(
    data: bytes,
    chosen: Sequence[Contestant],
    folder: Path,
    done: Callable[[str, Row], object] = lambda name, row: None,
) -> dict[str, Row]:
    """Compress with each, restore in another process, compare; return what `row` does of each by name.

    Parameters
    ----------
    data : bytes
    chosen : sequence of Contestant
    folder : Path
        Where temporary files go.
    done : callable, optional
        Called with each name and its row as they come.
    """
    rows: dict[str, Row] = {}
    with tempfile.TemporaryDirectory(dir=folder) as name:
        plain = Path(name) / "plain"
        plain.write_bytes(data)
        for contestant in chosen:
            try:
                rows[contestant.name] = row(len(data), once(contestant, plain, 1, LIMIT), operations(contestant, data))
            except FailedError as error:
                rows[contestant.name] = {"restored": False, "error": str(error)}
            done(contestant.name, rows[contestant.name])
    return rows


def row(raw_bytes: int, outcome: Mapping[str, Any], operations_a_byte: int | None = None) -> Row:
    """Return the figures of a contestant that has restored what it compressed.

    Seconds are those of the processor, one thread, on which energy depends; what waits on a disk or on other processes
    does not count. A tool's include its start.
    """
    seconds = max(float(outcome["encode_cpu_seconds"]), 1e-4)
    saved = 8 * (raw_bytes - outcome["file_bytes"])
    return {
        "restored": True,
        "file_bytes": outcome["file_bytes"],
        "bits_per_byte": 8 * outcome["file_bytes"] / max(raw_bytes, 1),
        "encode_seconds": seconds,
        "decode_seconds": max(float(outcome["decode_cpu_seconds"]), 1e-4),
        "bytes_per_second": raw_bytes / seconds,
        "saved_bits_per_second": saved / seconds,
        "operations_a_byte": operations_a_byte,
        "saved_bits_an_operation": saved / (raw_bytes * operations_a_byte) if operations_a_byte and raw_bytes else None,
    }


def operations(contestant: Contestant, data: bytes) -> int | None:
    """Return the network's multiplications for each byte at a level that has one; None where there is no network."""
    if not isinstance(contestant, Foretell) or not contestant.level:
        return None
    return mix_parameters.for_level(contestant.level, len(data), models.MAX_MEMORY).work or None


def front(rows: Mapping[str, Row]) -> set[str]:
    """Return the names of those that no other beats: as quick and smaller, or quicker and as small."""
    return pareto(_points(rows))


def picture(rows: Mapping[str, Row], title: str) -> Figure:
    """Draw size against speed, with the Pareto front."""
    figure, axes = plots.canvas(title, "bytes per second of the processor (more is better)", "bits per byte", high=4.8)
    points = {name: point for name, point in _points(rows).items() if point[1] < STORED}
    panel(axes, points)
    figure.canvas.draw()  # places are known from here on
    label(axes, points)
    return figure


def _points(rows: Mapping[str, Row]) -> dict[str, tuple[float, float]]:
    return {name: (one["bytes_per_second"], one["bits_per_byte"]) for name, one in rows.items() if one["restored"]}


HEADER = f"{'':<26}{'bytes':>12}{'bits/byte':>10}{'s, there':>10}{'s, back':>10}{'bits saved/s':>14}  front"


def line(name: str, one: Row, on_front: bool = False) -> str:
    """Return a row of the table for people."""
    if not one["restored"]:
        return f"{name:<26}FAILED: {one['error']}"
    return (
        f"{name:<26}{one['file_bytes']:>12,}{one['bits_per_byte']:>10.3f}{one['encode_seconds']:>10.3f}"
        f"{one['decode_seconds']:>10.3f}{one['saved_bits_per_second']:>14.4g}{'  *' if on_front else ''}"
    )


def command(file: Path, out: Path, levels: Sequence[int], quiet: bool = False) -> int:
    """Be ``foretell-lab compare``: print the table, write compare.json and compare.png; return the exit status."""
    from tqdm import tqdm

    data = file.read_bytes()
    if not data:
        raise ValueError(f"{file}: empty, so there is nothing to compare")
    chosen, missing = sorted_out([*map(Foretell, levels), *EVERYDAY, *OTHERS])
    out.mkdir(parents=True, exist_ok=True)
    with tqdm(total=len(chosen), unit="compressor", disable=quiet, leave=False) as bar:
        rows = compared(data, chosen, out, lambda name, row: bar.update())
    best = front(rows)
    print(f"{file}, {len(data):,} bytes; every archive restored by another process and compared; one thread")
    print(HEADER)
    for name, one in sorted(rows.items(), key=lambda item: item[1].get("file_bytes", 0)):
        print(line(name, one, name in best))
    for name, obtain in missing.items():
        print(f"not installed: {name} ({obtain})")
    kept = {"file": file.name, "bytes": len(data), "front": sorted(best), "rows": rows, "machine": machine()}
    (out / "compare.json").write_text(json.dumps(kept, indent=1) + "\n")
    plots.save(picture(rows, f"{file.name}, {len(data):,} bytes: size against speed"), out / "compare.png")
    return 0 if all(one["restored"] for one in rows.values()) else 1
