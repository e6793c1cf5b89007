"""Reads the bytes of a `.fore` file back into the elements of `foretell.container`, trusting nothing in them."""

from __future__ import annotations

import zlib
from dataclasses import replace

from foretell import varint
from foretell.container import (
    BRIEF_MAGIC,
    CHECKSUM_BYTES,
    CODED,
    DIGEST_BYTES,
    END,
    HAS_FINGERPRINT,
    HAS_WEIGHTS,
    KEY_BYTES,
    MAGIC,
    MAX_BLOCK_SIZE,
    MAX_BODY,
    MAX_FINGERPRINT,
    MAX_NAME,
    STORED,
    VERSION,
    Block,
    End,
    Header,
    printable,
)
from foretell.errors import CorruptError, TruncatedError, UnsupportedError


class _NeedMore(Exception):  # noqa: N818 - nothing is wrong
    """The element under way is not complete in the buffer. Never leaves this module."""


class _Cursor:
    """Reads fields from `data`, where running off the end means that more input is needed."""

    def __init__(self, data: bytes | bytearray, position: int = 0) -> None:
        self.data = data
        self.position = position

    def take(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self.data):
            raise _NeedMore
        piece = bytes(self.data[self.position : end])
        self.position = end
        return piece

    def byte(self) -> int:
        return self.take(1)[0]

    def u32(self) -> int:
        return int.from_bytes(self.take(4), "little")

    def varint(self) -> int:
        found = varint.decode(self.data, self.position)
        if found is None:
            raise _NeedMore
        value, self.position = found
        return value

    def string(self) -> str:
        length = self.byte()
        if length > MAX_NAME:
            raise CorruptError(f"a name of {length} bytes, at most {MAX_NAME} are allowed")
        text = self.take(length)
        if not printable(text):
            raise CorruptError("a name holds bytes that are not printable ASCII")
        return text.decode("ascii")


