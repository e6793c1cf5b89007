"""What all pretrained models of tokens share: names, plans, the model for a frame."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING

from foretell import models
from foretell.adapters import token_bias
from foretell.adapters.runs_on import fingerprint
from foretell.adapters.token_model import Network, Plan, TokenModel
from foretell.errors import MissingModelError, UnsupportedError
from foretell.models.device import check_device

if TYPE_CHECKING:
    from foretell.adapters.tokenizer import Tokenizer

EXACT, NATIVE = "lm-exact/1", "lm-native/1"
NUMERICS = {EXACT: "exact/1", NATIVE: "native"}

LANES, WINDOW = 8, 1024
"""The default plan, which brief frames do not state: it never changes."""

_MOST_LANES = 1 << 12


class PretrainedTokens(ABC):
    """A `foretell.models.Pretrained` of tokens.

    Parameters
    ----------
    name : str
        Of the models to compress with, `EXACT` or `NATIVE`.
    tokenizer : Tokenizer
    digest : bytes
        SHA-256 of network and tokenizer.
    device : str
        Of torch.
    lanes : int
    window : int or None
        At most 1024 tokens if None.
    longest : int
        The most tokens that the network can look back on.
    context : int
        Those that it was made for.
    cache_bytes : int
        What the network keeps of one token of a lane.
    adapt : bool
    tokens_only : bool

    Raises
    ------
    ValueError
        `lanes` or `window` is out of its range.
    foretell.UnsupportedError
        The device cannot be used.
    """

    def __init__(
        self,
        name: str,
        tokenizer: Tokenizer,
        digest: bytes,
        *,
        device: str,
        lanes: int,
        window: int | None,
        longest: int,
        context: int,
        cache_bytes: int,
        adapt: bool,
        tokens_only: bool,
    ) -> None:
        check_device(device)
        usual_window = min(WINDOW, context)
        window = usual_window if window is None else window
        self._name = name
        self._tokenizer = tokenizer
        self._digest = digest
        self._device = device
        self._longest = longest
        self._cache_bytes = cache_bytes
        self._tokens_only = tokens_only
        self._usual = Plan(LANES, usual_window, usual_window // 2)
        self._plan = Plan(lanes, window, window // 2, token_bias.RATE if adapt else 0)
        if wrong := self._fault(self._plan):
            raise ValueError(wrong)
        self._networks: dict[tuple[str, int, str], Network] = {}  # the one used last

    @property
    def digest(self) -> bytes:
        """SHA-256 of network and tokenizer."""
        return self._digest

    @property
    def brief(self) -> bool:
        """See `foretell.models.Pretrained`."""
        return self._name == EXACT and self._plan == self._usual

    def start(self, size: int | None) -> TokenModel:
        """See `foretell.models.Pretrained`."""
        return self._model(self._name, self._plan, self._device)

    def rebuild(self, name: str, parameters: Mapping[str, int], *, device: str, memory: int | None) -> TokenModel:
        """See `foretell.models.Pretrained`. ``"cpu"`` stands for this model's own device."""
        if name not in self._names():
            raise UnsupportedError(f"model {name!r} is not one that these weights make: {' and '.join(self._names())}")
        plan = Plan(**parameters) if parameters else self._usual
        if wrong := self._fault(plan):
            raise UnsupportedError(wrong)
        kept = f"{name}, {plan.lanes} lanes that keep {plan.window} tokens"
        models.check_memory(kept, self._cache_bytes * plan.window * plan.lanes, memory)
        check_device(device)
        return self._model(name, plan, self._device if device == "cpu" else device)

    @abstractmethod
    def _names(self) -> tuple[str, ...]:
        """Return the models that can be made."""

    @abstractmethod
    def _network(self, name: str, window: int, device: str) -> Network:
        """Make the network of a model."""

    def _fault(self, plan: Plan) -> str:
        """Return what is wrong with a plan, empty if nothing is."""
        for name, value, low, high in (
            ("lanes", plan.lanes, 1, _MOST_LANES),
            ("window", plan.window, 1, self._longest),
            ("overlap", plan.overlap, 0, plan.window - 1),
            ("adapt", plan.adapt, 0, token_bias.MOST_RATE),
        ):
            if not low <= value <= high:
                return f"{name} is {value}, this network takes {low} to {high}"
        return ""

    def _model(self, name: str, plan: Plan, device: str) -> TokenModel:
        key = (name, plan.window, device)
        if key not in self._networks:
            self._networks = {key: self._network(*key)}
        return TokenModel(
            name,
            NUMERICS[name],
            self._networks[key],
            self._tokenizer,
            plan,
            ahead=name == EXACT,
            device=device,
            tokens_only=self._tokens_only,
            weights=self._digest,
            fingerprint=fingerprint(device) if name == NATIVE else (),
        )


def _without_weights(parameters: Mapping[str, int], device: str) -> TokenModel:
    raise MissingModelError("a language model starts from its weights; a file that names none was not made by one")


for _name in NUMERICS:
    models.register(_name, ("lanes", "window", "overlap", "adapt"), _without_weights)
