"""Frames, blocks, checksums and their limits, without any model."""

from __future__ import annotations

import tracemalloc
import zlib

import pytest
from foretell import varint
from foretell.container import BRIEF_MAGIC, MAGIC, MAX_BLOCK_SIZE, Block, End, FrameWriter, Header
from foretell.errors import CorruptError, Error, TruncatedError, UnsupportedError
from foretell.frame_reader import FrameReader
from hypothesis import given
from hypothesis import strategies as st

HEADER = Header("exact/1", "toy/1", 1000, 14, (16, 300, 0))


def frame(header: Header = HEADER) -> bytes:
    writer = FrameWriter()
    return writer.header(header) + writer.coded(9, b"payload", 0x12345678) + writer.stored(b"plain") + writer.end()


def elements(data: bytes, piece: int = 1 << 20) -> list[Header | Block | End]:
    reader = FrameReader()
    found: list[Header | Block | End] = []
    for start in range(0, len(data), piece):
        reader.feed(data[start : start + piece])
        while not reader.finished and (element := reader.next()) is not None:
            found.append(element)
    if not reader.finished:
        raise reader.truncated()
    if reader.rest():
        raise CorruptError("bytes behind the frame")
    return found


def sealed(*parts: bytes) -> bytes:
    """Join elements, each with the checksum that makes it pass: for frames that no writer writes."""
    out, crc = b"", 0
    for part in parts:
        crc = zlib.crc32(part, crc)
        out += part + crc.to_bytes(4, "little")
    return out


def header_bytes(body: bytes) -> bytes:
    return MAGIC + b"\x01" + varint.encode(len(body)) + body


MODEL_BODY = b"\0\x07exact/1\x05toy/1" + varint.encode(MAX_BLOCK_SIZE) + b"\0\0"
PLAIN_BODY = b"\0\0\0" + varint.encode(1000) + b"\0\0"
DIGEST = bytes(range(32))
BRIEF = BRIEF_MAGIC + b"\x05toy/1" + DIGEST[:8]


def test_bytes_are_those_of_the_document() -> None:
    head = bytes.fromhex("8f46544c0d0a1a0a 01 17 00 07") + b"exact/1" + b"\x05toy/1"
    head += bytes.fromhex("e807 0f 03 10 ac02 00")
    first = bytes.fromhex("01 09 07 78563412") + b"payload"
    assert frame() == sealed(head, first, b"\x02\x05plain", b"\x00\x0e")


@pytest.mark.parametrize("piece", [1, 2, 7, 1000])
def test_round_trip_in_pieces(piece: int) -> None:
    header, coded, stored, end = elements(frame(), piece)
    assert header == HEADER
    assert isinstance(coded, Block)
    assert (coded.coded, coded.raw_length, coded.payload, coded.plain_crc) == (True, 9, b"payload", 0x12345678)
    assert isinstance(stored, Block)
    assert (stored.coded, stored.raw_length, stored.payload, stored.index) == (False, 5, b"plain", 1)
    assert end == End(14, len(frame()))


@given(
    header=st.builds(
        Header,
        st.just("exact/1"),
        st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=32),
        st.integers(1, MAX_BLOCK_SIZE),
        st.none() | st.integers(0, varint.LIMIT - 2),
        st.lists(st.integers(0, varint.LIMIT - 1), max_size=40).map(tuple),
    )
)
def test_every_header_comes_back(header: Header) -> None:
    reader = FrameReader()
    reader.feed(FrameWriter().header(header))
    assert reader.next() == header
    assert reader.rest() == b""


def test_bytes_of_a_brief_frame_are_those_of_the_document() -> None:
    expected = bytes.fromhex("8f465442 05") + b"toy/1" + bytes.fromhex("0001020304050607 09 07 78563412") + b"payload"
    assert FrameWriter().brief("toy/1", DIGEST, 9, b"payload", 0x12345678) == sealed(expected)


@given(
    model=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=32),
    digest=st.binary(min_size=32, max_size=32),
    payload=st.binary(max_size=300),
    more=st.integers(1, MAX_BLOCK_SIZE - 300),
    crc=st.integers(0, 2**32 - 1),
    piece=st.integers(1, 400),
)
def test_every_brief_frame_comes_back(
    model: str, digest: bytes, payload: bytes, more: int, crc: int, piece: int
) -> None:
    size = len(payload) + more
    data = FrameWriter().brief(model, digest, size, payload, crc)
    assert elements(data, piece) == [
        Header("exact/1", model, size, size, (), digest[:8]),
        Block(True, size, payload, crc, 0, 0),
        End(size, len(data)),
    ]


