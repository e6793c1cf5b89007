"""What all decoder-only networks here share: lanes, positions, and tokens in, logits out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from foretell.adapters.network_tensors import NetworkConfig

_MOST_LOGITS = 1 << 23  # computed at a time, so that wide intermediates stay small


class Cache(Protocol):
    """Keys and values of one layer."""

    length: int


class Decoder(ABC):
    """A decoder-only transformer that reads tokens, in lanes that advance together, and says what may come next.

    Call `begin`, then any mix of `step`, `forward` and `feed`; each continues where the last one stopped.

    Parameters
    ----------
    config : NetworkConfig
    positions : int, optional
        The most that a lane may hold, the network's context unless told.
    device : str

    Attributes
    ----------
    config : NetworkConfig
    positions : int
    lanes : int
        0 before `begin`.
    logits_dtype : torch.dtype
        Of what `step` and `forward` return.
    """

    logits_dtype: torch.dtype

    def __init__(self, config: NetworkConfig, positions: int | None, device: str) -> None:
        if config.architecture not in ("llama", "gpt2"):
            raise ValueError(f"architecture {config.architecture!r}: expected 'llama' or 'gpt2'")
        if config.kv_heads < 1 or config.heads % config.kv_heads:
            raise ValueError(f"{config.heads} heads cannot share {config.kv_heads} heads of keys and values")
        self.config = config
        self.positions = config.context if positions is None else positions
        if self.positions < 1:
            raise ValueError(f"positions: expected at least 1, got {self.positions}")
        if config.architecture == "gpt2" and self.positions > config.context:
            raise ValueError(f"positions: this network knows {config.context}, not {self.positions}")
        self.lanes = 0
        self.device = device
        self._caches: Sequence[Cache] = []

    @property
    def vocabulary(self) -> int:
        """Number of tokens."""
        return self.config.vocabulary

    @property
    def position(self) -> int:
        """Tokens that each lane holds."""
        return self._caches[0].length if self._caches else 0

    def begin(self, lanes: int) -> None:
        """Forget all tokens and start `lanes` empty lanes."""
        if lanes < 1:
            raise ValueError(f"lanes: expected at least 1, got {lanes}")
        self.lanes = lanes
        self._caches = self._empty_caches(lanes)

    def rewind(self, position: int) -> None:
        """Forget the tokens of each lane from `position` on."""
        if not 0 <= position <= self.position:
            raise ValueError(f"position: expected 0..{self.position}, got {position}")
        for cache in self._caches:
            cache.length = position

    def step(self, tokens: Tensor) -> Tensor:
        """Take the next token of each lane.

        Parameters
        ----------
        tokens : int64 tensor [lanes]
            Checked against the vocabulary if on the CPU.

        Returns
        -------
        tensor [lanes, V] of `logits_dtype`
            Of the tokens after these.
        """
        return self.forward(tokens.unsqueeze(-1)).squeeze(1)

    @torch.no_grad()
    def forward(self, tokens: Tensor) -> Tensor:
        """Take the next t tokens of each lane.

        Parameters
        ----------
        tokens : int64 tensor [lanes, t]
            Checked against the vocabulary if on the CPU.

        Returns
        -------
        tensor [lanes, t, V] of `logits_dtype`
            After each of the tokens.
        """
        return self._all_logits(self._hidden(tokens))

    @torch.no_grad()
    def feed(self, tokens: Tensor) -> None:
        """Take tokens as `forward` does, without the work for logits that nobody wants."""
        self._hidden(tokens)

    def _hidden(self, tokens: Tensor) -> Tensor:
        return self._run(self._checked(tokens).to(self.device), self.position)

    def _all_logits(self, x: Tensor) -> Tensor:
        """Return [lanes, t, V] for x [lanes, t, width], of which some is worked on at a time."""
        shape, x = (*x.shape[:2], self.config.vocabulary), x.flatten(0, 1)
        rows = max(1, _MOST_LOGITS // self.config.vocabulary)
        if len(x) <= rows:
            return self._logits(x).view(shape)
        logits = torch.empty((len(x), self.config.vocabulary), dtype=self.logits_dtype, device=x.device)
        for first in range(0, len(x), rows):
            logits[first : first + rows] = self._logits(x[first : first + rows])
        return logits.view(shape)

    def _checked(self, tokens: Tensor) -> Tensor:
        """Return tokens [lanes, t], if there is room for them and the network knows them."""
        if tokens.dtype != torch.int64 or tokens.ndim != 2 or tokens.shape[0] != self.lanes or not tokens.shape[1]:
            raise ValueError(
                f"tokens: expected int64 [{self.lanes} lanes, 1 or more], got "
                f"{str(tokens.dtype).removeprefix('torch.')} {list(tokens.shape)}"
            )
        end = self.position + tokens.shape[1]
        if end > self.positions:
            raise ValueError(f"tokens: a lane holds {self.positions}, not {end}")
        if tokens.device.type == "cpu" and not 0 <= int(tokens.min()) <= int(tokens.max()) < self.config.vocabulary:
            raise ValueError(
                f"tokens: expected 0..{self.config.vocabulary - 1}, got {int(tokens.min())} or {int(tokens.max())}"
            )
        return tokens

    @abstractmethod
    def _empty_caches(self, lanes: int) -> Sequence[Cache]:
        """Return a cache for each layer."""

    @abstractmethod
    def _run(self, tokens: Tensor, first: int) -> Tensor:
        """Return [lanes, t, width], what the last layer says of tokens [lanes, t] at positions `first`.. on."""

    @abstractmethod
    def _logits(self, x: Tensor) -> Tensor:
        """Return [n, V] for x [n, width]."""
