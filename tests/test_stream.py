"""compress and decompress, their classes, file objects and frame_info, with the toy model."""

from __future__ import annotations

import array
import contextlib
import doctest
import gc
import importlib
import io
import os
import random
import subprocess
import sys
import tracemalloc
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import foretell
import numpy as np
import pytest
import toy_model
from foretell import models
from foretell.container import MAX_BLOCK_SIZE, FrameWriter, Header
from hypothesis import given, settings
from hypothesis import strategies as st

TEXT = b"how much wood would a woodchuck chuck if a woodchuck could chuck wood? " * 200
NOISE = random.Random(1).randbytes(20_000)

pytestmark = pytest.mark.usefixtures("toy")


def compressed(data: bytes, piece: int = 1 << 20, **options: object) -> bytes:
    compressor = foretell.Compressor(**options)  # type: ignore[arg-type]
    out = [compressor.compress(data[start : start + piece]) for start in range(0, len(data), piece)]
    return b"".join(out) + compressor.flush()


@pytest.mark.parametrize("level", [0, 5])
@pytest.mark.parametrize("data", [b"", b"x", b"\0" * 5000, TEXT, NOISE, NOISE[:3000] + TEXT + NOISE[3000:]])
@pytest.mark.parametrize("block_size", [1000, foretell.BLOCK_SIZE])
def test_round_trip(data: bytes, level: int, block_size: int) -> None:
    archive = foretell.compress(data, level, block_size=block_size)
    assert foretell.decompress(archive) == data
    assert archive == foretell.compress(data, level, block_size=block_size)
    assert len(archive) <= len(data) + len(data) // block_size * 10 + 64


@settings(max_examples=40)
@given(
    parts=st.lists(st.binary(max_size=400) | st.integers(0, 4000).map(lambda n: TEXT[:n]), max_size=5),
    block_size=st.integers(1, 5000),
    piece=st.integers(1, 3000),
)
def test_pieces_do_not_matter(parts: list[bytes], block_size: int, piece: int) -> None:
    data = b"".join(parts)[: 400 * block_size]
    archive = compressed(data, piece, block_size=block_size)
    assert archive == compressed(data, block_size=block_size)
    decompressor = foretell.Decompressor()
    out = b"".join(decompressor.decompress(archive[i : i + piece]) for i in range(0, len(archive), piece))
    assert out == data
    assert decompressor.eof


BUFFERS: list[Callable[[bytes], object]] = [
    bytes,
    bytearray,
    memoryview,
    lambda data: memoryview(bytearray(data))[::1],
    lambda data: array.array("B", data),
    lambda data: array.array("H", data),
    lambda data: np.frombuffer(data, np.uint8),
    lambda data: np.frombuffer(data, np.float32).reshape(2, -1),
]


@pytest.mark.parametrize("wrap", BUFFERS)
def test_buffers(wrap: Callable[[bytes], object]) -> None:
    data = TEXT[:4000]
    archive = foretell.compress(wrap(data))  # type: ignore[arg-type]
    assert archive == foretell.compress(data)
    archive += b"\0" * 0
    assert foretell.decompress(memoryview(archive)) == foretell.decompress(bytearray(archive)) == data
    assert foretell.compress(np.zeros((0, 3))) == foretell.compress(b"")


@pytest.mark.parametrize("wrong", ["text", 5, None, [1, 2], np.zeros((4, 4))[:, ::2]])
def test_what_is_not_bytes_is_a_type_error(wrong: object) -> None:
    with pytest.raises((TypeError, BufferError)):
        foretell.compress(wrong)  # type: ignore[arg-type]
    with pytest.raises((TypeError, BufferError)):
        foretell.decompress(wrong)  # type: ignore[arg-type]


def test_overhead_is_small() -> None:
    (frame,) = foretell.frame_info(foretell.compress(TEXT[:3000]))
    assert frame.model == toy_model.NAME
    assert frame.file_bytes - frame.payload_bytes <= 64
    assert len(foretell.compress(NOISE)) <= len(NOISE) + 40
    assert len(foretell.compress(b"")) == 28


