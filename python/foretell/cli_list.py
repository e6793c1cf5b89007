"""`foretell -l`: what files say about themselves, without decoding."""

from __future__ import annotations

from foretell import FrameInfo
from foretell.container import digest_text

_ROW = "{:>7} {:>7} {:>15} {:>15} {:>6}  {:<12} {}"
_TITLE = _ROW.format("Frames", "Blocks", "Compressed", "Uncompressed", "Ratio", "Model", "File")


class Listing:
    """Collects rows, for a line of totals at the end.

    Parameters
    ----------
    verbose : bool
        Describe each frame below its file.
    """

    def __init__(self, *, verbose: bool) -> None:
        self._verbose = verbose
        self._all: list[FrameInfo] = []
        self._files = 0

    def add(self, name: str, frames: list[FrameInfo]) -> str:
        """Return the lines for one file."""
        lines = [] if self._files else [_TITLE]
        self._files += 1
        self._all += frames
        lines.append(_row(name, frames))
        if self._verbose:
            lines += [f"  {_describe(frame)}" for frame in frames]
        return "\n".join(lines)

    def totals(self) -> str:
        """Return the last line, empty for fewer than two files."""
        return _row(f"({self._files} files)", self._all) if self._files > 1 else ""


def _row(name: str, frames: list[FrameInfo]) -> str:
    file_bytes = sum(frame.file_bytes for frame in frames)
    raw_bytes = sum(frame.raw_bytes for frame in frames)
    models = {frame.model or "stored" for frame in frames}
    return _ROW.format(
        len(frames),
        sum(frame.blocks for frame in frames),
        file_bytes,
        raw_bytes,
        f"{file_bytes / raw_bytes:.3f}" if raw_bytes else "---",
        models.pop() if len(models) == 1 else "several",
        name,
    )


def _describe(frame: FrameInfo) -> str:
    numerics = f" ({frame.numerics})" if frame.numerics else ""
    parameters = f", parameters {' '.join(map(str, frame.parameters))}" if frame.parameters else ""
    weights = f", trained, SHA-256 {digest_text(frame.weights)}" if frame.weights else ""
    made_on = "".join(f", {key} {value}" for key, value in frame.fingerprint)
    memory = "unknown" if frame.memory is None else f"{-(-frame.memory >> 20)} MiB"
    return (
        f"frame at byte {frame.offset}: {frame.file_bytes} bytes for {frame.raw_bytes}, "
        f"{frame.payload_bytes} of payload, {frame.coded_blocks} of {frame.blocks} blocks coded, "
        f"block size {frame.block_size}, size {'unknown' if frame.size is None else frame.size} in the header, "
        f"model {frame.model or 'none'}{numerics}{parameters}{weights}{made_on}, memory to decode it {memory}"
    )
