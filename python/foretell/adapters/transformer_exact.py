"""Pretrained transformers under the numerics contract: the same logits, bit for bit, everywhere.

Products are those of `foretell.exact.WideLinear` (16 bits by row), attention is that of `foretell.exact.KeyValueCache`,
and between them stand single float32 operations. A token's logits depend on the tokens before it in its lane and on the
weights, and on nothing else: not on the other lanes, not on how tokens were grouped into calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from foretell import exact
from foretell.adapters.decoder import Decoder
from foretell.adapters.network_tensors import LayerTensors, NetworkConfig
from foretell.adapters.step_graphs import StepGraphs

_LOG2_E = 1.4426950408889634
_MOST_LOGIT = 2.0**30

_Norm = Callable[[Tensor], Tensor]
_Turn = Callable[[Tensor], Tensor]
_Attend = Callable[[Tensor, Tensor, Tensor], Tensor]


class ExactTransformer(Decoder):
    """A llama or gpt2 network in exact arithmetic.

    `step` and `forward` return int32 logits in base 2, in units of ``2^-foretell.exact.FRACTION_BITS``: what
    `foretell.cdf.from_logits` and `foretell.exact.cdf_from_logits` take.

    Parameters
    ----------
    config : NetworkConfig
    tensors : mapping of name to float32 array
        See `LayerTensors`. Not needed after construction.
    positions : int, optional
        The most tokens of a lane, at most 65536; unless told, the network's context, or 65536 if that is less.
    device : str

    Raises
    ------
    ValueError
        The sizes are beyond what is exact; a tensor is missing, of another shape or dtype, or not finite.
    """

    logits_dtype = torch.int32

    def __init__(
        self,
        config: NetworkConfig,
        tensors: Mapping[str, NDArray[np.float32]],
        *,
        positions: int | None = None,
        device: str = "cpu",
    ) -> None:
        most = exact.KeyValueCache.MAX_POSITIONS
        if positions is not None and positions > most:
            raise ValueError(f"positions: attention is exact over {most}, not {positions}")
        super().__init__(config, min(config.context, most) if positions is None else positions, device)
        outside = LayerTensors(tensors, "")
        table = (config.vocabulary, config.width)
        self._embedding = _linear("embedding", outside.take("embedding", *table), None, device)
        if config.tied:
            self._classifier = self._embedding
        else:
            self._classifier = _linear("classifier", outside.take("classifier", *table), None, device)
        self._rotary: exact.Rotary | None = None
        if config.architecture == "gpt2":
            self._position = _vector("position", outside.take("position", config.context, config.width), device)
        else:
            self._rotary = exact.Rotary(config.head_width, config.rope_base, device)
        self._layers = [_Layer(config, LayerTensors(tensors, f"layers.{i}."), device) for i in range(config.layers)]
        self._norm = _norm(config, outside, "norm", device)
        self._held: list[exact.KeyValueCache] = []
        self._graphs: StepGraphs | None = None

    @torch.no_grad()
    def forward(self, tokens: Tensor) -> Tensor:
        """See `Decoder.forward`. On a GPU one token of each lane is one launch (`StepGraphs`)."""
        if self._graphs is None or tokens.shape[1:] != (1,):
            return super().forward(tokens)
        logits = self._graphs.run(self.step_at, self._checked(tokens), self.position)
        for cache in self._held:
            cache.length += 1
        return logits

    def _empty_caches(self, lanes: int) -> Sequence[exact.KeyValueCache]:
        config = self.config
        if not self._held or self._held[0].lanes != lanes:
            self._graphs, self._held, self._caches = None, [], []  # frees what the new ones need
            held = [
                exact.KeyValueCache(lanes, self.positions, config.kv_heads, config.head_width, self.device)
                for _ in range(config.layers)
            ]
            if torch.device(self.device).type == "cuda":
                self._graphs = StepGraphs(lanes, self.positions, self.device)
            self._held = held
        for cache in self._held:
            cache.length = 0
        return self._held

    def step_at(self, tokens: Tensor, place: Tensor, visible: int) -> Tensor:
        """Take a token of each lane at a position that is in a tensor: what a CUDA graph holds of a network.

        Parameters
        ----------
        tokens : int64 tensor [lanes, 1]
        place : int64 tensor [1]
        visible : int
            See `foretell.exact.KeyValueCache.attend_at`; the position of the caches stays.

        Returns
        -------
        int32 tensor [lanes, 1, V]
        """
        if self._rotary is not None:
            self._rotary.reach(self.positions)  # all of it: what was recorded reads this table, not a longer one
        turn = None if self._rotary is None else partial(self._rotary.rotate_at, places=place)
        added = None if self._rotary is not None else self._position.index_select(0, place)
        attends: list[_Attend] = [partial(cache.attend_at, place=place, visible=visible) for cache in self._held]
        return self._all_logits(self._through(tokens, added, turn, attends))

    def _run(self, tokens: Tensor, first: int) -> Tensor:
        turn = None if self._rotary is None else partial(self._rotary.rotate, first=first)
        added = None if self._rotary is not None else self._position[first : first + tokens.shape[1]]
        return self._through(tokens, added, turn, [cache.attend for cache in self._held])

    def _through(self, tokens: Tensor, added: Tensor | None, turn: _Turn | None, attends: Sequence[_Attend]) -> Tensor:
        x = self._embedding.rows(tokens.reshape(-1)).view(*tokens.shape, self.config.width)
        if added is not None:
            x += added
        for layer, attend in zip(self._layers, attends, strict=True):
            layer.run(x, turn, attend)
        return x

    def _logits(self, x: Tensor) -> Tensor:
        product = self._classifier.product(self._norm(x))
        product.mul_(_LOG2_E * 2**exact.FRACTION_BITS).round_()
        return product.clamp_(-_MOST_LOGIT, _MOST_LOGIT).to(torch.int32)


class _Layer:
    """Attention and feed-forward, each added to what comes in."""

    def __init__(self, config: NetworkConfig, tensors: LayerTensors, device: str) -> None:
        self._heads = [config.heads, config.kv_heads, config.kv_heads]
        self._head_width = config.head_width
        width, queries, keys = config.width, config.heads * config.head_width, config.kv_heads * config.head_width
        self._gated = config.architecture == "llama"

        def stack(rows: dict[str, int], inputs: int) -> exact.WideLinear:
            bias = None if self._gated else tensors.stacked_bias(rows)
            return _linear(tensors.prefix + " and ".join(rows), tensors.stacked(rows, inputs), bias, device)

        self._attention_norm = _norm(config, tensors, "attention_norm", device)
        self._in = stack({"query": queries, "key": keys, "value": keys}, width)
        self._out = stack({"output": width}, queries)
        self._ffn_norm = _norm(config, tensors, "ffn_norm", device)
        up = {"gate": config.hidden, "up": config.hidden} if self._gated else {"up": config.hidden}
        self._up = stack(up, width)
        self._down = stack({"down": width}, config.hidden)

    def run(self, x: Tensor, turn: _Turn | None, attend: _Attend) -> None:
        """Change x, float32 [lanes, t, width], in place."""
        lanes, t, width = x.shape
        rows = x.view(-1, width)
        parts = self._in.forward(self._attention_norm(rows)).view(lanes, t, -1, self._head_width)
        if turn is not None:
            parts[:, :, : -self._heads[2]] = turn(parts[:, :, : -self._heads[2]])
        query, key, value = torch.split(parts, self._heads, 2)
        rows += self._out.forward(attend(query, key, value).reshape(lanes * t, -1))
        inside = self._up.forward(self._ffn_norm(rows))
        if self._gated:
            gate, up = inside.chunk(2, 1)
            inside = exact.silu(gate).mul_(up)
        else:
            inside = exact.gelu(inside)
        rows += self._down.forward(inside)


def _linear(name: str, weight: Tensor, bias: Tensor | None, device: str) -> exact.WideLinear:
    try:
        return exact.WideLinear(weight, bias, device)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _vector(name: str, x: Tensor, device: str) -> Tensor:
    try:
        return exact.settled(x).to(device)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _norm(config: NetworkConfig, tensors: LayerTensors, name: str, device: str) -> _Norm:
    exact.check_norm(config.width, config.norm_epsilon)
    weight = _vector(tensors.prefix + name, tensors.take(name, config.width), device)
    if config.architecture == "llama":
        return lambda x: exact.rms_norm(x, weight, config.norm_epsilon)
    bias = _vector(f"{tensors.prefix}{name}_bias", tensors.take(f"{name}_bias", config.width), device)
    return lambda x: exact.layer_norm(x, weight, bias, config.norm_epsilon)
