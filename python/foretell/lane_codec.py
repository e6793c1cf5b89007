"""Blocks of a `Model` to payloads and back: lanes, the model's rhythm, the range coder (docs/format.md, "Lanes").

A block of n bytes is cut into L contiguous lanes of `steps` = ceil(n / L) bytes, the last ones padded with zeros. All
lanes advance together, one symbol a step. With n = 10 and L = 4, so steps = 3:

    step      0  1  2
    lane 0    0  1  2     byte l * steps + t of the block; the coder sees 0 3 6 9, 1 4 7, 2 5 8
    lane 1    3  4  5
    lane 2    6  7  8
    lane 3    9  .  .     padding: learned, not coded

The lanes that code at a step are always the first ones, so a decoder knows how many there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foretell.coders import RangeDecoder, RangeEncoder

if TYPE_CHECKING:
    from foretell.models.base import Model, Progress

LANE_BYTES = 1024
"""A lane is worth having from this many plain bytes on. Part of the format: the decoder derives L from it."""


def lane_count(raw_length: int, max_lanes: int) -> int:
    """Return how many lanes a block of `raw_length` bytes is cut into: a power of two, at most `max_lanes`.

    Examples
    --------
    >>> lane_count(100, 512), lane_count(5000, 512), lane_count(1 << 20, 512)
    (1, 4, 512)
    """
    if max_lanes < 1:
        raise ValueError(f"a model needs at least one lane, not {max_lanes}")
    wanted = min(max_lanes, max(1, raw_length // LANE_BYTES))
    return 1 << (wanted.bit_length() - 1)


class Shape:
    """Lanes and steps of a block of `raw_length` symbols, at least one.

    Attributes
    ----------
    lanes, steps : int
        Their product is at least `raw_length`.
    """

    def __init__(self, raw_length: int, max_lanes: int) -> None:
        self.raw_length = raw_length
        self.lanes = lane_count(raw_length, max_lanes)
        self.steps = -(-raw_length // self.lanes)

    def active(self, step: int) -> int:
        """Return how many lanes are not padding at `step`: 1..lanes."""
        return -(-(self.raw_length - step) // self.steps)

    def done(self, steps: int) -> int:
        """Return how many symbols the first `steps` steps hold."""
        full, rest = divmod(self.raw_length, self.steps)
        return full * steps + min(rest, steps)

    def grid(self, symbols: NDArray[Any]) -> NDArray[Any]:
        """Return `symbols` [raw_length] as [lanes, steps] of the same dtype, padded with zeros."""
        cells = np.zeros(self.lanes * self.steps, symbols.dtype)
        cells[: self.raw_length] = symbols
        return cells.reshape(self.lanes, self.steps)

    def coded(self, first: int, steps: int) -> NDArray[np.bool_]:
        """Return which lanes are not padding in `steps` steps from `first` on, [steps, lanes]: the order of coding."""
        step = np.arange(first, first + steps)
        return np.arange(self.lanes) * self.steps + step[:, None] < self.raw_length


class LaneCodec:
    """Codes blocks with a `Model`, as a `foretell.models.BlockModel` codes them itself.

    Parameters
    ----------
    model : Model
        In the state that the decoder's will be in. It learns what is coded.
    by_step : bool
        Encode through `predict` and `update`, as a decoder does, instead of `score`. Slower, the same bytes.
    """

    def __init__(self, model: Model, *, by_step: bool = False) -> None:
        self._model = model
        self._code_steps = _encode_by_step if by_step else _encode_chunk

    def encode_block(
        self, data: bytes | bytearray | memoryview, progress: Progress | None = None
    ) -> tuple[bytes, float]:
        """See `foretell.models.BlockModel`."""
        model = self._model
        shape = Shape(len(data), model.lanes)
        grid = shape.grid(np.frombuffer(data, np.uint8))
        encoder = RangeEncoder(model.precision)
        ideal_bits = 0.0
        model.begin(shape.lanes)
        for first in range(0, shape.steps, model.chunk):
            symbols = np.ascontiguousarray(grid[:, first : first + model.chunk])
            ideal_bits += self._code_steps(model, encoder, symbols, shape, first)
            _report(progress, shape, first, symbols.shape[1])
        return encoder.finish(), ideal_bits

    def decode_block(self, payload: bytes, raw_length: int, progress: Progress | None = None) -> bytes:
        """See `foretell.models.BlockModel`."""
        model = self._model
        shape = Shape(raw_length, model.lanes)
        decoder = RangeDecoder(payload, model.precision)
        columns = bytearray()  # [steps, lanes]; grows with what is decoded, not with what the file claims
        model.begin(shape.lanes)
        for first in range(0, shape.steps, model.chunk):
            last = min(first + model.chunk, shape.steps)
            for t in range(first, last):
                active = shape.active(t)
                column = np.zeros(shape.lanes, np.uint8)  # a new one each step: the model may keep it
                column[:active] = decoder.decode(model.predict()[:active])
                columns += column.data
                model.update(column)
            _report(progress, shape, first, last - first)
        decoder.finish()
        grid = np.frombuffer(columns, np.uint8).reshape(shape.steps, shape.lanes).T
        plain: bytes = grid.tobytes()
        return plain[:raw_length]

    def learn_block(self, data: bytes | bytearray | memoryview, progress: Progress | None = None) -> None:
        """See `foretell.models.BlockModel`; without coding, which takes time."""
        model = self._model
        shape = Shape(len(data), model.lanes)
        grid = shape.grid(np.frombuffer(data, np.uint8))
        model.begin(shape.lanes)
        for first in range(0, shape.steps, model.chunk):
            symbols = np.ascontiguousarray(grid[:, first : first + model.chunk])
            model.score(symbols)
            _report(progress, shape, first, symbols.shape[1])


def _encode_chunk(model: Model, encoder: RangeEncoder, symbols: NDArray[np.uint8], shape: Shape, first: int) -> float:
    """Code the steps from `first` on, symbols [lanes, t], through `score`; return their ideal bits."""
    start, freq = model.score(symbols)
    coded = shape.coded(first, symbols.shape[1])
    freqs = np.ascontiguousarray(freq.T[coded])
    encoder.encode(np.ascontiguousarray(start.T[coded]), freqs)
    return bits_of(freqs, model.precision)


def _encode_by_step(model: Model, encoder: RangeEncoder, symbols: NDArray[np.uint8], shape: Shape, first: int) -> float:
    """Do as `_encode_chunk` through `predict` and `update`."""
    ideal_bits = 0.0
    for t in range(symbols.shape[1]):
        active = shape.active(first + t)
        column = np.ascontiguousarray(symbols[:, t])
        cdf = model.predict()
        encoder.encode_symbols(column[:active], cdf[:active])
        index = column[:active].astype(np.intp)
        lanes = np.arange(active)
        ideal_bits += bits_of(cdf[lanes, index + 1] - cdf[lanes, index], model.precision)
        model.update(column)
    return ideal_bits


def bits_of(freq: NDArray[np.unsignedinteger], precision: int) -> float:
    """Return the sum of -log2(freq / 2^precision). Floats are fine here: nothing coded depends on it."""
    return precision * freq.size - float(np.log2(freq.astype(np.float64)).sum())


def _report(progress: Progress | None, shape: Shape, first: int, steps: int) -> None:
    if progress is not None:
        progress(shape.done(first + steps) - shape.done(first))
