from __future__ import annotations

import bz2
import gzip
import io
import lzma

import foretell
import numpy as np
import pytest
from foretell import cdf
from foretell.coders import RangeDecoder, StaticTable
from foretell.lab.worlds import coded
from foretell.lab.worlds.images import NoisyImage
from PIL import Image

DATA = b"a text that is not long, " * 50


def test_codecs_hold_the_text() -> None:
    found = coded.of_text(DATA)
    assert gzip.decompress(found["gzip -9"]) == DATA
    assert bz2.decompress(found["bz2 -9"]) == DATA
    assert lzma.decompress(found["xz -6"]) == DATA


def test_codecs_hold_the_picture() -> None:
    image = NoisyImage(64, 64, 3)
    found = coded.of_picture(image)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(found["PNG"]))), image.pixels)
    assert Image.open(io.BytesIO(found["JPEG 75"])).size == (64, 64)
    assert len(found["JPEG 75"]) < len(found["JPEG 90"]) < len(found["PNG"])


def test_arithmetic_streams_are_as_long_as_their_entropy() -> None:
    found = coded.arithmetic(DATA, 50_000, 1)
    assert foretell.decompress(found["foretell -5"]) == DATA
    symbols, entropy = coded.iid(50_000, 1)
    share = np.bincount(symbols) / len(symbols)
    assert -(share * np.log2(share)).sum() == pytest.approx(entropy, abs=0.02)
    assert entropy == 1.984375
    stream = found["range coder, iid"]
    assert 8 * len(stream) == pytest.approx(entropy * len(symbols), rel=0.01)
    table = StaticTable(cdf.from_counts(np.array(coded.WEIGHTS, np.uint32), coded.PRECISION), coded.PRECISION)
    assert np.array_equal(RangeDecoder(stream, coded.PRECISION).decode_table(len(symbols), table), symbols)
