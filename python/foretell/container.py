"""Frames, blocks and checksums: the bytes of a `.fore` file (docs/format.md is normative).

Here are the elements and their writer; `frame_reader` reads them. Both know nothing of models or coders, import the
standard library alone and do no input or output.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from foretell import varint

MAGIC = b"\x8fFTL\r\n\x1a\n"
BRIEF_MAGIC = b"\x8fFTB"
VERSION = 1
MAX_BODY = 1024
MAX_NAME = 32
MAX_BLOCK_SIZE = 1 << 26
MAX_FINGERPRINT = 16
DIGEST_BYTES = 32
KEY_BYTES = 8

HAS_WEIGHTS, HAS_FINGERPRINT = 1, 2
"""The header's flags."""

END, CODED, STORED = 0, 1, 2
"""The first byte of an end element and of the two kinds of block."""

CHECKSUM_BYTES = 4


@dataclass(frozen=True)
class Header:
    """What a frame says about itself.

    Attributes
    ----------
    numerics, model : str
        Numerics class and name of the model, both empty where the frame needs none. Printable ASCII, <= 32 bytes.
    block_size : int
        The most plain bytes in a block, 1..2^26.
    size : int or None
        Plain bytes in the frame, None if the writer did not know.
    parameters : tuple of int
        The model's integers, in the model's order.
    weights : bytes
        SHA-256 of the weights that the model starts from, of a brief frame its first 8 bytes; empty if it starts
        untrained.
    fingerprint : tuple of (str, str)
        What the model ran on, in names and values as `model`; of the numerics class "native" only. At most 16.
    """

    numerics: str
    model: str
    block_size: int
    size: int | None
    parameters: tuple[int, ...] = ()
    weights: bytes = b""
    fingerprint: tuple[tuple[str, str], ...] = ()

    @property
    def brief(self) -> bool:
        """Whether the frame is brief: it states a key of the weights, and its parameters are those they give."""
        return len(self.weights) == KEY_BYTES

    @property
    def fault(self) -> str:
        """What is wrong with the fields taken together; empty if nothing is."""
        if not 1 <= self.block_size <= MAX_BLOCK_SIZE:
            return f"block size {self.block_size} is outside 1..{MAX_BLOCK_SIZE}"
        if bool(self.model) != bool(self.numerics):
            return "a model without a name or a numerics class"
        if not self.model and (self.parameters or self.weights):
            return "parameters or weights without a model"
        if self.fingerprint and self.numerics != "native":
            return "only the numerics class native has a fingerprint"
        return ""


@dataclass(frozen=True)
class Block:
    """One block, its checksum verified, not decoded.

    Attributes
    ----------
    coded : bool
        False: stored.
    raw_length : int
        Plain bytes.
    payload : bytes
        What the range coder wrote; of a stored block the plain bytes.
    plain_crc : int
        CRC-32 of the plain bytes (of a stored block: 0, its bytes are verified already).
    index, offset : int
        Number of the block in its frame from 0, and position of its first byte in the file. For messages.
    """

    coded: bool
    raw_length: int
    payload: bytes
    plain_crc: int
    index: int
    offset: int


@dataclass(frozen=True)
class End:
    """The end of a frame.

    Attributes
    ----------
    total : int
        Plain bytes of the whole frame.
    offset : int
        Position in the file of the first byte behind the frame.
    """

    total: int
    offset: int


