"""The area under the curve of people's own data: what a file costs while a model learns it, and where that leads."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import foretell
from foretell import models
from foretell.lab import elsewhere, plots
from foretell.lab.instruments import ratio, thinned
from foretell.models import ngram_parameters

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from foretell.models import AnyModel


def block_size(size: int) -> int:
    """Return bytes a point of the curve: some hundred points, of 4 KiB at least where the file is not short.

    Each block is coded by itself, so small ones make the file a little larger.
    """
    wanted = min(max(min(4096, size // 16), size // 256, 1), foretell.BLOCK_SIZE)
    blocks = -(-size // wanted)
    return -(-size // blocks)  # so that the last one is no shorter than the others, by much


def model_of(wanted: str, size: int) -> AnyModel:
    """Return an untrained model for so many bytes: of a level, ``"1"`` to ``"9"``, or ``"ngram"``."""
    if wanted == "ngram":
        return models.build(ngram_parameters.NAME, asdict(ngram_parameters.Parameters()))
    return models.for_level(int(wanted), size)


def measured(data: bytes, wanted: str = str(foretell.DEFAULT_LEVEL)) -> dict[str, Any]:
    """Compress data and restore it in another process; return the sizes and the curves.

    Parameters
    ----------
    data : bytes
        At least one.
    wanted : str
        See `model_of`.

    Returns
    -------
    dict
        ``ideal_bits`` is the area under ``bits_per_byte``, both as the model gave them; ``ratio`` is r_n, with m = 256
        and without the program; ``at`` has the bytes at which both stand.
    """
    if not data:
        raise ValueError("an empty file has no curve")
    size, model = block_size(len(data)), model_of(wanted, len(data))
    compressor = foretell.Compressor(size=len(data), block_size=size, model=model)
    frame = compressor.compress(data) + compressor.flush()
    meter = compressor.meter
    blocks = np.array(meter.blocks)
    seen, bits = np.cumsum(blocks, axis=0).T
    tenth = 0.9 * len(data)
    before = np.interp(tenth, np.append(0, seen), np.append(0, bits))
    last = float(bits[-1] - before) / (len(data) - tenth)
    return {
        "model": model.name,
        "wanted": wanted,
        "bytes": len(data),
        "block_bytes": size,
        "ideal_bits": meter.ideal_bits,
        "payload_bits": meter.payload_bits,
        "file_bytes": meter.file_bytes,
        "restored": elsewhere.decompressed(frame) == data,
        "last_tenth": last,
        "last_ratio": float(ratio(last, 1, 256)),
        "bits_per_byte": thinned(blocks[:, 1] / blocks[:, 0]),
        "ratio": thinned(ratio(bits, seen, 256)),
        "at": thinned(seen),
    }


def as_text(figures: dict[str, Any]) -> str:
    """Return the figures in lines for people."""
    count = figures["bytes"]
    sizes = {
        "area under the curve": figures["ideal_bits"],
        "payload": figures["payload_bits"],
        "file": 8 * figures["file_bytes"],
    }
    lines = [f"{count} bytes, model {figures['model']}, blocks of {figures['block_bytes']} bytes"]
    lines += [f"  {name:21} {bits:14.1f} bits  {bits / count:.4f} bits/byte" for name, bits in sizes.items()]
    lines += [
        f"  saved so far, r_n     {figures['ratio'][-1]:14.4f}",
        f"  last tenth            {figures['last_tenth']:14.4f} bits/byte; r goes to {figures['last_ratio']:.4f}",
        f"  restored by another process: {'yes' if figures['restored'] else 'NO'}",
    ]
    return "\n".join(lines)


def drawn(figures: dict[str, Any]) -> dict[str, Figure]:
    """Return the loss curve with its area, and r_n."""
    x = "bytes"
    return {
        "area": plots.loss_curve(
            figures["bits_per_byte"],
            figures["bytes"],
            None,
            title=f"{figures['bytes']} bytes become {figures['file_bytes']}: the area under the curve",
            x=x,
            y="bits/byte",
        ),
        "ratio": plots.lines(
            figures["at"],
            {"r_n": figures["ratio"]},
            title="Share saved of the first n bytes",
            x_label=x,
            y_label="r_n",
            levels={"where the last tenth leads": figures["last_ratio"]},
        ),
    }


def write(figures: dict[str, Any], folder: Path) -> None:
    """Write ``area.json`` and the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "area.json").write_text(json.dumps(figures, indent=1) + "\n")
    for name, figure in drawn(figures).items():
        plots.save(figure, folder / f"{name}.png")
