"""The peers as contestants: each in the fastest way that its public interface offers, with data as it wants them.

An adapter imports its package when it is made; `installed` makes those that can be imported. peers.txt installs them.
"""

from __future__ import annotations

import importlib.machinery
import importlib.metadata
import importlib.util
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from contestants import Contestant, Native, Table, UnsupportedError, block_sizes, blocks, repeated
from numpy.typing import NDArray


def indices(table: Table, count: int) -> NDArray[np.int32]:
    """Return which row codes which symbol, for coders that share rows by index."""
    return np.arange(count, dtype=np.int32) % np.int32(len(table.cdf))


def only_16_bits(precision: int) -> None:
    if precision != 16:
        raise UnsupportedError("16 bits only")


def with_escape(cdf: NDArray[np.uint32]) -> NDArray[np.int32]:
    """Return int32 CDFs with one symbol more, as CompressAI's coder keeps its last one for what is out of range.

    Its slot comes from each row's most probable symbol.
    """
    made = np.empty((len(cdf), cdf.shape[1] + 1), np.int32)
    for begin in range(0, len(cdf), 1 << 14):
        part = cdf[begin : begin + (1 << 14)].view(np.int32)
        largest = np.diff(part).argmax(axis=1)
        made[begin : begin + len(part), :-1] = part - (np.arange(part.shape[1]) > largest[:, None])
    made[:, -1] = cdf[:, -1]
    return made


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

    def encoder(self, lanes: int, vocabulary: int, precision: int) -> Any:
        coder = self._coder(lanes, precision, 1)
        index = torch.arange(lanes, dtype=torch.int32)

        def step(symbols: Any, rows: Any) -> None:  # it keeps the steps, and encodes them backwards at the end
            coder.encode(symbols, index, cache=True, cdfs=rows[0], cdfs_sizes=rows[1], offsets=rows[2])

        return step, coder.encode_flush

    def decoder(self, stream: Any, lanes: int, vocabulary: int, precision: int) -> Any:
        index = torch.arange(lanes, dtype=torch.int32)[:, None]
        # The operator itself: the class around it takes several times as long for so few symbols.
        pop = self._coder(lanes, precision, 1).ans_decode_func
        settings = {"freq_precision": precision, "bypass_coding": False, "bypass_precision": 4}
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

    def quantiser(self, probabilities: NDArray[np.float32], precision: int) -> Any:
        raise UnsupportedError("as torch-ans")

    def float_encoder(self, lanes: int, vocabulary: int, precision: int) -> Any:
        raise UnsupportedError("a table costs more than a step")


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
    """One call a message: no steps."""

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
        return [bytes(stream)]


class AnsNumpy(Contestant):
    """One call a message: no steps."""

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


PEERS: tuple[type[Contestant], ...] = (
    TorchAns,
    TorchAnsTable,
    ConstrictionRange,
    ConstrictionAns,
    Torchac,
    Yaecl,
    RangeCodingCython,
    AnsNumpy,
    CompressAI,
    SimpleAns,
)


def installed() -> tuple[list[Contestant], dict[str, str]]:
    """Return the peers that can be imported, and why the others cannot."""
    made, missing = [], {}
    for peer in PEERS:
        try:
            made.append(peer())
        except Exception as error:  # whatever a foreign package raises while it is imported
            missing[peer.name] = f"{type(error).__name__}: {error}".splitlines()[0]
    return made, missing


def version(peer: Contestant) -> str:
    """Return the version of a contestant's package."""
    try:
        return importlib.metadata.version(peer.package)
    except importlib.metadata.PackageNotFoundError:
        return "from source"
