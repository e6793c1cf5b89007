from __future__ import annotations

import pytest
import torch
from foretell.lab.networks.gpt import Gpt, GptConfig, decayed, sized


def test_sizes_are_those_of_mingpt() -> None:
    parameters = sum(p.numel() for p in Gpt(sized("mini", 14, 28)).parameters())
    assert parameters == 2_680_320  # 6 layers, 6 heads, width 192


def test_a_position_sees_only_what_is_before_it() -> None:
    network = Gpt(GptConfig(5, 8, 2, 2, 16)).eval()
    tokens = torch.randint(5, (3, 8), generator=torch.Generator().manual_seed(1))
    other = tokens.clone()
    other[:, 5] = (other[:, 5] + 1) % 5
    before, after = network(tokens), network(other)
    assert torch.equal(before[:, :5], after[:, :5])
    assert not torch.equal(before[:, 5:], after[:, 5:])
    blind = Gpt(GptConfig(5, 8, 2, 2, 16, causal=False)).eval()
    assert not torch.equal(blind(tokens)[:, :5], blind(other)[:, :5])


def test_steps_agree_with_whole_sequences() -> None:
    network = Gpt(GptConfig(5, 8, 2, 2, 16)).eval()
    tokens = torch.randint(5, (3, 8), generator=torch.Generator().manual_seed(1))
    cache = network.cache(3)
    with torch.no_grad():
        steps = torch.stack([network.step(tokens[:, t], t, cache) for t in range(8)], 1)
        assert torch.allclose(steps, network(tokens), atol=1e-5)


def test_first_weights_follow_from_the_seed() -> None:
    config = GptConfig(5, 8, 1, 1, 8)
    one, same, other = Gpt(config, 3), Gpt(config, 3), Gpt(config, 4)
    assert torch.equal(one.head.weight, same.head.weight)
    assert not torch.equal(one.head.weight, other.head.weight)


def test_embeddings_and_biases_do_not_decay() -> None:
    network = Gpt(GptConfig(5, 8, 1, 1, 8))
    decays, stays = (group["params"] for group in decayed(network))
    assert len(decays) + len(stays) == len(list(network.parameters()))  # type: ignore[arg-type]
    assert any(p is network.head.weight for p in decays)  # type: ignore[attr-defined]
    assert any(p is network.tokens.weight for p in stays)  # type: ignore[attr-defined]


def test_longer_than_its_positions_is_an_error() -> None:
    with pytest.raises(IndexError):
        Gpt(GptConfig(5, 4, 1, 1, 8))(torch.zeros(1, 5, dtype=torch.int64))
