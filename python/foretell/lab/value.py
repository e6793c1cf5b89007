"""What data is worth for other data: bits(T) - bits(T | D), measured with the levels' models, which are exact.

``bits(T | D)`` is what T adds to the cost of D when both are one stream: the model reads D first and keeps what it has
learned, for blocks of a frame share it. All costs are with tables of one size, and each is that of a real file, which
another process restores.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import foretell
from foretell import models
from foretell.lab.elsewhere import decompressed


@dataclass(frozen=True)
class Cost:
    """What some bytes cost.

    Attributes
    ----------
    bits : float
        Ideal: the sum of -log2 of the probabilities.
    file_bytes : int
        Size of the file.
    restored : bool
        Whether another process got the bytes back from the file.
    """

    bits: float
    file_bytes: int
    restored: bool


@dataclass(frozen=True)
class Value:
    """What D is worth for T, in bits; negative where D misleads.

    Attributes
    ----------
    alone, data, both : Cost
        Of T, of D, and of D with T after it.
    """

    alone: Cost
    data: Cost
    both: Cost

    @property
    def given(self) -> float:
        """bits(T | D)."""
        return self.both.bits - self.data.bits

    @property
    def bits(self) -> float:
        """bits(T) - bits(T | D)."""
        return self.alone.bits - self.given

    @property
    def share(self) -> float:
        """The value as a share of bits(T)."""
        return self.bits / self.alone.bits

    @property
    def file_bits(self) -> int:
        """The value from the sizes of the files, which are whole bytes and have headers."""
        return 8 * (self.alone.file_bytes + self.data.file_bytes - self.both.file_bytes)

    @property
    def restored(self) -> bool:
        """Whether all three files were restored."""
        return self.alone.restored and self.data.restored and self.both.restored

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        kept = {key: getattr(self, key) for key in ("given", "bits", "share", "file_bits", "restored")}
        return {**kept, **asdict(self)}

    def __str__(self) -> str:
        """Return it in lines for people."""
        return (
            f"target alone       {self.alone.bits:14.1f} bits  ({self.alone.file_bytes} bytes as a file)\n"
            f"target after data  {self.given:14.1f} bits\n"
            f"value of the data  {self.bits:14.1f} bits, {100 * self.share:.2f} % of the target "
            f"({self.file_bits} bits by the files' sizes)\n"
            f"restored by another process: {'yes' if self.restored else 'NO'}"
        )


def cost(data: bytes, level: int, room: int) -> Cost:
    """Compress data with the tables that `room` bytes get, and restore it.

    Parameters
    ----------
    data : bytes
    level : int
        1..9.
    room : int
        Bytes of the longest stream that is compared.
    """
    compressor = foretell.Compressor(size=len(data), model=models.for_level(level, room))
    frame = compressor.compress(data) + compressor.flush()
    return Cost(compressor.meter.ideal_bits, len(frame), decompressed(frame) == data)


def value(data: bytes, target: bytes, level: int = foretell.DEFAULT_LEVEL) -> Value:
    """Return what `data` is worth for `target`, at a level of 1..9.

    Raises
    ------
    ValueError
        There is no target.
    """
    if not target:
        raise ValueError("the target is empty")
    room = len(data) + len(target)
    return Value(*(cost(part, level, room) for part in (target, data, data + target)))


def write(found: Value, folder: Path) -> None:
    """Write ``value.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "value.json").write_text(json.dumps(found.as_dict(), indent=1) + "\n")
