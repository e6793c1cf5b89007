"""Pretrained transformers in ordinary floats (numerics ``native``): fast, and the same bits only in the same place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from foretell.adapters.decoder import Decoder
from foretell.adapters.network_tensors import LayerTensors, NetworkConfig


class Transformer(Decoder):
    """A llama or gpt2 network in plain torch operations.

    `step` and `forward` return float32 logits in base e.

    Parameters
    ----------
    config : NetworkConfig
    tensors : mapping of name to float32 array
        See `LayerTensors`.
    positions : int, optional
        The most tokens of a lane, the network's context unless told.
    device : str
    dtype : torch.dtype
        Of weights, activations, keys and values; norms are computed in float32.

    Raises
    ------
    ValueError
        A tensor is missing, or of another shape or dtype.
    """

    logits_dtype = torch.float32

    def __init__(
        self,
        config: NetworkConfig,
        tensors: Mapping[str, NDArray[np.float32]],
        *,
        positions: int | None = None,
        device: str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__(config, positions, device)
        self._dtype = dtype
        outside = LayerTensors(tensors, "")
        table = (config.vocabulary, config.width)
        self._embedding = outside.take("embedding", *table).to(device, dtype)
        self._classifier = self._embedding
        if not config.tied:
            self._classifier = outside.take("classifier", *table).to(device, dtype)
        if config.architecture == "gpt2":
            self._position = outside.take("position", config.context, config.width).to(device, dtype)
        else:
            self._position = _angles(config, self.positions).to(device)
        self._layers = [_Layer(config, LayerTensors(tensors, f"layers.{i}."), self) for i in range(config.layers)]
        self._norm = _Norm(config, outside, "norm", device)

    def place(self, x: Tensor) -> Tensor:
        """Return x on the network's device, in its dtype."""
        return x.to(self.device, self._dtype)

    def _empty_caches(self, lanes: int) -> Sequence[_Cache]:
        shape = (2, lanes, self.config.kv_heads, self.positions, self.config.head_width)
        self._held = [_Cache(shape, self._dtype, self.device) for _ in range(self.config.layers)]
        return self._held

    def _run(self, tokens: Tensor, first: int) -> Tensor:
        last = first + tokens.shape[1]
        x = functional.embedding(tokens, self._embedding)
        turns = None
        if self.config.architecture == "gpt2":
            x = x + self._position[first:last]
        else:
            turns = self._position[:, first:last]
        for layer, cache in zip(self._layers, self._held, strict=True):
            x = layer.run(x, cache, turns)
        return x

    def _logits(self, x: Tensor) -> Tensor:
        return functional.linear(self._norm.run(x), self._classifier).to(torch.float32)


class _Cache:
    """Keys and values [lanes, heads, positions, head_width]."""

    def __init__(self, shape: tuple[int, ...], dtype: torch.dtype, device: str) -> None:
        self.length = 0
        self._keys, self._values = torch.empty(shape, dtype=dtype, device=device)

    def append(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Take [lanes, t, heads, head_width]; return all so far, [lanes, heads, length, head_width]."""
        end = self.length + keys.shape[1]
        self._keys[:, :, self.length : end] = keys.transpose(1, 2)
        self._values[:, :, self.length : end] = values.transpose(1, 2)
        self.length = end
        return self._keys[:, :, :end], self._values[:, :, :end]


class _Norm:
    """RMSNorm (llama) or LayerNorm (gpt2)."""

    def __init__(self, config: NetworkConfig, tensors: LayerTensors, name: str, device: str) -> None:
        self._epsilon = config.norm_epsilon
        self._weight = tensors.take(name, config.width).to(device)
        self._bias = None
        if config.architecture == "gpt2":
            self._bias = tensors.take(f"{name}_bias", config.width).to(device)

    def run(self, x: Tensor) -> Tensor:
        """Return the norm of the last axis."""
        wide = x.to(torch.float32)
        if self._bias is not None:
            return functional.layer_norm(wide, self._weight.shape, self._weight, self._bias, self._epsilon).to(x.dtype)
        scale = torch.rsqrt(wide.square().mean(-1, keepdim=True) + self._epsilon)
        return (wide * scale * self._weight).to(x.dtype)


class _Layer:
    """Attention and feed-forward, each added to what comes in."""

    def __init__(self, config: NetworkConfig, tensors: LayerTensors, network: Transformer) -> None:
        self._heads = [config.heads, config.kv_heads, config.kv_heads]
        self._head_width = config.head_width
        self._gated = config.architecture == "llama"
        width, queries, keys = config.width, config.heads * config.head_width, config.kv_heads * config.head_width

        def stack(rows: dict[str, int], inputs: int) -> tuple[Tensor, Tensor | None]:
            bias = None if self._gated else network.place(tensors.stacked_bias(rows))
            return network.place(tensors.stacked(rows, inputs)), bias

        self._attention_norm = _Norm(config, tensors, "attention_norm", network.device)
        self._in = stack({"query": queries, "key": keys, "value": keys}, width)
        self._out = stack({"output": width}, queries)
        self._ffn_norm = _Norm(config, tensors, "ffn_norm", network.device)
        up = {"gate": config.hidden, "up": config.hidden} if self._gated else {"up": config.hidden}
        self._up = stack(up, width)
        self._down = stack({"down": width}, config.hidden)

    def run(self, x: Tensor, cache: _Cache, turns: Tensor | None) -> Tensor:
        """Return x, [lanes, t, width], with what this layer adds."""
        lanes, t, _ = x.shape
        parts = functional.linear(self._attention_norm.run(x), *self._in).view(lanes, t, -1, self._head_width)
        query, key, value = torch.split(parts, self._heads, 2)
        if turns is not None:
            query, key = _rotate(query, turns), _rotate(key, turns)
        x = x + functional.linear(self._attend(query, *cache.append(key, value)), *self._out)
        inside = functional.linear(self._ffn_norm.run(x), *self._up)
        if self._gated:
            gate, up = inside.chunk(2, -1)
            inside = functional.silu(gate) * up
        else:
            inside = functional.gelu(inside, approximate="tanh")
        return x + functional.linear(inside, *self._down)

    def _attend(self, query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        lanes, t, heads, width = query.shape
        group = heads // keys.shape[1]
        # The heads that share keys become more queries of one head: nothing of the cache is copied.
        grouped = query.view(lanes, t, -1, group, width).permute(0, 2, 3, 1, 4).reshape(lanes, -1, group * t, width)
        mask = None
        if t > 1:
            place = torch.arange(keys.shape[2], device=query.device)
            mask = (place <= place[-t:, None]).repeat(group, 1)
        out = functional.scaled_dot_product_attention(grouped, keys, values, attn_mask=mask)
        return out.view(lanes, -1, group, t, width).permute(0, 3, 1, 2, 4).reshape(lanes, t, heads * width)


def _angles(config: NetworkConfig, positions: int) -> Tensor:
    """Return cosines and sines, float32 [2, positions, 1, head_width / 2]."""
    exponent = torch.arange(0, config.head_width, 2, dtype=torch.float64, device="cpu") / config.head_width
    place = torch.arange(positions, dtype=torch.float64, device="cpu")
    angle = place.view(-1, 1, 1) * config.rope_base**-exponent
    return torch.stack((angle.cos(), angle.sin())).to(torch.float32)


def _rotate(x: Tensor, turns: Tensor) -> Tensor:
    """Turn heads [lanes, t, heads, head_width] by their positions."""
    cosine, sine = turns
    left, right = x.to(torch.float32).chunk(2, -1)
    return torch.cat((left * cosine - right * sine, right * cosine + left * sine), -1).to(x.dtype)