def test_the_model_knows_the_size_when_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int | None] = []

    def for_level(level: int, size: int | None, *, memory: int | None = None) -> toy_model.ToyModel:
        asked.append(size)
        return toy_model.ToyModel()

    monkeypatch.setattr(models, "for_level", for_level)
    foretell.compress(TEXT, block_size=1000)
    compressed(TEXT, 100, block_size=1000)
    compressed(TEXT, 100, block_size=1000, size=len(TEXT))
    compressed(TEXT[:1000], 100, block_size=1000)  # a full block, and no byte behind it
    assert asked == [len(TEXT), None, len(TEXT), 1000]
    sizes = [
        foretell.frame_info(archive)[0].size
        for archive in (compressed(TEXT, block_size=1000), compressed(TEXT[:1000], block_size=1000))
    ]
    assert sizes == [None, 1000]


def test_stored_blocks_are_learned() -> None:
    data = NOISE[:4000] + TEXT[:4000] + NOISE[:4000] + NOISE[:4000] + TEXT
    archive = compressed(data, block_size=4000)
    (frame,) = foretell.frame_info(archive)
    assert 0 < frame.coded_blocks < frame.blocks
    assert foretell.decompress(archive) == data


def test_control_a_model_that_skips_stored_blocks_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shows that the test above can fail, and with which error."""
    archive = compressed(NOISE[:4000] + TEXT, block_size=4000)
    monkeypatch.setattr("foretell.decompressor.learn_block", lambda model, data: None)
    with pytest.raises(foretell.ModelMismatchError, match=r"block 1 at byte .*toy/1"):
        foretell.decompress(archive)


def test_a_model_of_ones_own() -> None:
    archive = foretell.compress(TEXT, model=toy_model.ToyModel(lanes=3, chunk=5, rate=7))
    assert foretell.frame_info(archive)[0].parameters == (3, 5, 7)
    assert foretell.decompress(archive) == TEXT


def test_models_that_no_decoder_could_rebuild_are_refused() -> None:
    model = toy_model.ToyModel()
    model.name = "stranger/1"
    with pytest.raises(ValueError, match="not registered"):
        foretell.compress(TEXT, model=model)
    model = toy_model.ToyModel()
    model.numerics = "native"
    with pytest.raises(foretell.UnsupportedError, match="'native' and no fingerprint"):
        foretell.compress(TEXT, model=model)


def test_concatenated_frames() -> None:
    parts = [TEXT, b"", NOISE, b"x", b"", TEXT[:500]]
    archive = b"".join(foretell.compress(part, block_size=3000) for part in parts)
    assert foretell.decompress(archive) == b"".join(parts)
    assert [frame.raw_bytes for frame in foretell.frame_info(archive)] == [len(part) for part in parts]
    many = foretell.compress(b"a") * 5000
    assert foretell.decompress(many) == b"a" * 5000


@pytest.mark.parametrize("tail", [b"\0", b"garbage", b"\x8fFTX", foretell.compress(b"x", 0)[:-1]])
def test_only_frames_may_follow_a_frame(tail: bytes) -> None:
    archive = foretell.compress(TEXT[:500])
    for read in (foretell.decompress, foretell.frame_info):
        with pytest.raises(foretell.Error, match="at byte"):
            read(archive + tail)


def test_a_single_decompressor_stops_at_the_end() -> None:
    archive = foretell.compress(TEXT)
    decompressor = foretell.Decompressor()
    assert decompressor.decompress(archive + b"more") == TEXT
    assert (decompressor.eof, decompressor.needs_input, decompressor.unused_data) == (True, False, b"more")
    decompressor.finish()
    with pytest.raises(EOFError):
        decompressor.decompress(b"")


@pytest.mark.parametrize("limit", [0, 1, 7, 999, 1000, 1001, 100_000])
def test_max_length(limit: int) -> None:
    archive = compressed(TEXT[:3500], block_size=1000)
    decompressor = foretell.Decompressor()
    out = decompressor.decompress(archive, limit)
    assert len(out) <= limit
    if limit == 0:
        assert not decompressor.needs_input
        limit = -1
    while not decompressor.eof:
        assert not decompressor.needs_input
        piece = decompressor.decompress(b"", limit)
        assert limit < 0 or len(piece) <= limit
        out += piece
    assert out == TEXT[:3500]


def test_truncated_input_needs_input() -> None:
    decompressor = foretell.Decompressor()
    decompressor.decompress(foretell.compress(TEXT)[:-1])
    assert decompressor.needs_input
    assert not decompressor.eof
    with pytest.raises(foretell.TruncatedError):
        decompressor.finish()


def small_archive() -> tuple[bytes, bytes]:
    """Return about 300 bytes with coded and stored blocks and a second frame, and its content."""
    data = NOISE[:40] + TEXT[:500]
    archive = compressed(data, block_size=180) + foretell.compress(b"the end", 0)
    assert 250 < len(archive) < 500
    return archive, data + b"the end"


def reads(archive: bytes) -> bytes:
    """Decompress damaged data in two ways, which must agree on the error."""
    with pytest.raises(foretell.Error) as first:
        foretell.decompress(archive)
    with pytest.raises(first.type), foretell.ForetellFile(io.BytesIO(archive)) as file:
        file.read()
    raise first.value


def test_every_truncation_is_truncated() -> None:
    archive, data = small_archive()
    assert foretell.decompress(archive) == data
    boundary = foretell.frame_info(archive)[1].offset
    for end in range(len(archive)):
        if end != boundary:
            with pytest.raises(foretell.TruncatedError):
                reads(archive[:end])
            with pytest.raises(foretell.TruncatedError):
                foretell.frame_info(archive[:end])
    assert foretell.decompress(archive[:boundary]) + b"the end" == data


def test_every_flipped_bit_is_an_error() -> None:
    archive, _ = small_archive()
    for position in range(len(archive)):
        for bit in range(8):
            damaged = bytearray(archive)
            damaged[position] ^= 1 << bit
            with pytest.raises(foretell.Error):
                (foretell.decompress if bit else reads)(bytes(damaged))
            with pytest.raises(foretell.Error):
                foretell.frame_info(bytes(damaged))


def test_nothing_of_a_damaged_block_is_given_out() -> None:
    archive = bytearray(compressed(TEXT[:3000], block_size=1000))
    archive[-12] ^= 1  # in the last block
    decompressor = foretell.Decompressor()
    out = b""
    for _ in range(20):
        out += decompressor.decompress(archive if not out else b"", 100)
    assert out == TEXT[:2000]
    with pytest.raises(foretell.CorruptError, match="block 2"):
        decompressor.decompress(b"", 100)
    with pytest.raises(ValueError, match="failed"):
        decompressor.decompress(b"")


def whole(header: Header, *payloads: bytes) -> bytes:
    writer = FrameWriter()
    return writer.header(header) + b"".join(writer.coded(1000, p, 0) for p in payloads) + writer.end()


@pytest.mark.parametrize(
    ("header", "error", "message"),
    [
        (Header("exact/1", "absent/9", 1000, None), foretell.UnsupportedError, "absent/9"),
        (Header("exact/2", "toy/1", 1000, None, (1, 1, 1)), foretell.UnsupportedError, "exact/2"),
        (Header("native", "toy/1", 1000, None, (1, 1, 1)), foretell.UnsupportedError, "no fingerprint"),
        (Header("exact/1", "toy/1", 1000, None, (1, 1)), foretell.CorruptError, "3 parameters"),
        (Header("exact/1", "toy/1", 1000, None, (1 << 60, 1, 1)), foretell.UnsupportedError, "toy model"),
        (Header("exact/1", "toy/1", 1000, None, (1, 1, 1)), foretell.ModelMismatchError, "block 0"),
    ],
)
def test_sound_frames_that_cannot_be_decoded(header: Header, error: type[Exception], message: str) -> None:
    archive = whole(header, b"payload")
    with pytest.raises(error, match=message):
        foretell.decompress(archive)
    assert foretell.frame_info(archive)[0].model == header.model  # listing needs no model


def test_a_model_is_not_built_for_stored_blocks_alone() -> None:
    writer = FrameWriter()
    archive = writer.header(Header("exact/1", "absent/9", 10, None)) + writer.stored(b"plain") + writer.end()
    assert foretell.decompress(archive) == b"plain"


def test_hostile_lengths_take_no_memory() -> None:
    writer = FrameWriter()
    archive = writer.header(Header("exact/1", "toy/1", MAX_BLOCK_SIZE, None, (1, 1, 1)))
    archive += b"\x01" + b"\xff\xff\xff\x1f" + b"\xfe\xff\xff\x1f" + bytes(50)
    tracemalloc.start()
    try:
        with pytest.raises(foretell.TruncatedError):
            foretell.decompress(archive)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000


def test_memory_does_not_grow_with_the_stream() -> None:
    def peak(blocks: int) -> int:
        tracemalloc.start()
        try:
            compressor, decompressor = foretell.Compressor(0, block_size=10_000), foretell.Decompressor()
            for _ in range(blocks):
                decompressor.decompress(compressor.compress(NOISE[:10_000]))
            decompressor.decompress(compressor.flush())
            assert decompressor.eof
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(400) < peak(20) + 50_000  # 400 blocks are 4 MB; their meter entries are what grows


@pytest.mark.parametrize(
    "options",
    [{"level": 10}, {"level": -1}, {"block_size": 0}, {"block_size": MAX_BLOCK_SIZE + 1}, {"size": -1}],
)
def test_options_out_of_range(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=str(next(iter(options.values())))):
        foretell.Compressor(**options)  # type: ignore[arg-type]


def test_a_broken_promise_of_size() -> None:
    compressor = foretell.Compressor(0, size=3)
    with pytest.raises(ValueError, match="promised"):
        compressor.compress(b"four")
    compressor.compress(b"tw")
    with pytest.raises(ValueError, match="promised"):
        compressor.flush()
    assert foretell.decompress(compressor.compress(b"o") + compressor.flush()) == b"two"


def test_a_compressor_is_done_after_flush_or_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    compressor = foretell.Compressor(0)
    compressor.flush()
    for call in (compressor.flush, lambda: compressor.compress(b"")):
        with pytest.raises(ValueError, match="flushed"):
            call()
    compressor = foretell.Compressor(5, block_size=10)
    monkeypatch.setattr(models, "for_level", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        compressor.compress(bytes(11))
    with pytest.raises(ValueError, match="failed"):
        compressor.flush()


def test_file_objects(tmp_path: Path) -> None:
    path = tmp_path / "text.fore"
    with foretell.open(path, "wb", block_size=3000) as file:
        assert file.writable()
        assert not file.readable()
        assert not file.seekable()
        assert file.write(TEXT) == len(TEXT) == file.tell()
        with pytest.raises(io.UnsupportedOperation):
            file.read()
    assert file.closed
    file.close()
    with foretell.open(path, "ab") as file:
        file.write(array.array("H", b"more"))
    with pytest.raises(FileExistsError):
        foretell.open(path, "xb")
    with foretell.open(path) as file:
        assert file.readable()
        assert not file.writable()
        assert file.read(0) == b""
        assert file.peek(5)[:3] == TEXT[:3]
        assert file.read(10) == TEXT[:10]
        assert file.seek(5) == 5
        assert file.readline() == (TEXT + b"more")[5:]
        assert file.seek(-4, io.SEEK_END) == len(TEXT)
        assert file.read1() == b"more"
        assert file.read() == b""
        assert file.seek(-7, io.SEEK_CUR) == len(TEXT) - 3
        assert file.read() == TEXT[-3:] + b"more"
        assert file.seek(10**9) == len(TEXT) + 4
        with pytest.raises(io.UnsupportedOperation):
            file.write(b"")
        with pytest.raises(io.UnsupportedOperation):
            _ = file.meter  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="closed"):
        file.read()


def test_an_exception_is_not_hidden_by_closing(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnicodeError), foretell.ForetellFile(io.BytesIO(), "w", size=100) as file:
        file.write("ä".encode("ascii"))
    assert file.closed
    monkeypatch.setattr(models, "for_level", lambda *_, **__: 1 / 0)
    file = foretell.ForetellFile(io.BytesIO(), "w", block_size=10)
    with pytest.raises(ZeroDivisionError):
        file.write(bytes(11))
    file.close()
    file = foretell.ForetellFile(io.BytesIO(), "w", size=100)
    with pytest.raises(ValueError, match="promised"):
        file.close()


def test_reading_on_after_an_error_gives_it_again() -> None:
    archive = bytearray(foretell.compress(TEXT))
    archive[60] ^= 1
    with foretell.ForetellFile(io.BytesIO(archive)) as file:
        for _ in range(2):
            with pytest.raises(foretell.CorruptError):
                file.read()


def test_a_failed_frame_holds_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models are large: one that waited for the garbage collector would wait with hundreds of megabytes."""
    built: list[weakref.ref[models.Model]] = []
    build = models.build

    def watched(*arguments: Any, **options: Any) -> models.Model:
        model = build(*arguments, **options)
        built.append(weakref.ref(model))
        return model

    monkeypatch.setattr(models, "build", watched)
    damaged = whole(Header("exact/1", "toy/1", 1000, None, (1, 1, 1)), b"payload")
    gc.disable()
    try:
        for archive in (foretell.compress(TEXT), damaged):
            with contextlib.suppress(foretell.Error):
                foretell.decompress(archive)
            with contextlib.suppress(foretell.Error), foretell.ForetellFile(io.BytesIO(archive)) as file:
                file.read()
        assert len(built) == 4
        assert [model() for model in built] == [None] * 4
    finally:
        gc.enable()


