"""Peers that give back first what they were given first."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from contestants import Contestant, Native, Table, block_sizes, blocks, repeated
from numpy.typing import NDArray

from peer_adapters.common import indices, only_16_bits


class ConstrictionRange(Contestant):
    name, package, floats = "constriction range", "constriction", True

    def __init__(self) -> None:
        import constriction

        self.model, self.queue, self.stack = (
            constriction.stream.model,
            constriction.stream.queue,
            constriction.stream.stack,
        )
        self.family = self.model.Categorical(perfect=False)

    def _model(self, table: Native) -> Any:
        return self.model.Categorical(table.rows[0], lazy=False, perfect=False)

    def table(self, table: Table, count: int) -> Native:
        return Native(table.probabilities)

    def encode(self, symbols: Any, table: Native) -> Any:
        coder = self.queue.RangeEncoder()
        if len(table.rows) == 1:
            coder.encode(symbols, self._model(table))
        else:
            for piece, rows in blocks(symbols, table.rows):
                coder.encode(piece, self.family, rows)
        return coder.get_compressed()

    def decode(self, stream: Any, table: Native, count: int) -> Any:
        coder = self.queue.RangeDecoder(stream)
        if len(table.rows) == 1:
            return coder.decode(self._model(table), count)
        decoded = [coder.decode(self.family, rows) for rows in block_sizes(count, table.rows)]
        return decoded[0] if len(decoded) == 1 else np.concatenate(decoded)

    def to_bytes(self, stream: Any) -> list[bytes]:
        return [stream.tobytes()]

    def from_bytes(self, parts: list[bytes]) -> Any:
        return np.frombuffer(parts[0][: len(parts[0]) // 4 * 4], np.uint32)

    def encoder(self, lanes: int, vocabulary: int, precision: int) -> Any:
        coder, family = self.queue.RangeEncoder(), self.family
        return lambda symbols, rows: coder.encode(symbols, family, rows), coder.get_compressed

    def decoder(self, stream: Any, lanes: int, vocabulary: int, precision: int) -> Any:
        coder, family = self.queue.RangeDecoder(stream), self.family
        return lambda rows: coder.decode(family, rows)

    def float_encoder(self, lanes: int, vocabulary: int, precision: int) -> Any:
        return self.encoder(lanes, vocabulary, precision)

    def float_decoder(self, stream: Any, lanes: int, vocabulary: int, precision: int) -> Any:
        return self.decoder(stream, lanes, vocabulary, precision)


class Torchac(Contestant):
    """One stream a call: a message of several blocks, and every step, is a stream of its own."""

    name, package, most_symbols = "torchac", "torchac", 1_000_000

    def __init__(self) -> None:
        from torch.utils import cpp_extension

        # It compiles itself at the first import, without optimisation; its best is what is measured.
        load = cpp_extension.load
        cpp_extension.load = lambda **settings: load(**settings | {"verbose": False, "extra_cflags": ["-O3"]})
        try:
            import torchac
        finally:
            cpp_extension.load = load
        self.torchac = torchac

    def symbols(self, symbols: NDArray[np.int32]) -> Any:
        return torch.from_numpy(symbols.astype(np.int16))

    def step_table(self, table: Table) -> Any:
        only_16_bits(table.precision)
        return torch.from_numpy(table.cdf.astype(np.uint16).view(np.int16))  # 2**16 becomes 0, as it wants

    def table(self, table: Table, count: int) -> Native:
        only_16_bits(table.precision)
        return Native(torch.from_numpy(repeated(table.cdf.astype(np.uint16)).view(np.int16)))

    def encode(self, symbols: Any, table: Native) -> Any:
        encode = self.torchac.encode_int16_normalized_cdf
        return [encode(rows, piece) for piece, rows in blocks(symbols, table.rows)]

    def decode(self, stream: Any, table: Native, count: int) -> Any:
        decode = self.torchac.decode_int16_normalized_cdf
        pieces = zip(block_sizes(count, table.rows), stream, strict=True)
        return torch.cat([decode(rows, part) for rows, part in pieces])

    def to_bytes(self, stream: Any) -> list[bytes]:
        return list(stream)

    def from_bytes(self, parts: list[bytes]) -> Any:
        return parts

    def encoder(self, lanes: int, vocabulary: int, precision: int) -> Any:
        only_16_bits(precision)
        parts: list[bytes] = []
        encode = self.torchac.encode_int16_normalized_cdf
        return lambda symbols, rows: parts.append(encode(rows, symbols)), lambda: parts

    def decoder(self, stream: Any, lanes: int, vocabulary: int, precision: int) -> Any:
        parts, decode = iter(stream), self.torchac.decode_int16_normalized_cdf
        return lambda rows: decode(rows, next(parts))

    def quantiser(self, probabilities: NDArray[np.float32], precision: int) -> Any:
        only_16_bits(precision)
        rows, quantise = torch.from_numpy(probabilities), self.torchac.torchac._convert_to_int_and_normalize

        def quantised() -> Any:  # it takes float CDFs, so its users sum the probabilities first
            sums = torch.zeros(len(rows), rows.shape[1] + 1)
            torch.cumsum(rows, 1, out=sums[:, 1:])
            return quantise(sums.clamp_(max=1), True)

        def as_integers(made: Any) -> NDArray[np.int64]:
            integers = made.numpy().view(np.uint16).astype(np.int64)
            integers[:, -1] = 1 << 16
            return integers

        return quantised, as_integers


class Yaecl(Contestant):
    name, package = "yaecl", "yaecl"

    def __init__(self) -> None:
        import yaecl

        self.yaecl = yaecl

    def step_table(self, table: Table) -> Any:
        return table.cdf.view(np.int32)

    def table(self, table: Table, count: int) -> Native:
        return Native(table.cdf.view(np.int32), table.precision)

    def encode(self, symbols: Any, table: Native) -> Any:
        coder = self.yaecl.ac_encoder_t()
        if len(table.rows) == 1:
            coder.encode_nx1(symbols, table.rows[0], table.rest)
        else:
            for piece, rows in blocks(symbols, table.rows):
                coder.encode_nxn(piece, rows, table.rest)
        coder.flush()
        return coder.bit_stream

    def decode(self, stream: Any, table: Native, count: int) -> Any:
        coder = self.yaecl.ac_decoder_t(stream)
        decoded, rows = np.empty(count, np.int32), table.rows
        if len(rows) == 1:
            coder.decode_nx1(rows.shape[1] - 1, rows[0], table.rest, decoded)
        else:
            for piece, part in blocks(decoded, rows):
                coder.decode_nxn(rows.shape[1] - 1, part, table.rest, piece)
        return decoded

    def to_bytes(self, stream: Any) -> list[bytes]:
        with tempfile.TemporaryDirectory() as folder:  # it has no other way out
            path = Path(folder, "stream")
            stream.save(str(path))
            return [path.read_bytes()]

    def from_bytes(self, parts: list[bytes]) -> Any:
        stream = self.yaecl.bit_stream_t()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "stream")
            path.write_bytes(parts[0])
            stream.load(str(path))
        return stream

    def encoder(self, lanes: int, vocabulary: int, precision: int) -> Any:
        coder = self.yaecl.ac_encoder_t()

        def finish() -> Any:
            coder.flush()
            return coder.bit_stream

        return lambda symbols, rows: coder.encode_nxn(symbols, rows, precision), finish

    def decoder(self, stream: Any, lanes: int, vocabulary: int, precision: int) -> Any:
        coder = self.yaecl.ac_decoder_t(stream)
        if lanes == 1:
            return lambda rows: coder.decode(vocabulary, rows, precision)

        def step(rows: Any) -> Any:
            decoded = np.empty(lanes, np.int32)
            coder.decode_nxn(vocabulary, rows, precision, decoded)
            return decoded

        return step


class RangeCodingCython(Contestant):
    """One call a message: no steps, and each block is a stream of its own."""

    name, package = "range-coding-cython", "range-coding-cython"

    def __init__(self) -> None:
        import range_coding_cython

        self.library = range_coding_cython

    def symbols(self, symbols: NDArray[np.int32]) -> Any:
        return symbols.view(np.uint32)

    def table(self, table: Table, count: int) -> Native:
        only_16_bits(table.precision)
        return Native(table.cdf, indices(table, count).view(np.uint32))

    def encode(self, symbols: Any, table: Native) -> Any:
        return self.library.encode_nxk(symbols, table.rows, table.rest)

    def decode(self, stream: Any, table: Native, count: int) -> Any:
        return self.library.decode_nxk(np.empty(count, np.uint32), table.rows, table.rest, stream)

    def to_bytes(self, stream: Any) -> list[bytes]:
        return [bytes(part) for part in stream] if isinstance(stream, list) else [bytes(stream)]

    def from_bytes(self, parts: list[bytes]) -> Any:
        return parts if len(parts) > 1 else parts[0]

    def step_table(self, table: Table) -> Any:
        return self.table(table, len(table.cdf))

    def block_encoder(self, size: int, vocabulary: int, precision: int) -> Any:
        only_16_bits(precision)
        parts: list[Any] = []
        return lambda symbols, rows: parts.append(self.encode(symbols, rows)), lambda: parts

    def block_decoder(self, stream: Any, size: int, vocabulary: int, precision: int) -> Any:
        parts = iter(stream)
        return lambda rows: self.decode(next(parts), rows, size)
