"""One network in every container gives one `Weights`, and what is not that network gives another, or an error."""

from __future__ import annotations

import dataclasses

import gguf_writer
import numpy as np
import pytest
import tiny_networks
import tiny_tokens
from foretell.adapters.source import halves
from foretell.adapters.weights import load
from foretell.errors import CorruptError, UnsupportedError

pytest.importorskip("regex", reason="the package regex is not installed")


def write(container, path, of, given):
    if container == "gguf":
        return tiny_networks.write_gguf(path / "model.gguf", of, given)
    if container == "half gguf":
        return tiny_networks.write_gguf(path / "half.gguf", of, given, half=True)
    if container == "llama2c":
        return tiny_networks.write_llama2c(path / "model.bin", of, given)
    pytest.importorskip("safetensors", reason="the package safetensors is not installed")
    dtype, shards = {"folder": ("F32", 1), "half folder": ("F16", 1), "bf16 folder": ("BF16", 3)}[container]
    return tiny_networks.write_folder(path / container, of, given, dtype, shards)


LLAMA = ["gguf", "half gguf", "llama2c", "folder", "half folder", "bf16 folder"]
GPT2 = ["gguf", "half gguf", "folder", "half folder", "bf16 folder"]


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize(("architecture", "container"), [*(("llama", c) for c in LLAMA), *(("gpt2", c) for c in GPT2)])
def test_every_container_gives_the_same(tmp_path, architecture, container, tied):
    of = tiny_networks.config(architecture, tied)
    given = tiny_networks.tensors(of)
    weights = load(write(container, tmp_path, of, given))
    assert weights.config == of
    assert list(weights.tensors) == [name for name, _ in of.shapes()]
    for name, tensor in given.items():
        read = weights.tensors[name]
        assert read.dtype == np.float32
        assert read.flags.c_contiguous
        assert not read.flags.writeable
        assert np.array_equal(read, tensor), name
    assert weights.digest == load(write("gguf", tmp_path, of, given)).digest
    text = b"the thing \xff\0"
    assert weights.tokenizer.decode(weights.tokenizer.encode(text)) == text


def test_another_number_is_another_digest(tmp_path):
    """The control of the test above: every number and every constant counts."""
    of = tiny_networks.config()
    given = tiny_networks.tensors(of)
    digests = {load(write("gguf", tmp_path, of, given)).digest}
    for name in given:
        changed = given | {name: given[name].copy()}
        changed[name].flat[-1] += 1
        digests.add(load(write("gguf", tmp_path, of, changed)).digest)
    changes = {"norm_epsilon": 1e-6, "rope_base": 5000.0, "context": 17}
    for key, value in changes.items():
        digests.add(load(write("gguf", tmp_path, dataclasses.replace(of, **{key: value}), given)).digest)
    swapped = given | {"layers.0.key": given["layers.1.key"], "layers.1.key": given["layers.0.key"]}
    digests.add(load(write("gguf", tmp_path, of, swapped)).digest)
    assert len(digests) == 1 + len(given) + len(changes) + 1


def test_minus_zero_is_zero(tmp_path):
    of = tiny_networks.config()
    given = tiny_networks.tensors(of)
    given["norm"][0] = 0.0
    digest = load(write("gguf", tmp_path, of, given)).digest
    given["norm"][0] = -0.0
    assert load(write("gguf", tmp_path, of, given)).digest == digest


def test_a_classifier_that_repeats_the_embedding_is_tied(tmp_path):
    of = tiny_networks.config()
    given = tiny_networks.tensors(of)
    given["classifier"] = given["embedding"]
    tied = tiny_networks.config(tied=True)
    weights = load(write("gguf", tmp_path, of, given))
    assert weights.config == tied
    assert weights.digest == load(write("llama2c", tmp_path, tied, tiny_networks.tensors(tied))).digest


