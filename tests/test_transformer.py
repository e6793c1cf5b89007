"""foretell.adapters.transformer: the float networks compute what their formulas say; and what all networks refuse."""

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import tiny_transformer as tiny  # noqa: E402  (torch may be missing)
from foretell.adapters.decoder import Decoder  # noqa: E402
from foretell.adapters.transformer import Transformer  # noqa: E402
from foretell.adapters.transformer_exact import ExactTransformer  # noqa: E402
from transformer_worker import TOKENS  # noqa: E402

CONFIGS = pytest.mark.parametrize("config", [tiny.LLAMA, tiny.GPT2, tiny.UNTIED], ids=["llama", "gpt2", "untied"])
BOTH = pytest.mark.parametrize("kind", [Transformer, ExactTransformer])


@CONFIGS
def test_logits_are_those_of_the_formulas(config: tiny.TinyConfig) -> None:
    arrays = tiny.tensors(config)
    network = Transformer(config, arrays)
    network.begin(3)
    logits = network.forward(TOKENS)
    assert logits.dtype == torch.float32
    for lane in range(3):
        np.testing.assert_allclose(logits[lane], tiny.logits(config, arrays, TOKENS[lane].numpy()), atol=2e-4)


@CONFIGS
def test_steps_and_pieces_agree_with_the_whole(config: tiny.TinyConfig) -> None:
    network = Transformer(config, tiny.tensors(config))
    network.begin(3)
    whole = network.forward(TOKENS)
    network.rewind(0)
    network.feed(TOKENS[:, :10])
    parts = [network.forward(TOKENS[:, 10:25])]
    parts += [network.step(TOKENS[:, t]).unsqueeze(1) for t in range(25, 40)]
    torch.testing.assert_close(torch.cat(parts, 1), whole[:, 10:], atol=1e-4, rtol=1e-4)
    assert network.position == 40


@CONFIGS
def test_bfloat16_stays_near(config: tiny.TinyConfig) -> None:
    arrays = tiny.tensors(config)
    whole = []
    for dtype in (torch.float32, torch.bfloat16):
        network = Transformer(config, arrays, dtype=dtype)
        network.begin(3)
        whole.append(torch.log_softmax(network.forward(TOKENS), -1))
    assert 0 < float((whole[0].exp() * (whole[0] - whole[1])).sum(-1).mean()) < 0.01  # nats


@BOTH
def test_logits_by_blocks_of_rows(kind: type[Transformer], monkeypatch: pytest.MonkeyPatch) -> None:
    network = kind(tiny.LLAMA, tiny.tensors(tiny.LLAMA))
    network.begin(3)
    whole = network.forward(TOKENS)
    network.rewind(0)
    monkeypatch.setattr("foretell.adapters.decoder._MOST_LOGITS", 1000)
    torch.testing.assert_close(network.forward(TOKENS), whole)


@BOTH
def test_arrays_may_be_read_only(kind: type[Transformer]) -> None:
    arrays = tiny.tensors(tiny.GPT2)
    for array in arrays.values():
        array.flags.writeable = False
    kind(tiny.GPT2, arrays)


@BOTH
def test_wrong_tensors_are_named(kind: type[Transformer]) -> None:
    for name in ("embedding", "norm", "layers.1.key", "layers.0.down", "layers.1.ffn_norm"):
        arrays = tiny.tensors(tiny.LLAMA)
        arrays[name] = arrays[name][..., :-1]
        with pytest.raises(ValueError, match=f"tensor '{name}': expected float32 .*, got float32"):
            kind(tiny.LLAMA, arrays)
        arrays[name] = tiny.tensors(tiny.LLAMA)[name].astype(np.float64)
        with pytest.raises(ValueError, match=f"tensor '{name}': expected float32 .*, got float64"):
            kind(tiny.LLAMA, arrays)
        del arrays[name]
        with pytest.raises(ValueError, match=f"the weights lack the tensor '{name}'"):
            kind(tiny.LLAMA, arrays)


@BOTH
def test_wrong_use_is_refused(kind: type[Transformer]) -> None:
    network: Decoder = kind(tiny.LLAMA, tiny.tensors(tiny.LLAMA), positions=5)
    with pytest.raises(ValueError, match="0 lanes"):
        network.step(torch.tensor([1]))
    with pytest.raises(ValueError, match="lanes: expected at least 1, got 0"):
        network.begin(0)
    network.begin(2)
    network.feed(TOKENS[:2, :3])
    for tokens, message in [
        (TOKENS[:3, :1], r"expected int64 \[2 lanes, 1 or more\], got int64 \[3, 1\]"),
        (TOKENS[:2, :0], r"got int64 \[2, 0\]"),
        (TOKENS[:2, :1].to(torch.int32), "got int32"),
        (TOKENS[:2, :3], "a lane holds 5, not 6"),
        (torch.tensor([[0], [300]]), r"tokens: expected 0\.\.299, got 0 or 300"),
        (torch.tensor([[-1], [0]]), "got -1 or 0"),
    ]:
        with pytest.raises(ValueError, match=message):
            network.forward(tokens)
    assert network.position == 3
    with pytest.raises(ValueError, match=r"position: expected 0\.\.3, got 4"):
        network.rewind(4)


@BOTH
def test_impossible_sizes_are_refused(kind: type[Transformer]) -> None:
    arrays = tiny.tensors(tiny.LLAMA)
    with pytest.raises(ValueError, match="architecture 'mamba'"):
        kind(dataclasses.replace(tiny.LLAMA, architecture="mamba"), arrays)
    with pytest.raises(ValueError, match="4 heads cannot share 3"):
        kind(dataclasses.replace(tiny.LLAMA, kv_heads=3), arrays)
    with pytest.raises(ValueError, match="positions: expected at least 1, got 0"):
        kind(tiny.LLAMA, arrays, positions=0)
    with pytest.raises(ValueError, match="positions: this network knows 64, not 65"):
        kind(tiny.GPT2, tiny.tensors(tiny.GPT2), positions=65)
