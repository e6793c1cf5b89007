"""The n-gram memory network in C++ (``cpp/include/foretell/ngram_network.hpp``): what files are coded with on a CPU.

Bit for bit it computes what `foretell.models.ngram.NgramModel` does, the reference in torch, and needs NumPy alone.
"""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from foretell._core import NgramNetwork
from foretell.models.ngram_parameters import NAME, VOCABULARY, Parameters


class NativeNgramModel:
    """See the module; the methods are those of `foretell.models.Model`.

    Calls from several threads are safe, one after the other, and leave the interpreter to other threads meanwhile.

    Parameters
    ----------
    parameters : Parameters

    Raises
    ------
    ValueError
        A parameter is out of its range.
    MemoryError
        There is no room for the tables.
    """

    name = NAME
    numerics = "exact/1"
    vocabulary = VOCABULARY
    precision = NgramNetwork.PRECISION

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self.lanes = parameters.lanes
        self.chunk = parameters.chunk
        self._network = NgramNetwork(**asdict(parameters))

    def parameters(self) -> dict[str, int]:
        """See `foretell.models.Model`."""
        return asdict(self._parameters)

    def begin(self, lanes: int) -> None:
        """See `foretell.models.Model`."""
        self._network.begin(lanes)

    def predict(self) -> NDArray[np.uint32]:
        """See `foretell.models.Model`."""
        return self._network.predict()

    def update(self, symbols: NDArray[np.uint8]) -> None:
        """See `foretell.models.Model`."""
        self._network.update(symbols)

    def score(self, symbols: NDArray[np.uint8]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """See `foretell.models.Model`."""
        return self._network.score(symbols)
