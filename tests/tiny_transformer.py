"""Small random networks of both architectures, and what they compute, in float64 NumPy, written for clarity."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from foretell import exact

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class TinyConfig:
    architecture: str = "llama"
    vocabulary: int = 300
    width: int = 64
    layers: int = 2
    heads: int = 4
    kv_heads: int = 2
    head_width: int = 16
    hidden: int = 160
    context: int = 64
    norm_epsilon: float = 1e-5
    rope_base: float = 10_000.0
    tied: bool = True


LLAMA = TinyConfig()
GPT2 = TinyConfig("gpt2", kv_heads=4, rope_base=0.0)
UNTIED = TinyConfig(kv_heads=1, tied=False)


def tensors(config: TinyConfig, seed: int = 0) -> dict[str, Array]:
    made: dict[str, Array] = {}

    def uniform(spread: float, *shape: int) -> Array:  # NumPy's streams may change from version to version
        return exact.uniform(shape, spread, 1000 * seed + len(made)).numpy()

    def add(name: str, *shape: int, mean: float = 0.0, bias: bool = True) -> None:
        spread = math.sqrt(3 / shape[-1]) if len(shape) > 1 else 0.25
        made[name] = uniform(spread, *shape) + np.float32(mean)
        if bias and config.architecture == "gpt2":
            made[f"{name}_bias"] = uniform(0.25, shape[0])

    queries, keys = config.heads * config.head_width, config.kv_heads * config.head_width
    add("embedding", config.vocabulary, config.width, bias=False)
    made["embedding"] *= 4
    if config.architecture == "gpt2":
        add("position", config.context, config.width, bias=False)
    for number in range(config.layers):
        layer = f"layers.{number}."
        add(layer + "attention_norm", config.width, mean=1.0)
        add(layer + "query", queries, config.width)
        add(layer + "key", keys, config.width)
        add(layer + "value", keys, config.width)
        add(layer + "output", config.width, queries)
        add(layer + "ffn_norm", config.width, mean=1.0)
        if config.architecture == "llama":
            add(layer + "gate", config.hidden, config.width)
        add(layer + "up", config.hidden, config.width)
        add(layer + "down", config.width, config.hidden)
    add("norm", config.width, mean=1.0)
    if not config.tied:
        add("classifier", config.vocabulary, config.width)
    return made


def logits(config: TinyConfig, arrays: dict[str, Array], tokens: Array) -> Array:
    """Return float64 [t, V] in base e for tokens [t] of one lane."""
    weights = {name: array.astype(np.float64) for name, array in arrays.items()}
    gpt2 = config.architecture == "gpt2"
    t = len(tokens)

    def linear(x: Array, name: str) -> Array:
        return x @ weights[name].T + weights.get(f"{name}_bias", 0.0)

    def norm(x: Array, name: str) -> Array:
        if gpt2:
            x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(-1, keepdims=True) + config.norm_epsilon) * weights[name]
        return x + weights.get(f"{name}_bias", 0.0)

    def heads(x: Array, turn: bool) -> Array:
        x = x.reshape(t, -1, config.head_width)
        if gpt2 or not turn:
            return x
        half = config.head_width // 2
        angle = np.arange(t)[:, None, None] * config.rope_base ** (-np.arange(half) / half)
        left, right = x[..., :half], x[..., half:]
        turned = (left + 1j * right) * np.exp(1j * angle)
        return np.concatenate((turned.real, turned.imag), -1)

    x = weights["embedding"][tokens]
    if gpt2:
        x = x + weights["position"][:t]
    for number in range(config.layers):
        layer = f"layers.{number}."
        inner = norm(x, layer + "attention_norm")
        query, key, value = (heads(linear(inner, layer + name), name != "value") for name in ("query", "key", "value"))
        mixed = np.empty_like(query)
        for head in range(config.heads):
            shared = head * config.kv_heads // config.heads
            for place in range(t):
                score = key[: place + 1, shared] @ query[place, head] / np.sqrt(config.head_width)
                weight = np.exp(score - score.max())
                mixed[place, head] = weight @ value[: place + 1, shared] / weight.sum()
        x = x + linear(mixed.reshape(t, -1), layer + "output")
        inner = norm(x, layer + "ffn_norm")
        up = linear(inner, layer + "up")
        if gpt2:
            up = 0.5 * up * (1 + np.tanh(np.sqrt(2 / np.pi) * (up + 0.044715 * up**3)))
        else:
            gate = linear(inner, layer + "gate")
            up = up * gate / (1 + np.exp(-gate))
        x = x + linear(up, layer + "down")
    return norm(x, "norm") @ weights["embedding" if config.tied else "classifier"].T
