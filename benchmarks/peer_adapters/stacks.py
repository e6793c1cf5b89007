"""Peers that give back last what they were given first."""

from __future__ import annotations

import importlib.machinery
import importlib.metadata
import importlib.util
from typing import Any

import numpy as np
import torch
from contestants import Contestant, Native, Table, UnsupportedError, block_sizes, blocks
from numpy.typing import NDArray

from peer_adapters.common import indices, only_16_bits, with_escape
from peer_adapters.queues import ConstrictionRange


class TorchAns(Contestant):
    """Eight interleaved states for a message, one state for each lane in steps: its fastest."""

    name, package, order = "torch-ans", "torch-ans", "stack"
    table_bits = 0  # bits of its look-up table for decoding

    def __init__(self) -> None:
        from torch_ans import utils

        self.utils = utils

    def _coder(self, lanes: int, precision: int, interleaved: int = 8) -> Any:
        return self.utils.TorchANSInterface(
            impl="rans64",
            bypass_coding=False,
            num_parallel_states=lanes,
            num_interleaves=interleaved,
            freq_precision=precision,
            inverse_cdf_precision=self.table_bits or None,
        )

    def symbols(self, symbols: NDArray[np.int32]) -> Any:
        return torch.from_numpy(symbols)

    def _rows(self, cdf: NDArray[np.uint32]) -> tuple[Any, Any, Any]:
        size = torch.full((len(cdf),), cdf.shape[1], dtype=torch.int32)
        return torch.from_numpy(cdf.view(np.int32)), size, torch.zeros_like(size)

    def table(self, table: Table, count: int) -> Native:
        rows, sizes, offsets = self._rows(table.cdf)
        return Native(rows, (sizes, offsets, torch.from_numpy(indices(table, count)), table.precision))

    def encode(self, symbols: Any, table: Native) -> Any:
        sizes, offsets, index, precision = table.rest
        coder = self._coder(1, precision)
        coder.set_cdfs(table.rows, sizes, offsets)
        return coder.encode(symbols, dist_indexes=index)

    def decode(self, stream: Any, table: Native, count: int) -> Any:
        sizes, offsets, index, precision = table.rest
        coder = self._coder(1, precision)
        rows = table.rows
        if self.table_bits:
            rows = self.utils.build_cdf_with_inverse_table(rows, precision, self.table_bits, coder._native)
        coder.set_cdfs(rows, sizes, offsets)
        return coder.decode(stream, dist_indexes=index)

    def to_bytes(self, stream: Any) -> list[bytes]:
        return [row.numpy().tobytes()[4 : 4 + int(row[0])] for row in stream.contiguous()]

    def from_bytes(self, parts: list[bytes]) -> Any:
        words = 1 + (max(map(len, parts)) + 3) // 4
        rows = [len(part).to_bytes(4, "little") + part.ljust(4 * words - 4, b"\0") for part in parts]
        return torch.from_numpy(np.frombuffer(bytearray(b"".join(rows)), np.int32).reshape(len(parts), words))

    def step_table(self, table: Table) -> Any:
        return self._rows(table.cdf)

    # Steps go through the operators: the class around them takes several times as long for so few symbols.

    def _pushed(self, coder: Any, lanes: int, index: Any) -> Any:
        kept: list[tuple[Any, Any]] = []

        def finish() -> Any:  # a stack: the last step is pushed first
            stream = coder.ans_init_func(lanes, coder.num_interleaves)
            for symbols, rows in reversed(kept):
                coder.ans_encode_func(stream, symbols.view(index.shape), index, *rows, **self._settings(coder))
            return stream

        return lambda symbols, rows: kept.append((symbols, rows)), finish

    @staticmethod
    def _settings(coder: Any) -> dict[str, Any]:
        return {"freq_precision": coder.freq_precision, "bypass_coding": False, "bypass_precision": 4}

    def encoder(self, lanes: int, vocabulary: int, precision: int) -> Any:
        index = torch.arange(lanes, dtype=torch.int32)[:, None]
        return self._pushed(self._coder(lanes, precision, 1), lanes, index)

    def decoder(self, stream: Any, lanes: int, vocabulary: int, precision: int) -> Any:
        index, coder = torch.arange(lanes, dtype=torch.int32)[:, None], self._coder(lanes, precision, 1)
        pop, settings = coder.ans_decode_func, self._settings(coder)
        return lambda rows: pop(stream, index, *rows, **settings)

    def block_encoder(self, size: int, vocabulary: int, precision: int) -> Any:
        return self._pushed(self._coder(1, precision), 1, torch.arange(size, dtype=torch.int32)[None])

    def block_decoder(self, stream: Any, size: int, vocabulary: int, precision: int) -> Any:
        index, coder = torch.arange(size, dtype=torch.int32)[None], self._coder(1, precision)
        pop, settings = coder.ans_decode_func, self._settings(coder)
        return lambda rows: pop(stream, index, *rows, **settings)

    def quantiser(self, probabilities: NDArray[np.float32], precision: int) -> Any:
        quantise, rows = self._coder(1, precision)._native.rans_pmf_to_quantized_cdf, torch.from_numpy(probabilities)
        return lambda: quantise(rows, precision), lambda made: made.numpy()

    def float_encoder(self, lanes: int, vocabulary: int, precision: int) -> Any:
        raise UnsupportedError("its quantiser makes falling CDFs of peaked rows, on which its encoder never ends")


