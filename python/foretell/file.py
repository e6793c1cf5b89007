"""`ForetellFile` and `open`: archives as file objects, after `lzma.LZMAFile` and `lzma.open`."""

from __future__ import annotations

import builtins
import contextlib
import functools
import io
import os
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, cast

from foretell.compressor import Compressor
from foretell.defaults import BLOCK_SIZE, DEFAULT_LEVEL
from foretell.plain_reader import PlainReader

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from foretell.meter import Meter
    from foretell.models.base import AnyModel, Pretrained, Progress

_BUFFER = 1 << 17
_MODES = {"r": "rb", "rb": "rb", "w": "wb", "wb": "wb", "x": "xb", "xb": "xb", "a": "ab", "ab": "ab"}


class _PlainIO(io.RawIOBase):
    """The plain bytes of an archive, as a raw stream; seeks by decoding forward, backward from the start again."""

    def __init__(self, file: IO[bytes], make_reader: Callable[[Callable[[int], bytes]], PlainReader]) -> None:
        self._file = file
        self._make_reader = make_reader
        self._start = file.tell() if self.seekable() else 0
        self._restart()

    def _restart(self) -> None:
        self._reader = self._make_reader(self._file.read)
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._file.seekable() if hasattr(self._file, "seekable") else False

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer).cast("B")
        if not view:
            return 0
        plain = self._reader.read(len(view))
        view[: len(plain)] = plain
        self._position += len(plain)
        return len(plain)

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if not self.seekable():
            raise io.UnsupportedOperation("the underlying file does not seek")
        if whence == io.SEEK_CUR:
            offset += self._position
        elif whence == io.SEEK_END:
            while self._skip(_BUFFER):
                pass
            offset += self._position
        elif whence != io.SEEK_SET:
            raise ValueError(f"whence {whence} is not 0, 1 or 2")
        offset = max(offset, 0)
        if offset < self._position:
            self._file.seek(self._start)
            self._restart()
        while self._position < offset and self._skip(min(offset - self._position, _BUFFER)):
            pass
        return self._position

    def _skip(self, limit: int) -> int:
        count = len(self._reader.read(limit))
        self._position += count
        return count


