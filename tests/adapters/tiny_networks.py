"""Small random networks, and each container written of them, by code that shares nothing with the readers."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import gguf_writer
import numpy as np
import tiny_tokens
from foretell.adapters.config import Config
from numpy.typing import NDArray

Tensors = dict[str, NDArray[np.float32]]


def config(architecture: str = "llama", tied: bool = False, vocabulary: int = 280) -> Config:
    llama = architecture == "llama"
    return Config(
        architecture=architecture,
        vocabulary=vocabulary,
        width=8,
        layers=2,
        heads=2,
        kv_heads=1 if llama else 2,
        head_width=4,
        hidden=12,
        context=16,
        norm_epsilon=1e-5,
        rope_base=10000.0 if llama else 0.0,
        tied=tied,
    )


def tensors(of: Config, seed: int = 0) -> Tensors:
    """Return random tensors that float16 holds exactly."""
    random = np.random.default_rng(seed)
    return {name: random.integers(-40, 41, shape).astype(np.float32) / 32 for name, shape in of.shapes()}


def _interleaved(matrix: NDArray[np.float32], head_width: int) -> NDArray[np.float32]:
    """Undo the reader's order: row 2 i of a head is its row i, row 2 i + 1 its row i + half."""
    out = np.empty_like(matrix)
    half = head_width // 2
    for row in range(len(matrix)):
        head, within = divmod(row, head_width)
        out[head * head_width + 2 * (within % half) + within // half] = matrix[row]
    return out


def gguf_parts(of: Config, given: Tensors) -> tuple[dict[str, Any], Tensors]:
    """Return metadata and tensors of a GGUF file."""
    a = of.architecture
    epsilon = "layer_norm_rms_epsilon" if a == "llama" else "layer_norm_epsilon"
    metadata: dict[str, Any] = {
        "general.architecture": a,
        f"{a}.block_count": of.layers,
        f"{a}.context_length": of.context,
        f"{a}.embedding_length": of.width,
        f"{a}.feed_forward_length": of.hidden,
        f"{a}.attention.head_count": of.heads,
        f"{a}.attention.{epsilon}": of.norm_epsilon,
    }
    if a == "llama":
        metadata |= {f"{a}.attention.head_count_kv": of.kv_heads, f"{a}.rope.freq_base": of.rope_base}
    metadata |= {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "smollm",
        "tokenizer.ggml.tokens": tiny_tokens.BPE,
        "tokenizer.ggml.token_type": [3, 3] + [1] * (len(tiny_tokens.BPE) - 2),
        "tokenizer.ggml.merges": tiny_tokens.MERGES,
        "tokenizer.ggml.bos_token_id": 0,
    }
    whole = {"embedding": "token_embd", "position": "position_embd", "norm": "output_norm", "classifier": "output"}
    layer = {"query": "attn_q", "key": "attn_k", "value": "attn_v", "attention_norm": "attn_norm"}
    layer |= {"output": "attn_output", "ffn_norm": "ffn_norm", "gate": "ffn_gate", "up": "ffn_up", "down": "ffn_down"}
    out: Tensors = {}
    for name, tensor in given.items():
        *prefix, part = name.split(".")
        stem, kind = part.removesuffix("_bias"), "bias" if part.endswith("_bias") else "weight"
        if not prefix:
            out[f"{whole[stem]}.{kind}"] = tensor
        elif a == "gpt2" and stem in ("query", "key", "value"):
            whole_name = f"blk.{prefix[1]}.attn_qkv.{kind}"
            out[whole_name] = np.concatenate([out[whole_name], tensor]) if whole_name in out else tensor
        else:
            turned = a == "llama" and stem in ("query", "key")
            out[f"blk.{prefix[1]}.{layer[stem]}.{kind}"] = _interleaved(tensor, of.head_width) if turned else tensor
    return metadata, out


def write_gguf(path: Path, of: Config, given: Tensors, half: bool = False) -> Path:
    metadata, stored = gguf_parts(of, given)
    matrices = tuple(name for name, tensor in stored.items() if tensor.ndim == 2) if half else ()
    path.write_bytes(gguf_writer.write(metadata, stored, half=matrices))
    return path


def write_llama2c(path: Path, of: Config, given: Tensors) -> Path:
    """Write a checkpoint, and ``tokenizer.bin`` beside it."""
    vocabulary = of.vocabulary if of.tied else -of.vocabulary
    out = struct.pack("<7i", of.width, of.hidden, of.layers, of.heads, of.kv_heads, vocabulary, of.context)
    out += given["embedding"].tobytes()
    for part in ("attention_norm", "query", "key", "value", "output", "ffn_norm", "gate", "down", "up"):
        for layer in range(of.layers):
            tensor = given[f"layers.{layer}.{part}"]
            out += (_interleaved(tensor, of.head_width) if part in ("query", "key") else tensor).tobytes()
    out += given["norm"].tobytes() + bytes(4 * of.context * of.head_width)
    path.write_bytes(out if of.tied else out + given["classifier"].tobytes())
    write_tokenizer_bin(path.parent / "tokenizer.bin", of.vocabulary)
    return path


def write_tokenizer_bin(path: Path, vocabulary: int) -> None:
    tokens = [token.encode() for token in tiny_tokens.SPM]
    tokens += [f"unused {i}".encode() for i in range(vocabulary - len(tokens))]
    scores = tiny_tokens.SPM_SCORES + [-1e9] * (vocabulary - len(tiny_tokens.SPM))
    records = [struct.pack("<fi", s, len(t)) + t for s, t in zip(scores, tokens, strict=True)]
    path.write_bytes(struct.pack("<i", max(map(len, tokens))) + b"".join(records))


def hf_config(of: Config) -> dict[str, Any]:
    if of.architecture == "gpt2":
        return {
            "model_type": "gpt2",
            "vocab_size": of.vocabulary,
            "n_embd": of.width,
            "n_layer": of.layers,
            "n_head": of.heads,
            "n_inner": of.hidden,
            "n_positions": of.context,
            "layer_norm_epsilon": 1e-5,
            "tie_word_embeddings": of.tied,
            "bos_token_id": 0,
        }
    return {
        "model_type": "llama",
        "vocab_size": of.vocabulary,
        "hidden_size": of.width,
        "num_hidden_layers": of.layers,
        "num_attention_heads": of.heads,
        "num_key_value_heads": of.kv_heads,
        "intermediate_size": of.hidden,
        "max_position_embeddings": of.context,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "tie_word_embeddings": of.tied,
        "bos_token_id": 0,
    }


def hf_tokenizer() -> dict[str, Any]:
    steps = [{"type": "Digits", "individual_digits": True}, {"type": "ByteLevel", "use_regex": True}]
    return {
        "model": {
            "type": "BPE",
            "vocab": {token: number for number, token in enumerate(tiny_tokens.BPE)},
            "merges": tiny_tokens.MERGES,
        },
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": steps},
        "added_tokens": [{"id": 0, "content": "<|endoftext|>"}, {"id": 1, "content": "<|im_start|>"}],
    }


def hf_tensors(of: Config, given: Tensors) -> Tensors:
    if of.architecture == "gpt2":
        whole = {"embedding": "wte", "position": "wpe", "norm": "ln_f", "classifier": "lm_head"}
        layer = {"output": "attn.c_proj", "attention_norm": "ln_1", "ffn_norm": "ln_2", "up": "mlp.c_fc"}
        layer |= {"down": "mlp.c_proj"} | dict.fromkeys(("query", "key", "value"), "attn.c_attn")
    else:
        whole = {"embedding": "model.embed_tokens", "norm": "model.norm", "classifier": "lm_head"}
        layer = {f"{q}": f"self_attn.{q[0]}_proj" for q in ("query", "key", "value", "output")}
        layer |= {p: f"mlp.{p}_proj" for p in ("gate", "up", "down")}
        layer |= {"attention_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"}
    out: Tensors = {}
    for name, tensor in given.items():
        *prefix, part = name.split(".")
        stem, kind = part.removesuffix("_bias"), "bias" if part.endswith("_bias") else "weight"
        if not prefix:
            out[f"{whole[stem]}.{kind}"] = tensor
            continue
        full = f"{'h' if of.architecture == 'gpt2' else 'model.layers'}.{prefix[1]}.{layer[stem]}.{kind}"
        stored = tensor.T if of.architecture == "gpt2" else tensor
        out[full] = np.concatenate([out[full], stored], axis=-1) if full in out else stored
    return {name: np.ascontiguousarray(tensor) for name, tensor in out.items()}


def write_folder(path: Path, of: Config, given: Tensors, dtype: str = "F32", shards: int = 1) -> Path:
    """Write a Hugging Face folder; `dtype` F32, F16 or BF16."""
    path.mkdir(exist_ok=True)
    (path / "config.json").write_text(json.dumps(hf_config(of)))
    (path / "tokenizer.json").write_text(json.dumps(hf_tokenizer()))
    stored = {}
    for name, tensor in hf_tensors(of, given).items():
        raw = tensor.astype("<f2" if dtype == "F16" else "<f4")
        bits = raw.view("<u4") >> 16 if dtype == "BF16" else raw
        stored[name] = dtype, tensor.shape, (bits.astype("<u2") if dtype == "BF16" else bits).tobytes()
    if shards == 1:
        (path / "model.safetensors").write_bytes(safetensors_file(stored))
        return path
    weight_map = {name: f"model-{i % shards}.safetensors" for i, name in enumerate(stored)}
    for file in set(weight_map.values()):
        part = {name: tensor for name, tensor in stored.items() if weight_map[name] == file}
        (path / file).write_bytes(safetensors_file(part))
    (path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    return path


def safetensors_file(stored: dict[str, tuple[str, tuple[int, ...], bytes]]) -> bytes:
    """Return a safetensors file of (format, shape, bytes) by name."""
    head, data = {}, b""
    for name, (dtype, shape, raw) in stored.items():
        head[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(head).encode()
    return struct.pack("<Q", len(text)) + text + data
