"""Context mixing beside the network, in C++ (``cpp/include/foretell/mix_codec.hpp``): what files are coded with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foretell._core import MixCodec
from foretell.models.mix_parameters import NAME, Parameters

if TYPE_CHECKING:
    from foretell.models.base import Progress


class MixModel:
    """See the module; the methods are those of `foretell.models.BlockModel`. Runs on the CPU, in one thread.

    Calls from several threads are safe, one after the other, and leave the interpreter to other threads meanwhile.

    Parameters
    ----------
    parameters : Parameters
    learned : mapping of str to array, optional
        What `learned` of a model with the same parameters returned, to go on from.
    weights : bytes
        SHA-256 of the file that this was read from, if it was (`foretell.models.Pretrained`).

    Raises
    ------
    CorruptError, TypeError
        `learned` is not what such a model learns.
    ValueError
        A parameter is out of its range. Also by every call after one that failed: what was learned is lost then.
    MemoryError
        There is no room for the tables.
    """

    name = NAME
    numerics = "exact/1"

    def __init__(
        self, parameters: Parameters, learned: Mapping[str, NDArray[Any]] | None = None, weights: bytes = b""
    ) -> None:
        self.weights = weights
        self._parameters = p = parameters
        self._codec = MixCodec(
            contexts=p.contexts,
            cell_bits=p.cell_bits,
            history_bits=p.history_bits,
            network=None if p.network is None else asdict(p.network),
        )
        if learned is not None:
            self._codec.set_learned(dict(learned))

    def parameters(self) -> dict[str, int]:
        """See `foretell.models.BlockModel`."""
        return asdict(self._parameters)

    def learned(self) -> dict[str, NDArray[Any]]:
        """Return a copy of all that the model has learned: arrays [n] of integers and floats by name."""
        return self._codec.learned()

    def encode_block(
        self, data: bytes | bytearray | memoryview, progress: Progress | None = None
    ) -> tuple[bytes, float]:
        """See `foretell.models.BlockModel`."""
        return self._codec.encode(np.frombuffer(data, np.uint8), progress)

    def decode_block(self, payload: bytes, raw_length: int, progress: Progress | None = None) -> bytes:
        """See `foretell.models.BlockModel`."""
        return self._codec.decode(np.frombuffer(payload, np.uint8), raw_length, progress)

    def learn_block(self, data: bytes | bytearray | memoryview, progress: Progress | None = None) -> None:
        """See `foretell.models.BlockModel`; takes the time of coding."""
        self.encode_block(data, progress)
