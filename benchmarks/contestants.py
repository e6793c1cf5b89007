"""What peers.py and bad_input.py ask of a coder, and foretell's own coders.

A contestant is a class with some of these faces; a case that needs a face which a class lacks leaves it out:

whole messages   `table`, `encode`, `decode`: symbol i is coded with row i % R of the R rows of a table
steps            `encoder`, `decoder`: callables that code one symbol for each lane, as an autoregressive model needs
blocks           `block_encoder`, `block_decoder`: callables that code a block of symbols with a row each, in one stream
probabilities    `quantiser`: float32 rows to CDFs; `float_encoder`, `float_decoder`: steps that start from float32 rows

`table`, `symbols` and `from_bytes` bring data into the form that a coder's users have at hand, and are never timed.
To add a coder of foretell, write a class here and name it in FORETELL.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from foretell import cdf
from foretell.coders import LaneDecoder, LaneEncoder, RangeDecoder, RangeEncoder, RansCoder, StaticTable
from numpy.typing import NDArray


class UnsupportedError(Exception):
    """The coder cannot do this; the message says why."""


@dataclass
class Table:
    """Distributions: CDFs, and the probabilities that they were made from."""

    cdf: NDArray[np.uint32]  # [R, V + 1]
    probabilities: NDArray[np.float32]  # [R, V]
    precision: int


@dataclass
class Native:
    """A table as one coder takes it: its rows, and what else belongs to them."""

    rows: Any
    rest: Any = None


class Contestant:
    name: ClassVar[str]
    package: ClassVar[str] = "foretell"
    order: ClassVar[str] = "queue"  # or "stack": its state gives back last what it was given first
    steps_reversed: ClassVar[bool] = False  # a stack that does not buffer: the last step is encoded first
    floats: ClassVar[bool] = False  # quantises float rows within its calls: the float model is its ideal
    one_row: ClassVar[bool] = False  # has one CDF for all symbols
    most_symbols: ClassVar[int] = 10**9  # a slower coder is measured on fewer

    def symbols(self, symbols: NDArray[np.int32]) -> Any:
        return symbols

    def table(self, table: Table, count: int) -> Native:
        """Return the table for `count` symbols."""
        raise UnsupportedError("no whole messages")

    def encode(self, symbols: Any, table: Native) -> Any:
        """Return a stream, in the coder's own form."""
        raise NotImplementedError  # what a contestant can do it says itself

    def decode(self, stream: Any, table: Native, count: int) -> Any:
        raise NotImplementedError  # what a contestant can do it says itself

    def to_bytes(self, stream: Any) -> list[bytes]:
        return [stream]

    def from_bytes(self, parts: list[bytes]) -> Any:
        return parts[0]

    def step_table(self, table: Table) -> Any:
        return table.probabilities if self.floats else table.cdf

    def encoder(
        self, lanes: int, vocabulary: int, precision: int
    ) -> tuple[Callable[[Any, Any], Any], Callable[[], Any]]:
        """Return step(symbols, step table) and finish() -> stream."""
        raise UnsupportedError("no steps")

    def decoder(self, stream: Any, lanes: int, vocabulary: int, precision: int) -> Callable[[Any], Any]:
        """Return step(step table) -> symbols."""
        raise NotImplementedError  # what a contestant can do it says itself

    def block_encoder(
        self, size: int, vocabulary: int, precision: int
    ) -> tuple[Callable[[Any, Any], Any], Callable[[], Any]]:
        """As `encoder`, for blocks of `size` symbols; coders whose steps share a stream need nothing else."""
        return self.encoder(size, vocabulary, precision)

    def block_decoder(self, stream: Any, size: int, vocabulary: int, precision: int) -> Callable[[Any], Any]:
        return self.decoder(stream, size, vocabulary, precision)

    def quantiser(self, probabilities: NDArray[np.float32], precision: int) -> tuple[Callable[[], Any], Any]:
        """Return a callable that makes all the CDFs, and one that turns its result into an integer array or None."""
        raise UnsupportedError("no quantiser")

    def float_encoder(
        self, lanes: int, vocabulary: int, precision: int
    ) -> tuple[Callable[[Any, Any], Any], Callable[[], Any]]:
        raise UnsupportedError("no steps from probabilities")

    def float_decoder(self, stream: Any, lanes: int, vocabulary: int, precision: int) -> Callable[[Any], Any]:
        raise NotImplementedError  # what a contestant can do it says itself


def repeated(rows: NDArray[Any], least: int = 4096) -> NDArray[Any]:
    """Return `rows`, one row repeated: for coders that want a row for each symbol where one CDF serves for all."""
    return np.ascontiguousarray(np.broadcast_to(rows, (least, rows.shape[1]))) if len(rows) == 1 else rows


