"""What a pretrained network is: its sizes, and the names and shapes of its tensors.

The names are the same for every container. ``W`` is the width, ``Q`` heads x head width, ``K`` kv heads x head width,
``H`` the hidden width, ``V`` the vocabulary. A matrix is [outputs, inputs]: ``y = matrix @ x``.

``embedding`` [V, W]; for gpt2 ``position`` [context, W]; then for each layer ``N``, written ``layers.N.NAME``:

=============================  =======  =========================================================
name                           shape    what it does
=============================  =======  =========================================================
attention_norm                 [W]      scale of the norm (RMSNorm; LayerNorm for gpt2) before attention
query, key, value              [Q|K, W] rows of head 0, then of head 1, ...
output                         [W, Q]   takes the heads' results back
ffn_norm                       [W]      scale of the norm before the feed-forward part
gate                           [H, W]   llama: ``down @ (silu(gate @ x) * (up @ x))``
up, down                       [H, W],  gpt2: ``down @ gelu(up @ x)``, gelu in its tanh form
                               [W, H]
=============================  =======  =========================================================

and at the end ``norm`` [W] and, unless it is the embedding, ``classifier`` [V, W]. In a gpt2 network each matrix of a
layer and each norm has a vector to add as well: its name and ``_bias``.

Rotary positions (llama): in each head, numbers ``i`` and ``i + head_width / 2`` of query and key are a pair, which is
turned by ``position * rope_base ** (-2 i / head_width)``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np


@dataclass(frozen=True)
class Config:
    """The sizes and constants of a network.

    Attributes
    ----------
    architecture : str
        ``"llama"`` or ``"gpt2"``.
    vocabulary, width, layers, heads, kv_heads, head_width, hidden : int
        Tokens; numbers of a token's vector; layers; heads of queries, and of keys and values; numbers of a head;
        numbers inside the feed-forward part.
    context : int
        Tokens that the network was made for: at most so many for gpt2, where each position has a vector.
    norm_epsilon, rope_base : float
        Of the norms; of the rotary positions (0 for gpt2). Both are float32 numbers.
    tied : bool
        Whether the classifier is the embedding.

    Raises
    ------
    ValueError
        If no network can have these.
    """

    architecture: str
    vocabulary: int
    width: int
    layers: int
    heads: int
    kv_heads: int
    head_width: int
    hidden: int
    context: int
    norm_epsilon: float
    rope_base: float
    tied: bool

    def __post_init__(self) -> None:
        if self.architecture not in ("llama", "gpt2"):
            raise ValueError(f"architecture {self.architecture!r} is neither llama nor gpt2")
        for name in ("vocabulary", "width", "layers", "heads", "kv_heads", "head_width", "hidden", "context"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < 1 << 31:
                raise ValueError(f"{name} is {value!r}, not an integer from 1 to 2^31 - 1")
        for name in ("norm_epsilon", "rope_base"):
            value = getattr(self, name)
            with np.errstate(over="ignore"):
                single = float(np.float32(value))
            if not math.isfinite(single) or single < 0:
                raise ValueError(f"{name} is {value!r}, not a finite number from 0")
            object.__setattr__(self, name, single)  # containers hold it as float32 or as decimal text
        if self.heads % self.kv_heads:
            raise ValueError(f"{self.heads} heads cannot share {self.kv_heads} heads of keys and values")
        if self.architecture == "llama" and self.head_width % 2:
            raise ValueError(f"head_width is {self.head_width}: rotary positions need an even one")
        if self.architecture == "llama" and self.rope_base <= 1:
            raise ValueError(f"rope_base is {self.rope_base}, not above 1")

    def shapes(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Yield the name and the shape of each tensor, in the order that the digest takes them."""
        width, queries, keys = self.width, self.heads * self.head_width, self.kv_heads * self.head_width
        gpt2 = self.architecture == "gpt2"
        layer: dict[str, tuple[int, ...]] = {
            "attention_norm": (width,),
            "query": (queries, width),
            "key": (keys, width),
            "value": (keys, width),
            "output": (width, queries),
            "ffn_norm": (width,),
        }
        if not gpt2:
            layer["gate"] = (self.hidden, width)
        layer |= {"up": (self.hidden, width), "down": (width, self.hidden)}
        yield "embedding", (self.vocabulary, width)
        if gpt2:
            yield "position", (self.context, width)
            layer |= {f"{name}_bias": shape[:1] for name, shape in layer.items()}
        for number in range(self.layers):
            for name, shape in layer.items():
                yield f"layers.{number}.{name}", shape
        yield "norm", (width,)
        if gpt2:
            yield "norm_bias", (width,)
        if not self.tied:
            yield "classifier", (self.vocabulary, width)

    def canonical(self) -> bytes:
        """Return all of it as bytes that are the same everywhere, for the digest."""
        values = {key: value.hex() if isinstance(value, float) else value for key, value in asdict(self).items()}
        return json.dumps(values, sort_keys=True).encode()


def split_name(name: str) -> tuple[int | None, str]:
    """Return the layer and the rest of a tensor's name.

    >>> split_name("layers.12.query"), split_name("norm")
    ((12, 'query'), (None, 'norm'))
    """
    if not name.startswith("layers."):
        return None, name
    _, number, part = name.split(".")
    return int(number), part