class TorchAnsTable(TorchAns):
    name, table_bits = "torch-ans, table", 12

    def table(self, table: Table, count: int) -> Native:
        if len(table.cdf) > 1:
            raise UnsupportedError("slower than without a table here")
        return super().table(table, count)

    def encoder(self, lanes: int, vocabulary: int, precision: int) -> Any:
        raise UnsupportedError("a table costs more than a step")

    def block_encoder(self, size: int, vocabulary: int, precision: int) -> Any:
        raise UnsupportedError("a table costs more than a block")

    def quantiser(self, probabilities: NDArray[np.float32], precision: int) -> Any:
        raise UnsupportedError("as torch-ans")

    def float_encoder(self, lanes: int, vocabulary: int, precision: int) -> Any:
        raise UnsupportedError("a table costs more than a step")


class ConstrictionAns(ConstrictionRange):
    name, order, steps_reversed = "constriction ANS", "stack", True

    def encode(self, symbols: Any, table: Native) -> Any:
        coder = self.stack.AnsCoder()
        if len(table.rows) == 1:
            coder.encode_reverse(symbols, self._model(table))
        else:
            for piece, rows in reversed(blocks(symbols, table.rows)):
                coder.encode_reverse(piece, self.family, rows)
        return coder.get_compressed()

    def decode(self, stream: Any, table: Native, count: int) -> Any:
        coder = self.stack.AnsCoder(stream)
        if len(table.rows) == 1:
            return coder.decode(self._model(table), count)
        decoded = [coder.decode(self.family, rows) for rows in block_sizes(count, table.rows)]
        return decoded[0] if len(decoded) == 1 else np.concatenate(decoded)

    def encoder(self, lanes: int, vocabulary: int, precision: int) -> Any:
        coder, family = self.stack.AnsCoder(), self.family
        return lambda symbols, rows: coder.encode_reverse(symbols, family, rows), coder.get_compressed

    def decoder(self, stream: Any, lanes: int, vocabulary: int, precision: int) -> Any:
        coder, family = self.stack.AnsCoder(stream), self.family
        return lambda rows: coder.decode(family, rows)


class AnsNumpy(Contestant):
    """One call a message: no steps, and each block is a stream of its own."""

    name, package, order = "ans-numpy", "ansnp", "stack"

    def __init__(self) -> None:
        import ansnp

        self.coders = ansnp.RansEncoder(), ansnp.RansDecoder()

    def table(self, table: Table, count: int) -> Native:
        only_16_bits(table.precision)
        rows = with_escape(table.cdf)
        sizes = np.full(len(rows), rows.shape[1], np.int32)
        return Native(rows, (indices(table, count), sizes, np.zeros_like(sizes)))

    def encode(self, symbols: Any, table: Native) -> Any:
        index, sizes, offsets = table.rest
        return self.coders[0].encode_with_numpy(symbols, index, table.rows, sizes, offsets)

    def decode(self, stream: Any, table: Native, count: int) -> Any:
        index, sizes, offsets = table.rest
        return self.coders[1].decode_with_numpy(stream, index, table.rows, sizes, offsets)

    def step_table(self, table: Table) -> Any:
        return self.table(table, len(table.cdf))

    def block_encoder(self, size: int, vocabulary: int, precision: int) -> Any:
        only_16_bits(precision)
        parts: list[Any] = []  # each block is a stream of its own
        return lambda symbols, rows: parts.append(self.encode(symbols, rows)), lambda: parts

    def block_decoder(self, stream: Any, size: int, vocabulary: int, precision: int) -> Any:
        parts = iter(stream)
        return lambda rows: self.decode(next(parts), rows, size)

    def to_bytes(self, stream: Any) -> list[bytes]:
        return stream if isinstance(stream, list) else [stream]

    def from_bytes(self, parts: list[bytes]) -> Any:
        return parts if len(parts) > 1 else parts[0]


