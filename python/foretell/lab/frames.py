"""foretell's own files in experiments: written, restored by the command in a process of its own, compared."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import foretell
from foretell.defaults import BLOCK_SIZE, DEFAULT_LEVEL
from foretell.lab.elsewhere import decompressed

if TYPE_CHECKING:
    from foretell.models import AnyModel


@dataclass(frozen=True)
class Frame:
    """A file that was written.

    Attributes
    ----------
    raw_bytes, file_bytes : int
        Size of what went in, and of the file.
    ideal_bits : float
        The area under the loss curve.
    restored : bool
        Whether another process made the same bytes of it.
    """

    raw_bytes: int
    file_bytes: int
    ideal_bits: float
    restored: bool

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return asdict(self)


def written(
    path: Path,
    data: bytes,
    level: int = DEFAULT_LEVEL,
    *,
    model: AnyModel | None = None,
    block_size: int = BLOCK_SIZE,
) -> tuple[Frame, list[tuple[int, float]]]:
    """Compress to a file, and let the command restore it; return sizes, and bytes and ideal bits of each block."""
    compressor = foretell.Compressor(level, size=len(data), model=model, block_size=block_size)
    path.write_bytes(compressor.compress(data) + compressor.flush())
    meter = compressor.meter
    restored = decompressed(path.read_bytes()) == data
    return Frame(len(data), path.stat().st_size, meter.ideal_bits, restored), meter.blocks
