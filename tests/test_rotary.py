"""foretell.exact.Rotary: correctly rounded tables, the same however far and in whatever pieces they are made."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from foretell.exact import Rotary  # noqa: E402  (torch may be missing)


def heads(positions: int, width: int) -> "torch.Tensor":
    return torch.from_numpy(np.random.default_rng(0).normal(size=(2, positions, 3, width)).astype(np.float32))


@pytest.mark.parametrize(("width", "base"), [(2, 10_000.0), (12, 10_000.0), (64, 100_000.0), (6, 500_000.5)])
def test_angles_are_those_of_the_formula(width: int, base: float) -> None:
    x = heads(300, width)
    turned = Rotary(width, base).rotate(x, 0)
    angle = np.arange(300)[:, None, None] * base ** (-np.arange(0, width, 2) / width)
    left, right = x.double().numpy()[..., : width // 2], x.double().numpy()[..., width // 2 :]
    expected = np.concatenate(
        (left * np.cos(angle) - right * np.sin(angle), right * np.cos(angle) + left * np.sin(angle)), -1
    )
    np.testing.assert_allclose(turned.numpy(), expected, atol=2e-6)


def test_tables_are_rounded_correctly_far_out() -> None:
    rotary = Rotary(2, 10_000.0)
    x = torch.zeros(1, 5000, 1, 2)
    x[..., 0] = 1.0
    turned = rotary.rotate(x, 0)[0, :, 0]
    for position in (1, 100, 4999):
        cosine, sine = math.cos(position), math.sin(position)
        assert turned[position].tolist() == [round(cosine * 2**24) / 2**24, round(sine * 2**24) / 2**24]


def test_pieces_equal_the_whole_and_other_positions_do_not() -> None:
    x = heads(150, 8)
    whole = Rotary(8, 10_000.0).rotate(x, 0)
    rotary = Rotary(8, 10_000.0)
    assert torch.equal(torch.cat([rotary.rotate(x[:, p : p + 1], p) for p in range(150)], 1), whole)
    assert torch.equal(Rotary(8, 10_000.0).rotate(x[:, 70:], 70), whole[:, 70:])
    assert not torch.equal(rotary.rotate(x[:, 70:], 71), whole[:, 70:])  # the control


def test_positions_in_a_tensor_turn_the_same() -> None:
    x = heads(150, 8)
    rotary = Rotary(8, 10_000.0)
    rotary.reach(150)
    places = torch.tensor([149, 3, 70])
    assert torch.equal(rotary.rotate_at(x[:, places], places), Rotary(8, 10_000.0).rotate(x, 0)[:, places])


def test_bad_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="even head width, not 7"):
        Rotary(7, 10_000.0)
    for base in (0.5, math.inf, math.nan):
        with pytest.raises(ValueError, match="base of rotary embeddings"):
            Rotary(8, base)
