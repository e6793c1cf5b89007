"""The errors that data and environments can cause; mistakes of the caller stay ``TypeError`` and ``ValueError``."""

__all__ = [
    "CorruptError",
    "Error",
    "MemoryLimitError",
    "MissingModelError",
    "ModelMismatchError",
    "TruncatedError",
    "UnsupportedError",
]


class Error(Exception):
    """Base of every error that compressed data, or the place it is read in, can cause."""


class CorruptError(Error):
    """The data are damaged: a checksum, a marker or a coded value is impossible."""


class TruncatedError(Error, EOFError):
    """The data end before the message does; fetch the rest, or the file again."""


class UnsupportedError(Error):
    """The data are sound, but this version or installation cannot read or make them; the message says what would."""


class MemoryLimitError(UnsupportedError, ValueError):
    """No model of the level fits into the memory that the caller allowed; the message names the least that would do."""


class MissingModelError(UnsupportedError):
    """The data were made with a trained model, which was not given; the message names its SHA-256."""


class ModelMismatchError(Error):
    """The data were made with another model, or in another numerical environment; the message names what differs."""
