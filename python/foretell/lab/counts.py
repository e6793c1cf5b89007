r"""Counts as a model: in each context, how often each symbol came, and half a time more (Krichevsky and Trofimov).

After n symbols in a context, s among them n_s times, the next one is s with probability (n_s + 1/2) / (n + m/2). The
model looks back a fixed number of symbols, k; it learns the entropy of any source that looks back no further, and pays
about log2(n) / 2 bits for each of the m^k (m - 1) numbers that it learns. Integers only, so a file decodes anywhere.

A file is a line of JSON and a range coder stream:

    {"format": "foretell-counts/1", "vocabulary": 4, "order": 1, "symbols": 100000, "crc32": 305419896}\n

    python -m foretell.lab.counts FILE    prints the SHA-256 of the symbols that it restored, one byte each
"""

from __future__ import annotations

import hashlib
import json
import sys
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foretell import cdf
from foretell.coders import RangeDecoder, RangeEncoder
from foretell.errors import CorruptError, UnsupportedError
from foretell.lab import elsewhere

PRECISION = 24
_FORMAT = "foretell-counts/1"
_CHUNK = 1 << 14  # rows of counts that the encoder holds at a time

Symbols = NDArray[np.uint8]


def contexts(symbols: Symbols, vocabulary: int, order: int) -> NDArray[np.int64]:
    """Return the context before each symbol, [N]: the last `order` ones in base m, zeros before the first."""
    padded = np.concatenate([np.zeros(order, np.int64), symbols])
    found = np.zeros(len(symbols), np.int64)
    for back in range(order, 0, -1):
        found = found * vocabulary + padded[order - back : len(padded) - back]
    return found


def intervals(symbols: Symbols, vocabulary: int, order: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return what each symbol owns of the CDF before it, start and frequency, uint32 [N]."""
    start, freq = np.empty((2, len(symbols)), np.uint32)
    before = contexts(symbols, vocabulary, order)
    by_context = np.argsort(before, kind="stable")
    ends = np.cumsum(np.bincount(before, minlength=vocabulary**order))
    for places in np.split(by_context, ends[:-1]):
        counts = np.ones(vocabulary, np.int64)
        for at in range(0, len(places), _CHUNK):
            chosen = places[at : at + _CHUNK]
            found = symbols[chosen].astype(np.intp)
            seen = np.zeros((len(chosen) + 1, vocabulary), np.int64)
            seen[0] = counts
            seen[np.arange(1, len(seen)), found] = 2
            np.cumsum(seen, axis=0, out=seen)
            counts = seen[-1]
            rows = cdf.from_counts(seen[:-1], PRECISION)
            place = np.arange(len(chosen))
            start[chosen] = rows[place, found]
            freq[chosen] = rows[place, found + 1] - rows[place, found]
    return start, freq


def bits(freq: NDArray[np.uint32]) -> NDArray[np.float64]:
    """Return the ideal bits of each symbol from its frequency."""
    return np.asarray(PRECISION - np.log2(freq.astype(np.float64)))


def write(path: Path, symbols: Symbols, vocabulary: int, order: int) -> NDArray[np.float64]:
    """Write a file of symbols, uint8 [N] below `vocabulary`; return the ideal bits of each."""
    start, freq = intervals(symbols, vocabulary, order)
    encoder = RangeEncoder(PRECISION)
    encoder.encode(start, freq)
    header = {
        "format": _FORMAT,
        "vocabulary": vocabulary,
        "order": order,
        "symbols": len(symbols),
        "crc32": zlib.crc32(symbols.tobytes()),
    }
    path.write_bytes(json.dumps(header).encode() + b"\n" + encoder.finish())
    return bits(freq)


def read(path: Path) -> Symbols:
    """Restore the symbols of a file, one after the other, as a decoder must.

    Raises
    ------
    CorruptError, UnsupportedError
        The file is damaged, or none of these.
    """
    line, _, payload = path.read_bytes().partition(b"\n")
    try:
        header = json.loads(line)
        if header["format"] != _FORMAT:
            raise KeyError
    except (ValueError, KeyError, TypeError):
        raise UnsupportedError(f"{path}: not a file of counts") from None
    vocabulary, order = header["vocabulary"], header["order"]
    counts = np.ones((vocabulary**order, 1, vocabulary), np.int64)
    decoder = RangeDecoder(payload, PRECISION)
    symbols = bytearray(header["symbols"])
    context = 0
    for at in range(len(symbols)):
        here = counts[context]
        symbol = int(decoder.decode(cdf.from_counts(here, PRECISION))[0])
        here[0, symbol] += 2
        symbols[at] = symbol
        context = (context * vocabulary + symbol) % len(counts)
    if zlib.crc32(symbols) != header["crc32"]:
        raise CorruptError(f"{path}: decodes to other symbols than were coded")
    return np.frombuffer(bytes(symbols), np.uint8)


def sha256(symbols: Symbols) -> str:
    """Return what `restored_elsewhere` does of the same symbols."""
    return hashlib.sha256(symbols.tobytes()).hexdigest()


def restored_elsewhere(path: Path) -> str:
    """Let a process of its own restore a file; return the SHA-256 of the symbols."""
    return str(elsewhere.restored(__name__, path)["sha256"])


if __name__ == "__main__":
    print(json.dumps({"sha256": sha256(read(Path(sys.argv[1])))}))
