"""Writes GGUF files, good and bad."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray


def string(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def value(item: Any) -> bytes:
    """Return type and value: bool, int (u32), float (f32), str, list of str, list of float."""
    if isinstance(item, bool):
        return struct.pack("<I?", 7, item)
    if isinstance(item, int):
        return struct.pack("<II", 4, item)
    if isinstance(item, float):
        return struct.pack("<If", 6, item)
    if isinstance(item, str):
        return struct.pack("<I", 8) + string(item)
    if isinstance(item[0], str):
        return struct.pack("<IIQ", 9, 8, len(item)) + b"".join(map(string, item))
    kind, code = (6, "f") if isinstance(item[0], float) else (5, "i")
    return struct.pack(f"<IIQ{len(item)}{code}", 9, kind, len(item), *item)


def write(
    metadata: dict[str, Any], tensors: dict[str, NDArray[np.float32]], version: int = 3, half: tuple[str, ...] = ()
) -> bytes:
    """Return a file of float32 tensors, of float16 for those named in `half`."""
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(metadata))
    head += b"".join(string(key) + value(item) for key, item in metadata.items())
    data = b""
    for name, tensor in tensors.items():
        dimensions = tensor.shape[::-1]
        head += string(name) + struct.pack(f"<I{len(dimensions)}Q", len(dimensions), *dimensions)
        head += struct.pack("<IQ", int(name in half), len(data))
        raw = tensor.astype("<f2" if name in half else "<f4").tobytes()
        data += raw + bytes(-len(raw) % 32)
    return head + bytes(-len(head) % 32) + data