class CompressAI(Contestant):
    """Takes Python lists; in whole messages they are at hand, in steps they are made from the model's array."""

    name, package, order, most_symbols = "CompressAI", "compressai", "stack", 20_000

    def __init__(self) -> None:
        # Its two extensions alone: the package around them wants torchvision and more, and they need none of it.
        files = importlib.metadata.files("compressai") or []

        def extension(name: str) -> Any:
            path = next((str(f.locate()) for f in files if f.match(f"compressai/{name}.*.so")), None)
            if path is None:
                raise ImportError(f"compressai has no extension {name}")
            spec = importlib.util.spec_from_file_location(name, path)
            assert spec is not None
            module = importlib.util.module_from_spec(spec)
            assert spec.loader is not None
            spec.loader.exec_module(module)
            return module

        self.ans, self.quantise = extension("ans"), extension("_CXX").pmf_to_quantized_cdf

    def symbols(self, symbols: NDArray[np.int32]) -> Any:
        return symbols.tolist()

    def table(self, table: Table, count: int) -> Native:
        only_16_bits(table.precision)
        rows = with_escape(table.cdf).tolist()
        return Native(rows, (indices(table, count).tolist(), [len(row) for row in rows], [0] * len(rows)))

    def encode(self, symbols: Any, table: Native) -> Any:
        index, sizes, offsets = table.rest
        return self.ans.RansEncoder().encode_with_indexes(symbols, index, table.rows, sizes, offsets)

    def decode(self, stream: Any, table: Native, count: int) -> Any:
        index, sizes, offsets = table.rest
        return self.ans.RansDecoder().decode_with_indexes(stream, index, table.rows, sizes, offsets)

    def step_table(self, table: Table) -> Any:
        only_16_bits(table.precision)
        return with_escape(table.cdf)

    def encoder(self, lanes: int, vocabulary: int, precision: int) -> Any:
        coder = self.ans.BufferedRansEncoder()  # keeps all symbols until the end, so steps go forward
        index, sizes, offsets = list(range(lanes)), [vocabulary + 2] * lanes, [0] * lanes
        encode = coder.encode_with_indexes
        return lambda symbols, rows: encode(symbols, index, rows.tolist(), sizes, offsets), coder.flush

    def decoder(self, stream: Any, lanes: int, vocabulary: int, precision: int) -> Any:
        coder = self.ans.RansDecoder()
        coder.set_stream(stream)
        index, sizes, offsets = list(range(lanes)), [vocabulary + 2] * lanes, [0] * lanes
        return lambda rows: coder.decode_stream(index, rows.tolist(), sizes, offsets)

    def quantiser(self, probabilities: NDArray[np.float32], precision: int) -> Any:
        rows = probabilities.tolist()
        return lambda: [self.quantise(row, precision) for row in rows], np.array


class SimpleAns(Contestant):
    """One CDF for all symbols; a stream is the packed words behind its state."""

    name, package, order, one_row = "simple-ans", "simple_ans", "stack", True

    def __init__(self) -> None:
        import simple_ans
        from simple_ans import _simple_ans

        self.library = simple_ans
        self.encode_bytes = _simple_ans.ans_encode_uint8  # what ans_encode calls once it has counted

    def symbols(self, symbols: NDArray[np.int32]) -> Any:
        return symbols.astype(np.uint8)

    def table(self, table: Table, count: int) -> Native:
        if len(table.cdf) > 1:
            raise UnsupportedError("one CDF for all symbols only")
        return Native(np.diff(table.cdf[0]), np.arange(table.cdf.shape[1] - 1, dtype=np.uint8))

    def encode(self, symbols: Any, table: Native) -> Any:
        made = self.encode_bytes(symbols, table.rows, table.rest)
        return made.state, made.words

    def decode(self, stream: Any, table: Native, count: int) -> Any:
        state, words = stream
        return self.library.ans_decode(
            self.library.EncodedSignal(np.uint64(state), words, table.rows, table.rest, count)
        )

    def to_bytes(self, stream: Any) -> list[bytes]:
        return [int(stream[0]).to_bytes(8, "little") + stream[1].tobytes()]

    def from_bytes(self, parts: list[bytes]) -> Any:
        return int.from_bytes(parts[0][:8], "little"), np.frombuffer(
            parts[0][8:][: len(parts[0][8:]) // 4 * 4], np.uint32
        )
