"""The interfaces between a model and the codec: `Model` predicts symbols, `BlockModel` codes whole blocks.

`Pretrained` is what was learned before, from which either kind is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # listing a file's models needs no NumPy
    import numpy as np
    from numpy.typing import NDArray

Progress = Callable[[int], object]
"""Called with the number of plain bytes finished since the last call."""


class Model(Protocol):
    """A model that predicts symbols, lane by lane, and learns from what it has coded.

    Encoder and decoder build it from the same parameters and show it the same symbols; it must then give the same CDFs.
    An encoder knows the symbols and calls `score`, a decoder alternates `predict` and `update`: both must agree.

    Attributes
    ----------
    name : str
        Identifies the model and its version in a file's header, ASCII, at most 32 bytes.
    numerics : str
        ``"exact/1"`` (see ``docs/exact.md``) or ``"native"``.
    vocabulary : int
        Number of symbols V; 256 for a model of bytes.
    precision : int
        Bits of the CDFs.
    lanes : int
        The most lanes that a block is cut into.
    chunk : int
        Steps between two updates (T).
    """

    @property
    def name(self) -> str:
        """Name and version."""
        ...

    @property
    def numerics(self) -> str:
        """Numerics class."""
        ...

    @property
    def vocabulary(self) -> int:
        """Number of symbols."""
        ...

    @property
    def precision(self) -> int:
        """Bits of the CDFs."""
        ...

    @property
    def lanes(self) -> int:
        """The most lanes."""
        ...

    @property
    def chunk(self) -> int:
        """Steps between two updates."""
        ...

    def parameters(self) -> dict[str, int]:
        """Return the non-negative integers from which `foretell.models.build` makes an equal, untrained model."""
        ...

    def begin(self, lanes: int) -> None:
        """Start a block of ``lanes`` lanes: what is before a lane is forgotten, what was learned stays.

        Steps not yet learned from, fewer than a chunk, are learned first.
        """
        ...

    def predict(self) -> NDArray[np.uint32]:
        """Return the CDFs of the coming symbols, uint32 [lanes, V + 1]; valid until the next call."""
        ...

    def update(self, symbols: NDArray[np.uint8]) -> None:
        """Take the symbols that came, uint8 [lanes], after `predict`. Each ``chunk``-th call trains."""
        ...

    def score(self, symbols: NDArray[np.uint8]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """Do t rounds of `predict` and `update` at once, t at most what is left of the chunk.

        Parameters
        ----------
        symbols : uint8 [lanes, t]

        Returns
        -------
        start, freq : uint32 [lanes, t]
            ``cdf[symbol]`` and ``cdf[symbol + 1] - cdf[symbol]``.
        """
        ...


class BlockModel(Protocol):
    """A model that codes blocks itself, bit by bit for instance, and learns from what it has coded.

    Encoder and decoder build it from the same parameters and show it the same blocks. After an error, or an exception
    from `progress`, it is of no further use.

    Attributes
    ----------
    name, numerics : str
        As of `Model`.
    """

    @property
    def name(self) -> str:
        """Name and version."""
        ...

    @property
    def numerics(self) -> str:
        """Numerics class."""
        ...

    def parameters(self) -> dict[str, int]:
        """Return the non-negative integers from which `foretell.models.build` makes an equal, untrained model."""
        ...

    def encode_block(
        self, data: bytes | bytearray | memoryview, progress: Progress | None = None
    ) -> tuple[bytes, float]:
        """Code at least one byte; return the payload, and the ideal bits: the sum of -log2 of all probabilities."""
        ...

    def decode_block(self, payload: bytes, raw_length: int, progress: Progress | None = None) -> bytes:
        """Return the `raw_length` >= 1 plain bytes of a payload, all of which is used.

        Raises
        ------
        CorruptError, TruncatedError
            If no encoder in this state wrote `payload`. Many wrong payloads decode to wrong bytes instead.
        """
        ...

    def learn_block(self, data: bytes | bytearray | memoryview, progress: Progress | None = None) -> None:
        """Go into the state in which coding `data` would leave the model."""
        ...


AnyModel = Model | BlockModel


class Pretrained(Protocol):
    """Weights from a file, of which a model is made for each frame.

    The models have two attributes more than others: `weights`, this digest, and `fingerprint`, for the numerics class
    ``"native"`` what they run on, for others empty: pairs of strings, `foretell.container.Header.fingerprint`.

    Attributes
    ----------
    digest : bytes
        SHA-256 of all that the file makes models predict with. 32 bytes.
    brief : bool
        Whether what `start` makes, whatever the size, is what `rebuild` makes of no parameters, with numerics
        ``"exact/1"``: small files need not state them then.
    """

    @property
    def digest(self) -> bytes:
        """SHA-256, 32 bytes."""
        ...

    @property
    def brief(self) -> bool:
        """Whether files may leave the parameters out."""
        ...

    def start(self, size: int | None) -> AnyModel:
        """Return the model to compress an input of `size` bytes with (None: unknown), in its first state."""
        ...

    def rebuild(self, name: str, parameters: Mapping[str, int], *, device: str, memory: int | None) -> AnyModel:
        """Return the model that a header names; arguments and errors as of `foretell.models.build`.

        No parameters stand for the default ones, which never change; UnsupportedError if there are none.
        """
        ...
