"""Both coders with StaticTables against the reference and themselves with rows, bad arguments and damaged streams."""

from __future__ import annotations

import array
import doctest
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import reference
from foretell.coders import RangeDecoder, RangeEncoder, RansCoder, StaticTable
from foretell.errors import CorruptError, Error, TruncatedError
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from test_coders import SYMBOL_DTYPES, make_cdfs

# -- a queue and a stack of one shape


@dataclass(frozen=True)
class Queue:
    precision: int

    def encode(self, symbols: Any, table: StaticTable, index: Any = None) -> bytes:
        encoder = RangeEncoder(self.precision)
        encoder.encode_table(symbols, table, index)
        return encoder.finish()

    def decoder(self, stream: Any) -> RangeDecoder:
        return RangeDecoder(stream, self.precision)

    def by_reference(self, pairs: list[tuple[int, int]]) -> bytes:
        return reference.range_encode(pairs, self.precision)


@dataclass(frozen=True)
class Stack:
    precision: int
    interleave: int

    def encode(self, symbols: Any, table: StaticTable, index: Any = None) -> bytes:
        coder = RansCoder(self.precision, self.interleave)
        coder.encode_table_reverse(symbols, table, index)
        return coder.to_bytes()

    def decoder(self, stream: Any) -> RansCoder:
        return RansCoder.from_bytes(stream, self.precision, self.interleave)

    def by_reference(self, pairs: list[tuple[int, int]]) -> bytes:
        return reference.rans_encode(pairs, self.precision, self.interleave)


def coders_of(precision: int) -> list[Queue | Stack]:
    return [Queue(precision), Stack(precision, 1), Stack(precision, 3), Stack(precision, 32)]


interleaves = st.one_of(st.integers(1, 9), st.sampled_from([16, 20, 24, 32, 64, 1024]))


