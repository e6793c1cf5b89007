"""foretell.adapters.token_bias: what it learns is the gradient's, in integers; files with `adapt` come back."""

from __future__ import annotations

import foretell
import numpy as np
import pytest
from foretell import cdf, codec

torch = pytest.importorskip("torch")
pytest.importorskip("regex", reason="the package regex is not installed")

from foretell.adapters import token_bias  # noqa: E402  (torch may be missing)
from foretell.adapters.token_bias import RATE, TokenBias  # noqa: E402
from test_language_model import ONCE, exact, native, payload  # noqa: E402

PRECISION, V = 28, 6
UNIT = np.log(2) / 1024  # of a fixed-point logit, in nats


def made(rate: int = RATE, known: int = V, lanes: int = 32) -> TokenBias:
    bias = TokenBias(V, known, rate, PRECISION, "cpu")
    bias.begin(lanes)
    return bias


def shown(bias: TokenBias, tokens: list[int]) -> np.ndarray:
    """Let a bias see and learn tokens, and return the nats that it adds to equal logits."""
    rows = cdf.from_logits(bias.add_to(torch.zeros(len(tokens), V)), PRECISION)
    bias.see(rows, torch.tensor(tokens))
    bias.learn()
    return bias.add_to(torch.zeros(1, V))[0].numpy()


def test_it_descends_the_gradient() -> None:
    expected, bias, random = np.zeros(V), made(), np.random.default_rng(0)
    for _ in range(20):
        tokens = random.choice(V, 32, p=[0.5, 0.3, 0.1, 0.05, 0.05, 0.0])
        p = np.exp(expected) / np.exp(expected).sum()
        expected += RATE * UNIT * (np.bincount(tokens, minlength=V) - 32 * p)
        found = shown(bias, tokens.tolist())
        np.testing.assert_allclose(found, expected, atol=0.02)
    assert expected[0] - expected[5] > 2  # the control: there was much to learn


def test_logits_in_fixed_point_and_in_floats_get_the_same() -> None:
    bias = made()
    nats = shown(bias, [1, 1, 2])
    fixed = bias.add_to(torch.zeros(1, V, dtype=torch.int32))[0]
    assert fixed.dtype == torch.int32
    np.testing.assert_allclose(fixed.numpy() * UNIT, nats, rtol=1e-6)
    assert fixed[1] > fixed[2] > 0 > fixed[0]


def test_errors_may_come_in_any_pieces() -> None:
    tokens = torch.tensor([3, 1, 1, 4, 0])
    whole, pieces = made(), made()
    rows = cdf.from_logits(torch.randn(5, V, generator=torch.Generator().manual_seed(0)), PRECISION)
    whole.see(rows, tokens)
    for i in (0, 2, 1, 4, 3):
        pieces.see(rows[i : i + 1], tokens[i : i + 1])
    for bias in (whole, pieces):
        bias.learn()
    assert torch.equal(whole.copy(), pieces.copy())
    assert whole.copy().any()


def test_many_lanes_learn_as_slowly_as_few() -> None:
    few, many = made(lanes=32), made(lanes=320)
    assert (few.steps, many.steps, made(lanes=8).steps) == (1, 1, 4)
    np.testing.assert_allclose(shown(few, 16 * [1] + 16 * [2]), shown(many, 160 * [1] + 160 * [2]), atol=1e-3)


def test_it_knows_bounds_and_what_the_network_lacks() -> None:
    bias = made(rate=token_bias.MOST_RATE, known=4)
    for _ in range(600):
        bias.see(cdf.from_logits(torch.zeros(50, V), PRECISION), torch.full((50,), 2))
        bias.learn()
    fixed = bias.add_to(torch.full((1, V), 2**30, dtype=torch.int32))[0].tolist()
    assert fixed[2] == 2**30 + 2**20
    assert fixed[0] == 2**30 - 2**20
    assert fixed[4:] == [2**30, 2**30]


def test_the_past_can_be_taken_back() -> None:
    bias = made()
    shown(bias, [1, 2])
    before, learned = bias.add_to(torch.zeros(1, V)), bias.copy()
    shown(bias, [3])
    assert not torch.equal(bias.add_to(torch.zeros(1, V)), before)
    bias.restore(learned)
    assert torch.equal(bias.add_to(torch.zeros(1, V)), before)


@pytest.mark.parametrize("make", [exact, native])
def test_blocks_come_back_also_behind_one_that_was_coded_as_bytes(make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foretell.lane_codec.LANE_BYTES", 16)
    mixed = ONCE + bytes(len(ONCE)) + ONCE + ONCE[::-1]
    archive = foretell.compress(mixed, model=make(adapt=True), block_size=len(ONCE))
    assert foretell.decompress(archive, model=make()) == mixed  # the file says that it adapts
    (info,) = foretell.frame_info(archive)
    assert info.parameters[-1] == RATE
    assert archive != foretell.compress(mixed, model=make(), block_size=len(ONCE))


def test_payloads_are_the_same_by_step_and_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foretell.lane_codec.LANE_BYTES", 16)
    text = 3 * ONCE[::-1]
    expected = payload(exact(adapt=True, tokens_only=True), text)
    by_step = exact(adapt=True, tokens_only=True).start(None)
    by_step._ahead = False
    assert codec.encode_block(by_step, text).payload == expected
    monkeypatch.setattr("foretell.adapters.token_model._MOST_LOGITS", 5000)
    assert payload(exact(adapt=True, tokens_only=True), text) == expected
    assert payload(exact(tokens_only=True), text) != expected  # the control


def test_it_saves_where_the_network_expects_other_tokens() -> None:
    text = 40 * b"never seen in this order "
    adapted, plain = (payload(exact(adapt=adapt, tokens_only=True), text) for adapt in (True, False))
    assert len(adapted) < 0.9 * len(plain)
