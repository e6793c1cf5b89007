"""`ModuleModel`: any torch module that maps tokens to logits, as what `foretell.compress` takes as ``model=``."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretell.adapters.pretrained_tokens import LANES, NATIVE, PretrainedTokens
from foretell.adapters.token_model import Network
from foretell.adapters.tokenizer import PieceTable
from foretell.buffers import byte_view

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from foretell.adapters.tokenizer import Tokenizer


class ByteTokens(PieceTable):
    """A tokenizer whose tokens are the bytes, 0 to 255; other ids of the network stand for no text.

    Parameters
    ----------
    vocabulary : int
        Of the network, at least 256.
    start : int
        What the network sees before the first byte.
    """

    def __init__(self, vocabulary: int = 257, start: int = 256) -> None:
        if vocabulary < 256:
            raise ValueError(f"vocabulary {vocabulary}: bytes need 256 or more")
        super().__init__([*(bytes([byte]) for byte in range(256)), *[b""] * (vocabulary - 256)], (), start)

    def encode(self, data: Buffer) -> NDArray[np.int64]:
        """Return the tokens of a byte string, int64 [n]."""
        return np.frombuffer(byte_view(data), np.uint8).astype(np.int64)


class ModuleModel(PretrainedTokens):
    """A `foretell.models.Pretrained` of a module of your own, numerics ``native``.

    Unless it is `cached`, the module is shown all tokens of the window for every step. It is put into eval mode and
    does not learn.

    Parameters
    ----------
    module : torch.nn.Module
        Maps int64 [lanes, t] to logits, float [lanes, t, V], or to an object that has them as ``logits``, as the causal
        language models of Hugging Face transformers do. Each token's logits may depend on those before it alone.
    tokenizer : Tokenizer
        `ByteTokens`, one of `foretell.adapters`, or another that restores every byte string. Its ids are the module's.
    vocabulary, context : int
        V, and the most tokens that the module takes.
    device : str
        Where the module is.
    cached : bool
        The module takes ``input_ids``, ``use_cache`` and ``cache``, and returns ``cache``, as those of transformers do
        (before 5.20 or so under the name ``past_key_values``): it is shown each token once.
    lanes, window, adapt, tokens_only
        As of `foretell.adapters.language_model.LanguageModel`.

    Raises
    ------
    ValueError
        `lanes` or `window` is out of its range, or the tokenizer has fewer ids than the module.
    """

    def __init__(
        self,
        module: torch.nn.Module,
        tokenizer: Tokenizer,
        *,
        vocabulary: int,
        context: int,
        device: str = "cpu",
        cached: bool = False,
        lanes: int = LANES,
        window: int | None = None,
        adapt: bool = False,
        tokens_only: bool = False,
    ) -> None:
        if tokenizer.vocabulary < vocabulary:
            raise ValueError(f"the module knows {vocabulary} tokens, the tokenizer {tokenizer.vocabulary}")
        self._module = module.eval()
        self._vocabulary = vocabulary
        self._cached = cached
        super().__init__(
            NATIVE,
            tokenizer,
            _digest(module, tokenizer),
            device=device,
            lanes=lanes,
            window=window,
            longest=context,
            context=context,
            cache_bytes=8,
            adapt=adapt,
            tokens_only=tokens_only,
        )

    def _names(self) -> tuple[str, ...]:
        return (NATIVE,)

    def _network(self, name: str, window: int, device: str) -> Network:
        kind = _CachingNetwork if self._cached else _ModuleNetwork
        return kind(self._module, self._vocabulary, window, device)


class _ModuleNetwork:
    """A module as a `foretell.adapters.token_model.Network`: it keeps the tokens, and nothing else."""

    def __init__(self, module: Callable[[Tensor], Any], vocabulary: int, positions: int, device: str) -> None:
        self.vocabulary = vocabulary
        self.positions = positions
        self._module = module
        self._device = device
        self._tokens = torch.empty((0, 0), dtype=torch.int64)

    @property
    def position(self) -> int:
        return self._tokens.shape[1]

    def begin(self, lanes: int) -> None:
        self._tokens = torch.empty((lanes, 0), dtype=torch.int64)

    def rewind(self, position: int) -> None:
        self._tokens = self._tokens[:, :position]

    def feed(self, tokens: Tensor) -> None:
        self._tokens = torch.cat([self._tokens, tokens], 1)

    @torch.no_grad()
    def forward(self, tokens: Tensor) -> Tensor:
        self.feed(tokens)
        found = self._module(self._tokens.to(self._device))
        logits: Tensor = getattr(found, "logits", found)
        return _checked(logits, self._tokens, self.vocabulary)[:, -tokens.shape[1] :].to(torch.float32)


class _CachingNetwork:
    """A module that returns keys and values, as a `foretell.adapters.token_model.Network`."""

    def __init__(self, module: torch.nn.Module, vocabulary: int, positions: int, device: str) -> None:
        self.vocabulary = vocabulary
        self.positions = positions
        self.position = 0
        takes = inspect.signature(module.forward).parameters
        self._name = "cache" if "cache" in takes else "past_key_values"
        self._module = module
        self._device = device
        self._cache: Any = None

    def begin(self, lanes: int) -> None:
        self.rewind(0)

    def rewind(self, position: int) -> None:
        if position:
            self._cache.crop(position)
        else:
            self._cache = None
        self.position = position

    def feed(self, tokens: Tensor) -> None:
        self.forward(tokens)

    @torch.no_grad()
    def forward(self, tokens: Tensor) -> Tensor:
        kept = {self._name: self._cache}
        found = self._module(input_ids=tokens.to(self._device), use_cache=True, **kept)
        self._cache = getattr(found, self._name)
        self.position += tokens.shape[1]
        return _checked(found.logits, tokens, self.vocabulary).to(torch.float32)


def _checked(logits: Tensor, tokens: Tensor, vocabulary: int) -> Tensor:
    expected = [*tokens.shape, vocabulary]
    if list(logits.shape) != expected:
        raise ValueError(f"the module's logits are {list(logits.shape)}, expected {expected}: [lanes, t, V]")
    return logits


def _digest(module: torch.nn.Module, tokenizer: Tokenizer) -> bytes:
    """Return the SHA-256 of a module's class, of the names and numbers of its state, and of the tokenizer."""
    state = hashlib.sha256(f"foretell module 1\n{type(module).__module__}.{type(module).__qualname__}\n".encode())
    for name, value in sorted(module.state_dict().items()):
        tensor = value.detach().cpu().contiguous()
        state.update(f"{name} {tensor.dtype} {list(tensor.shape)}\n".encode())
        state.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    state.update(bytes.fromhex(tokenizer.digest))
    return state.digest()