def test_text_files(tmp_path: Path) -> None:
    path = tmp_path / "lines.fore"
    with foretell.open(path, "wt", encoding="utf-8", newline="\n") as file:
        file.write("en rad\nännu en\n")
    with foretell.open(str(path), "rt", encoding="utf-8") as file:
        assert list(file) == ["en rad\n", "ännu en\n"]


def test_given_file_objects_stay_open_and_start_where_they_stand() -> None:
    inner = io.BytesIO()
    inner.write(b"before")
    with foretell.ForetellFile(inner, "w") as file:
        file.write(TEXT)
        assert file.meter.raw_bytes == 0
    assert not inner.closed
    inner.seek(6)
    with foretell.ForetellFile(inner) as file:
        assert file.read(3) == TEXT[:3]
        file.seek(0)
        assert file.read() == TEXT
    inner.seek(6)
    assert foretell.frame_info(inner)[0].raw_bytes == len(TEXT)


@pytest.mark.parametrize(
    ("mode", "options"), [("q", {}), ("rw", {}), ("rtb", {}), ("rb", {"encoding": "utf-8"}), ("", {}), ("wb+", {})]
)
def test_modes_that_are_refused(mode: str, options: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        foretell.open(io.BytesIO(), mode, **options)  # type: ignore[arg-type]


def test_what_is_not_a_file_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="int"):
        foretell.open(5)  # type: ignore[arg-type]


