"""`LanguageModel`: a pretrained network and its tokenizer as what `foretell.compress` takes as ``model=``.

Two models by name, "lm-exact/1" (numerics ``exact/1``: files decode everywhere) and "lm-native/1" (numerics
``native``: quicker, and files decode on what they were made on alone). `foretell.adapters.token_model` says what their
payloads are; the networks are `foretell.adapters.transformer_exact` and `foretell.adapters.transformer`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from foretell import models
from foretell.adapters.decoder import Decoder
from foretell.adapters.runs_on import runs_on
from foretell.adapters.token_model import Plan, TokenModel
from foretell.adapters.transformer import Transformer
from foretell.adapters.transformer_exact import ExactTransformer
from foretell.adapters.weights import Weights, load
from foretell.errors import MissingModelError, UnsupportedError

EXACT, NATIVE = "lm-exact/1", "lm-native/1"
NUMERICS = {EXACT: "exact/1", NATIVE: "native"}

LANES, WINDOW = 8, 1024
_MOST_LANES, _MOST_WINDOW = 1 << 12, 1 << 20


class LanguageModel:
    """A `foretell.models.Pretrained` of tokens.

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
    tokens_only : bool
        Compress all as tokens, also what would be shorter as bytes: for measurements.

    Notes
    -----
    Memory: the network, twice where files of both numerics are met; keys and values of all lanes; 60 MiB. One thread at
    a time may use it, and what `start` and `rebuild` made of it.

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
        tokens_only: bool = False,
    ) -> None:
        window = min(WINDOW, weights.config.context) if window is None else window
        self._weights = weights
        self._name = EXACT if exact else NATIVE
        self._device = device
        self._tokens_only = tokens_only
        self._plan = Plan(lanes, window, window // 2)
        if wrong := self._fault(self._plan):
            raise ValueError(wrong)
        self._networks: dict[tuple[str, int, str], Decoder] = {}
        tokens = bytes.fromhex(weights.tokenizer.digest)
        self._digest = hashlib.sha256(bytes.fromhex(weights.digest) + tokens).digest()

    @property
    def digest(self) -> bytes:
        """SHA-256 of the SHA-256 of the network and that of the tokenizer."""
        return self._digest

    def start(self, size: int | None) -> TokenModel:
        """See `foretell.models.Pretrained`."""
        return self._model(self._name, self._plan, self._device)

    def rebuild(self, name: str, parameters: Mapping[str, int], *, device: str, memory: int | None) -> TokenModel:
        """See `foretell.models.Pretrained`. ``"cpu"`` stands for this model's own device."""
        if name not in NUMERICS:
            raise UnsupportedError(f"model {name!r} is not one of language models, {' and '.join(NUMERICS)}")
        plan = Plan(**parameters)
        if wrong := self._fault(plan):
            raise UnsupportedError(wrong)
        config = self._weights.config
        needed = 8 * config.layers * config.kv_heads * config.head_width * plan.window * plan.lanes
        limit = models.MAX_MEMORY if memory is None else memory
        if needed > limit:
            raise UnsupportedError(
                f"model {name}: keys and values of {plan.lanes} lanes of {plan.window} tokens need {-(-needed >> 20)} "
                f"MiB of memory, the limit is {limit / 2**20:.10g} MiB; a higher limit (memory=, -M) reads the file"
            )
        return self._model(name, plan, self._device if device == "cpu" else device)

    def _fault(self, plan: Plan) -> str:
        """Return what is wrong with a plan, empty if nothing is."""
        config = self._weights.config
        longest = config.context if config.architecture == "gpt2" else _MOST_WINDOW
        for name, value, low, high in (
            ("lanes", plan.lanes, 1, _MOST_LANES),
            ("window", plan.window, 1, longest),
            ("overlap", plan.overlap, 0, plan.window - 1),
        ):
            if not low <= value <= high:
                return f"{name} is {value}, this network takes {low} to {high}"
        return ""

    def _model(self, name: str, plan: Plan, device: str) -> TokenModel:
        key = (name, plan.window, device)
        if key not in self._networks:
            kind = ExactTransformer if name == EXACT else Transformer
            config, tensors = self._weights.config, self._weights.tensors
            self._networks = {key: kind(config, tensors, positions=plan.window, device=device)}
        return TokenModel(
            name,
            NUMERICS[name],
            self._networks[key],
            self._weights.tokenizer,
            plan,
            ahead=name == EXACT,
            tokens_only=self._tokens_only,
            weights=self._digest,
            fingerprint=runs_on(device) if name == NATIVE else (),
        )


def load_model(
    path: str | Path,
    *,
    tokenizer: str | Path | None = None,
    exact: bool = True,
    device: str = "cpu",
    lanes: int = LANES,
    window: int | None = None,
    tokens_only: bool = False,
) -> LanguageModel:
    """Read a language model, for ``model=`` of `foretell.compress`, `foretell.decompress` and the rest.

    Parameters
    ----------
    path, tokenizer
        As for `foretell.adapters.weights.load`: a GGUF file, a llama2.c checkpoint or a Hugging Face folder.
    exact, device, lanes, window, tokens_only
        As for `LanguageModel`.

    Raises
    ------
    foretell.Error, OSError, ValueError
        As `foretell.adapters.weights.load` and `LanguageModel`.
    """
    weights = load(path, tokenizer)
    return LanguageModel(weights, exact=exact, device=device, lanes=lanes, window=window, tokens_only=tokens_only)


def _without_weights(parameters: Mapping[str, int], device: str) -> TokenModel:
    raise MissingModelError("a language model starts from its weights; a file that names none was not made by one")


for _name in NUMERICS:
    models.register(_name, ("lanes", "window", "overlap"), _without_weights)