@dataclass
class Message:
    precision: int
    cdfs: list[NDArray[np.uint32]]  # R rows, [V + 1] each
    index: NDArray[np.int64]  # [N]
    symbols: NDArray[np.int64]  # [N]

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Start and frequency of each symbol."""
        rows = [cdf.tolist() for cdf in self.cdfs]
        pairs = zip(self.index.tolist(), self.symbols.tolist(), strict=True)
        return [(rows[row][symbol], rows[row][symbol + 1] - rows[row][symbol]) for row, symbol in pairs]

    def table(self) -> StaticTable:
        return StaticTable(self.cdfs, self.precision)


@st.composite
def messages(draw: st.DrawFn, rows: int | None = None, equal: bool | None = None) -> Message:
    precision = draw(st.integers(1, 16))
    most = draw(st.one_of(st.integers(1, min(2**precision, 300)), st.just(2**precision)))
    length = draw(st.integers(0, 400))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    count = rows or draw(st.integers(1, 3 if most > 300 else 40))
    same = draw(st.booleans()) if equal is None else equal
    sizes = np.full(count, most) if same else rng.integers(1, most + 1, count)
    cdfs = [make_cdfs(rng, 1, int(size), precision)[0].astype(np.uint32) for size in sizes]
    index = rng.integers(0, count, length)
    slots = rng.integers(0, 2**precision, length)
    likely = [np.searchsorted(cdfs[row], slot, side="right") - 1 for row, slot in zip(index, slots, strict=True)]
    uniform = rng.integers(0, sizes[index]) if length else index
    symbols = np.where(rng.integers(2, size=length), np.array(likely, np.int64), uniform)
    return Message(precision, cdfs, index, symbols)


# -- reference equality and round trips


@given(messages(), interleaves)
def test_bytes_equal_the_reference(message: Message, interleave: int) -> None:
    table = message.table()
    for coder in (Queue(message.precision), Stack(message.precision, interleave)):
        stream = coder.encode(message.symbols, table, message.index)
        assert stream == coder.by_reference(message.pairs)
        decoder = coder.decoder(stream)
        decoded = decoder.decode_table(len(message.symbols), table, message.index)
        assert decoded.dtype == table.dtype == (np.uint8 if table.vocabulary <= 256 else np.uint16)
        assert decoded.tolist() == message.symbols.tolist()
        decoder.finish()


@given(messages(equal=True), interleaves)
def test_bytes_equal_those_of_rows(message: Message, interleave: int) -> None:
    rows = np.stack(message.cdfs)
    encoder = RangeEncoder(message.precision)
    encoder.encode_symbols(message.symbols, rows[message.index])
    assert encoder.finish() == Queue(message.precision).encode(message.symbols, message.table(), message.index)
    coder = RansCoder(message.precision, interleave)
    coder.encode_symbols_reverse(message.symbols, rows[message.index])
    stack = Stack(message.precision, interleave)
    assert coder.to_bytes() == stack.encode(message.symbols, message.table(), message.index)


@given(messages(rows=1), interleaves)
def test_one_cdf_needs_no_index(message: Message, interleave: int) -> None:
    for coder in (Queue(message.precision), Stack(message.precision, interleave)):
        for cdf in (message.cdfs[0], message.cdfs[0][None], message.cdfs):
            table = StaticTable(cdf, message.precision)
            stream = coder.encode(message.symbols, table)
            assert stream == coder.by_reference(message.pairs)
            assert stream == coder.encode(message.symbols, table, np.zeros(len(message.symbols), np.uint8))
            decoder = coder.decoder(stream)
            assert decoder.decode_table(len(message.symbols), table).tolist() == message.symbols.tolist()
            decoder.finish()


@given(messages(), st.integers(1, 150))
def test_how_calls_are_split_does_not_matter(message: Message, step: int) -> None:
    table, symbols, index = message.table(), message.symbols, message.index
    parts = [slice(at, at + step) for at in range(0, len(symbols), step)]
    encoder, coder = RangeEncoder(message.precision), RansCoder(message.precision, 3)
    for part in parts:
        encoder.encode_table(symbols[part], table, index[part])
    for part in reversed(parts):
        coder.encode_table_reverse(symbols[part], table, index[part])
    decoder = RangeDecoder(encoder.finish(), message.precision)
    for part in parts:
        for source in (decoder, coder):
            decoded = source.decode_table(len(symbols[part]), table, index[part])
            assert decoded.tolist() == symbols[part].tolist()
    decoder.finish()
    coder.finish()


@pytest.mark.parametrize("dtype", SYMBOL_DTYPES)
def test_symbol_and_index_dtypes(dtype: Any) -> None:
    rng = np.random.default_rng(0)
    table = StaticTable(make_cdfs(rng, 100, 120, 12), 12)
    symbols, index = rng.integers(0, 120, 5000), rng.integers(0, 100, 5000)
    for coder in coders_of(12):
        stream = coder.encode(symbols, table, index)
        assert coder.encode(symbols.astype(dtype), table, index.astype(dtype)) == stream
        decoded = coder.decoder(stream).decode_table(5000, table, index.astype(dtype))
        assert decoded.tolist() == symbols.tolist()


@pytest.mark.parametrize("make", [bytes, bytearray, memoryview, lambda s: array.array("B", s)])
def test_symbols_and_index_by_buffer(make: Callable[[bytes], Any]) -> None:
    table = StaticTable(np.array([[0, 100, 256], [0, 1, 256]], np.uint32), 8)
    for coder in coders_of(8):
        stream = coder.encode(np.array([0, 1, 1]), table, np.array([0, 1, 0]))
        assert coder.encode(make(b"\0\1\1"), table, make(b"\0\1\0")) == stream
        assert coder.decoder(make(stream)).decode_table(3, table, make(b"\0\1\0")).tolist() == [0, 1, 1]


def test_a_table_says_what_it_holds() -> None:
    rows = make_cdfs(np.random.default_rng(0), 7, 300, 16)
    for cdf in (rows, rows.astype(np.uint16), list(rows), [*rows[:6].astype(np.uint16), rows[6]]):
        table = StaticTable(cdf, 16)
        assert (table.precision, table.rows, table.vocabulary, table.dtype) == (16, 7, 300, np.uint16)
    table = StaticTable((np.array([0, 4], np.uint64), np.array([0, 1, 2, 4], np.uint32)), 2)
    assert (table.precision, table.rows, table.vocabulary, table.dtype) == (2, 2, 3, np.uint8)


def test_a_large_set_stays_small() -> None:
    """Of 256 CDFs at 16 bits, 2**24 slots, no look-up holds each."""
    resource = pytest.importorskip("resource")
    rows = make_cdfs(np.random.default_rng(0), 256, 256, 16)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tables = [StaticTable(rows, 16) for _ in range(8)]
    unit = 1 if sys.platform == "darwin" else 1024
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit < len(tables) * 4 * 2**20


def test_examples_in_the_documentation() -> None:
    runner = doctest.DocTestRunner()
    names = {one.__name__: one for one in (RangeDecoder, RangeEncoder, RansCoder, StaticTable)}
    for example in doctest.DocTestFinder().find(StaticTable, globs=names):
        runner.run(example)
    assert runner.summarize(verbose=False).failed == 0
    assert runner.tries > 12


def test_control_another_index_makes_other_bytes() -> None:
    """The equalities above can fail."""
    table = StaticTable(np.array([[0, 100, 256], [0, 1, 256]], np.uint32), 8)
    for coder in coders_of(8):
        made = {coder.encode(np.array([0, 1, 1]), table, np.array(index)) for index in ([0, 1, 0], [1, 1, 0])}
        assert len(made) == 2


# -- arguments


def test_a_table_decodes_into_the_caller_s_buffer() -> None:
    table = StaticTable(np.array([[0, 100, 256], [0, 1, 256]], np.uint32), 8)
    index = np.array([0, 1, 0])
    for coder in coders_of(8):
        stream = coder.encode(np.array([0, 1, 1]), table, index)
        out = np.full(3, 9, np.uint8)
        assert coder.decoder(stream).decode_table(3, table, index, out=out) is out
        assert out.tolist() == [0, 1, 1]
        frozen = np.zeros(3, np.uint8)
        frozen.setflags(write=False)
        for bad, error in [
            (np.zeros(2, np.uint8), ValueError),
            (np.zeros(3, np.uint16), TypeError),
            (frozen, ValueError),
        ]:
            decoder = coder.decoder(stream)
            with pytest.raises(error):
                decoder.decode_table(3, table, index, out=bad)
            assert decoder.decode_table(3, table, index).tolist() == [0, 1, 1]


GOOD = np.array([0, 256], np.uint32)


@pytest.mark.parametrize(
    ("cdf", "precision", "error", "match"),
    [
        ([0, 256], 8, TypeError, r"cdf\[0\].*int"),
        (np.array([0, 256], np.int64), 8, TypeError, "cdf.*int64"),
        ([GOOD, GOOD.astype(np.int64)], 8, TypeError, r"cdf\[1\].*int64"),
        (np.array([[[0, 256]]], np.uint32), 8, ValueError, "cdf.*1 dimension"),
        ([GOOD, GOOD[None]], 8, ValueError, r"cdf\[1\].*1 dimension"),
        (np.array([], np.uint32), 8, ValueError, "at least 2"),
        ([], 8, ValueError, "at least one row"),
        (np.zeros((0, 3), np.uint32), 8, ValueError, "at least one row"),
        (np.zeros((3, 0), np.uint32), 8, ValueError, "at least 2"),
        ([GOOD, GOOD[:0]], 8, ValueError, r"cdf\[1\].*at least 2"),
        (np.array([1, 256], np.uint32), 8, ValueError, "must be 0"),
        (np.array([0, 255], np.uint32), 8, ValueError, r"2\^8"),
        (np.array([[0, 7, 256], [0, 7, 255]], np.uint32), 8, ValueError, r"row 1.*2\^8"),
        (np.array([0, 7, 7, 256], np.uint32), 8, ValueError, "rise"),
        ([GOOD, np.array([0, 7, 7, 256], np.uint16)], 8, ValueError, r"cdf\[1\].*rise"),
        ([GOOD, np.array([0, 7, 0], np.uint16)], 8, ValueError, r"cdf\[1\].*2\^8"),
        (np.array([0, 2**17], np.uint32), 17, ValueError, r"precision.*1\.\.16"),
        ([np.array([0, 2**17], np.uint32)], 17, ValueError, r"precision.*1\.\.16"),
        (np.array([0, 1], np.uint32), 0, ValueError, "precision"),
        (7, 8, TypeError, "cdf.*int"),
        (None, 8, TypeError, "cdf.*NoneType"),
    ],
)
def test_bad_tables_are_refused(cdf: Any, precision: int, error: Any, match: str) -> None:
    with pytest.raises(error, match=match):
        StaticTable(cdf, precision)


@pytest.mark.parametrize(
    ("symbols", "index", "error", "match"),
    [
        ([0, 1], [0, 0], TypeError, "symbols.*list"),
        (np.array([0, 1]), [0, 0], TypeError, "index.*list"),
        (np.array([0, 1]), None, ValueError, "index.*2 rows"),
        (np.array([0, 1]), np.array([0]), ValueError, "index.*length 2"),
        (np.array([0, 1]), np.zeros((2, 1), int), ValueError, "index.*1 dimension"),
        (np.array([0, 1]), np.zeros(2), TypeError, "index.*float64"),
        (np.array([0, 2]), np.array([0, 0]), ValueError, r"symbols\[1\]: 2 .*2 symbols of row 0"),
        (np.array([0, 3]), np.array([0, 1]), ValueError, r"symbols\[1\]: 3 .*3 symbols of row 1"),
        (np.array([0, -1]), np.array([0, 1]), ValueError, r"symbols\[1\]: -1 "),
        (np.array([0, 2**31], np.uint32), np.array([0, 1]), ValueError, r"symbols\[1\]: 2147483648 "),
        (np.array([0, 2**32]), np.array([0, 1]), ValueError, r"symbols\[1\]: 4294967296 "),
        (np.array([0, 1]), np.array([0, 2]), ValueError, r"index\[1\]: 2 .*2 rows"),
        (np.array([0, 1]), np.array([-1, 0]), ValueError, r"index\[0\]: -1 "),
        (np.array([0, 1]), np.array([2**40, 0]), ValueError, r"index\[0\]: 1099511627776 "),
        (np.zeros((1, 2), np.uint8), np.array([0, 0]), ValueError, "symbols.*1 dimension"),
        (np.zeros(2, np.float32), np.array([0, 0]), TypeError, "symbols.*float32"),
    ],
)
def test_bad_arguments_name_themselves_and_change_nothing(symbols: Any, index: Any, error: Any, match: str) -> None:
    table = StaticTable([np.array([0, 100, 256], np.uint32), np.array([0, 1, 2, 256], np.uint32)], 8)
    good = np.array([1, 0, 2]), table, np.array([0, 0, 1])
    encoder, coder = RangeEncoder(8), RansCoder(8, 2)
    for encode in (encoder.encode_table, coder.encode_table_reverse):
        with pytest.raises(error, match=match):
            encode(symbols, table, index)
        encode(*good)
    assert encoder.finish() == Queue(8).encode(*good)
    assert coder.to_bytes() == Stack(8, 2).encode(*good)


def test_bad_arguments_of_decoders_change_nothing() -> None:
    table = StaticTable(np.array([[0, 100, 256], [0, 1, 256]], np.uint32), 8)
    other = StaticTable(np.array([[0, 100, 512]], np.uint32), 9)
    symbols, index = np.array([0, 1, 1]), np.array([0, 1, 0])
    for coder in coders_of(8):
        decoder = coder.decoder(coder.encode(symbols, table, index))
        for count, bad_table, bad_index, match in [
            (-1, table, index, "count"),
            (3, table, None, "index.*2 rows"),
            (2, table, index, "index.*length 2"),
            (3, table, np.array([0, 2, 0]), r"index\[1\]: 2 "),
            (3, other, None, "table.*precision"),
        ]:
            with pytest.raises(ValueError, match=match):
                decoder.decode_table(count, bad_table, bad_index)
        assert decoder.decode_table(3, table, index).tolist() == [0, 1, 1]
        decoder.finish()
    for refused in (RangeEncoder(8).encode_table, RansCoder(8).encode_table_reverse):
        with pytest.raises(ValueError, match=r"table.*precision"):
            refused(np.zeros(1, np.uint8), other)


def test_arrays_that_change_while_they_are_coded_do_no_harm() -> None:
    """Another thread writes what is in no table; a call codes something, or refuses."""
    table = StaticTable([np.array([0, 100, 256], np.uint32), np.array([0, 1, 256], np.uint32)], 8)
    symbols, index = np.zeros(50_000, np.uint16), np.zeros(50_000, np.int64)
    stream = Queue(8).encode(symbols, table, index)
    stop = threading.Event()

    def disturb() -> None:
        while not stop.is_set():
            symbols[::7], index[::11] = 65535, -(2**60)
            symbols[::7], index[::11] = 1, 1

    thread = threading.Thread(target=disturb)
    thread.start()
    end = time.monotonic() + 0.5
    outcomes: set[str] = set()
    while time.monotonic() < end:
        for call in (
            lambda: Queue(8).encode(symbols, table, index),
            lambda: Stack(8, 32).encode(symbols, table, index),
            lambda: RangeDecoder(stream, 8).decode_table(50_000, table, index),
        ):
            try:
                call()
                outcomes.add("coded")
            except (ValueError, CorruptError, TruncatedError) as error:
                outcomes.add(type(error).__name__)
    stop.set()
    thread.join()
    assert outcomes


# -- vector instructions

LEVELS = ["scalar", "avx2", "avx512"]

# Streams, and what comes out of decoding them, of a run under one level.
PROBE = """
import hashlib
import numpy as np
from foretell import _core
from foretell.coders import RangeDecoder, RangeEncoder, RansCoder, StaticTable
rng, digest = np.random.default_rng(7), hashlib.sha256()
for rows, precision, vocabulary in [(1, 1, 2), (1, 9, 300), (1, 12, 256), (1, 16, 256), (1, 16, 65536), (2, 1, 2),
                                    (9, 9, 300), (256, 16, 256), (40, 16, 3000)]:
    cdfs = []
    for _ in range(rows):
        cuts = np.sort(rng.choice(2**precision - 1, vocabulary - 1, replace=False)) + 1
        cdfs.append(np.concatenate([[0], cuts, [2**precision]]).astype(np.uint32))
    table = StaticTable(cdfs, precision)
    symbols = rng.integers(0, vocabulary, 9003).astype(np.uint16)
    index = rng.integers(0, rows, 9003)
    encoder = RangeEncoder(precision)
    encoder.encode_table(symbols, table, index)
    stream = encoder.finish()
    digest.update(stream)
    assert (RangeDecoder(stream, precision).decode_table(9003, table, index) == symbols).all()
    for interleave in [1, 8, 16, 20, 32, 64, 100]:
        coder = RansCoder(precision, interleave)
        coder.encode_table_reverse(symbols, table, index)
        digest.update(coder.to_bytes())
        decoded = coder.decode_table(9003, table, index)
        assert (decoded == symbols).all()
        coder.finish()
        digest.update(decoded.tobytes())
