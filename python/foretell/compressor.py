"""`Compressor`: plain bytes in, one frame out, a block at a time."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, cast

from foretell import models, varint
from foretell.buffers import byte_view
from foretell.codec import EncodedBlock, encode_block
from foretell.container import CHECKSUM_BYTES, MAX_BLOCK_SIZE, FrameWriter, Header
from foretell.defaults import BLOCK_SIZE, DEFAULT_LEVEL
from foretell.meter import Meter
from foretell.model_header import describe

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from foretell.models.base import AnyModel, Pretrained, Progress


class Compressor:
    """Compress a stream into one frame.

    Parameters
    ----------
    level : int
        0 stores; 1..9 choose the model, from quick to strong.
    size : int, optional
        Plain bytes that will come, if known: the model's tables follow it, and decoders can show progress. An input
        that turns out to fit into one block needs no hint.
    device : str
        Accepted as by `Decompressor`, without effect: the levels' models run on the CPU, and a model of your own brings
        its device.
    block_size : int
        Plain bytes in a block, 1..2^26. Memory grows with it, and so does the delay before output.
    memory : int, optional
        The most bytes that the model may take, `foretell.models.MAX_MEMORY` (2 GiB) if not given. Its tables are halved
        until they fit. Decoding takes as much.
    model : Model, BlockModel or Pretrained, optional
        Used instead of the level's: an untrained model of your own, registered with `foretell.models.register`; or what
        was trained before, which the decoder has to be given too.
    progress : callable, optional
        Called now and then with the number of plain bytes coded since the last call.

    Attributes
    ----------
    meter : Meter
        Ideal bits, payload bits and file bytes so far; final after `flush`.

    Notes
    -----
    Memory: the model, one block of input, one block of output. Not for use by several threads at once.

    Examples
    --------
    >>> compressor = Compressor(0)
    >>> frame = compressor.compress(b"plain ") + compressor.compress(b"bytes") + compressor.flush()
    >>> compressor.meter.raw_bytes
    11
    """

    def __init__(
        self,
        level: int = DEFAULT_LEVEL,
        *,
        size: int | None = None,
        device: str = "cpu",
        block_size: int = BLOCK_SIZE,
        memory: int | None = None,
        model: AnyModel | Pretrained | None = None,
        progress: Progress | None = None,
    ) -> None:
        if not 0 <= level <= 9:
            raise ValueError(f"level {level} is outside 0..9")
        if not 1 <= block_size <= MAX_BLOCK_SIZE:
            raise ValueError(f"block_size {block_size} is outside 1..{MAX_BLOCK_SIZE}")
        if size is not None and size < 0:
            raise ValueError(f"size {size} is negative")
        self.meter = Meter()
        self._level = level
        self._size = size
        self._block_size = block_size
        self._memory = memory
        self._pretrained = cast("Pretrained", model) if hasattr(model, "start") else None
        self._model = None if self._pretrained is not None else cast("AnyModel | None", model)
        self._stores = level == 0 and model is None
        self._progress = progress
        self._seen = 0
        self._pending = bytearray()  # at most one block; coded when a byte behind it, or the end, has come
        self._writer: FrameWriter | None = None  # None until the header is written, with the first full block
        self._closed = ""  # why no more calls are taken

    def compress(self, data: Buffer) -> bytes:
        """Take `data`, return what of the frame is ready: mostly nothing until a block is full.

        Raises
        ------
        ValueError
            If more comes than `size`, after `flush` or an error, or if `memory` is too little for the level.
        """
        self._check_open()
        view = byte_view(data)
        if self._size is not None and self._seen + len(view) > self._size:
            raise ValueError(f"size={self._size} was promised, {self._seen + len(view)} bytes came")
        self._seen += len(view)
        self._closed = "failed"  # until the end of this method: a block is coded wholly or the frame is lost
        out = []
        while view:
            if len(self._pending) == self._block_size:
                out.append(self._next_block())
            room = self._block_size - len(self._pending)
            self._pending += view[:room]
            view = view[room:]
        self._closed = ""
        return self._counted(b"".join(out))

    def flush(self) -> bytes:
        """Return the rest of the frame. The compressor takes no more calls.

        Raises
        ------
        ValueError
            If less came than `size`, after `flush` or an error, or if `memory` is too little for the level.
        """
        self._check_open()
        if self._size is not None and self._seen != self._size:
            raise ValueError(f"size={self._size} was promised, {self._seen} bytes came")
        self._closed = "failed"
        if self._writer is None:
            frame = self._only_block()
        else:
            frame = self._next_block() + self._writer.end()
        self._model = None
        self._closed = "been flushed"
        return self._counted(frame)

    def _check_open(self) -> None:
        if self._closed:
            raise ValueError(f"the compressor has {self._closed}: use a new one")

    def _counted(self, out: bytes) -> bytes:
        self.meter.file_bytes += len(out)
        return out

    def _next_block(self) -> bytes:
        """Code the pending bytes, which are not the whole frame; the header comes with the first ones."""
        plain = self._take_pending()
        block = self._encode(plain, self._size)
        head = b""
        if self._writer is None:
            self._writer = FrameWriter()
            head = self._writer.header(self._header(self._size))
        if block is not None and _shrinks(block, len(plain)):
            out = self._writer.coded(len(plain), block.payload, zlib.crc32(plain))
            self._measure(plain, block, len(block.payload))
        else:  # the model has learned it on the way, as the decoder will
            out = self._writer.stored(plain)
            self._measure(plain, block, len(plain))
        return head + out

    def _only_block(self) -> bytes:
        """Return the frame of the pending bytes: with the model or without one, whichever is shorter."""
        plain = self._take_pending()
        writer = FrameWriter()
        frame = writer.header(Header("", "", self._block_size, len(plain)))
        if not plain:
            return frame + writer.end()
        frame += writer.stored(plain) + writer.end()
        payload_bytes = len(plain)
        block = self._encode(plain, len(plain))
        if block is not None and _shrinks(block, len(plain)):
            coded = self._coded_frame(plain, block.payload)
            if len(coded) < len(frame):
                frame = coded
                payload_bytes = len(block.payload)
        self._measure(plain, block, payload_bytes)
        return frame

    def _coded_frame(self, plain: bytes, payload: bytes) -> bytes:
        """Return the frame of one coded block."""
        header, crc = self._header(len(plain)), zlib.crc32(plain)
        writer = FrameWriter()
        if self._pretrained is not None and self._pretrained.brief:
            return writer.brief(header.model, header.weights, len(plain), payload, crc)
        return writer.header(header) + writer.coded(len(plain), payload, crc) + writer.end()

    def _take_pending(self) -> bytes:
        plain = bytes(self._pending)
        self._pending.clear()
        return plain

    def _encode(self, plain: bytes, size: int | None) -> EncodedBlock | None:
        """Code a block with the model, made here for the first one; None at level 0."""
        if self._stores:
            if self._progress is not None:
                self._progress(len(plain))
            return None
        if self._model is None:
            if self._pretrained is not None:
                self._model = self._pretrained.start(size)
            else:
                self._model = models.for_level(self._level, size, memory=self._memory)
        return encode_block(self._model, plain, progress=self._progress)

    def _header(self, size: int | None) -> Header:
        if self._model is None:
            return Header("", "", self._block_size, size)
        return describe(self._model, self._block_size, size)

    def _measure(self, plain: bytes, block: EncodedBlock | None, payload_bytes: int) -> None:
        self.meter.add_block(len(plain), 8.0 * len(plain) if block is None else block.ideal_bits, payload_bytes)


def _shrinks(block: EncodedBlock, raw_length: int) -> bool:
    """Tell whether the block is shorter coded than stored, with the two fields that only a coded one has."""
    length = len(block.payload)
    return length + len(varint.encode(length)) + CHECKSUM_BYTES < raw_length
