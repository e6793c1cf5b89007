"""A network of llama or gpt2 type in a GGUF file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell.adapters.config import Config, split_name
from foretell.adapters.gguf import GgufFile
from foretell.adapters.source import Source, halves, make_config
from foretell.adapters.tokenizer_gguf import read_tokenizer
from foretell.errors import CorruptError, UnsupportedError

_WHOLE = {
    "embedding": "token_embd.weight",
    "position": "position_embd.weight",
    "norm": "output_norm.weight",
    "norm_bias": "output_norm.bias",
    "classifier": "output.weight",
}
_LAYER = {
    "attention_norm": "attn_norm",
    "query": "attn_q",
    "key": "attn_k",
    "value": "attn_v",
    "output": "attn_output",
    "ffn_norm": "ffn_norm",
    "gate": "ffn_gate",
    "up": "ffn_up",
    "down": "ffn_down",
}
_MISSING = object()


def read_gguf(path: Path) -> Source:
    """Open a GGUF file that holds a network.

    Raises
    ------
    CorruptError, TruncatedError
        If the file is damaged or incomplete.
    UnsupportedError
        If the network is of another type, or has parts that are not known here.
    """
    file = GgufFile(path)
    config = _config(file)
    return Source(str(path), config, lambda name: _tensor(file, config, name), read_tokenizer(file, config.vocabulary))


def _config(file: GgufFile) -> Config:
    architecture = _get(file, "general.architecture", str)
    if architecture not in ("llama", "gpt2"):
        raise UnsupportedError(f"{file.path}: a network of type {architecture!r}; only llama and gpt2 can be read")

    def get(name: str, kind: type, default: Any = _MISSING) -> Any:
        return _get(file, f"{architecture}.{name}", kind, default)

    heads, width = get("attention.head_count", int), get("embedding_length", int)
    if not 1 <= heads <= width:
        raise CorruptError(f"{file.path}: {heads} heads for a width of {width}")
    head_width = get("attention.key_length", int, width // heads)
    llama = architecture == "llama"
    if "token_embd.weight" not in file.tensors:
        raise CorruptError(f"{file.path}: tensor 'token_embd.weight' is missing")
    if llama:
        _refuse_variants(file, get("rope.dimension_count", int, head_width), head_width)
    return make_config(
        str(file.path),
        architecture=architecture,
        vocabulary=file.tensors["token_embd.weight"].shape[0],
        width=width,
        layers=get("block_count", int),
        heads=heads,
        kv_heads=get("attention.head_count_kv", int, heads),
        head_width=head_width,
        hidden=get("feed_forward_length", int),
        context=get("context_length", int),
        norm_epsilon=get("attention.layer_norm_rms_epsilon" if llama else "attention.layer_norm_epsilon", float),
        rope_base=get("rope.freq_base", float, 10000.0) if llama else 0.0,
        tied="output.weight" not in file.tensors,
    )


def _get(file: GgufFile, key: str, kind: type, default: Any = _MISSING) -> Any:
    value = file.metadata.get(key, default)
    if value is _MISSING:
        raise CorruptError(f"{file.path}: metadata {key!r} is missing")
    if not isinstance(value, kind) or isinstance(value, bool):
        raise CorruptError(f"{file.path}: metadata {key!r} is {str(value)[:40]!r}, not of type {kind.__name__}")
    return value


def _refuse_variants(file: GgufFile, rotary: int, head_width: int) -> None:
    """Refuse networks that look like llama, but compute something else."""
    if rotary != head_width:
        raise UnsupportedError(f"{file.path}: rotary positions for {rotary} of {head_width} numbers of a head")
    scaling = file.metadata.get("llama.rope.scaling.type", "none")
    if scaling != "none" or "rope_freqs.weight" in file.tensors:
        raise UnsupportedError(f"{file.path}: rotary positions are scaled ({scaling}), which cannot be read")
    if file.metadata.get("llama.expert_count", 0) != 0:
        raise UnsupportedError(f"{file.path}: a mixture of experts, which cannot be read")
    biases = [name for name in file.tensors if name.startswith("blk.") and name.endswith(".bias")]
    if biases:
        raise UnsupportedError(f"{file.path}: tensor {biases[0]!r}: llama networks with biases cannot be read")


def _tensor(file: GgufFile, config: Config, name: str) -> NDArray[np.float32]:
    layer, part = split_name(name)
    if layer is None:
        return file.read(_WHOLE[part])
    stem, kind = part.removesuffix("_bias"), "bias" if part.endswith("_bias") else "weight"
    if config.architecture == "gpt2" and stem in ("query", "key", "value"):  # one matrix holds all three
        width = config.width
        at = ("query", "key", "value").index(stem) * width
        return file.read(f"blk.{layer}.attn_qkv.{kind}", slice(at, at + width))
    tensor = file.read(f"blk.{layer}.{_LAYER[stem]}.{kind}")
    if config.architecture == "llama" and stem in ("query", "key"):
        return halves(tensor, config.heads if stem == "query" else config.kv_heads)
    return tensor
