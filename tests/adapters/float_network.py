"""A llama network in float64 NumPy, to see that what was read is a language model."""

from __future__ import annotations

import numpy as np
from foretell.adapters.weights import Weights
from numpy.typing import NDArray

Array = NDArray[np.float64]


def logits(weights: Weights, ids: NDArray[np.int64]) -> Array:
    """Return the logits after each of n tokens, [n, V]."""
    config, tensors, n = weights.config, weights.tensors, len(ids)
    half = config.head_width // 2
    angles = np.arange(n)[:, None, None] * config.rope_base ** (-np.arange(half) / half)
    cos, sin = np.cos(angles), np.sin(angles)  # [n, 1, half]

    def norm(x: Array, scale: str) -> Array:
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + config.norm_epsilon) * tensors[scale]

    def turned(x: Array) -> Array:
        a, b = x[..., :half], x[..., half:]
        return np.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1)

    def by_head(x: Array, name: str) -> Array:
        return (x @ tensors[name].T).reshape(n, -1, config.head_width)

    x: Array = tensors["embedding"][ids].astype(np.float64)
    future = np.triu(np.full((n, n), -np.inf), 1)
    for layer in range(config.layers):
        at = f"layers.{layer}."
        y = norm(x, at + "attention_norm")
        shared = config.heads // config.kv_heads
        query, key = turned(by_head(y, at + "query")), turned(by_head(y, at + "key")).repeat(shared, axis=1)
        value = by_head(y, at + "value").repeat(shared, axis=1)
        scores = np.einsum("ihd,jhd->hij", query, key) / np.sqrt(config.head_width) + future
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        x = x + np.einsum("hij,jhd->ihd", shares, value).reshape(n, -1) @ tensors[at + "output"].T
        y = norm(x, at + "ffn_norm")
        gate = y @ tensors[at + "gate"].T
        x = x + (gate / (1 + np.exp(-gate)) * (y @ tensors[at + "up"].T)) @ tensors[at + "down"].T
    return norm(x, "norm") @ tensors["embedding" if config.tied else "classifier"].T


def bits(weights: Weights, ids: NDArray[np.int64]) -> float:
    """Return the bits that tokens cost after the first: the sum of -log2 of their probabilities."""
    scores = logits(weights, ids[:-1])
    scores -= scores.max(-1, keepdims=True)
    logs = scores - np.log(np.exp(scores).sum(-1, keepdims=True))
    return float(-logs[np.arange(len(ids) - 1), ids[1:]].sum() / np.log(2))
