"""Plain bytes for tests, the same everywhere: no library's generator, no file of the machine."""

from __future__ import annotations

_WORDS = [b"lossless ", b"prediction ", b"the ", b"of ", b"entropy, ", b"Coder ", b"\x00\x01\xfe", b"1234 ", b"\n"]


def sample(size: int) -> bytes:
    """Return words, numbers and some binary noise."""
    picked = bytearray()
    state = 12345
    while len(picked) < size:
        state = (state * 1103515245 + 12345) % 2**31
        picked += _WORDS[state >> 16 & 7] if state >> 20 & 7 else state.to_bytes(4, "little")
    return bytes(picked[:size])