def blocks(symbols: Any, rows: Any) -> list[tuple[Any, Any]]:
    """Return pieces of `symbols` and the rows of each: whole tables, and a part of one for the rest."""
    size = len(rows)
    return [
        (symbols[begin : begin + size], rows[: len(symbols) - begin]) for begin in range(0, max(len(symbols), 1), size)
    ]


def block_sizes(count: int, rows: Any) -> list[Any]:
    """Return the rows of each piece of a message of `count` symbols."""
    whole, rest = divmod(count, len(rows))
    return [rows] * whole + ([rows[:rest]] if rest or not whole else [])


def narrow(symbols: NDArray[np.int32]) -> NDArray[Any]:
    """Return symbols as the smallest dtype that holds the alphabet of these benchmarks."""
    fits = not symbols.size or (symbols.min() >= 0 and symbols.max() < 256)
    return symbols.astype(np.uint8 if fits else np.uint32)


class ForetellRange(Contestant):
    name = "foretell range"

    def symbols(self, symbols: NDArray[np.int32]) -> Any:
        return narrow(symbols)

    def table(self, table: Table, count: int) -> Native:
        return Native(repeated(table.cdf), table)

    def encode(self, symbols: Any, table: Native) -> Any:
        source = table.rest
        encoder = RangeEncoder(source.precision)
        if len(source.cdf) == 1:  # one CDF for all: gather what each symbol needs
            row = source.cdf[0]
            encoder.encode(row[:-1].take(symbols), np.diff(row).take(symbols))
        else:
            for piece, rows in blocks(symbols, table.rows):
                encoder.encode_symbols(piece, rows)
        return encoder.finish()

    def decode(self, stream: Any, table: Native, count: int) -> Any:
        decoder = RangeDecoder(stream, table.rest.precision)
        decoded = [decoder.decode(rows) for rows in block_sizes(count, table.rows)]
        decoder.finish()
        return decoded[0] if len(decoded) == 1 else np.concatenate(decoded)

    def encoder(self, lanes: int, vocabulary: int, precision: int) -> Any:
        if lanes != 1:
            raise UnsupportedError("one stream")
        encoder = RangeEncoder(precision)
        return encoder.encode_symbols, encoder.finish

    def decoder(self, stream: Any, lanes: int, vocabulary: int, precision: int) -> Any:
        return RangeDecoder(stream, precision).decode

    def block_encoder(self, size: int, vocabulary: int, precision: int) -> Any:
        return self.encoder(1, vocabulary, precision)

    def quantiser(self, probabilities: NDArray[np.float32], precision: int) -> Any:
        return lambda: cdf.from_probabilities(probabilities, precision), lambda made: made

    def float_encoder(self, lanes: int, vocabulary: int, precision: int) -> Any:
        if lanes != 1:
            raise UnsupportedError("one stream")
        encoder = RangeEncoder(precision)
        intervals = cdf.intervals_from_probabilities  # an encoder needs no more of a CDF
        return lambda symbols, rows: encoder.encode(*intervals(rows, symbols, precision)), encoder.finish

    def float_decoder(self, stream: Any, lanes: int, vocabulary: int, precision: int) -> Any:
        step = self.decoder(stream, lanes, vocabulary, precision)
        out = np.empty((lanes, vocabulary + 1), np.uint32)
        return lambda rows: step(cdf.from_probabilities(rows, precision, out))


def row_indices(table: Table, count: int) -> NDArray[np.int32] | None:
    """Return which row of a set codes which symbol."""
    return np.arange(count, dtype=np.int32) % np.int32(len(table.cdf)) if len(table.cdf) > 1 else None


def static_table(table: Table, count: int) -> Native:
    if table.precision > 16:
        raise UnsupportedError("tables reach precision 16")
    if len(table.cdf) > 256:
        raise UnsupportedError("a row for each symbol is no set")
    return Native(StaticTable(table.cdf, table.precision), (table.precision, row_indices(table, count)))


class ForetellRangeTable(Contestant):
    name = "foretell range, table"

    def symbols(self, symbols: NDArray[np.int32]) -> Any:
        return narrow(symbols)

    def table(self, table: Table, count: int) -> Native:
        return static_table(table, count)

    def encode(self, symbols: Any, table: Native) -> Any:
        precision, index = table.rest
        encoder = RangeEncoder(precision)
        encoder.encode_table(symbols, table.rows, index)
        return encoder.finish()

    def decode(self, stream: Any, table: Native, count: int) -> Any:
        precision, index = table.rest
        decoder = RangeDecoder(stream, precision)
        decoded = decoder.decode_table(count, table.rows, index)
        decoder.finish()
        return decoded


