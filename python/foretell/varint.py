"""Variable-length integers of the container: unsigned LEB128, minimal form, at most 9 bytes (docs/format.md)."""

from __future__ import annotations

from foretell.errors import CorruptError

MAX_BYTES = 9
LIMIT = 1 << (7 * MAX_BYTES)
"""All values are below this: 2^63."""


def encode(value: int) -> bytes:
    """Return the one valid encoding of `value`.

    Raises
    ------
    ValueError
        If `value` is negative or 2^63 or more.

    Examples
    --------
    >>> encode(300).hex()
    'ac02'
    """
    if not 0 <= value < LIMIT:
        raise ValueError(f"varint: {value} is outside 0..2^63-1")
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def decode(data: bytes | bytearray, position: int) -> tuple[int, int] | None:
    """Read one value of `data` from `position`.

    Returns
    -------
    tuple or None
        The value and the position behind it; None if `data` ends first.

    Raises
    ------
    CorruptError
        If the encoding is longer than 9 bytes or than it need be.

    Examples
    --------
    >>> decode(bytes.fromhex("ac02"), 0)
    (300, 2)
    """
    value = 0
    for count, byte in enumerate(data[position : position + MAX_BYTES]):
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            if byte == 0 and count:
                raise CorruptError("a varint is not in its shortest form")
            return value, position + count + 1
    if len(data) - position >= MAX_BYTES:
        raise CorruptError(f"a varint is longer than {MAX_BYTES} bytes")
    return None