@given(value=st.integers(0, varint.LIMIT - 1))
def test_varint_round_trip(value: int) -> None:
    data = varint.encode(value)
    assert len(data) == max(1, -(-value.bit_length() // 7))
    assert varint.decode(b"?" + data + b"\x80", 1) == (value, 1 + len(data))
    assert all(varint.decode(data[:end], 0) is None for end in range(len(data)))


@pytest.mark.parametrize("data", [b"\x80\x00", b"\xff\x80\x00", b"\x80" * 9, b"\xff" * 20])
def test_varint_forms_that_are_refused(data: bytes) -> None:
    with pytest.raises(CorruptError):
        varint.decode(data, 0)


@pytest.mark.parametrize("value", [-1, varint.LIMIT])
def test_varint_values_that_are_refused(value: int) -> None:
    with pytest.raises(ValueError, match="varint"):
        varint.encode(value)


def test_every_truncation_is_truncated() -> None:
    data = frame()
    for end in range(len(data)):
        with pytest.raises(TruncatedError, match="ends at byte"):
            elements(data[:end])


def test_every_flipped_bit_is_an_error() -> None:
    data = frame()
    for position in range(len(data)):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[position] ^= 1 << bit
            with pytest.raises(Error):
                elements(bytes(damaged))


def test_every_changed_byte_is_an_error() -> None:
    data = frame()
    for position in range(len(data)):
        for change in range(1, 256):
            damaged = bytearray(data)
            damaged[position] ^= change
            with pytest.raises(Error):
                elements(bytes(damaged))


def test_blocks_cannot_be_moved_doubled_dropped_or_exchanged() -> None:
    def pieces(names: bytes) -> list[bytes]:
        writer = FrameWriter()
        found = [writer.header(Header("", "", 1000, None))]
        found += [writer.stored(bytes([name]) * 10) for name in names]
        return [*found, writer.end()]

    head, one, two, three, end = pieces(b"123")
    stranger = pieces(b"923")[2]
    assert stranger[:-4] == two[:-4]  # the same block of another frame, but for its checksum
    assert len(elements(b"".join([head, one, two, three, end]))) == 5
    for order in ([two, one, three], [one, one, three], [one, three], [one, two, two, three], [one, stranger, three]):
        with pytest.raises(CorruptError, match="checksum"):
            elements(b"".join([head, *order, end]))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x1f\x8b\x08\0\0\0\0\0", "no foretell frame"),
        (b"\x8fFTL\n\x1a\n", "no foretell frame"),  # line ends converted
        (b"\x0fFTL\r\n\x1a\n", "no foretell frame"),  # eighth bit stripped
        (MAGIC + b"\x01\x00", "0 bytes"),
        (MAGIC + b"\x01" + varint.encode(1025), "1025 bytes"),
        (sealed(header_bytes(b"\0\x21" + b"x" * 33 + b"\0\x01\0\0")), "name of 33 bytes"),
        (sealed(header_bytes(b"\0\x01 \x01x\x01\0\0")), "printable"),
        (sealed(header_bytes(b"\0\x01\xe9\x01x\x01\0\0")), "printable"),
        (sealed(header_bytes(b"\0\0\0\0\0\0")), "block size 0"),
        (sealed(header_bytes(b"\0\0\0" + varint.encode(MAX_BLOCK_SIZE + 1) + b"\0\0")), "block size"),
        (sealed(header_bytes(PLAIN_BODY + b"\0")), "left over"),
        (sealed(header_bytes(PLAIN_BODY[:-1])), "longer than the header"),
        (sealed(header_bytes(PLAIN_BODY[:-1] + b"\xff\xff\x7f")), "do not fit"),
        (sealed(header_bytes(PLAIN_BODY[:-1] + b"\x01\x05")), "without a model"),
        (sealed(header_bytes(b"\0\x01x\0\x01\0\0")), "without a name"),
        (sealed(header_bytes(b"\0\0\x01x\x01\0\0")), "without a name"),
        (sealed(header_bytes(b"\x01" + MODEL_BODY[1:] + bytes(31))), "longer than the header"),
        (sealed(header_bytes(b"\x01" + PLAIN_BODY[1:] + bytes(32))), "weights without a model"),
        (sealed(header_bytes(b"\x02" + MODEL_BODY[1:] + b"\0")), "fingerprint of 0 entries"),
        (sealed(header_bytes(b"\x02" + MODEL_BODY[1:] + b"\x11" + b"\x01a" * 34)), "fingerprint of 17 entries"),
        (sealed(header_bytes(b"\x02" + MODEL_BODY[1:] + b"\x01\x01a\x01b")), "only the numerics class native"),
        (sealed(header_bytes(PLAIN_BODY)) + b"\x03", "not a kind"),
        (sealed(header_bytes(PLAIN_BODY)) + b"\x02\0", "block of 0 bytes"),
        (sealed(header_bytes(PLAIN_BODY)) + b"\x02\xe9\x07", "block of 1001 bytes"),
        (sealed(header_bytes(PLAIN_BODY)) + b"\x01\x05\x04", "coded block in a frame without a model"),
        (sealed(header_bytes(MODEL_BODY)) + b"\x01\x05\x05", "payload of 5 bytes for 5"),
        (sealed(header_bytes(MODEL_BODY)) + b"\x01\x85\x00", "shortest"),
        (sealed(header_bytes(b"\0\0\0\x64\x03\0"), b"\x02\x02ab", b"\x00\x03"), "3 plain bytes are stated, 2 found"),
        (sealed(header_bytes(b"\0\0\0\x64\x04\0"), b"\x02\x02ab", b"\x00\x02"), "stated"),
        (sealed(header_bytes(b"\0\0\0\x64\x02\0")) + b"\x02\x02ab", "more plain bytes"),
        (b"\x8fFTA", "no foretell frame"),
        (BRIEF_MAGIC + b"\0", "without a model"),
        (BRIEF_MAGIC + b"\x21", "name of 33 bytes"),
        (BRIEF_MAGIC + b"\x01 ", "printable"),
        (BRIEF + b"\0", "block of 0 bytes"),
        (BRIEF + varint.encode(MAX_BLOCK_SIZE + 1), f"block of {MAX_BLOCK_SIZE + 1} bytes"),
        (BRIEF + b"\x05\x05", "payload of 5 bytes for 5"),
        (BRIEF + b"\x85\x00", "shortest"),
        (BRIEF + b"\x05\x00" + bytes(8), "brief frame at byte 0: checksum"),
    ],
)
def test_bad_frames(data: bytes, message: str) -> None:
    with pytest.raises(CorruptError, match=message) as caught:
        elements(data)
    assert "at byte" in str(caught.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (MAGIC + b"\x02", "version 2"),
        (MAGIC + b"\x00", "version 0"),
        (sealed(header_bytes(b"\x04" + PLAIN_BODY[1:])), "flags 0x04"),
        (sealed(header_bytes(b"\x80" + b"anything that a later version may put there")), "flags 0x80"),
    ],
)
def test_unsupported_frames(data: bytes, message: str) -> None:
    with pytest.raises(UnsupportedError, match=message):
        elements(data)


