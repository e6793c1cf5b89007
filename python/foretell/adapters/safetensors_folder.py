"""A network of llama or gpt2 type in a Hugging Face folder.

Read are ``config.json``, ``tokenizer.json``, and ``model.safetensors`` or the files that
``model.safetensors.index.json`` names. Needs the package safetensors.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell.adapters.config import Config, split_name
from foretell.adapters.json_file import JsonObject
from foretell.adapters.source import Source, make_config
from foretell.adapters.tokenizer_json import read_tokenizer
from foretell.errors import CorruptError, UnsupportedError

_LLAMA = {
    "embedding": "model.embed_tokens.weight",
    "norm": "model.norm.weight",
    "classifier": "lm_head.weight",
    "attention_norm": "input_layernorm",
    "query": "self_attn.q_proj",
    "key": "self_attn.k_proj",
    "value": "self_attn.v_proj",
    "output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "gate": "mlp.gate_proj",
    "up": "mlp.up_proj",
    "down": "mlp.down_proj",
}
_GPT2 = {
    "embedding": "wte.weight",
    "position": "wpe.weight",
    "norm": "ln_f.weight",
    "norm_bias": "ln_f.bias",
    "classifier": "lm_head.weight",
    "attention_norm": "ln_1",
    "query": "attn.c_attn",
    "key": "attn.c_attn",
    "value": "attn.c_attn",
    "output": "attn.c_proj",
    "ffn_norm": "ln_2",
    "up": "mlp.c_fc",
    "down": "mlp.c_proj",
}
_NUMBERS = (int, float)


def read_folder(path: Path) -> Source:
    """Open a folder that holds a network.

    Raises
    ------
    CorruptError
        If a file is damaged, incomplete or missing.
    UnsupportedError
        If the network is of another type or has parts that are not known here, or safetensors is not installed.
    """
    for name in ("config.json", "tokenizer.json"):
        if not (path / name).is_file():
            raise CorruptError(f"{path}: not a Hugging Face model: it has no {name}")
    stated = JsonObject.read(path / "config.json")
    kind = stated.get("model_type", str)
    if kind not in ("llama", "gpt2"):
        raise UnsupportedError(f"{stated.name}: a network of type {kind!r}; only llama and gpt2 can be read")
    config = _llama_config(stated) if kind == "llama" else _gpt2_config(stated)
    start = stated.get("bos_token_id", int, stated.get("eos_token_id", int, 0))
    files = _Files(path)
    tokenizer = read_tokenizer(path / "tokenizer.json", start, config.vocabulary)
    read = _llama_tensor if kind == "llama" else _gpt2_tensor
    return Source(str(path), config, lambda name: read(files, config, name), tokenizer)


def _llama_config(stated: JsonObject) -> Config:
    _require(stated, {"hidden_act": "silu", "attention_bias": False, "mlp_bias": False})
    rope = stated.child("rope_parameters") if stated.get("rope_parameters", dict, {}) else stated
    scaling = stated.get("rope_scaling", dict, {})
    kind = rope.get("rope_type", str, scaling.get("rope_type", scaling.get("type", "default")))
    if kind != "default":
        raise UnsupportedError(f"{stated.name}: rotary positions are scaled ({kind!r}), which cannot be read")
    heads, width = stated.get("num_attention_heads", int), stated.get("hidden_size", int)
    return make_config(
        stated.name,
        architecture="llama",
        vocabulary=stated.get("vocab_size", int),
        width=width,
        layers=stated.get("num_hidden_layers", int),
        heads=heads,
        kv_heads=stated.get("num_key_value_heads", int, heads),
        head_width=stated.get("head_dim", int, width // max(heads, 1)),
        hidden=stated.get("intermediate_size", int),
        context=stated.get("max_position_embeddings", int, 2048),
        norm_epsilon=stated.get("rms_norm_eps", _NUMBERS, 1e-6),
        rope_base=rope.get("rope_theta", _NUMBERS, 10000.0),
        tied=stated.get("tie_word_embeddings", bool, False),
    )


def _gpt2_config(stated: JsonObject) -> Config:
    _require(
        stated,
        {"activation_function": "gelu_new", "scale_attn_weights": True, "scale_attn_by_inverse_layer_idx": False},
    )
    heads, width = stated.get("n_head", int), stated.get("n_embd", int)
    return make_config(
        stated.name,
        architecture="gpt2",
        vocabulary=stated.get("vocab_size", int),
        width=width,
        layers=stated.get("n_layer", int),
        heads=heads,
        kv_heads=heads,
        head_width=width // max(heads, 1),
        hidden=stated.get("n_inner", int, 4 * width),
        context=stated.get("n_positions", int),
        norm_epsilon=stated.get("layer_norm_epsilon", _NUMBERS, 1e-5),
        rope_base=0.0,
        tied=stated.get("tie_word_embeddings", bool, True),
    )


def _require(stated: JsonObject, needed: dict[str, Any]) -> None:
    """Refuse networks whose configuration says that they compute something else."""
    for key, value in needed.items():
        if stated.get(key, type(value), value) != value:
            raise UnsupportedError(f"{stated.name}: {key} is {stated.values[key]!r}; only {value!r} can be read")


def _llama_tensor(files: _Files, config: Config, name: str) -> NDArray[np.float32]:
    layer, part = split_name(name)
    if layer is None:
        return files.tensor(_LLAMA[part])
    return files.tensor(f"model.layers.{layer}.{_LLAMA[part]}.weight")


def _gpt2_tensor(files: _Files, config: Config, name: str) -> NDArray[np.float32]:
    """Return a tensor of a gpt2 network, whose files have matrices as [inputs, outputs]."""
    layer, part = split_name(name)
    prefix = "transformer." if "transformer.wte.weight" in files else ""
    if part == "classifier":
        return files.tensor(_GPT2[part])
    if layer is None:
        return files.tensor(prefix + _GPT2[part])
    stem, kind = part.removesuffix("_bias"), "bias" if part.endswith("_bias") else "weight"
    tensor = files.tensor(f"{prefix}h.{layer}.{_GPT2[stem]}.{kind}")
    if stem in ("query", "key", "value"):  # one matrix holds all three, beside each other
        at = ("query", "key", "value").index(stem) * config.width
        tensor = tensor[..., at : at + config.width]
    return np.ascontiguousarray(tensor.T)


class _Files:
    """The tensors of all files of a folder; one file is in memory at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: tuple[str, dict[str, dict[str, Any]]] | None = None
        index = path / "model.safetensors.index.json"
        if index.is_file():
            self._file_of: dict[str, str] = JsonObject.read(index).get("weight_map", dict)
            for name in self._file_of.values():
                if not isinstance(name, str) or Path(name).name != name:
                    raise CorruptError(f"{index}: {name!r} is not the name of a file in the folder")
        else:
            self._file_of = dict.fromkeys(self._read("model.safetensors"), "model.safetensors")

    def __contains__(self, name: str) -> bool:
        return name in self._file_of

    def tensor(self, name: str) -> NDArray[np.float32]:
        """Return a tensor; CorruptError if there is none of this name."""
        if name not in self._file_of:
            raise CorruptError(f"{self._path}: tensor {name!r} is missing")
        stored = self._read(self._file_of[name]).get(name)
        if stored is None:
            raise CorruptError(f"{self._path / self._file_of[name]}: tensor {name!r} is missing")
        data, dtype = np.frombuffer(stored["data"], dtype=np.uint8), stored["dtype"]
        if dtype == "BF16":  # the upper half of a float32
            values = (data.view("<u2").astype(np.uint32) << 16).view(np.float32)
        elif dtype in ("F16", "F32"):
            values = data.view("<f2" if dtype == "F16" else "<f4").astype(np.float32)
        else:
            raise UnsupportedError(f"{self._path}: tensor {name!r} is {dtype}; only F32, F16 and BF16 can be read")
        return values.reshape(stored["shape"])

    def _read(self, name: str) -> dict[str, dict[str, Any]]:
        if self._open is None or self._open[0] != name:
            path = self._path / name
            if not path.is_file():
                raise CorruptError(f"{path} is missing")
            self._open = None  # its memory is needed
            self._open = name, _deserialise(path)
        return self._open[1]


def _deserialise(path: Path) -> dict[str, dict[str, Any]]:
    """Return the tensors of a file as bytes, for NumPy has no bfloat16."""
    try:
        safetensors = importlib.import_module("safetensors")
    except ImportError:
        raise UnsupportedError(
            f"{path} needs the package safetensors, which is not installed: pip install 'foretell[pretrained]'"
        ) from None
    try:
        return dict(safetensors.deserialize(path.read_bytes()))
    except safetensors.SafetensorError as error:
        raise CorruptError(f"{path}: {error}") from None