class ForetellFile(io.BufferedIOBase):
    """An archive, opened for its plain bytes.

    Parameters
    ----------
    file : path or file object
        A binary file object is used from where it stands and is not closed.
    mode : str
        "r", "w", "x" (new files only) or "a" (one more frame), with or without "b".
    level, size, block_size
        For writing, as for `Compressor`.
    device, memory, model, progress
        As for `Compressor` and `Decompressor`.

    Raises
    ------
    foretell.Error
        When reading, as `foretell.decompress`.

    Notes
    -----
    Closing after writing ends the frame, as in the standard library even when an exception closes the file. Seeking
    works in reading, at the price of decoding what lies between, from the start when going back.
    """

    def __init__(
        self,
        file: str | os.PathLike[str] | IO[bytes],
        mode: str = "r",
        *,
        level: int = DEFAULT_LEVEL,
        size: int | None = None,
        device: str = "cpu",
        block_size: int = BLOCK_SIZE,
        memory: int | None = None,
        model: AnyModel | Pretrained | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._file: IO[bytes] | None = None
        self._owned = False
        self._plain: io.BufferedReader | None = None
        self._compressor: Compressor | None = None
        if mode not in _MODES:
            raise ValueError(f"mode {mode!r} is not one of {', '.join(_MODES)}")
        self.mode = _MODES[mode]
        if self.mode != "rb":
            self._compressor = Compressor(
                level, size=size, device=device, block_size=block_size, memory=memory, model=model, progress=progress
            )
        if isinstance(file, (str, os.PathLike)):
            self._file = builtins.open(file, self.mode)  # noqa: SIM115 - closed by close()
            self._owned = True
        elif hasattr(file, "read" if self.mode == "rb" else "write"):
            self._file = file
        else:
            raise TypeError(f"file: a path or a binary file object is needed, not {type(file).__name__}")
        self._written = 0
        self._failed = False  # a write raised: the frame cannot be ended
        if self.mode == "rb":
            pretrained = cast("Pretrained | None", model)
            reader = functools.partial(PlainReader, device=device, memory=memory, model=pretrained, progress=progress)
            self._plain = io.BufferedReader(_PlainIO(self._file, reader), _BUFFER)

    @property
    def name(self) -> object:
        """The underlying file's name."""
        return getattr(self._open_file(), "name", None)

    @property
    def meter(self) -> Meter:
        """What was written so far, in writing modes."""
        if self._compressor is None:
            raise io.UnsupportedOperation("only files being written have a meter")
        return self._compressor.meter

    @property
    def closed(self) -> bool:
        """True after `close`."""
        return self._file is None

    def _open_file(self) -> IO[bytes]:
        if self._file is None:
            raise ValueError("the file is closed")
        return self._file

    def _reading(self) -> io.BufferedReader:
        self._open_file()
        if self._plain is None:
            raise io.UnsupportedOperation("the file is open for writing")
        return self._plain

    def readable(self) -> bool:
        """Tell whether the file was opened for reading."""
        self._open_file()
        return self._plain is not None

    def writable(self) -> bool:
        """Tell whether the file was opened for writing."""
        self._open_file()
        return self._plain is None

    def seekable(self) -> bool:
        """Tell whether `seek` works."""
        self._open_file()
        return self._plain is not None and self._plain.seekable()

    def fileno(self) -> int:
        """Return the underlying file's descriptor."""
        return self._open_file().fileno()

    def read(self, size: int | None = -1, /) -> bytes:
        """Read up to `size` plain bytes; all if negative or None."""
        return self._reading().read(-1 if size is None else size)

    def read1(self, size: int = -1, /) -> bytes:
        """Read up to `size` plain bytes, with as little decoding as gives at least one."""
        return self._reading().read1(size)

    def readinto(self, buffer: Buffer, /) -> int:
        """Read plain bytes into `buffer`, return how many."""
        return self._reading().readinto(buffer)

    def readline(self, size: int | None = -1, /) -> bytes:
        """Read one line."""
        return self._reading().readline(-1 if size is None else size)

    def peek(self, size: int = 0, /) -> bytes:
        """Return plain bytes ahead without moving."""
        return self._reading().peek(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to a plain position."""
        return self._reading().seek(offset, whence)

    def tell(self) -> int:
        """Return the plain position."""
        self._open_file()
        return self._written if self._plain is None else self._plain.tell()

    def write(self, data: Buffer, /) -> int:
        """Compress `data`, return its length in bytes."""
        file = self._open_file()
        if self._compressor is None:
            raise io.UnsupportedOperation("the file is open for reading")
        try:
            file.write(self._compressor.compress(data))
        except BaseException:
            self._failed = True
            raise
        length = memoryview(data).nbytes
        self._written += length
        return length

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Close; an exception on its way out is not replaced by one of closing."""
        if kind is None:
            self.close()
        else:
            with contextlib.suppress(ValueError):  # what was promised as `size` has not come
                self.close()

    def close(self) -> None:
        """End the frame if writing and all went well; close the underlying file if it was opened here."""
        file, self._file = self._file, None
        if file is None:
            return
        try:
            if self._compressor is not None and not self._failed:
                file.write(self._compressor.flush())
        finally:
            if self._owned:
                file.close()


def open(  # noqa: A001 - the name that compression modules use
    file: str | os.PathLike[str] | IO[bytes],
    mode: str = "rb",
    *,
    level: int = DEFAULT_LEVEL,
    size: int | None = None,
    device: str = "cpu",
    block_size: int = BLOCK_SIZE,
    memory: int | None = None,
    model: AnyModel | Pretrained | None = None,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    progress: Progress | None = None,
) -> ForetellFile | io.TextIOWrapper:
    """Open an archive in binary or ("rt", "wt", "xt", "at") text mode.

    Parameters
    ----------
    file, mode, level, size, device, block_size, memory, model, progress
        As for `ForetellFile`.
    encoding, errors, newline
        As for the built-in `open`, in text mode only.

    Returns
    -------
    ForetellFile or io.TextIOWrapper

    Raises
    ------
    ValueError
        If the mode is unknown or text options come with a binary mode.
    """
    text = "t" in mode
    if not text and (encoding, errors, newline) != (None, None, None):
        raise ValueError("encoding, errors and newline are for text modes: add 't' to the mode")
    if text and "b" in mode:
        raise ValueError(f"mode {mode!r} is both text and binary")
    archive = ForetellFile(
        file,
        mode.replace("t", ""),
        level=level,
        size=size,
        device=device,
        block_size=block_size,
        memory=memory,
        model=model,
        progress=progress,
    )
    return io.TextIOWrapper(archive, encoding, errors, newline) if text else archive