def test_frame_info(tmp_path: Path) -> None:
    archive = compressed(TEXT, block_size=5000) + foretell.compress(NOISE)
    path = tmp_path / "a.fore"
    path.write_bytes(archive)
    first, second = foretell.frame_info(archive)
    assert (first.offset, second.offset) == (0, first.file_bytes)
    assert first.file_bytes + second.file_bytes == len(archive)
    assert (first.model, first.numerics, first.parameters) == ("toy/1", "exact/1", (16, 32, 24))
    assert (first.blocks, first.coded_blocks, first.block_size, first.size) == (3, 3, 5000, None)
    assert (second.model, second.blocks, second.coded_blocks, second.size) == ("", 1, 0, len(NOISE))
    assert foretell.frame_info(path) == foretell.frame_info(str(path)) == [first, second]
    assert foretell.frame_info(io.BytesIO(archive)) == foretell.frame_info(memoryview(archive)) == [first, second]


LIGHT = """
import sys
import foretell
assert not {"numpy", "torch"} & set(sys.modules), "import"
from foretell import frame_info
assert frame_info(sys.stdin.buffer)[0].raw_bytes == 3
assert not {"numpy", "torch"} & set(sys.modules), "frame_info"
archive = foretell.compress(b"abc", level=0)
assert foretell.decompress(archive) == b"abc"
assert "torch" not in sys.modules, "level 0"
assert set(foretell.__all__) <= set(dir(foretell))
assert all(getattr(foretell, name) for name in foretell.__all__)
assert foretell.__version__.count(".") == 2
assert not hasattr(foretell, "nothing")
"""


def test_imports_are_light() -> None:
    archive = foretell.compress(b"abc")
    subprocess.run([sys.executable, "-c", LIGHT], input=archive, check=True, cwd=os.path.dirname(__file__))


MODULES = ("codec", "compressor", "decompressor", "meter", "stream", "varint")


@pytest.mark.parametrize("name", ["foretell", *(f"foretell.{module}" for module in MODULES)])
def test_examples_in_the_documentation(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
