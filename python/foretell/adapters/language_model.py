"""`LanguageModel`: a pretrained network and its tokenizer as what `foretell.compress` takes as ``model=``.

Two models by name, "lm-exact/1" (numerics ``exact/1``: files decode everywhere) and "lm-native/1" (numerics
``native``: floats, and files decode on what they were made on alone). `foretell.adapters.token_model` says what their
payloads are; the networks are `foretell.adapters.transformer_exact` and `foretell.adapters.transformer`.
"""

from __future__ import annotations

import hashlib

from foretell.adapters.pretrained_tokens import EXACT, LANES, NATIVE, PretrainedTokens
from foretell.adapters.token_model import Network
from foretell.adapters.transformer import Transformer
from foretell.adapters.transformer_exact import ExactTransformer
from foretell.adapters.weights import Weights

_LONGEST = 1 << 16  # what exact attention takes


class LanguageModel(PretrainedTokens):
    """A `foretell.models.Pretrained` of tokens, from weights in a file.

    Parameters
    ----------
    weights : Weights
    exact : bool
        Compress with exact numerics, or in floats. Decompressing does what the file says.
    device : str
        Of torch.
    lanes : int
        The most pieces of a block that are coded side by side: more are quicker, and each starts knowing nothing of
        what came before it.
    window : int, optional
        Tokens that a network looks back on, at most; half of them when it starts again. Its context, but no more than
        1024, unless told.
    adapt : bool
        Let a bias of each token learn while it codes (`foretell.adapters.token_bias`): smaller by 1 to 4 % where the
        text is of some length or of a kind that the network has seen little of.
    tokens_only : bool
        Compress all as tokens, also what would be shorter as bytes: for measurements.

    Notes
    -----
    Memory: the network; keys and values of all lanes; 60 MiB. One thread at a time may use it, and what `start` and
    `rebuild` made of it.

    Raises
    ------
    ValueError
        `lanes` or `window` is out of its range.
    """

    def __init__(
        self,
        weights: Weights,
        *,
        exact: bool = True,
        device: str = "cpu",
        lanes: int = LANES,
        window: int | None = None,
        adapt: bool = False,
        tokens_only: bool = False,
    ) -> None:
        config = weights.config
        self._weights = weights
        super().__init__(
            EXACT if exact else NATIVE,
            weights.tokenizer,
            hashlib.sha256(bytes.fromhex(weights.digest) + bytes.fromhex(weights.tokenizer.digest)).digest(),
            device=device,
            lanes=lanes,
            window=window,
            longest=config.context if config.architecture == "gpt2" else _LONGEST,
            context=config.context,
            cache_bytes=8 * config.layers * config.kv_heads * config.head_width,
            adapt=adapt,
            tokens_only=tokens_only,
        )

    def _names(self) -> tuple[str, ...]:
        return EXACT, NATIVE

    def _network(self, name: str, window: int, device: str) -> Network:
        kind = ExactTransformer if name == EXACT else Transformer
        return kind(self._weights.config, self._weights.tensors, positions=window, device=device)