class FrameReader:
    """Read one frame from bytes that arrive in pieces.

    Parameters
    ----------
    offset : int
        Position of the frame in its file, for messages.

    Notes
    -----
    Memory: the bytes fed and not yet handed out, nothing else. No length in the data reserves any. A brief frame gives
    the same elements as one of a single coded block: all at once, since it has one checksum.
    """

    def __init__(self, offset: int = 0) -> None:
        self.header: Header | None = None
        """The frame's header, once `next` has returned it."""
        self.finished = False
        """True after `next` has returned the `End`."""
        self._buffer = bytearray()
        self._offset = offset  # of the buffer's first byte
        self._crc = 0  # as in the writer
        self._total = 0
        self._blocks = 0
        self._ready: list[Block | End] = []  # of a brief frame, what follows its header

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Append `data` to what will be read."""
        self._buffer += data

    def next(self) -> Header | Block | End | None:
        """Return the next element, or None if more input is needed for it.

        Raises
        ------
        CorruptError
            If the data is not what a writer writes; the message names the place.
        UnsupportedError
            If the frame needs a later version of this library.
        ValueError
            If the frame has ended.
        """
        if self.finished:
            raise ValueError("the frame has ended: use a new FrameReader for the next one")
        if self._ready:
            self.finished = len(self._ready) == 1
            return self._ready.pop(0)
        try:
            if self.header is None:
                return self._read_brief() if self._is_brief() else self._read_header()
            return self._read_element(self.header)
        except _NeedMore:
            return None
        except (CorruptError, UnsupportedError) as error:
            raise type(error)(f"{self._where()}: {error}") from None

    def rest(self) -> bytes:
        """Return, and forget, the bytes fed that were not read."""
        data = bytes(self._buffer)
        self._buffer.clear()
        return data

    def truncated(self) -> TruncatedError:
        """Return the error to raise if no more input comes."""
        end = self._offset + len(self._buffer)
        return TruncatedError(f"{self._where()}: the data ends at byte {end}, inside it; get a complete copy")

    def _where(self) -> str:
        if self.header is not None:
            element = f"block {self._blocks} or end marker"
        else:
            element = "brief frame" if self._is_brief() else "header"
        return f"{element} at byte {self._offset}"

    def _checked(self, end: int) -> None:
        """Verify the checksum that lies at `end` of the buffer."""
        stop = end + CHECKSUM_BYTES
        if len(self._buffer) < stop:
            raise _NeedMore
        with memoryview(self._buffer) as view:
            crc = zlib.crc32(view[:end], self._crc)
            stated = int.from_bytes(view[end:stop], "little")
        if crc != stated:
            raise CorruptError(f"checksum {stated:08x} is stated, {crc:08x} found; the data is damaged")
        self._crc = crc

    def _drop(self, end: int) -> None:
        """Forget an element whose checksum starts at `end` of the buffer."""
        del self._buffer[: end + CHECKSUM_BYTES]
        self._offset += end + CHECKSUM_BYTES

    def _is_brief(self) -> bool:
        return self._buffer.startswith(BRIEF_MAGIC)

    def _read_brief(self) -> Header:
        cursor = _Cursor(self._buffer, len(BRIEF_MAGIC))
        model = cursor.string()
        if not model:
            raise CorruptError("a brief frame without a model")
        header = Header("exact/1", model, MAX_BLOCK_SIZE, None, (), cursor.take(KEY_BYTES))
        block = self._read_block(cursor, header, coded=True)
        self._ready = [block, End(self._total, self._offset)]
        self.header = replace(header, block_size=block.raw_length, size=block.raw_length)
        return self.header

    def _read_header(self) -> Header:
        start = self._buffer[: len(MAGIC)]
        if not (MAGIC.startswith(start) or BRIEF_MAGIC.startswith(start)):
            raise CorruptError("no foretell frame starts here: the magic bytes are missing")
        cursor = _Cursor(self._buffer)
        cursor.take(len(MAGIC))
        version = cursor.byte()
        if version != VERSION:
            raise UnsupportedError(
                f"format version {version}, this library reads version {VERSION}; a later foretell may read it"
            )
        length = cursor.varint()
        if not 1 <= length <= MAX_BODY:
            raise CorruptError(f"a header of {length} bytes, 1..{MAX_BODY} are allowed")
        body = cursor.take(length)
        self._checked(cursor.position)
        header = _parse_body(body)
        self._drop(cursor.position)
        self.header = header
        return header

    def _read_element(self, header: Header) -> Block | End:
        cursor = _Cursor(self._buffer)
        kind = cursor.byte()
        if kind == END:
            return self._read_end(cursor, header)
        if kind not in (CODED, STORED):
            raise CorruptError(f"{kind} is not a kind of block")
        return self._read_block(cursor, header, coded=kind == CODED)

    def _read_block(self, cursor: _Cursor, header: Header, *, coded: bool) -> Block:
        raw_length = cursor.varint()
        if not 1 <= raw_length <= header.block_size:
            raise CorruptError(f"a block of {raw_length} bytes, 1..{header.block_size} are allowed")
        if header.size is not None and self._total + raw_length > header.size:
            raise CorruptError(f"more plain bytes than the {header.size} that the header states")
        payload_length, plain_crc = raw_length, 0
        if coded:
            if not header.model:
                raise CorruptError("a coded block in a frame without a model")
            payload_length = cursor.varint()
            if payload_length >= raw_length:
                raise CorruptError(f"a payload of {payload_length} bytes for {raw_length} bytes")
            plain_crc = cursor.u32()
        start = cursor.position
        self._checked(start + payload_length)
        payload = bytes(self._buffer[start : start + payload_length])
        block = Block(coded, raw_length, payload, plain_crc, self._blocks, self._offset)
        self._drop(start + payload_length)
        self._total += raw_length
        self._blocks += 1
        return block

    def _read_end(self, cursor: _Cursor, header: Header) -> End:
        total = cursor.varint()
        self._checked(cursor.position)
        if total != self._total or header.size not in (None, total):
            raise CorruptError(f"{total} plain bytes are stated, {self._total} found; the data is damaged")
        self._drop(cursor.position)
        self.finished = True
        return End(total, self._offset)


def _parse_body(body: bytes) -> Header:
    """Return the header that `body`, whose checksum holds, describes."""
    cursor = _Cursor(body)
    try:
        flags = cursor.byte()
        if flags & ~(HAS_WEIGHTS | HAS_FINGERPRINT):
            raise UnsupportedError(f"header flags {flags:#04x} are not known here; a later foretell may read it")
        numerics, model = cursor.string(), cursor.string()
        block_size, size, count = cursor.varint(), cursor.varint(), cursor.varint()
        if count > len(body):
            raise CorruptError(f"{count} parameters do not fit into a header of {len(body)} bytes")
        parameters = tuple(cursor.varint() for _ in range(count))
        weights = cursor.take(DIGEST_BYTES) if flags & HAS_WEIGHTS else b""
        fingerprint = _parse_fingerprint(cursor) if flags & HAS_FINGERPRINT else ()
    except _NeedMore:
        raise CorruptError("the header's fields are longer than the header") from None
    if cursor.position != len(body):
        raise CorruptError(f"{len(body) - cursor.position} bytes are left over behind the header's fields")
    header = Header(numerics, model, block_size, size - 1 if size else None, parameters, weights, fingerprint)
    if header.fault:
        raise CorruptError(header.fault)
    return header


def _parse_fingerprint(cursor: _Cursor) -> tuple[tuple[str, str], ...]:
    count = cursor.byte()
    if not 1 <= count <= MAX_FINGERPRINT:
        raise CorruptError(f"a fingerprint of {count} entries, 1 to {MAX_FINGERPRINT} are allowed")
    return tuple((cursor.string(), cursor.string()) for _ in range(count))
