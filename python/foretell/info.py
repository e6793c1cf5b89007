"""`frame_info`: what a file says about itself, without decoding, NumPy or torch."""

from __future__ import annotations

import builtins
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast

from foretell.buffers import byte_view
from foretell.container import Block, Header
from foretell.errors import TruncatedError, UnsupportedError
from foretell.frame_reader import FrameReader

if TYPE_CHECKING:
    from typing_extensions import Buffer

_CHUNK = 1 << 16


@dataclass(frozen=True)
class FrameInfo:
    """One frame of a file.

    Attributes
    ----------
    offset : int
        Position of the frame in the file.
    file_bytes, raw_bytes, payload_bytes : int
        Bytes of the whole frame; plain bytes; bytes of the payloads alone, of stored blocks too.
    blocks, coded_blocks : int
        Number of blocks, and of those that are not stored.
    numerics, model : str
        Numerics class and name of the model, both empty where the frame needs none.
    parameters : tuple of int
        The model's integers.
    weights : bytes
        SHA-256 of the trained model that decoding needs, of a brief frame its first 8 bytes; empty if it needs none.
    fingerprint : tuple of (str, str)
        What the model ran on, where it computes in floats (numerics class "native"); empty otherwise.
    block_size : int
        The most plain bytes a block may hold.
    size : int or None
        Plain bytes as the header states them, None if it does not.
    """

    offset: int
    file_bytes: int
    raw_bytes: int
    payload_bytes: int
    blocks: int
    coded_blocks: int
    numerics: str
    model: str
    parameters: tuple[int, ...]
    weights: bytes
    fingerprint: tuple[tuple[str, str], ...]
    block_size: int
    size: int | None

    @property
    def memory(self) -> int | None:
        """Bytes that decoding needs for the model, at most; 0 without one, None if that is unknown here."""
        from foretell import models

        if not self.model:
            return 0
        names = models.PARAMETER_NAMES.get(self.model, ())
        if len(names) != len(self.parameters):
            return None
        try:
            return models.memory_of(self.model, dict(zip(names, self.parameters, strict=True)))
        except UnsupportedError:
            return None


def frame_info(source: Buffer | str | os.PathLike[str] | IO[bytes]) -> list[FrameInfo]:
    """Return what each frame of `source` says about itself.

    Reads all of it, since frames have no index, and verifies all checksums but those of the plain bytes. Memory: one
    block. No model is built.

    Parameters
    ----------
    source : bytes-like, path or binary file object
        One or more frames and nothing else. A file object is read from where it stands to its end.

    Returns
    -------
    list of FrameInfo

    Raises
    ------
    CorruptError, TruncatedError, UnsupportedError
        As `foretell.decompress`.
    """
    if isinstance(source, (str, os.PathLike)):
        with builtins.open(source, "rb") as file:
            return list(_frames(file.read))
    read = getattr(source, "read", None)
    if read is None:
        read = io.BytesIO(byte_view(cast("Buffer", source))).read
    return list(_frames(read))


def _frames(read: Callable[[int], bytes]) -> Iterator[FrameInfo]:
    data = read(_CHUNK)
    if not data:
        raise TruncatedError("byte 0: no data, not even a header; an empty file is not an archive")
    offset = 0
    while data:
        info, data = _frame(read, data, offset)
        offset += info.file_bytes
        data = data or read(_CHUNK)
        yield info


def _frame(read: Callable[[int], bytes], data: bytes, offset: int) -> tuple[FrameInfo, bytes]:
    """Return the frame that starts with `data`, and the bytes behind it that were read."""
    reader = FrameReader(offset)
    reader.feed(data)
    header = Header("", "", 1, None)
    payload_bytes = blocks = coded_blocks = 0
    while True:
        element = reader.next()
        if element is None:
            data = read(_CHUNK)
            if not data:
                raise reader.truncated()
            reader.feed(data)
        elif isinstance(element, Header):
            header = element
        elif isinstance(element, Block):
            blocks += 1
            coded_blocks += element.coded
            payload_bytes += len(element.payload)
        else:
            break
    info = FrameInfo(
        offset=offset,
        file_bytes=element.offset - offset,
        raw_bytes=element.total,
        payload_bytes=payload_bytes,
        blocks=blocks,
        coded_blocks=coded_blocks,
        numerics=header.numerics,
        model=header.model,
        parameters=header.parameters,
        weights=header.weights,
        fingerprint=header.fingerprint,
        block_size=header.block_size,
        size=header.size,
    )
    return info, reader.rest()
