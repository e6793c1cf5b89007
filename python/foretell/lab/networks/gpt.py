"""A transformer of the GPT-2 kind, as minGPT has it: pre-norm blocks, learned positions, GELU.

Sequences share one length. The network can look at whole sequences (training) or take one token a time with keys and
values kept (coding): the second way is what both encoder and decoder predict with, because a float matrix product of
another shape may give other bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class GptConfig:
    """Shape of a network.

    Attributes
    ----------
    vocabulary : int
        Number of symbols V.
    length : int
        The most tokens that it looks at.
    layers, heads, width : int
        Blocks, attention heads a block, numbers a token; heads divide the width.
    dropout : float
        Of embeddings, attention and both residual branches.
    causal : bool
        Whether a position sees only itself and what is before it. Only such a network can take one token a time.
    """

    vocabulary: int
    length: int
    layers: int
    heads: int
    width: int
    dropout: float = 0.0
    causal: bool = True


SIZES: dict[str, tuple[int, int, int]] = {
    "pico": (1, 1, 32),
    "nano": (3, 3, 48),
    "micro": (4, 4, 128),
    "mini": (6, 6, 192),
}
"""Layers, heads and width by name; all but pico are minGPT's."""


def sized(name: str, vocabulary: int, length: int, dropout: float = 0.0, causal: bool = True) -> GptConfig:
    """Return the shape of a size of `SIZES`."""
    layers, heads, width = SIZES[name]
    return GptConfig(vocabulary, length, layers, heads, width, dropout, causal)


class Attention(nn.Module):
    """Multi-head self-attention."""

    def __init__(self, config: GptConfig) -> None:
        super().__init__()
        self.heads, self.dropout, self.causal = config.heads, config.dropout, config.causal
        self.qkv = nn.Linear(config.width, 3 * config.width)
        self.out = nn.Linear(config.width, config.width)

    def forward(self, x: Tensor, kept: tuple[Tensor, Tensor] | None, at: int) -> Tensor:
        """Attend within x, [N, T, C]; or one token to those kept, whose keys and values [N, H, length, C / H] grow."""
        n, t, c = x.shape
        q, k, v = self.qkv(x).view(n, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)  # each [N, H, T, C/H]
        if kept is not None:
            for old, new in zip(kept, (k, v), strict=True):
                old[:, :, at] = new[:, :, 0]
            k, v = (old[:, :, : at + 1] for old in kept)
        y = functional.scaled_dot_product_attention(
            q, k, v, dropout_p=self.dropout if self.training else 0.0, is_causal=self.causal and kept is None
        )
        return self.out(y.transpose(1, 2).reshape(n, t, c))  # type: ignore[no-any-return]


class Block(nn.Module):
    """Attention, then two layers token by token, each added to what came in."""

    def __init__(self, config: GptConfig) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(config.width), nn.LayerNorm(config.width)
        self.attention = Attention(config)
        self.up, self.down = nn.Linear(config.width, 4 * config.width), nn.Linear(4 * config.width, config.width)
        self.drop = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, kept: tuple[Tensor, Tensor] | None, at: int) -> Tensor:
        """Map [N, T, C] to [N, T, C]."""
        x = x + self.drop(self.attention(self.norm1(x), kept, at))
        y: Tensor = x + self.drop(self.down(functional.gelu(self.up(self.norm2(x)), approximate="tanh")))
        return y


class Gpt(nn.Module):
    """Tokens to logits.

    Parameters
    ----------
    config : GptConfig
    seed : int
        Of the first weights; the same ones on every device.
    """

    def __init__(self, config: GptConfig, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        self.tokens = nn.Embedding(config.vocabulary, config.width)
        self.positions = nn.Embedding(config.length, config.width)
        self.drop = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)
        self.head = nn.Linear(config.width, config.vocabulary, bias=False)
        generator = torch.Generator().manual_seed(seed)
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                residual = name.endswith(("out.weight", "down.weight"))  # GPT-2: their sums grow with the depth
                nn.init.normal_(parameter, 0, 0.02 / (2 * config.layers) ** 0.5 if residual else 0.02, generator)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map int64 [N, T], T at most the length, to logits [N, T, V] of what follows each token."""
        return self._logits(tokens, 0, None)

    def cache(self, sequences: int) -> list[tuple[Tensor, Tensor]]:
        """Return room for the keys and values of each block, [N, H, length, C / H]."""
        config, like = self.config, self.tokens.weight
        shape = sequences, config.heads, config.length, config.width // config.heads
        return [(like.new_empty(shape), like.new_empty(shape)) for _ in self.blocks]

    def step(self, tokens: Tensor, at: int, cache: list[tuple[Tensor, Tensor]]) -> Tensor:
        """Take token number `at` of each sequence, int64 [N], after those before it; return logits [N, V]."""
        return self._logits(tokens[:, None], at, cache)[:, 0]

    def _logits(self, tokens: Tensor, first: int, cache: list[tuple[Tensor, Tensor]] | None) -> Tensor:
        places = torch.arange(first, first + tokens.shape[1], device=tokens.device)
        x = self.drop(self.tokens(tokens) + self.positions(places))
        for index, block in enumerate(self.blocks):
            x = block(x, None if cache is None else cache[index], first)
        return self.head(self.norm(x))  # type: ignore[no-any-return]


def decayed(model: nn.Module) -> list[dict[str, object]]:
    """Return the parameters for AdamW in two groups: matrices of layers with weight decay, all others without."""
    plain = {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)}
    own = list(model.parameters())
    return [
        {"params": [p for p in own if p.ndim == 2 and id(p) not in plain]},
        {"params": [p for p in own if p.ndim != 2 or id(p) in plain], "weight_decay": 0.0},
    ]