class FrameWriter:
    """Write one frame: `header`, any number of `coded` and `stored`, `end`; or `brief` alone. Each returns bytes."""

    def __init__(self) -> None:
        self._crc = 0  # over all bytes returned so far, checksums left out
        self._total = 0

    def _sealed(self, *pieces: bytes) -> bytes:
        """Join an element's pieces and append the frame's checksum so far."""
        for piece in pieces:
            self._crc = zlib.crc32(piece, self._crc)
        return b"".join((*pieces, self._crc.to_bytes(CHECKSUM_BYTES, "little")))

    def header(self, header: Header) -> bytes:
        """Return the bytes of `header`.

        Raises
        ------
        ValueError
            If a field is out of its range or the whole is longer than 1024 bytes.
        """
        if header.fault:
            raise ValueError(header.fault)
        if len(header.weights) not in (0, DIGEST_BYTES):
            raise ValueError(f"weights: a SHA-256 has {DIGEST_BYTES} bytes, not {len(header.weights)}")
        if len(header.fingerprint) > MAX_FINGERPRINT:
            raise ValueError(f"a fingerprint of {len(header.fingerprint)} entries, at most {MAX_FINGERPRINT} fit")
        flags = HAS_WEIGHTS * bool(header.weights) | HAS_FINGERPRINT * bool(header.fingerprint)
        body = b"".join(
            (
                bytes([flags]),
                _string(header.numerics),
                _string(header.model),
                varint.encode(header.block_size),
                varint.encode(0 if header.size is None else header.size + 1),
                varint.encode(len(header.parameters)),
                *map(varint.encode, header.parameters),
                header.weights,
                *_pairs(header.fingerprint),
            )
        )
        if len(body) > MAX_BODY:
            raise ValueError(f"the header takes {len(body)} bytes, at most {MAX_BODY} fit: fewer parameters are needed")
        return self._sealed(MAGIC, bytes([VERSION]), varint.encode(len(body)), body)

    def coded(self, raw_length: int, payload: bytes, plain_crc: int) -> bytes:
        """Return the bytes of a coded block; `plain_crc` is the CRC-32 of its `raw_length` plain bytes."""
        fields = _coded_fields(raw_length, payload, plain_crc)
        self._total += raw_length
        return self._sealed(bytes([CODED]), *fields)

    def stored(self, plain: bytes) -> bytes:
        """Return the bytes of a stored block."""
        if not plain:
            raise ValueError("a block holds at least one byte")
        self._total += len(plain)
        return self._sealed(bytes([STORED]) + varint.encode(len(plain)), plain)

    def end(self) -> bytes:
        """Return the bytes of the end element."""
        return self._sealed(bytes([END]) + varint.encode(self._total))

    def brief(self, model: str, digest: bytes, raw_length: int, payload: bytes, plain_crc: int) -> bytes:
        """Return a whole frame, brief: one coded block of a pretrained model with its default parameters.

        Parameters
        ----------
        model : str
            Its name; its numerics are ``exact/1``.
        digest : bytes
            SHA-256 of its weights.
        raw_length, payload, plain_crc
            As of `coded`.

        Raises
        ------
        ValueError
            If a field is out of its range.
        """
        if not model:
            raise ValueError("a brief frame without a model")
        if len(digest) != DIGEST_BYTES:
            raise ValueError(f"weights: a SHA-256 has {DIGEST_BYTES} bytes, not {len(digest)}")
        if raw_length > MAX_BLOCK_SIZE:
            raise ValueError(f"a brief frame of {raw_length} bytes, at most {MAX_BLOCK_SIZE} fit")
        fields = _coded_fields(raw_length, payload, plain_crc)
        return self._sealed(BRIEF_MAGIC, _string(model), digest[:KEY_BYTES], *fields)


def _coded_fields(raw_length: int, payload: bytes, plain_crc: int) -> tuple[bytes, ...]:
    if not 0 <= len(payload) < raw_length:
        raise ValueError(f"a payload of {len(payload)} bytes does not shrink {raw_length} bytes: store the block")
    return varint.encode(raw_length), varint.encode(len(payload)), plain_crc.to_bytes(4, "little"), payload


def digest_text(weights: bytes) -> str:
    """Return a header's weights in hexadecimal, with dots behind a key."""
    return weights.hex() + "..." * (len(weights) == KEY_BYTES)


def _pairs(fingerprint: tuple[tuple[str, str], ...]) -> list[bytes]:
    if not fingerprint:
        return []
    return [bytes([len(fingerprint)]), *(_string(text) for pair in fingerprint for text in pair)]


def _string(text: str) -> bytes:
    data = text.encode("ascii", "replace")
    if len(data) > MAX_NAME or not printable(data) or data.decode() != text:
        raise ValueError(f"{text!r} is not a name: at most {MAX_NAME} printable ASCII characters, no blanks")
    return bytes([len(data)]) + data


def printable(data: bytes) -> bool:
    """Tell whether `data` is printable ASCII without blanks, as names must be."""
    return all(0x21 <= byte <= 0x7E for byte in data)
