"""Frames of models that were trained before: named by their SHA-256, and by what they run on if they use floats."""

from __future__ import annotations

import io

import foretell
import pytest
import toy_model
from foretell.container import FrameWriter, Header
from sample import sample
from trained_toy import Book

pytestmark = pytest.mark.usefixtures("trained_toy")

TEXT = sample(5000)
BOOK = Book(TEXT[:3000])


def test_both_sides_start_from_the_weights() -> None:
    book = Book(TEXT[:3000])
    archive = foretell.compress(TEXT, model=book)
    assert book.sizes == [len(TEXT)]
    assert foretell.decompress(archive, model=Book(TEXT[:3000])) == TEXT
    assert len(archive) < len(foretell.compress(TEXT, model=Book(b"?")))
    (info,) = foretell.frame_info(archive)
    assert info.weights == book.digest
    assert info.fingerprint == ()


def test_each_frame_starts_afresh() -> None:
    one = foretell.compress(TEXT, model=BOOK)
    assert foretell.compress(TEXT, model=BOOK) == one
    assert foretell.decompress(one + foretell.compress(b"stored", 0) + one, model=BOOK) == TEXT + b"stored" + TEXT


def test_files_take_a_model_too() -> None:
    file = io.BytesIO()
    with foretell.ForetellFile(file, "w", model=BOOK) as writer:
        writer.write(TEXT)
    with foretell.open(io.BytesIO(file.getvalue()), model=BOOK) as reader:
        assert reader.read(100) == TEXT[:100]
        reader.seek(0)
        assert reader.read() == TEXT


def test_a_missing_model_is_told_by_its_digest() -> None:
    archive = foretell.compress(TEXT, model=BOOK)
    with pytest.raises(foretell.MissingModelError, match=BOOK.digest.hex()):
        foretell.decompress(archive)


def test_a_wrong_model_is_told_by_both_digests() -> None:
    archive, other = foretell.compress(TEXT, model=BOOK), Book(TEXT[:2999])
    with pytest.raises(foretell.ModelMismatchError, match=f"{BOOK.digest.hex()}.*{other.digest.hex()}"):
        foretell.decompress(archive, model=other)


def test_a_model_is_not_looked_at_where_no_weights_are_named(toy: None) -> None:
    archive = foretell.compress(TEXT)
    assert foretell.frame_info(archive)[0].weights == b""
    assert foretell.decompress(archive, model=BOOK) == TEXT


def test_floats_decode_on_what_they_were_made_on_alone() -> None:
    here = {"framework": "2.1", "device": "cpu"}
    archive = foretell.compress(TEXT, model=Book(TEXT[:3000], **here))
    assert foretell.frame_info(archive)[0].fingerprint == tuple(here.items())
    assert foretell.decompress(archive, model=Book(TEXT[:3000], **here)) == TEXT
    for there, told in (
        ({**here, "device": "gpu"}, "device: cpu in the file, gpu here"),
        ({"framework": "2.1"}, "device: cpu in the file, nothing here"),
        ({**here, "threads": "2"}, "threads: nothing in the file, 2 here"),
    ):
        with pytest.raises(foretell.ModelMismatchError, match=told):
            foretell.decompress(archive, model=Book(TEXT[:3000], **there))


def test_an_untrained_model_does_not_decode() -> None:
    with pytest.raises(TypeError, match="ToyModel"):
        foretell.Decompressor(model=toy_model.ToyModel())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "header",
    [
        Header("exact/1", "a/1", 10, None, (), bytes(31)),
        Header("", "", 10, None, (), bytes(32)),
        Header("exact/1", "a/1", 10, None, (), b"", (("a", "b"),)),
        Header("native", "a/1", 10, None, (), b"", (("a", "b"),) * 17),
        Header("native", "a/1", 10, None, (), b"", (("a", "two words"),)),
    ],
)
def test_impossible_headers_are_not_written(header: Header) -> None:
    with pytest.raises(ValueError, match=r"weights|fingerprint|name"):
        FrameWriter().header(header)
