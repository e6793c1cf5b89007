"""What a reader of a container gives: the configuration, and each tensor by its canonical name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell.adapters.config import Config
from foretell.adapters.tokenizer import Tokenizer
from foretell.errors import CorruptError


@dataclass(frozen=True)
class Source:
    """A model in its container.

    Attributes
    ----------
    name : str
        The container, for messages.
    config : Config
    tensor : callable
        ``tensor(name)`` returns a new float32 array, or raises CorruptError if the container lacks it.
    tokenizer : Tokenizer
    """

    name: str
    config: Config
    tensor: Callable[[str], NDArray[np.float32]]
    tokenizer: Tokenizer


def make_config(name: str, **values: Any) -> Config:
    """Return a `Config` of what a container states; CorruptError naming the container if it cannot be."""
    try:
        return Config(**values)
    except (TypeError, ValueError) as error:
        raise CorruptError(f"{name}: {error}") from None


def halves(matrix: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Reorder rows from interleaved rotary pairs, (0, 1), (2, 3), ..., to pairs half a head apart.

    Parameters
    ----------
    matrix : float32 [heads * head width, inputs]
        Query or key.
    heads : int

    Returns
    -------
    float32 of the same shape

    >>> halves(np.arange(8, dtype=np.float32)[:, None], 2).ravel()
    array([0., 2., 1., 3., 4., 6., 5., 7.], dtype=float32)
    """
    if matrix.ndim != 2 or matrix.shape[0] % (2 * heads):
        raise CorruptError(f"a query or key matrix of shape {matrix.shape} has no {heads} heads of even width")
    pairs = matrix.reshape(heads, -1, 2, matrix.shape[1])
    return np.ascontiguousarray(pairs.swapaxes(1, 2)).reshape(matrix.shape)
