"""Bytes that codecs write: of text, of pictures, and of symbols whose probabilities are known.

The world's entropy is that of what went into the codec, so each stream holds at least that much; of the last two kinds
it is known that they hold hardly less than they are long.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import subprocess

import numpy as np
from numpy.typing import NDArray

import foretell
from foretell import cdf
from foretell.coders import RangeEncoder, StaticTable
from foretell.lab.worlds.images import NoisyImage

PRECISION = 16
WEIGHTS = (64, 32, 16, 8, 4, 2, 1, 1)
"""Of the symbols of `iid`, in 128ths."""


def of_text(data: bytes) -> dict[str, bytes]:
    """Return the same bytes coded by Huffman codes, finite state entropy and a binary range coder behind matches."""
    coded = {
        "gzip -9": gzip.compress(data, 9, mtime=0),
        "bz2 -9": bz2.compress(data, 9),
        "xz -6": lzma.compress(data),
    }
    if shutil.which("zstd"):
        coded["zstd -19"] = subprocess.run(["zstd", "-19", "-qc"], input=data, capture_output=True, check=True).stdout
    return coded


def of_picture(image: NoisyImage) -> dict[str, bytes]:
    """Return a picture as JPEG at two qualities, with the usual Huffman codes and with its own, and as PNG."""
    from PIL import Image

    picture = Image.fromarray(image.pixels)
    coded = {}
    kinds = {
        "JPEG 75": {"quality": 75},
        "JPEG 75, own codes": {"quality": 75, "optimize": True},
        "JPEG 90": {"quality": 90},
        "PNG": {},
    }
    for name, options in kinds.items():
        file = io.BytesIO()
        picture.save(file, name.split()[0], **options)
        coded[name] = file.getvalue()
    return coded


def iid(count: int, seed: int) -> tuple[NDArray[np.uint8], float]:
    """Return independent symbols, uint8 [count], and their entropy in bits a symbol."""
    p = np.array(WEIGHTS) / sum(WEIGHTS)
    symbols = np.random.default_rng(seed).choice(len(p), count, p=p).astype(np.uint8)
    return symbols, float(-(p * np.log2(p)).sum())


def arithmetic(data: bytes, count: int, seed: int) -> dict[str, bytes]:
    """Return text coded by foretell, and independent symbols by a range coder that knows their probabilities."""
    encoder = RangeEncoder(PRECISION)
    table = StaticTable(cdf.from_counts(np.array(WEIGHTS, np.uint32), PRECISION), PRECISION)
    encoder.encode_table(iid(count, seed)[0], table)
    return {"foretell -5": foretell.compress(data, level=5), "range coder, iid": encoder.finish()}