print(_core.isa(), digest.hexdigest())
"""


def probe(level: str | None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "FORETELL_ISA"}
    if level is not None:
        environment["FORETELL_ISA"] = level
    return subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, env=environment, check=False)


def test_every_level_of_vector_instructions_gives_the_same_bytes() -> None:
    best, digest = probe(None).stdout.split()
    for level in LEVELS:
        used, other = probe(level).stdout.split()
        assert used == min(level, best, key=LEVELS.index)
        assert other == digest


# -- damaged streams


def decodes_or_raises(coder: Queue | Stack, stream: bytes, message: Message, table: StaticTable) -> list[int] | None:
    """Return the symbols that a damaged stream decodes to, each in its row, or None if that raises an error of ours."""
    try:
        decoder = coder.decoder(stream)
    except (CorruptError, TruncatedError):
        return None
    try:
        symbols = decoder.decode_table(len(message.index), table, message.index)
        decoder.finish()
    except Error as error:
        assert isinstance(error, (CorruptError, TruncatedError))  # noqa: PT017
        with pytest.raises(type(error), match="failed state"):
            decoder.finish()
        return None
    sizes = np.array([len(cdf) - 1 for cdf in message.cdfs])
    assert (symbols < sizes[message.index]).all()
    return symbols.tolist()


def small_message(rows: int) -> Message:
    rng = np.random.default_rng(rows)
    cdfs = [make_cdfs(rng, 1, 60 + 20 * row, 16)[0].astype(np.uint32) for row in range(rows)]
    index = rng.integers(0, rows, 60)
    return Message(16, cdfs, index, rng.integers(0, 60, 60))


@pytest.mark.parametrize("rows", [1, 4])
@pytest.mark.parametrize("coder", coders_of(16), ids=str)
def test_every_truncation_and_bit_flip(coder: Queue | Stack, rows: int) -> None:
    message = small_message(rows)
    table, symbols = message.table(), message.symbols.tolist()
    stream = coder.encode(message.symbols, table, message.index)
    assert decodes_or_raises(coder, stream, message, table) == symbols
    for length in range(len(stream)):
        wrong = decodes_or_raises(coder, stream[:length], message, table)
        assert wrong is None or (isinstance(coder, Queue) and wrong != symbols)
    for bit in range(8 * len(stream)):
        flipped = bytearray(stream)
        flipped[bit // 8] ^= 1 << bit % 8
        # The last bits of a queue's stream only choose among numbers that all mean the message.
        spare = isinstance(coder, Queue) and bit >= 8 * len(stream) - 16
        assert spare or decodes_or_raises(coder, bytes(flipped), message, table) != symbols


@settings(max_examples=200)
@given(st.binary(max_size=400), messages(), interleaves)
def test_random_streams(stream: bytes, message: Message, interleave: int) -> None:
    table = message.table()
    for coder in (Queue(message.precision), Stack(message.precision, interleave)):
        decodes_or_raises(coder, stream, message, table)


def test_distinct_errors() -> None:
    message = small_message(3)
    table, many = message.table(), np.zeros(10**6, np.uint8)
    for coder in coders_of(16):
        stream = coder.encode(message.symbols, table, message.index)
        decoder = coder.decoder(stream)
        with pytest.raises(TruncatedError, match=r"symbol \d+: the stream ends before"):
            decoder.decode_table(10**6, table, many)
        with pytest.raises(TruncatedError, match="failed state"):
            decoder.decode_table(1, table, many[:1])
        too_long = coder.decoder(stream + bytes(12))
        too_long.decode_table(60, table, message.index)
        with pytest.raises(CorruptError, match="bytes are left"):
            too_long.finish()
    with pytest.raises(CorruptError, match="symbol 0: the stream holds a value that no encoder writes"):
        RangeDecoder(b"\xff" * 8, 16).decode_table(1, table, many[:1])


# -- threads


def test_a_coder_shared_between_threads_stays_whole() -> None:
    """Equal symbols in any order make the same bytes, unless two threads are inside the coder at once."""
    table = StaticTable(np.array([[0, 100, 256], [0, 1, 256]], np.uint32), 8)
    symbols, index = np.ones(5000, np.uint8), np.zeros(5000, np.uint8)
    encoder, coder = RangeEncoder(8), RansCoder(8, 20)

    def work() -> None:
        for _ in range(50):
            encoder.encode_table(symbols, table, index)
            coder.encode_table_reverse(symbols, table, index)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    every = np.ones(5000 * 200, np.uint8), table, np.zeros(5000 * 200, np.uint8)
    assert encoder.finish() == Queue(8).encode(*every)
    assert coder.to_bytes() == Stack(8, 20).encode(*every)
