"""foretell.exact.rms_norm and layer_norm: close to float64, and blind to what is in other rows or in which order."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from foretell.exact import check_norm, layer_norm, norm, rms_norm  # noqa: E402  (torch may be missing)

WIDTH = 96


def rows(scale: float) -> tuple["torch.Tensor", "torch.Tensor", "torch.Tensor"]:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(20, WIDTH)) * scale
    x[3, 5] *= 1000  # as networks have it
    weight, bias = generator.normal(size=(2, WIDTH))
    return tuple(torch.from_numpy(array.astype(np.float32)) for array in (x, weight, bias))  # type: ignore[return-value]


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e6])
def test_they_are_close_to_float64(scale: float) -> None:
    x, weight, bias = rows(scale)
    wide = x.double()
    rms = wide / (wide.square().mean(-1, keepdim=True) + 1e-5).sqrt() * weight.double()
    assert float((rms_norm(x, weight, 1e-5) - rms).abs().max()) < 2e-5 * float(rms.abs().max())
    for shift in (0.0, 3.0 * scale):
        layer = torch.nn.functional.layer_norm(wide + shift, (WIDTH,), weight.double(), bias.double(), 1e-5)
        result = layer_norm(x + shift, weight, bias, 1e-5)
        assert float((result - layer).abs().max()) < 2e-5 * float(layer.abs().max())


@pytest.mark.parametrize("scale", [0.0, 1e-42, 1e-9, 1.0, 1e20])
def test_torch_and_the_native_library_give_the_same_bits(scale: float) -> None:
    x, weight, bias = rows(scale)
    lanes = x.view(4, 5, WIDTH).transpose(0, 1)  # rows anywhere
    for epsilon in (1e-5, 2.0**-40, 1.0):
        assert torch.equal(rms_norm(lanes, weight, epsilon), norm._rms_norm_by_torch(lanes, weight, epsilon))
        expected = norm._layer_norm_by_torch(lanes, weight, bias, epsilon)
        assert torch.equal(layer_norm(lanes, weight, bias, epsilon), expected)


def test_rows_must_be_finite() -> None:
    x, weight, bias = rows(1.0)
    x[2, 3] = float("nan")
    with pytest.raises(ValueError, match="x: row 2 has a number that is not finite"):
        rms_norm(x, weight, 1e-5)
    with pytest.raises(ValueError, match="x: row 2 has a number that is not finite"):
        layer_norm(x, weight, bias, 1e-5)


def test_rms_norm_hardly_rounds() -> None:
    x, weight, _ = rows(1.0)
    x[3, 5] = 1.0
    wide = x.double()
    rms = wide / (wide.square().mean(-1, keepdim=True) + 1e-5).sqrt() * weight.double()
    assert float(((rms_norm(x, weight, 1e-5) - rms) / rms).abs().quantile(0.99)) < 1e-5


def test_zeros_constants_and_extremes_stay_finite() -> None:
    weight, bias = torch.ones(4), torch.zeros(4)
    for value in (0.0, 1e-45, 1e-30, 1.0, 1e30):
        x = torch.full((1, 4), value)
        assert bool(rms_norm(x, weight, 1e-12).isfinite().all())
        assert bool(layer_norm(x, weight, bias, 1e-12).isfinite().all())
    assert rms_norm(torch.zeros(1, 4), weight, 1e-12).tolist() == [[0.0] * 4]


def test_sums_have_no_order_and_those_of_floats_have() -> None:
    x, weight, bias = rows(1.0)
    order = torch.from_numpy(np.random.default_rng(1).permutation(WIDTH))
    assert torch.equal(rms_norm(x[:, order], weight[order], 1e-5), rms_norm(x, weight, 1e-5)[:, order])
    assert torch.equal(
        layer_norm(x[:, order], weight[order], bias[order], 1e-5), layer_norm(x, weight, bias, 1e-5)[:, order]
    )
    straight = torch.zeros(20)
    shuffled = torch.zeros(20)
    for i in range(WIDTH):
        straight += x[:, i] ** 2
        shuffled += x[:, order[i]] ** 2
    assert not torch.equal(straight, shuffled)  # the control


def test_sizes_that_would_not_be_exact_are_refused() -> None:
    check_norm(1 << 15, 1e-6)
    with pytest.raises(ValueError, match=r"exact over 1\.\.32768"):
        check_norm((1 << 15) + 1, 1e-6)
    with pytest.raises(ValueError, match="epsilon is 0"):
        check_norm(10, 0)


def test_the_largest_sums_of_squares_fit() -> None:
    width = 1 << 15
    x = torch.ones(1, width)
    x[0, ::2] = -1.0
    ones = torch.ones(width)
    assert float((rms_norm(x, ones, 1e-9) - x).abs().max()) < 1e-6
    assert float((layer_norm(x, ones, torch.zeros(width), 1e-9) - x).abs().max()) < 1e-6
