"""`PlainReader`: the plain bytes of a whole file of concatenated frames, in pieces."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from foretell.decompressor import Decompressor
from foretell.errors import Error, TruncatedError

if TYPE_CHECKING:
    from foretell.models.base import Pretrained, Progress

CHUNK = 1 << 16
"""Bytes of a file that are read at a time."""


class PlainReader:
    """Decode frame after frame.

    Parameters
    ----------
    source : callable
        `source(n)` returns 1 to n bytes of the file, none at its end.
    device, memory, model, progress
        As for `Decompressor`.
    """

    def __init__(
        self,
        source: Callable[[int], bytes | memoryview],
        *,
        device: str = "cpu",
        memory: int | None = None,
        model: Pretrained | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._source = source
        self._device = device
        self._memory = memory
        self._model = model
        self._progress = progress
        self._decompressor: Decompressor | None = None
        self._given = 0  # bytes taken from the source
        # Raised again by every later call. Not the exception itself: its traceback holds the model, and us.
        self._error: tuple[type[Error], str] | None = None

    def read(self, limit: int) -> bytes:
        """Return 1 to `limit` (at least 1) plain bytes, none at the end of the last frame.

        Raises
        ------
        TruncatedError
            If the source ends inside a frame, or holds none.
        CorruptError, UnsupportedError, ModelMismatchError
            As `Decompressor.decompress`.
        """
        if self._error is not None:
            kind, message = self._error
            raise kind(message)
        try:
            return self._read(limit)
        except Error as error:
            self._error = type(error), str(error)
            self._decompressor = None
            raise

    def _read(self, limit: int) -> bytes:
        while True:
            frame = self._decompressor
            data: bytes | memoryview = b""
            if frame is None or frame.eof:
                data = frame.unused_data if frame else b""
                offset = self._given - len(data)
                data = data or self._take()
                if not data:
                    if frame is None:
                        raise TruncatedError("byte 0: no data, not even a header; an empty file is not an archive")
                    return b""
                frame = Decompressor(
                    device=self._device,
                    memory=self._memory,
                    model=self._model,
                    offset=offset,
                    progress=self._progress,
                )
                self._decompressor = frame
            elif frame.needs_input:
                data = self._take()
                if not data:
                    frame.finish()
            plain = frame.decompress(data, limit)
            if plain:
                return plain

    def _take(self) -> bytes | memoryview:
        data = self._source(CHUNK)
        self._given += len(data)
        return data
