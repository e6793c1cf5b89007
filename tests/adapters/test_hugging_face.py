"""Networks that transformers computes, in floats."""

from __future__ import annotations

import json
import math
from pathlib import Path

import foretell
import pytest
import tiny_networks
from foretell import cli

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers", reason="the package transformers is not installed")

from foretell.adapters.hugging_face import load_causal  # noqa: E402  (torch may be missing)
from foretell.adapters.module_model import ByteTokens, ModuleModel  # noqa: E402

TEXT = b"a text of a few words, and another of a few more words \xff\x00" * 3


def network(seed: int = 0) -> torch.nn.Module:
    torch.manual_seed(seed)
    config = transformers.GPTNeoXConfig(
        vocab_size=280,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
        bos_token_id=1,
        eos_token_id=1,
        initializer_range=0.5,
    )
    return transformers.GPTNeoXForCausalLM(config)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "model"
    network().save_pretrained(path)
    (path / "tokenizer.json").write_text(json.dumps(tiny_networks.hf_tokenizer()))
    return path


def test_a_folder_in_floats(folder: Path) -> None:
    model = foretell.load_model(folder, exact=False, tokens_only=True)
    assert isinstance(model, ModuleModel)
    payload, _ = model.start(None).encode_block(TEXT)
    assert payload[0] == 0  # tokens
    assert foretell.load_model(folder, exact=False).start(None).decode_block(payload, len(TEXT)) == TEXT
    text = 10 * TEXT  # the network knows nothing: as bytes, this is shorter than plain
    archive = foretell.compress(text, model=foretell.load_model(folder, exact=False))
    assert foretell.decompress(archive, model=model) == text
    (frame,) = foretell.frame_info(archive)
    assert (frame.model, frame.numerics) == ("lm-native/1", "native")


def test_each_token_is_shown_once_and_costs_what_the_module_says(folder: Path) -> None:
    model = foretell.load_model(folder, exact=False, window=32, tokens_only=True)
    shown: list[int] = []
    model._module.register_forward_pre_hook(
        lambda module, _, named: shown.append(named["input_ids"].shape[1]), with_kwargs=True
    )
    text = TEXT[:20]
    tokens = torch.from_numpy(model._tokenizer.encode(text))
    assert len(tokens) < 32
    compressor = foretell.Compressor(model=model)
    compressor.compress(text)
    compressor.flush()
    assert shown == [1] * len(tokens)
    seen = torch.cat([torch.tensor([1]), tokens[:-1]])
    logits = network().eval()(input_ids=seen[None]).logits[0]
    bits = -torch.log_softmax(logits, -1)[torch.arange(len(tokens)), tokens].sum().item() / math.log(2)
    assert compressor.meter.ideal_bits == pytest.approx(bits, rel=1e-4)
    shown.clear()
    foretell.compress(TEXT, model=model)
    assert shown.count(16) > 0  # the overlap, where the window was full
    assert set(shown) == {1, 16}


def test_layers_that_look_back_on_a_window_of_their_own() -> None:
    torch.manual_seed(0)
    config = transformers.Gemma2Config(
        vocab_size=280,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        intermediate_size=32,
        max_position_embeddings=32,
        sliding_window=8,
        initializer_range=0.5,
        attn_implementation="eager",
    )
    module = transformers.Gemma2ForCausalLM(config)

    def made(*, cached: bool) -> ModuleModel:
        tokenizer = ByteTokens(280)
        return ModuleModel(module, tokenizer, vocabulary=280, context=32, cached=cached, tokens_only=True)

    payload, bits = made(cached=True).start(None).encode_block(TEXT)
    assert made(cached=True).start(None).decode_block(payload, len(TEXT)) == TEXT
    assert bits == pytest.approx(made(cached=False).start(None).encode_block(TEXT)[1], rel=1e-4)


def test_exact_numerics_are_refused(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(foretell.UnsupportedError, match=r"gpt_neox.*exact=False"):
        foretell.load_model(folder)
    plain = tmp_path / "plain"
    plain.write_bytes(TEXT)
    assert cli.main(["--model", str(folder), str(plain)]) == 1
    assert "--native" in capsys.readouterr().err
    assert cli.main(["--native", "--model", str(folder), str(plain)]) == 0
    assert cli.main(["-d", "--native", "--model", str(folder), "-o", str(tmp_path / "back"), f"{plain}.fore"]) == 0
    assert (tmp_path / "back").read_bytes() == TEXT


def test_other_weights_are_another_model(folder: Path) -> None:
    archive = foretell.compress(10 * TEXT, model=foretell.load_model(folder, exact=False))
    network(1).save_pretrained(folder)
    with pytest.raises(foretell.ModelMismatchError):
        foretell.decompress(archive, model=foretell.load_model(folder, exact=False))


def test_what_transformers_does_not_load_is_told(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "of my own"}))
    with pytest.raises(foretell.UnsupportedError, match="of my own"):
        load_causal(folder, device="cpu", lanes=1)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "model.safetensors").unlink()
    with pytest.raises(foretell.CorruptError, match="does not load it"):
        load_causal(folder, device="cpu", lanes=1)
