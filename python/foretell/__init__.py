"""Lossless compression by prediction: a model that learns while it codes, exact on every machine.

>>> import foretell
>>> archive = foretell.compress(b"plain bytes", level=0)
>>> foretell.decompress(archive)
b'plain bytes'

Names are loaded when they are first used: importing the package imports neither NumPy nor torch nor a model.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from foretell.errors import (
    CorruptError,
    Error,
    MemoryLimitError,
    MissingModelError,
    ModelMismatchError,
    TruncatedError,
    UnsupportedError,
)

if TYPE_CHECKING:
    from foretell.adapters.load import load_model
    from foretell.adapters.training import train_model
    from foretell.compressor import Compressor
    from foretell.decompressor import Decompressor
    from foretell.defaults import BLOCK_SIZE, DEFAULT_LEVEL
    from foretell.file import ForetellFile, open  # noqa: A004 - as in the compression modules
    from foretell.info import FrameInfo, frame_info
    from foretell.meter import Meter
    from foretell.stream import compress, decompress

    __version__: str

__all__ = [
    "BLOCK_SIZE",
    "DEFAULT_LEVEL",
    "Compressor",
    "CorruptError",
    "Decompressor",
    "Error",
    "ForetellFile",
    "FrameInfo",
    "MemoryLimitError",
    "Meter",
    "MissingModelError",
    "ModelMismatchError",
    "TruncatedError",
    "UnsupportedError",
    "compress",
    "decompress",
    "frame_info",
    "load_model",
    "open",
    "train_model",
]

_HOMES = {
    "BLOCK_SIZE": "defaults",
    "DEFAULT_LEVEL": "defaults",
    "Compressor": "compressor",
    "Decompressor": "decompressor",
    "ForetellFile": "file",
    "FrameInfo": "info",
    "Meter": "meter",
    "compress": "stream",
    "decompress": "stream",
    "frame_info": "info",
    "load_model": "adapters.load",
    "open": "file",
    "train_model": "adapters.training",
}


def __getattr__(name: str) -> object:
    """Load a public name from its module."""
    if name == "__version__":
        value: object = importlib.import_module("importlib.metadata").version("foretell")
    elif name in _HOMES:
        value = getattr(importlib.import_module(f"foretell.{_HOMES[name]}"), name)
    else:
        raise AttributeError(f"module 'foretell' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the loaded names and those that can be."""
    return sorted({*globals(), *__all__, "__version__"})
