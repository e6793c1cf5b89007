r"""Bytes coded whole, or as eight decisions, from the highest bit down, with the same model.

A byte costs -log2 p(byte). Its bits cost -log2 of what each is given the bits above it; the product of the eight is
p(byte), so the sums are equal, whatever the model. They differ by what is lost to whole numbers: intervals of bytes and
of `"bits"` have 24 bits, probabilities of `"binary"` 16.

A file is a line of JSON and a stream. The text is cut into lanes that are coded side by side, one byte each a step:

    {"format": "foretell-bitwise/1", "model": "counts", "way": "bits", "lanes": 64, "steps": 1000}\n

    python -m foretell.lab.bitwise FILE    prints how many lanes it restored, and the SHA-256 of their bytes as int64
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from foretell import cdf
from foretell.coders import BinaryDecoder, BinaryEncoder, RangeDecoder, RangeEncoder
from foretell.errors import UnsupportedError
from foretell.lab import elsewhere
from foretell.models.native_ngram import NativeNgramModel
from foretell.models.ngram_parameters import Parameters

WAYS = ("bytes", "bits", "binary")
PRECISION, BINARY_PRECISION = 24, 16
BITS = 8

_FORMAT = "foretell-bitwise/1"

Symbols = NDArray[np.uint8]
Integers = NDArray[np.int64]


class Model(Protocol):
    """Predicts the next byte of every lane, whole or bit by bit, and learns when it has come."""

    def rows(self) -> NDArray[np.uint32]:
        """Return CDFs of 24 bits, [lanes, 257]."""
        ...

    def weights(self, node: Integers) -> tuple[Integers, Integers]:
        """Return the weight of a 1 and that of both, at a node of the tree of bits in each lane, [lanes]."""
        ...

    def update(self, symbols: Symbols) -> None:
        """Take the bytes that came, [lanes]."""
        ...


def branches(rows: NDArray[np.uint32], node: Integers) -> tuple[Integers, Integers]:
    """Return what CDFs, [N, 257], say of a node of the tree in each, [N]: the weight of a 1, and of both branches.

    The root is 1; below node v are 2v, for a 0, and 2v + 1.
    """
    depth = np.floor(np.log2(node)).astype(np.int64)
    span = 256 >> depth
    first = (node << (BITS - depth)) - 256
    row = np.arange(len(rows))
    low, middle, high = (rows[row, at].astype(np.int64) for at in (first, first + span // 2, first + span))
    return high - middle, high - low


class Network:
    """The n-gram network; what it says of bits is what it says of bytes, added up."""

    def __init__(self, lanes: int) -> None:
        self._model = NativeNgramModel(Parameters(lanes=lanes, row_bits=16, run_bits=16))
        self._model.begin(lanes)
        self._rows = self._model.predict()

    def rows(self) -> NDArray[np.uint32]:
        """See `Model`."""
        return self._rows

    def weights(self, node: Integers) -> tuple[Integers, Integers]:
        """See `Model`."""
        return branches(self._rows, node)

    def update(self, symbols: Symbols) -> None:
        """See `Model`."""
        self._model.update(symbols)
        self._rows = self._model.predict()


class Counts:
    """How often each byte, and at each node of the tree each bit, came after the byte before.

    The two are counted apart: what learns bits has never seen a byte. Each byte starts at 1 and grows by 32; each
    branch of a node starts at the number of bytes below it, so that both start with the same prior.
    """

    def __init__(self, lanes: int) -> None:
        self._bytes = np.ones((256, 256), np.int64)
        below = 128 >> np.floor(np.log2(np.maximum(np.arange(256), 1))).astype(np.int64)
        self._bits = np.tile(below[:, None], (256, 1, 2))
        self._before = np.zeros(lanes, np.int64)

    def rows(self) -> NDArray[np.uint32]:
        """See `Model`."""
        return np.asarray(cdf.from_counts(self._bytes[self._before].astype(np.uint32), PRECISION))

    def weights(self, node: Integers) -> tuple[Integers, Integers]:
        """See `Model`."""
        both = self._bits[self._before, node]
        return both[:, 1], both.sum(1)

    def update(self, symbols: Symbols) -> None:
        """See `Model`."""
        whole = symbols.astype(np.int64)
        np.add.at(self._bytes, (self._before, whole), 32)
        node = np.ones_like(whole)
        for depth in range(BITS):
            bit = whole >> (BITS - 1 - depth) & 1
            np.add.at(self._bits, (self._before, node, bit), 32)
            node = 2 * node + bit
        self._before = whole


MODELS: dict[str, Callable[[int], Model]] = {"network": Network, "counts": Counts}


@dataclass(frozen=True)
class Coded:
    """What a file cost.

    Attributes
    ----------
    payload_bytes : int
    ideal_bits : float
        The sum of -log2 of what the model said; of bits, before it was rounded to the coder's grid.
    said : dict
        What another process should say of the text (`foretell.lab.elsewhere`).
    """

    payload_bytes: int
    ideal_bits: float
    said: dict[str, Any]


def write(path: Path, text: Symbols, model: str, way: str) -> Coded:
    """Code text, uint8 [lanes, steps], to a file."""
    lanes, steps = text.shape
    predictor: Model = MODELS[model](lanes)
    encoder = BinaryEncoder() if way == "binary" else RangeEncoder(PRECISION)
    ideal = 0.0
    for symbols in np.ascontiguousarray(text.T):
        if isinstance(encoder, RangeEncoder) and way == "bytes":
            rows = predictor.rows()
            ideal += PRECISION * lanes - float(np.log2(np.diff(rows)[np.arange(lanes), symbols]).sum())
            encoder.encode_symbols(symbols, rows)
        else:
            ideal += _encode_bits(encoder, predictor, symbols)
        predictor.update(symbols)
    payload = encoder.finish()
    header = {"format": _FORMAT, "model": model, "way": way, "lanes": lanes, "steps": steps}
    path.write_bytes(json.dumps(header).encode() + b"\n" + payload)
    return Coded(len(payload), ideal, elsewhere.said(text))


def _encode_bits(encoder: RangeEncoder | BinaryEncoder, predictor: Model, symbols: Symbols) -> float:
    """Code a byte of every lane, a bit of all lanes at a time; return the ideal bits."""
    whole, node, ideal = symbols.astype(np.int64), np.ones(len(symbols), np.int64), 0.0
    for depth in range(BITS):
        bit = whole >> (BITS - 1 - depth) & 1
        ones, both = predictor.weights(node)
        ideal -= float(np.log2(np.where(bit, ones, both - ones) / both).sum())
        encode_bits(encoder, bit, ones, both)
        node = 2 * node + bit
    return ideal


def encode_bits(encoder: RangeEncoder | BinaryEncoder, bit: Integers, ones: Integers, both: Integers) -> None:
    """Code bits, [N], given the weight of a 1 and of both."""
    if isinstance(encoder, BinaryEncoder):
        encoder.encode(bit.astype(np.uint8), rounded(ones, both, BINARY_PRECISION).astype(np.uint16))
    else:
        one = rounded(ones, both, PRECISION)
        zero = (1 << PRECISION) - one
        encoder.encode(np.where(bit, zero, 0).astype(np.uint32), np.where(bit, one, zero).astype(np.uint32))


def rounded(ones: Integers, both: Integers, precision: int) -> Integers:
    """Return the probability of a 1 in units of 2^-precision, never 0 and never 1."""
    return np.asarray(np.clip(((ones << precision) + both // 2) // both, 1, (1 << precision) - 1))


def restore(path: Path) -> Symbols:
    """Return the text, uint8 [lanes, steps], of a file.

    Raises
    ------
    UnsupportedError
        It is no such file.
    CorruptError, TruncatedError
        It is damaged; some damage decodes to other text instead.
    """
    line, _, payload = path.read_bytes().partition(b"\n")
    try:
        header: dict[str, Any] = json.loads(line)
        if header["format"] != _FORMAT or header["way"] not in WAYS:
            raise KeyError
        predictor: Model = MODELS[header["model"]](header["lanes"])
    except (ValueError, KeyError, TypeError):
        raise UnsupportedError(f"{path}: not a file of bytes or bits of the laboratory") from None
    decoder = BinaryDecoder(payload) if header["way"] == "binary" else RangeDecoder(payload, PRECISION)
    text = np.empty((header["steps"], header["lanes"]), np.uint8)
    for step in range(header["steps"]):
        if isinstance(decoder, RangeDecoder) and header["way"] == "bytes":
            text[step] = decoder.decode(predictor.rows())
        else:
            text[step] = _decode_bits(decoder, predictor, header["lanes"])
        predictor.update(text[step])
    decoder.finish()
    return np.ascontiguousarray(text.T)


def _decode_bits(decoder: RangeDecoder | BinaryDecoder, predictor: Model, lanes: int) -> Integers:
    node = np.ones(lanes, np.int64)
    for _ in range(BITS):
        ones, both = predictor.weights(node)
        if isinstance(decoder, BinaryDecoder):
            bit = decoder.decode(rounded(ones, both, BINARY_PRECISION).astype(np.uint16)).astype(np.int64)
        else:
            bit = decoder.decode(_two(rounded(ones, both, PRECISION))).astype(np.int64)
        node = 2 * node + bit
    return node - 256


def _two(one: Integers) -> NDArray[np.uint32]:
    """Return CDFs of two symbols, uint32 [N, 3], from the frequency of the second."""
    total = np.full_like(one, 1 << PRECISION)
    return np.stack([np.zeros_like(one), total - one, total], 1).astype(np.uint32)


def speeds(text: Symbols) -> dict[str, dict[str, float]]:
    """Return bytes per second of the processor, there and back, of coding alone: all that the network says is known.

    Parameters
    ----------
    text : uint8 [lanes, steps]

    Returns
    -------
    dict
        By way: ``"encode"`` and ``"decode"``.
    """
    predictor = Network(len(text))
    known = []
    for step in np.ascontiguousarray(text.T):
        known.append(predictor.rows().copy())
        predictor.update(step)
    rows = np.concatenate(known)
    symbols = np.ascontiguousarray(text.T).reshape(-1)
    path = (symbols.astype(np.int64) + 256)[:, None] >> np.arange(BITS, -1, -1)  # from the root to the byte's leaf
    bit = np.ascontiguousarray(path[:, 1:] & 1).reshape(-1)
    weights = [branches(rows, path[:, depth]) for depth in range(BITS)]
    ones, both = (np.stack(part, 1).reshape(-1) for part in zip(*weights, strict=True))
    one, sixteen = rounded(ones, both, PRECISION), rounded(ones, both, BINARY_PRECISION).astype(np.uint16)
    zero = (1 << PRECISION) - one
    start = np.where(bit, zero, 0).astype(np.uint32)
    freq = np.where(bit, one, zero).astype(np.uint32)
    two, bit8 = _two(one), bit.astype(np.uint8)

    found = {}
    coder = RangeEncoder(PRECISION)
    there = _timed(lambda: coder.encode_symbols(symbols, rows))
    back = RangeDecoder(coder.finish(), PRECISION)
    found["bytes"] = {"encode": there, "decode": _timed(lambda: back.decode(rows))}
    bits = RangeEncoder(PRECISION)
    there = _timed(lambda: bits.encode(start, freq))
    bits_back = RangeDecoder(bits.finish(), PRECISION)
    found["bits"] = {"encode": there, "decode": _timed(lambda: bits_back.decode(two))}
    binary = BinaryEncoder()
    there = _timed(lambda: binary.encode(bit8, sixteen))
    binary_back = BinaryDecoder(binary.finish())
    found["binary"] = {"encode": there, "decode": _timed(lambda: binary_back.decode(sixteen))}
    return {way: {key: symbols.size / seconds for key, seconds in times.items()} for way, times in found.items()}


def _timed(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return max(time.process_time() - begun, 1e-6)


def main() -> int:
    """Restore a file and say what it is."""
    print(json.dumps(elsewhere.said(restore(Path(sys.argv[1])))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
