"""One-shot `compress` and `decompress`, and the classes behind them, shaped as in PEP 784."""

from __future__ import annotations

from typing import TYPE_CHECKING

from foretell.buffers import byte_view
from foretell.compressor import Compressor
from foretell.decompressor import Decompressor
from foretell.defaults import BLOCK_SIZE, DEFAULT_LEVEL
from foretell.info import frame_info
from foretell.plain_reader import PlainReader

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from foretell.models.base import AnyModel, Pretrained

__all__ = ["BLOCK_SIZE", "DEFAULT_LEVEL", "Compressor", "Decompressor", "PlainReader", "compress", "decompress"]

_PIECE = 1 << 20


def compress(
    data: Buffer,
    level: int = DEFAULT_LEVEL,
    *,
    device: str = "cpu",
    block_size: int = BLOCK_SIZE,
    memory: int | None = None,
    model: AnyModel | Pretrained | None = None,
) -> bytes:
    """Return `data` as one frame. Parameters and errors as for `Compressor`.

    Examples
    --------
    >>> decompress(compress(b"all the same", level=0))
    b'all the same'
    """
    view = byte_view(data)
    compressor = Compressor(level, size=len(view), device=device, block_size=block_size, memory=memory, model=model)
    return compressor.compress(view) + compressor.flush()


def decompress(
    data: Buffer, *, device: str = "cpu", memory: int | None = None, model: Pretrained | None = None
) -> bytes:
    """Return the plain bytes of all frames in `data`.

    All that `frame_info` verifies is verified first, so that damage costs no decoding.

    Parameters
    ----------
    data : bytes-like
        One or more frames and nothing else.
    device, memory, model
        As for `Decompressor`.

    Raises
    ------
    TruncatedError
        If `data` ends inside a frame, or is empty.
    CorruptError, UnsupportedError, ModelMismatchError
        As `Decompressor.decompress`.
    """
    view = byte_view(data)
    frame_info(view)
    position = 0

    def source(count: int) -> memoryview:
        nonlocal position
        piece = view[position : position + count]
        position += len(piece)
        return piece

    reader = PlainReader(source, device=device, memory=memory, model=model)
    return b"".join(iter(lambda: reader.read(_PIECE), b""))
