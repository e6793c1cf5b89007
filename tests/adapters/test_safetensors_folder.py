"""Hugging Face folders: what is missing or of another kind is named. That they are read rightly: test_weights.py."""

from __future__ import annotations

import json
import struct
import sys

import numpy as np
import pytest
import tiny_networks
import tiny_tokens
from foretell.adapters.tokenizer_json import read_tokenizer
from foretell.adapters.weights import load
from foretell.errors import CorruptError, Error, UnsupportedError

pytest.importorskip("regex", reason="the package regex is not installed")
pytest.importorskip("safetensors", reason="the package safetensors is not installed")


@pytest.fixture
def folder(tmp_path):
    of = tiny_networks.config()
    return tiny_networks.write_folder(tmp_path / "model", of, tiny_networks.tensors(of))


def change(path, **values):
    stated = json.loads(path.read_text())
    path.write_text(json.dumps({k: v for k, v in (stated | values).items() if v != "absent"}))


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_missing_and_broken_files_are_named(folder, name):
    for raw in (b"", b"{", b"[]", b'{"a": ' + b"[" * 100_000, b"\xff" * 50, b"\xff" * 7 + b"\x7f" + b"{}"):
        (folder / name).write_bytes(raw)
        with pytest.raises(CorruptError, match=name.replace(".", r"\.")):
            load(folder)
    (folder / name).unlink()
    with pytest.raises(CorruptError, match=name.replace(".", r"\.")):
        load(folder)


@pytest.mark.parametrize(
    ("values", "kind", "match"),
    [
        ({"model_type": "mixtral"}, UnsupportedError, "'mixtral'"),
        ({"model_type": "absent"}, CorruptError, "'model_type' is missing"),
        ({"hidden_act": "gelu"}, UnsupportedError, "hidden_act is 'gelu'"),
        ({"attention_bias": True}, UnsupportedError, "attention_bias"),
        ({"rope_scaling": {"rope_type": "llama3"}}, UnsupportedError, "llama3"),
        ({"rope_scaling": {"type": "linear"}}, UnsupportedError, "linear"),
        ({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4}}, UnsupportedError, "yarn"),
        ({"num_attention_heads": 0}, CorruptError, "heads is 0"),
        ({"hidden_size": "8"}, CorruptError, "'hidden_size' is '8'"),
        ({"hidden_size": True}, CorruptError, "'hidden_size' is 'True'"),
        ({"hidden_size": 10**30}, CorruptError, "width is 10"),
        ({"num_hidden_layers": 2**31 - 1}, CorruptError, r"'model\.layers\.2\."),
        ({"rms_norm_eps": 1e99}, CorruptError, "norm_epsilon"),
        ({"vocab_size": 281}, CorruptError, "embedding has shape"),
        ({"vocab_size": 100}, CorruptError, "the network has 100 tokens"),
        ({"bos_token_id": 280}, CorruptError, "start token 280"),
    ],
)
def test_configurations_of_another_kind_are_named(folder, values, kind, match):
    change(folder / "config.json", **values)
    with pytest.raises(kind, match=match):
        load(folder)


def test_rotary_base_where_later_versions_put_it(folder):
    change(folder / "config.json", rope_theta="absent", rope_parameters={"rope_type": "default", "rope_theta": 777.0})
    assert load(folder).config.rope_base == 777.0


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ({"activation_function": "relu"}, "activation_function"),
        ({"scale_attn_by_inverse_layer_idx": True}, "scale_attn_by_inverse_layer_idx"),
    ],
)
def test_gpt2_variants_are_named(tmp_path, values, match):
    of = tiny_networks.config("gpt2")
    folder = tiny_networks.write_folder(tmp_path / "model", of, tiny_networks.tensors(of))
    change(folder / "config.json", **values)
    with pytest.raises(UnsupportedError, match=match):
        load(folder)


