"""`Decompressor`: one frame in, plain bytes out."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from foretell.buffers import byte_view
from foretell.codec import decode_block, learn_block
from foretell.container import Block, Header
from foretell.errors import CorruptError, ModelMismatchError, TruncatedError
from foretell.frame_reader import FrameReader
from foretell.model_header import rebuild

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from foretell.models.base import AnyModel, Pretrained, Progress


class Decompressor:
    """Decompress one frame.

    Parameters
    ----------
    device : str
        Where models in torch compute, "cpu" or "cuda": "ngram/1", and models of your own. Any decodes what any other
        wrote. Frames of "mix/1", which levels write, are decoded on the CPU whatever it is.
    memory : int, optional
        The most bytes that a frame's model may take, `foretell.models.MAX_MEMORY` (2 GiB) if not given. A frame that
        needs more is refused.
    model : Pretrained, optional
        What was trained before, for frames that were made with it.
    offset : int
        Position of the frame in its file, for messages.
    progress : callable, optional
        Called now and then with the number of plain bytes decoded since the last call.

    Attributes
    ----------
    eof : bool
        True once the frame's end has been read.
    needs_input : bool
        False while `decompress(b"", ...)` may give more.
    unused_data : bytes
        What followed the frame in the data given; empty before `eof`.

    Notes
    -----
    Memory: the model, one block of input, one block of output, and the data given and not used yet. Only blocks whose
    checksums hold are given out. A frame that holds stored blocks alone may need no model and then no torch. Not for
    use by several threads at once.
    """

    def __init__(
        self,
        *,
        device: str = "cpu",
        memory: int | None = None,
        model: Pretrained | None = None,
        offset: int = 0,
        progress: Progress | None = None,
    ) -> None:
        if model is not None and not hasattr(model, "digest"):
            raise TypeError(
                f"model: decoding takes what was trained before (foretell.models.Pretrained), "
                f"not {type(model).__name__}; an untrained model is rebuilt from the file"
            )
        self.eof = False
        self.needs_input = True
        self.unused_data = b""
        self._device = device
        self._memory = memory
        self._pretrained = model
        self._progress = progress
        self._reader = FrameReader(offset)
        self._header = Header("", "", 1, None)  # until the frame's has been read
        self._model: AnyModel | None = None
        self._unlearned: bytes | None = None  # the last stored block, until a further block needs it learned
        self._plain = memoryview(b"")  # decoded, not given out
        self._failed = False

    def decompress(self, data: Buffer, max_length: int = -1) -> bytes:
        """Take `data`, return plain bytes.

        Parameters
        ----------
        data : bytes-like
            The next piece of the frame, of any size.
        max_length : int
            The most bytes to return; what is left comes with the next call. Negative: all there is.

        Raises
        ------
        EOFError
            After the end of the frame.
        CorruptError, UnsupportedError, ModelMismatchError
            If the frame is damaged, or cannot be decoded here. After an error no more calls are taken (ValueError).
        """
        if self.eof:
            raise EOFError("the frame has ended: use a new Decompressor for what follows")
        if self._failed:
            raise ValueError("the decompressor has failed: use a new one")
        self._failed = True  # until the end of this method
        self._reader.feed(byte_view(data))
        out = bytearray()
        self.needs_input = False
        while max_length < 0 or len(out) < max_length:
            if self._plain:
                room = len(self._plain) if max_length < 0 else max_length - len(out)
                out += self._plain[:room]
                self._plain = self._plain[room:]
                continue
            element = self._reader.next()
            if element is None:
                self.needs_input = True
                break
            if isinstance(element, Header):
                self._header = element
            elif isinstance(element, Block):
                self._plain = memoryview(self._decode(element))
            else:
                self.unused_data = self._reader.rest()
                self.eof = True
                self._model = self._unlearned = None
                break
        self._failed = False
        return bytes(out)

    def finish(self) -> None:
        """Declare that no more input comes.

        Raises
        ------
        TruncatedError
            If the frame has not ended.
        """
        if not self.eof:
            raise self._reader.truncated()

    def _decode(self, block: Block) -> bytes:
        """Return a block's plain bytes, verified."""
        header = self._header
        if not block.coded:
            if header.model:
                if self._unlearned is not None:
                    self._ready_model(header)
                self._unlearned = block.payload
            if self._progress is not None:
                self._progress(block.raw_length)
            return block.payload
        model = self._ready_model(header)
        place = f"block {block.index} at byte {block.offset}"
        try:
            plain = decode_block(model, block.payload, block.raw_length, progress=self._progress)
        except (CorruptError, TruncatedError) as error:
            raise self._mismatch(place, header) from error
        if zlib.crc32(plain) != block.plain_crc:
            raise self._mismatch(place, header)
        return plain

    def _mismatch(self, place: str, header: Header) -> ModelMismatchError:
        return ModelMismatchError(
            f"{place}: the file is as it was written (its checksum holds), but model {header.model!r} on device "
            f"{self._device!r} decodes it to other bytes: it computes differently here than where the file was made. "
            "Try another device or machine, and report both machines and the versions of foretell and torch"
        )

    def _ready_model(self, header: Header) -> AnyModel:
        """Return the model with all blocks so far learned."""
        if self._model is None:
            self._model = rebuild(header, self._device, self._memory, self._pretrained)
        if self._unlearned is not None:
            learn_block(self._model, self._unlearned)
            self._unlearned = None
        return self._model
