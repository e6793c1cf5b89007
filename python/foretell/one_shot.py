"""A whole message in one call: `encode` and `decode`, for those who need no state between calls.

Re-exported by `foretell.coders`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell._core import RangeDecoder, RangeEncoder, StaticTable

__all__ = ["decode", "encode"]

_MOST_TABLE_PRECISION = 16
_PIECE = 1 << 14  # symbols whose rows are gathered at a time


def encode(
    symbols: NDArray[Any],
    cdf: NDArray[Any] | StaticTable,
    precision: int | None = None,
    *,
    index: NDArray[Any] | None = None,
    checksum: bool = True,
) -> bytes:
    """Encode a message as one stream of a range coder.

    Parameters
    ----------
    symbols : integers of 8 to 64 bits, any shape
        In 0..V-1; coded in C order.
    cdf : uint16, uint32 or uint64 [V + 1], [R, V + 1] or [*shape of symbols, V + 1], or a StaticTable
        One CDF for all symbols, R of them of which `index` names one for each symbol, or one each. A `StaticTable` that
        is used again saves the time to make it.
    precision : int
        Bits of the CDFs, 1..32. A StaticTable knows its own.
    index : integers of 8 to 64 bits, shape of symbols, optional
        In 0..R-1.
    checksum : bool
        Whether the stream ends with a checksum (4 bytes), without which damage mostly decodes to other symbols.

    Returns
    -------
    bytes
        The stream: the ideal bits of the symbols, less than a byte more, and the checksum. It holds neither the number
        of symbols nor the CDFs: `decode` must be given both.

    Raises
    ------
    TypeError, ValueError
        An argument has another dtype, shape or range; the message names it.

    Examples
    --------
    >>> from foretell import cdf
    >>> row = cdf.from_counts(np.array([[7, 2, 1]]), precision=12)[0]
    >>> message = np.array([[0, 0, 1], [2, 0, 0]], np.uint8)
    >>> stream = encode(message, row, 12)
    >>> len(stream)
    5
    >>> decode(stream, row, 12, count=6)
    array([0, 0, 1, 2, 0, 0], dtype=uint8)
    """
    rows, precision = _rows(cdf, precision, index)
    symbols = np.asarray(symbols)
    flat = symbols.reshape(-1)
    if index is not None:
        index = np.asarray(index)
        if index.shape != symbols.shape:
            raise ValueError(f"index: expected the shape of symbols, {symbols.shape}, got {index.shape}")
        index = index.reshape(-1)
    encoder = RangeEncoder(precision, checksum=checksum)
    if isinstance(rows, StaticTable):
        encoder.encode_table(flat, rows, index)
    elif rows.ndim == 1:
        encoder.encode_symbols(flat, np.broadcast_to(rows, (flat.size, rows.size)))
    elif index is not None:
        for piece in _pieces(flat.size):
            encoder.encode_symbols(flat[piece], rows[index[piece]])
    else:
        if rows.shape[:-1] != symbols.shape:
            raise ValueError(
                f"cdf: expected one row, an index, or a row for each symbol of shape {symbols.shape}, got {rows.shape}"
            )
        encoder.encode_symbols(flat, rows.reshape(-1, rows.shape[-1]))
    return encoder.finish()


def decode(
    data: bytes,
    cdf: NDArray[Any] | StaticTable,
    precision: int | None = None,
    *,
    index: NDArray[Any] | None = None,
    count: int | None = None,
    checksum: bool = True,
) -> NDArray[Any]:
    """Decode what `encode` wrote, all of it.

    Parameters
    ----------
    data : bytes-like
        One whole stream.
    cdf, precision, index, checksum
        As for `encode`.
    count : int
        Number of symbols, where one CDF serves for all: neither `index` nor the shape of `cdf` tells it.

    Returns
    -------
    unsigned integers, shape of `index`, [count], or the shape of `cdf` without its last axis

    Raises
    ------
    CorruptError, TruncatedError
        The stream is damaged or cut, holds another number of symbols, or was made with other CDFs.
    TypeError, ValueError
        An argument has another dtype, shape or range; the message names it.
    """
    rows, precision = _rows(cdf, precision, index)
    decoder = RangeDecoder(data, precision, checksum=checksum)
    symbols: NDArray[Any]
    if index is not None:
        index = np.asarray(index)
        shape, flat = index.shape, index.reshape(-1)
        if isinstance(rows, StaticTable):
            symbols = decoder.decode_table(flat.size, rows, flat)
        else:
            symbols = np.empty(flat.size, np.uint32)
            for piece in _pieces(flat.size):
                decoder.decode(rows[flat[piece]], symbols[piece])
        symbols = symbols.reshape(shape)
    elif isinstance(rows, StaticTable) or rows.ndim == 1:
        if count is None or count < 0:
            raise ValueError(f"count: with one CDF for all symbols their number must be given, got {count}")
        if isinstance(rows, StaticTable):
            symbols = decoder.decode_table(count, rows)
        else:
            symbols = decoder.decode(np.broadcast_to(rows, (count, rows.size)))
    else:
        symbols = decoder.decode(rows.reshape(-1, rows.shape[-1])).reshape(rows.shape[:-1])
    decoder.finish()
    return symbols


def _rows(
    cdf: NDArray[Any] | StaticTable, precision: int | None, index: NDArray[Any] | None
) -> tuple[NDArray[Any] | StaticTable, int]:
    """Return the CDFs, as a table where one can serve for many symbols, and their precision."""
    if isinstance(cdf, StaticTable):
        if precision not in (None, cdf.precision):
            raise ValueError(f"precision: that of the table is {cdf.precision}, got {precision}")
        return cdf, cdf.precision
    if precision is None:
        raise ValueError("precision: it must be given with a cdf that is no StaticTable")
    cdf = np.asarray(cdf)
    if index is not None and cdf.ndim != 2:
        raise ValueError(f"cdf: with an index, expected 2 dimensions, got {cdf.ndim}")
    if cdf.ndim == 0:
        raise ValueError("cdf: expected at least 1 dimension, got 0")
    if precision <= _MOST_TABLE_PRECISION and (cdf.ndim == 1 or index is not None):
        return StaticTable(cdf, precision), precision
    return cdf, precision


def _pieces(count: int) -> list[slice]:
    return [slice(begin, begin + _PIECE) for begin in range(0, count, _PIECE)]