def test_an_index_cannot_name_files_elsewhere(folder):
    index = folder / "model.safetensors.index.json"
    for name in ("../model/model.safetensors", str(folder / "model.safetensors"), 3, ".."):
        index.write_text(json.dumps({"weight_map": {"model.norm.weight": name}}))
        with pytest.raises(CorruptError, match=r"not the name of a file|is missing"):
            load(folder)
    index.write_text(json.dumps({"weight_map": {"model.embed_tokens.weight": "none.safetensors"}}))
    with pytest.raises(CorruptError, match=r"none\.safetensors is missing"):
        load(folder)


def test_an_index_that_names_the_wrong_file(tmp_path):
    of = tiny_networks.config()
    folder = tiny_networks.write_folder(tmp_path / "model", of, tiny_networks.tensors(of), shards=2)
    index = folder / "model.safetensors.index.json"
    stated = json.loads(index.read_text())["weight_map"]
    index.write_text(json.dumps({"weight_map": dict.fromkeys(stated, "model-0.safetensors")}))
    with pytest.raises(CorruptError, match=r"model-0\.safetensors: tensor .* is missing"):
        load(folder)


def test_other_number_formats_are_named(folder):
    raw = {"model.embed_tokens.weight": ("F64", (1,), struct.pack("<d", 1.0))}
    (folder / "model.safetensors").write_bytes(tiny_networks.safetensors_file(raw))
    with pytest.raises(UnsupportedError, match="is F64"):
        load(folder)


def test_no_flipped_bit_does_worse_than_an_error(folder):
    path = folder / "model.safetensors"
    raw = path.read_bytes()
    end = 8 + struct.unpack_from("<Q", raw)[0]
    errors = 0
    for at in range(0, end, 3):
        path.write_bytes(raw[:at] + bytes([raw[at] ^ 1 << at % 8]) + raw[at + 1 :])
        try:
            load(folder)
        except Error:
            errors += 1
    assert errors > end // 6


def test_without_safetensors_the_error_says_what_to_install(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(UnsupportedError, match=r"safetensors.*pip install 'foretell\[pretrained\]'"):
        load(folder)


@pytest.mark.parametrize(
    ("values", "kind", "match"),
    [
        ({"model": {"type": "WordPiece"}}, UnsupportedError, "WordPiece"),
        ({"model": {"type": "BPE", "vocab": {"a": -1}, "merges": []}}, CorruptError, "id -1"),
        ({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a"]]}}, CorruptError, "not a pair"),
        ({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["日 a"]}}, CorruptError, "byte characters"),
        ({"pre_tokenizer": {"type": "Whitespace"}}, UnsupportedError, "Whitespace"),
        ({"pre_tokenizer": None}, CorruptError, "pre_tokenizer"),
        (
            {"pre_tokenizer": {"type": "Split", "behavior": "Isolated", "pattern": {"Regex": "(a+)+b"}}},
            UnsupportedError,
            "which is not known here",
        ),
        ({"added_tokens": [3]}, CorruptError, "added_tokens"),
    ],
)
def test_tokenizers_of_another_kind_are_named(folder, values, kind, match):
    change(folder / "tokenizer.json", **values)
    with pytest.raises(kind, match=match):
        load(folder)


def test_llama_2_tokenizers_are_read_from_their_merges(tmp_path):
    tokens = [token.replace(" ", "▁") for token in tiny_tokens.SPM]
    model = {
        "type": "BPE",
        "byte_fallback": True,
        "vocab": {token: number for number, token in enumerate(tokens)},
        "merges": ["t h", "th e", "▁ the", "▁ t", "a a", "aa aa", "▁ ▁", "▁▁ ▁▁", "日 日"],
    }
    path = tmp_path / "tokenizer.json"
    added = [{"id": 0}, {"id": 1}, {"id": 2}]
    path.write_text(json.dumps({"model": model, "pre_tokenizer": None, "added_tokens": added}))
    tokenizer, other = read_tokenizer(path, 1, len(tokens)), tiny_tokens.spm()
    assert tokenizer.pieces == other.pieces
    for text in (b"the  the aaaa", "日日é\n▁".encode(), b"\xff<0x0A>\n<s>\n"):
        assert np.array_equal(tokenizer.encode(text), other.encode(text))
        assert tokenizer.decode(tokenizer.encode(text)) == text