def test_interleaved_pairs_turn_as_halves_do():
    """Scores of queries and keys at two positions are the same under both conventions."""
    random, width, heads = np.random.default_rng(0), 8, 3
    angles = random.uniform(0, 6, (2, width // 2))  # of two positions
    query, key = random.normal(size=(2, heads * width, 5)).astype(np.float32)
    x = random.normal(size=(2, 5))

    def turn(a, b, angle):
        return a * np.cos(angle) - b * np.sin(angle), a * np.sin(angle) + b * np.cos(angle)

    def interleaved(v, angle):
        pairs = v.reshape(heads, -1, 2)
        return np.stack(turn(pairs[..., 0], pairs[..., 1], angle), axis=-1).reshape(heads, -1)

    def half_split(v, angle):
        a, b = np.split(v.reshape(heads, -1), 2, axis=1)
        return np.concatenate(turn(a, b, angle), axis=1)

    wanted = (interleaved(query @ x[0], angles[0]) * interleaved(key @ x[1], angles[1])).sum(1)
    query2, key2 = halves(query, heads), halves(key, heads)
    got = (half_split(query2 @ x[0], angles[0]) * half_split(key2 @ x[1], angles[1])).sum(1)
    assert np.allclose(got, wanted)
    unmoved = (half_split(query @ x[0], angles[0]) * half_split(key @ x[1], angles[1])).sum(1)
    assert not np.allclose(unmoved, wanted), "the control: without reordering they differ"


def test_missing_misshapen_and_infinite_tensors_are_named(tmp_path):
    of = tiny_networks.config()
    given = tiny_networks.tensors(of)
    metadata, stored = tiny_networks.gguf_parts(of, given)
    path = tmp_path / "m.gguf"

    def fails(match, **changed):
        kept = {name: changed.get(name, tensor) for name, tensor in stored.items()}
        path.write_bytes(gguf_writer.write(metadata, {n: t for n, t in kept.items() if t is not None}))
        with pytest.raises(CorruptError, match=match):
            load(path)

    fails(r"'blk\.1\.ffn_up\.weight' is missing", **{"blk.1.ffn_up.weight": None})
    fails("'token_embd.weight' is missing", **{"token_embd.weight": None})
    fails(r"layers\.0\.gate has shape \(12, 7\)", **{"blk.0.ffn_gate.weight": np.zeros((12, 7), np.float32)})
    fails("layers.0.query|query or key", **{"blk.0.attn_q.weight": np.zeros((7, 8), np.float32)})
    infinite = given["norm"].copy()
    infinite[3] = np.inf
    fails("tensor norm has numbers that are not finite", **{"output_norm.weight": infinite})


@pytest.mark.parametrize(
    ("key", "value", "kind", "match"),
    [
        ("general.architecture", "mamba", UnsupportedError, "'mamba'"),
        ("general.architecture", None, CorruptError, "general.architecture.* is missing"),
        ("llama.block_count", 2**32 - 1, CorruptError, "layers is"),
        ("llama.block_count", 2**31 - 1, CorruptError, r"'blk\.2\.attn_norm\.weight' is missing"),
        ("llama.block_count", "two", CorruptError, "not of type int"),
        ("llama.attention.head_count", 0, CorruptError, "0 heads"),
        ("llama.attention.head_count_kv", 0, CorruptError, "kv_heads is 0"),
        ("llama.attention.head_count_kv", 3, CorruptError, "cannot share"),
        ("llama.attention.key_length", 3, CorruptError, "even"),
        ("llama.rope.dimension_count", 2, UnsupportedError, "2 of 4"),
        ("llama.rope.scaling.type", "yarn", UnsupportedError, "yarn"),
        ("llama.expert_count", 8, UnsupportedError, "mixture"),
        ("llama.rope.freq_base", float("nan"), CorruptError, "rope_base"),
        ("llama.attention.layer_norm_rms_epsilon", -1.0, CorruptError, "norm_epsilon"),
        ("tokenizer.ggml.model", "t5", UnsupportedError, "'t5'"),
        ("tokenizer.ggml.pre", "tekken", UnsupportedError, "'tekken'"),
        ("tokenizer.ggml.tokens", ["x"] * 281, CorruptError, "281 tokens, the network 280"),
        ("tokenizer.ggml.token_type", [1, 1], CorruptError, "token_type"),
        ("tokenizer.ggml.merges", ["a b c"], CorruptError, "'a b c'"),
        ("tokenizer.ggml.merges", None, CorruptError, "merges"),
        ("tokenizer.ggml.bos_token_id", 279, CorruptError, "start token 279"),
    ],
)
def test_bad_metadata_are_named(tmp_path, key, value, kind, match):
    of = tiny_networks.config()
    metadata, stored = tiny_networks.gguf_parts(of, tiny_networks.tensors(of))
    metadata[key] = value
    path = tmp_path / "m.gguf"
    path.write_bytes(gguf_writer.write({k: v for k, v in metadata.items() if v is not None}, stored))
    with pytest.raises(kind, match=match):
        load(path)


def test_biases_that_would_be_lost_are_refused(tmp_path):
    of = tiny_networks.config()
    metadata, stored = tiny_networks.gguf_parts(of, tiny_networks.tensors(of))
    path = tmp_path / "m.gguf"
    path.write_bytes(gguf_writer.write(metadata, stored | {"blk.0.attn_q.bias": np.ones(8, np.float32)}))
    with pytest.raises(UnsupportedError, match="biases"):
        load(path)


def test_scores_in_gguf_files(tmp_path):
    """The tokenizer of Llama 2, as GGUF files have it."""
    of = tiny_networks.config()
    metadata, stored = tiny_networks.gguf_parts(of, tiny_networks.tensors(of))
    metadata |= {
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": [token.replace(" ", "▁") for token in tiny_tokens.SPM],
        "tokenizer.ggml.scores": tiny_tokens.SPM_SCORES,
        "tokenizer.ggml.token_type": [3] * 3 + [6] * 256 + [1] * (len(tiny_tokens.SPM) - 259),
        "tokenizer.ggml.bos_token_id": 1,
    }
    path = tmp_path / "m.gguf"
    path.write_bytes(gguf_writer.write(metadata, stored))
    tokenizer, other = load(path).tokenizer, tiny_tokens.spm()
    assert tokenizer.pieces[: other.vocabulary] == other.pieces
    for text in (b"the  the aaaa", "日日é\n▁".encode(), b"\xff<0x0A>"):
        assert np.array_equal(tokenizer.encode(text), other.encode(text))


def test_files_of_no_kind(tmp_path):
    for raw in (b"", b"PK\3\4" + bytes(100), b"x" * 100, bytes(100)):
        (tmp_path / "file").write_bytes(raw)
        with pytest.raises(UnsupportedError, match="neither a GGUF file"):
            load(tmp_path / "file")
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nothing")
