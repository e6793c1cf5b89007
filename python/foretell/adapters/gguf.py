"""GGUF files, versions 2 and 3: metadata, and tensors read from a memory map.

The layout, all little-endian: ``GGUF``, version (u32), number of tensors and of metadata entries (u64); the entries:
key (a string: u64 length, bytes), type (u32), value; the tensors' descriptions: name, number of dimensions (u32),
dimensions (u64, the fastest first), format (u32), offset (u64); padding to the alignment; the tensors' data.

No length is trusted: whatever the file states must lie within it, and nothing is allocated before that is known.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell.adapters.gguf_quants import FORMATS, Format, dequantise
from foretell.adapters.mapped import map_file
from foretell.errors import CorruptError, TruncatedError, UnsupportedError

MAGIC = b"GGUF"
_MOST_ENTRIES = 1 << 16  # metadata entries, and tensors; files in use have some dozens, and some thousands
_MOST_DIMENSIONS = 4
_ALIGNMENT = 32

_SCALARS = {0: "u1", 1: "i1", 2: "<u2", 3: "<i2", 4: "<u4", 5: "<i4", 6: "<f4", 7: "?", 10: "<u8", 11: "<i8", 12: "<f8"}
_STRING, _ARRAY = 8, 9


@dataclass(frozen=True)
class Tensor:
    """A tensor's description.

    Attributes
    ----------
    shape : tuple of int
        The slowest dimension first, as NumPy has it: ``(outputs, inputs)`` for a matrix.
    number_format : Format
        How its numbers are stored.
    offset, size : int
        Where its data are in the file, bytes.
    """

    shape: tuple[int, ...]
    number_format: Format
    offset: int
    size: int


class _Cursor:
    """Reads values one after the other, none of them past the end."""

    def __init__(self, data: memoryview, path: Path) -> None:
        self.data, self.path, self.at = data, path, 0

    def take(self, size: int, what: str) -> memoryview:
        """Return the next `size` bytes."""
        if size > len(self.data) - self.at:
            raise TruncatedError(
                f"{self.path}: {what} at byte {self.at} needs {size} bytes, the file ends after "
                f"{len(self.data) - self.at}; fetch the file again"
            )
        self.at += size
        return self.data[self.at - size : self.at]

    def u32(self, what: str) -> int:
        return int(struct.unpack("<I", self.take(4, what))[0])

    def u64(self, what: str) -> int:
        return int(struct.unpack("<Q", self.take(8, what))[0])

    def string(self, what: str) -> str:
        raw = bytes(self.take(self.u64(f"the length of {what}"), what))
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            raise CorruptError(f"{self.path}: {what} before byte {self.at} is not UTF-8: {error}") from None

    def value(self, kind: int, what: str) -> Any:
        """Return a metadata value: a NumPy scalar as its Python type, a string, an array or a list of strings."""
        if kind == _STRING:
            return self.string(what)
        if kind == _ARRAY:
            kind, count = self.u32(what), self.u64(what)
            if kind == _STRING:
                if count > (len(self.data) - self.at) // 8:  # each has a length of 8 bytes
                    raise TruncatedError(f"{self.path}: {what} has {count} strings, more than fit into the file")
                return [self.string(what) for _ in range(count)]
            dtype = self._dtype(kind, what)
            return np.frombuffer(self.take(count * dtype.itemsize, what), dtype=dtype).copy()
        dtype = self._dtype(kind, what)
        return np.frombuffer(self.take(dtype.itemsize, what), dtype=dtype)[0].item()

    def _dtype(self, kind: int, what: str) -> np.dtype[Any]:
        if kind not in _SCALARS:
            raise CorruptError(f"{self.path}: {what} has type {kind}, which GGUF does not have there")
        return np.dtype(_SCALARS[kind])


class GgufFile:
    """An open GGUF file.

    Attributes
    ----------
    path : Path
    metadata : dict
        Values by key: int, float, bool, str, a NumPy array or a list of str.
    tensors : dict of str to Tensor
        Descriptions by name.

    Raises
    ------
    CorruptError, TruncatedError
        If the file is damaged.
    UnsupportedError
        If it is of another version, or a tensor's format is not known here.
    OSError
        If it cannot be read.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._data = map_file(self.path)
        cursor = _Cursor(self._data, self.path)
        if bytes(cursor.take(4, "the magic")) != MAGIC:
            raise CorruptError(f"{self.path}: not a GGUF file: it does not start with {MAGIC.decode()}")
        version = cursor.u32("the version")
        if version not in (2, 3):
            order = " (big-endian?)" if version in (2 << 24, 3 << 24) else ""
            raise UnsupportedError(f"{self.path}: GGUF version {version}{order}; only versions 2 and 3 can be read")
        tensors, entries = cursor.u64("the number of tensors"), cursor.u64("the number of metadata entries")
        if max(tensors, entries) > _MOST_ENTRIES:
            raise CorruptError(
                f"{self.path}: {tensors} tensors and {entries} metadata entries; at most {_MOST_ENTRIES} can be true"
            )
        self.metadata: dict[str, Any] = {}
        for _ in range(entries):
            key = cursor.string("a metadata key")
            if key in self.metadata:
                raise CorruptError(f"{self.path}: metadata {key!r} is there twice")
            self.metadata[key] = cursor.value(cursor.u32(f"the type of {key!r}"), f"metadata {key!r}")
        self.tensors = self._describe(cursor, tensors)

    def _describe(self, cursor: _Cursor, count: int) -> dict[str, Tensor]:
        """Read the tensors' descriptions: all within the file, none over another."""
        alignment = self.metadata.get("general.alignment", _ALIGNMENT)
        if not isinstance(alignment, int) or alignment < 8 or alignment & (alignment - 1):
            raise CorruptError(f"{self.path}: general.alignment is {alignment!r}, not a power of two from 8")
        found: dict[str, tuple[tuple[int, ...], int, int]] = {}  # shape, format, offset from the start of the data
        for _ in range(count):
            name = cursor.string("a tensor's name")
            if name in found:
                raise CorruptError(f"{self.path}: tensor {name!r} is there twice")
            what = f"tensor {name!r}"
            dimensions = cursor.u32(what)
            if not 1 <= dimensions <= _MOST_DIMENSIONS:
                raise CorruptError(f"{self.path}: {what} has {dimensions} dimensions; 1 to {_MOST_DIMENSIONS} can be")
            shape = struct.unpack(f"<{dimensions}Q", cursor.take(8 * dimensions, what))[::-1]
            found[name] = shape, cursor.u32(what), cursor.u64(what)
        start = -(-cursor.at // alignment) * alignment
        tensors = {name: self._place(name, start, *description) for name, description in found.items()}
        end, before = start, ""
        for name, tensor in sorted(tensors.items(), key=lambda item: item[1].offset):
            if tensor.offset < end:  # many tensors over few bytes would need more memory than the file has bytes
                raise CorruptError(f"{self.path}: tensor {name!r} begins within {before!r}")
            end, before = tensor.offset + tensor.size, name
        if end > len(self._data):
            raise TruncatedError(
                f"{self.path}: tensor {before!r} ends at byte {end}, the file at {len(self._data)}; fetch it again"
            )
        return tensors

    def _place(self, name: str, start: int, shape: tuple[int, ...], kind: int, offset: int) -> Tensor:
        """Find where a tensor's data are."""
        if kind not in FORMATS:
            known = ", ".join(f.name for f in FORMATS.values())
            raise UnsupportedError(f"{self.path}: tensor {name!r} has format {kind}; only {known} can be read")
        number_format = FORMATS[kind]
        if min(shape) < 1 or shape[-1] % number_format.numbers:
            raise CorruptError(
                f"{self.path}: tensor {name!r} of shape {shape} has rows that are not whole blocks of "
                f"{number_format.numbers} numbers"
            )
        size = math.prod(shape) // number_format.numbers * number_format.size
        return Tensor(shape, number_format, start + offset, size)

    def read(self, name: str, rows: slice = slice(None)) -> NDArray[np.float32]:
        """Return a tensor's numbers.

        Parameters
        ----------
        name : str
        rows : slice, optional
            Which rows to read, of step 1. All if left out.

        Returns
        -------
        float32, of the tensor's shape or of that of its rows

        Raises
        ------
        CorruptError
            If there is no such tensor.
        """
        if name not in self.tensors:
            raise CorruptError(f"{self.path}: tensor {name!r} is missing")
        tensor = self.tensors[name]
        data = np.frombuffer(self._data[tensor.offset : tensor.offset + tensor.size], dtype=np.uint8)
        if len(tensor.shape) > 1:
            data = data.reshape(tensor.shape[0], -1)[rows]
            return dequantise(data.reshape(-1), tensor.number_format).reshape(-1, *tensor.shape[1:])
        return dequantise(data, tensor.number_format)[rows]
