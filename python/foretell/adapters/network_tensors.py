"""The weights that a network is built from: one name, one shape, float32."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class NetworkConfig(Protocol):
    """The sizes and constants of a network, whatever object holds them."""

    @property
    def architecture(self) -> str:
        """``"llama"`` or ``"gpt2"``."""
        ...

    @property
    def vocabulary(self) -> int:
        """Number of tokens."""
        ...

    @property
    def width(self) -> int:
        """Numbers of a token's vector."""
        ...

    @property
    def layers(self) -> int:
        """Number of layers."""
        ...

    @property
    def heads(self) -> int:
        """Heads of queries."""
        ...

    @property
    def kv_heads(self) -> int:
        """Heads of keys and values; divides `heads`."""
        ...

    @property
    def head_width(self) -> int:
        """Numbers of a head."""
        ...

    @property
    def hidden(self) -> int:
        """Numbers inside the feed-forward part."""
        ...

    @property
    def context(self) -> int:
        """Positions that the network was trained for."""
        ...

    @property
    def norm_epsilon(self) -> float:
        """What the norms add to the mean square."""
        ...

    @property
    def rope_base(self) -> float:
        """Base of the rotary positions (llama)."""
        ...

    @property
    def tied(self) -> bool:
        """Whether the classifier is the embedding."""
        ...


class LayerTensors:
    """The tensors of one layer, or (with an empty prefix) those outside the layers, as torch tensors on the CPU.

    Parameters
    ----------
    arrays : mapping of name to float32 array
    prefix : str
        ``"layers.3."`` or ``""``.

    Notes
    -----
    Names, with W the width, Q and K the heads' and kv heads' widths together, H the hidden width and V the vocabulary;
    matrices are [outputs, inputs]. Outside: ``embedding`` [V, W], gpt2's ``position`` [context, W], ``norm`` [W], and
    ``classifier`` [V, W] unless tied. In a layer: ``attention_norm`` [W], ``query`` [Q, W], ``key`` and ``value``
    [K, W], ``output`` [W, Q], ``ffn_norm`` [W], llama's ``gate`` [H, W], ``up`` [H, W], ``down`` [W, H]. In gpt2 each
    matrix of a layer, and each norm, has a vector ``NAME_bias``. Rotary pairs are the halves of a head.
    """

    def __init__(self, arrays: Mapping[str, NDArray[np.float32]], prefix: str) -> None:
        self._arrays = arrays
        self.prefix = prefix

    def take(self, name: str, *shape: int) -> Tensor:
        """Return a tensor.

        Raises
        ------
        ValueError
            It is missing, or has another shape or dtype; the message says which.
        """
        full = self.prefix + name
        array: Any = self._arrays.get(full)
        if array is None:
            raise ValueError(f"the weights lack the tensor {full!r}")
        if array.shape != shape or array.dtype != np.float32:
            raise ValueError(f"tensor {full!r}: expected float32 {list(shape)}, got {array.dtype} {list(array.shape)}")
        if not array.flags.writeable:  # torch warns of such memory, which nothing here writes to
            array = array.copy()
        return torch.from_numpy(np.ascontiguousarray(array))

    def stacked(self, rows: Mapping[str, int], width: int) -> Tensor:
        """Return matrices of `width` inputs, one above the other.

        Parameters
        ----------
        rows : mapping of name to the number of rows
        width : int
        """
        return torch.cat([self.take(name, count, width) for name, count in rows.items()])

    def stacked_bias(self, rows: Mapping[str, int]) -> Tensor:
        """Return the biases of such matrices, one after the other."""
        return torch.cat([self.take(f"{name}_bias", count) for name, count in rows.items()])
