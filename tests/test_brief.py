"""Brief frames: small files of a pretrained model, without all that its weights say."""

from __future__ import annotations

import hashlib
import io
import zlib

import foretell
import pytest
from foretell.cli_list import Listing
from foretell.container import BRIEF_MAGIC, FrameWriter, Header
from foretell.model_header import rebuild
from sample import sample
from trained_toy import NAME, Book, TrainedToy

pytestmark = pytest.mark.usefixtures("trained_toy")

TEXT = sample(5000)
PLAIN = TEXT[3000:3200]
BOOK, LONG_BOOK = Book(TEXT[:3000], brief=True), Book(TEXT[:3000])  # of the same weights


@pytest.fixture
def archive() -> bytes:
    return foretell.compress(PLAIN, model=BOOK)


def test_a_small_file_is_brief(archive: bytes) -> None:
    assert archive.startswith(BRIEF_MAGIC)
    long_archive = foretell.compress(PLAIN, model=LONG_BOOK)
    (info,), (long_info,) = foretell.frame_info(archive), foretell.frame_info(long_archive)
    assert len(archive) == info.payload_bytes + 4 + 1 + len(NAME) + 8 + 2 + 1 + 4 + 4
    assert len(archive) < len(long_archive) - 40
    assert info.payload_bytes == long_info.payload_bytes


@pytest.mark.parametrize("size", [20, 127, 128, 5000])
def test_it_comes_back(size: int) -> None:
    archive = foretell.compress(TEXT[:size], model=BOOK)
    assert archive.startswith(BRIEF_MAGIC)
    assert foretell.decompress(archive, model=BOOK) == TEXT[:size]
    assert foretell.decompress(archive, model=LONG_BOOK) == TEXT[:size]  # who reads need not write briefly


def test_it_comes_back_byte_by_byte(archive: bytes) -> None:
    decompressor = foretell.Decompressor(model=BOOK)
    assert all(decompressor.decompress(archive[i : i + 1]) == b"" for i in range(len(archive) - 1))
    out = decompressor.decompress(archive[-1:], 1)
    while not decompressor.eof:
        out += decompressor.decompress(b"", 1)
    assert out == PLAIN
    assert decompressor.unused_data == b""
    with foretell.open(io.BytesIO(archive), model=BOOK) as reader:
        assert reader.read(7) == PLAIN[:7]
        assert reader.seek(2) == 2
        assert reader.read() == PLAIN[2:]


def test_files_of_other_kinds_are_not_brief() -> None:
    noise = hashlib.shake_128(b"noise").digest(300)
    for plain, settings in (
        (b"", {"model": BOOK}),
        (noise, {"model": BOOK}),  # stored
        (PLAIN, {"model": LONG_BOOK}),
        (PLAIN, {"model": Book(BOOK.book, device="cpu")}),  # native
        (PLAIN, {"model": BOOK, "block_size": len(PLAIN) - 1}),
    ):
        archive = foretell.compress(plain, **settings)
        assert not archive.startswith(BRIEF_MAGIC)
        assert foretell.decompress(archive, model=settings["model"]) == plain


def test_it_stands_before_and_behind_other_frames(archive: bytes) -> None:
    stored, coded = foretell.compress(b"stored", 0), foretell.compress(TEXT, model=BOOK, block_size=3000)
    whole = archive + stored + archive + archive + coded + archive
    assert foretell.decompress(whole, model=BOOK) == PLAIN + b"stored" + PLAIN + PLAIN + TEXT + PLAIN
    frames = foretell.frame_info(whole)
    assert [frame.model for frame in frames] == [NAME, "", NAME, NAME, NAME, NAME]
    assert sum(frame.file_bytes for frame in frames) == len(whole)
    assert frames[-1].offset == len(whole) - len(archive)
    with pytest.raises(foretell.CorruptError, match=f"byte {len(archive)}"):
        foretell.decompress(archive + b"\n", model=BOOK)


def test_every_truncation_is_truncated(archive: bytes) -> None:
    for end in range(len(archive)):
        with pytest.raises(foretell.TruncatedError):
            foretell.decompress(archive[:end], model=BOOK)
        with pytest.raises(foretell.TruncatedError):
            foretell.frame_info(archive[:end])


def test_every_flipped_bit_is_an_error(archive: bytes) -> None:
    for bit in range(8 * len(archive)):
        damaged = bytearray(archive)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises((foretell.CorruptError, foretell.TruncatedError)):
            foretell.decompress(bytes(damaged), model=BOOK)


def test_a_missing_and_a_wrong_model_are_told_by_the_key(archive: bytes) -> None:
    key, other = BOOK.digest[:8].hex(), Book(TEXT[:2999], brief=True)
    with pytest.raises(foretell.MissingModelError, match=rf"{key}\.\.\.:"):
        foretell.decompress(archive)
    with pytest.raises(foretell.ModelMismatchError, match=rf"{key}\.\.\.,.*{other.digest.hex()}"):
        foretell.decompress(archive, model=other)


def test_sound_frames_of_what_weights_do_not_make() -> None:
    crc = zlib.crc32(b"plain")
    for model, told, error in (
        ("absent/1", "is unknown", foretell.UnsupportedError),
        ("mix/1", "makes no mix/1", foretell.UnsupportedError),
        (NAME, "decodes it to other bytes", foretell.ModelMismatchError),
    ):
        with pytest.raises(error, match=told):
            foretell.decompress(FrameWriter().brief(model, BOOK.digest, 5, b"else", crc), model=BOOK)
    native = Book(BOOK.book, device="cpu")
    with pytest.raises(foretell.ModelMismatchError, match="numerics 'exact/1'"):
        foretell.decompress(foretell.compress(PLAIN, model=BOOK), model=native)


def test_the_parameters_are_the_default_ones() -> None:
    header = Header("exact/1", NAME, 5, 5, (), BOOK.digest[:8])
    assert rebuild(header, "cpu", None, BOOK).parameters() == TrainedToy(BOOK.book).parameters()


def test_it_is_listed_without_the_model(archive: bytes) -> None:
    (info,) = foretell.frame_info(archive)
    assert (info.file_bytes, info.raw_bytes, info.blocks, info.coded_blocks) == (len(archive), len(PLAIN), 1, 1)
    assert (info.numerics, info.model, info.parameters, info.fingerprint) == ("exact/1", NAME, (), ())
    assert (info.weights, info.block_size, info.size) == (BOOK.digest[:8], len(PLAIN), len(PLAIN))
    assert info.memory is None
    listed = Listing(verbose=True).add("file.fore", [info])
    assert f"model {NAME} (exact/1), trained, SHA-256 {BOOK.digest[:8].hex()}..., memory" in listed