class ForetellLanes(Contestant):
    name = "foretell lanes"

    def symbols(self, symbols: NDArray[np.int32]) -> Any:
        return narrow(symbols)

    def encoder(self, lanes: int, vocabulary: int, precision: int) -> Any:
        encoder = LaneEncoder(lanes, precision)
        return encoder.encode_step, encoder.finish

    def decoder(self, stream: Any, lanes: int, vocabulary: int, precision: int) -> Any:
        return LaneDecoder(stream, precision).decode_step

    def block_encoder(self, size: int, vocabulary: int, precision: int) -> Any:
        raise UnsupportedError("a stream a lane")

    def to_bytes(self, stream: Any) -> list[bytes]:
        return list(stream)

    def from_bytes(self, parts: list[bytes]) -> Any:
        return parts


def ends_as_integers(rows: NDArray[np.uint16]) -> NDArray[np.int64]:
    made = rows.astype(np.int64)
    made[:, -1] += (made[:, -1] == 0) << 16
    return made


class ForetellOut(Contestant):
    """CDFs into memory that the caller has, as loops do."""

    name = "foretell, out="

    def quantiser(self, probabilities: NDArray[np.float32], precision: int) -> Any:
        out = np.empty((len(probabilities), probabilities.shape[1] + 1), np.uint32)
        return lambda: cdf.from_probabilities(probabilities, precision, out), lambda made: made


class NarrowRows(Contestant):
    """CDFs in uint16, half the memory to read."""

    def table(self, table: Table, count: int) -> Native:
        native = super().table(table, count)
        return Native(self._narrow(native.rows, table.precision), native.rest)

    def step_table(self, table: Table) -> Any:
        return self._narrow(table.cdf, table.precision)

    @staticmethod
    def _narrow(rows: NDArray[np.uint32], precision: int) -> NDArray[np.uint16]:
        if precision > 16:
            raise UnsupportedError("uint16 rows reach precision 16")
        return rows.astype(np.uint16)


class ForetellRange16(NarrowRows, ForetellRange):
    name = "foretell range, uint16"

    def quantiser(self, probabilities: NDArray[np.float32], precision: int) -> Any:
        out = np.empty((len(probabilities), probabilities.shape[1] + 1), np.uint16)
        # The last value of a row, 2^16, is stored as 0.
        return lambda: cdf.from_probabilities(probabilities, precision, out), ends_as_integers


class ForetellLanes16(NarrowRows, ForetellLanes):
    name = "foretell lanes, uint16"


class ForetellRans(Contestant):
    name = "foretell rANS"
    order = "stack"
    steps_reversed = True
    interleave = 8

    def symbols(self, symbols: NDArray[np.int32]) -> Any:
        return narrow(symbols)

    def table(self, table: Table, count: int) -> Native:
        return Native(repeated(table.cdf), table.precision)

    def encode(self, symbols: Any, table: Native) -> Any:
        coder = RansCoder(table.rest, self.interleave)
        for piece, rows in reversed(blocks(symbols, table.rows)):
            coder.encode_symbols_reverse(piece, rows)
        return coder.to_bytes()

    def decode(self, stream: Any, table: Native, count: int) -> Any:
        coder = RansCoder.from_bytes(stream, table.rest, self.interleave)
        decoded = [coder.decode(rows) for rows in block_sizes(count, table.rows)]
        coder.finish()
        return decoded[0] if len(decoded) == 1 else np.concatenate(decoded)

    def block_encoder(self, size: int, vocabulary: int, precision: int) -> Any:
        coder = RansCoder(precision, self.interleave)
        return coder.encode_symbols_reverse, coder.to_bytes

    def block_decoder(self, stream: Any, size: int, vocabulary: int, precision: int) -> Any:
        return RansCoder.from_bytes(stream, precision, self.interleave).decode


class ForetellRans16(NarrowRows, ForetellRans):
    name = "foretell rANS, uint16"


class ForetellRansTable(ForetellRans):
    name = "foretell rANS, table"
    interleave = 32

    def table(self, table: Table, count: int) -> Native:
        return static_table(table, count)

    def encode(self, symbols: Any, table: Native) -> Any:
        precision, index = table.rest
        coder = RansCoder(precision, self.interleave)
        coder.encode_table_reverse(symbols, table.rows, index)
        return coder.to_bytes()

    def decode(self, stream: Any, table: Native, count: int) -> Any:
        precision, index = table.rest
        coder = RansCoder.from_bytes(stream, precision, self.interleave)
        decoded = coder.decode_table(count, table.rows, index)
        coder.finish()
        return decoded

    def block_encoder(self, size: int, vocabulary: int, precision: int) -> Any:
        raise UnsupportedError("one CDF for all symbols only")


FORETELL: tuple[type[Contestant], ...] = (
    ForetellRange,
    ForetellOut,
    ForetellRange16,
    ForetellRangeTable,
    ForetellLanes,
    ForetellLanes16,
    ForetellRans,
    ForetellRans16,
    ForetellRansTable,
)
