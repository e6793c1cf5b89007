"""Networks that others trained, of which FORETELL_MODELS names the folder (benchmarks/fetch_models.py fills it)."""

from __future__ import annotations

import os
import time
from pathlib import Path

import float_network
import foretell
import numpy as np
import pytest
from foretell.adapters.weights import Weights, load

SENTENCE = b"The capital of France is Paris, and the capital of Germany is Berlin."
ENDOFTEXT = 0


def model(name: str) -> Path:
    path = Path(os.environ.get("FORETELL_MODELS", "")) / name
    if "FORETELL_MODELS" not in os.environ or not path.is_file():
        pytest.skip(f"FORETELL_MODELS names no folder with {name}")
    return path


@pytest.fixture(scope="module")
def smollm() -> Weights:
    pytest.importorskip("regex", reason="the package regex is not installed")
    return load(model("SmolLM2-135M-Instruct.Q4_1.gguf"))


def test_sizes(smollm):
    config = smollm.config
    assert (config.architecture, config.vocabulary, config.width, config.layers) == ("llama", 49152, 576, 30)
    assert (config.heads, config.kv_heads, config.head_width, config.hidden) == (9, 3, 64, 1536)
    assert (config.context, config.rope_base, config.tied) == (8192, 100_000.0, True)
    assert sum(tensor.size for tensor in smollm.tensors.values()) == 134_515_008


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Hello world", [19556, 905]),
        ("it is 12", [269, 314, 216, 33, 34]),
        ("", []),
    ],
)
def test_tokens(smollm, text, ids):
    assert smollm.tokenizer.encode(text.encode()).tolist() == ids


def test_no_byte_is_lost(smollm):
    data = bytes(range(256)) * 3 + "日本語 😀 <|im_start|>".encode() + b" " * 1000
    assert smollm.tokenizer.decode(smollm.tokenizer.encode(data)) == data


def test_it_is_a_model_of_english(smollm):
    """An English sentence costs less than a bit a byte; with a matrix out of order, or another rope, much more."""
    ids = np.concatenate([[ENDOFTEXT], smollm.tokenizer.encode(SENTENCE)])
    bits = float_network.bits(smollm, ids)
    assert bits == pytest.approx(43.47, abs=0.05)
    keys = smollm.tensors["layers.0.key"]
    rolled = dict(smollm.tensors) | {"layers.0.key": np.roll(keys, 1, axis=0)}
    broken = Weights(smollm.config, rolled, smollm.tokenizer, "")
    assert float_network.bits(broken, ids) > 1.05 * bits


def test_english_is_encoded_fast(smollm):
    text = Path(__file__).parents[2].joinpath("docs", "format.md").read_bytes() * 10
    begin = time.perf_counter()
    smollm.tokenizer.encode(text)
    assert len(text) / (time.perf_counter() - begin) > 20_000  # bytes a second; some 500 000 where nothing else runs


def test_a_llama2c_checkpoint_knows_its_stories():
    """The smallest of those that llama2.c's author trained on TinyStories, and its vocabulary of 512."""
    path = model("stories260K.bin")
    tokenizer = model("tok512.bin")
    weights = load(path, tokenizer)
    story = b"Once upon a time, there was a little girl named Lily. She loved to play outside in the park."
    ids = np.concatenate([[weights.tokenizer.start], weights.tokenizer.encode(story)])
    bits = float_network.bits(weights, ids)
    assert bits < len(story) / 2
    archive = foretell.compress(story, model=foretell.load_model(path, tokenizer=tokenizer))
    assert foretell.decompress(archive, model=foretell.load_model(path, tokenizer=tokenizer)) == story
    (frame,) = foretell.frame_info(archive)
    assert 8 * frame.payload_bytes <= bits + 40
    assert float_network.bits(weights, ids[::-1]) > 3 * bits  # the control