@pytest.mark.parametrize(
    "data",
    [
        sealed(header_bytes(MODEL_BODY)) + b"\x02" + varint.encode(MAX_BLOCK_SIZE),
        sealed(header_bytes(MODEL_BODY)) + b"\x01" + varint.encode(MAX_BLOCK_SIZE) + varint.encode(MAX_BLOCK_SIZE - 1),
        BRIEF + varint.encode(MAX_BLOCK_SIZE) + varint.encode(MAX_BLOCK_SIZE - 1),
    ],
)
def test_a_length_reserves_no_memory(data: bytes) -> None:
    reader = FrameReader()
    tracemalloc.start()
    try:
        reader.feed(data + bytes(104))
        while (element := reader.next()) is not None:
            assert isinstance(element, Header)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100_000


@given(data=st.binary(max_size=200))
def test_any_bytes_are_answered(data: bytes) -> None:
    for start in (b"", MAGIC, BRIEF_MAGIC, BRIEF, sealed(header_bytes(MODEL_BODY)), sealed(header_bytes(PLAIN_BODY))):
        with pytest.raises(Error):
            elements(start + data + b"?")


@pytest.mark.parametrize(
    "header",
    [
        Header("exact/1", "", 1, None),
        Header("", "toy/1", 1, None),
        Header("", "", 1, None, (1,)),
        Header("", "", 0, None),
        Header("", "", MAX_BLOCK_SIZE + 1, None),
        Header("exact/1", "x" * 33, 1, None),
        Header("exact/1", "två/1", 1, None),
        Header("exact/1", "a b", 1, None),
        Header("exact/1", "toy/1", 1, None, (-1,)),
        Header("exact/1", "toy/1", 1, None, (varint.LIMIT - 1,) * 200),
    ],
)
def test_headers_that_are_not_written(header: Header) -> None:
    with pytest.raises(ValueError):
        FrameWriter().header(header)


def test_blocks_that_are_not_written() -> None:
    with pytest.raises(ValueError, match="does not shrink"):
        FrameWriter().coded(7, b"payload", 0)
    with pytest.raises(ValueError, match="at least one byte"):
        FrameWriter().stored(b"")


@pytest.mark.parametrize(
    ("model", "digest", "raw_length", "payload", "message"),
    [
        ("", DIGEST, 9, b"", "without a model"),
        ("x" * 33, DIGEST, 9, b"", "not a name"),
        ("toy/1", DIGEST[:8], 9, b"", "SHA-256 has 32 bytes"),
        ("toy/1", DIGEST, 0, b"", "does not shrink"),
        ("toy/1", DIGEST, 7, b"payload", "does not shrink"),
        ("toy/1", DIGEST, MAX_BLOCK_SIZE + 1, b"", "at most"),
    ],
)
def test_brief_frames_that_are_not_written(
    model: str, digest: bytes, raw_length: int, payload: bytes, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        FrameWriter().brief(model, digest, raw_length, payload, 0)


def test_a_finished_reader_reads_no_more() -> None:
    reader = FrameReader()
    reader.feed(frame())
    while not reader.finished:
        reader.next()
    with pytest.raises(ValueError, match="ended"):
        reader.next()
