"""foretell.exact.WideLinear: integers times powers of two, summed exactly; close to float64."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from foretell.exact import WideLinear, native, quantise_rows, settled  # noqa: E402  (torch may be missing)


def normal(*shape: int, seed: int = 0) -> "torch.Tensor":
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def by_integers(x: "torch.Tensor", weight: "torch.Tensor") -> "torch.Tensor":
    """Return the product in int64, to float64: what every way of summing must give."""
    a, step_a = quantise_rows(x, 16)
    b, step_b = quantise_rows(weight, 16)
    sums = a.to(torch.int64) @ b.to(torch.int64).t()
    return sums.to(torch.float64) * step_a * step_b.t().to(torch.float64)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 20), st.integers(1, 700), st.integers(1, 40), st.integers(-20, 14))
def test_products_equal_integers(n: int, inputs: int, outputs: int, scale: int) -> None:
    x, weight = normal(n, inputs, seed=n) * 2.0**scale, normal(outputs, inputs, seed=outputs) * 100
    layer = WideLinear(weight)
    assert torch.equal(layer.product(x), by_integers(x, weight))
    assert torch.equal(layer._product_by_torch(x), by_integers(x, weight))  # what a GPU does


@pytest.mark.parametrize("biased", [False, True])
def test_forward_rounds_the_product_and_then_the_sum(biased: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    x, weight, bias = normal(5, 90), normal(31, 90, seed=1), normal(31, seed=2)
    product = by_integers(x, weight).to(torch.float32)
    layer = WideLinear(weight, bias if biased else None)
    assert torch.equal(layer.forward(x), product + bias if biased else product)
    monkeypatch.setattr(native, "takes", lambda x: False)  # what a GPU does
    assert torch.equal(layer.forward(x), product + bias if biased else product)


def test_rows_may_lie_anywhere_and_must_be_finite() -> None:
    x, weight = normal(50, 4), normal(31, 50, seed=1)
    layer = WideLinear(weight)
    assert torch.equal(layer.product(x.t()), by_integers(x.t().contiguous(), weight))
    assert layer.product(x.t()[:0]).shape == (0, 31)
    x[7, 2] = float("nan")
    with pytest.raises(ValueError, match="x: row 2 has a number that is not finite"):
        layer.product(x.t())
    with pytest.raises(ValueError, match="x: expected length 50 along axis 1, got 49"):
        layer.product(normal(3, 49))


def test_the_largest_sums_are_exact() -> None:
    # 2^15 - 1 squared, 2^20 times: 2^50, and a last product of 1 that float64 keeps and float32 would lose.
    inputs = (1 << 20) + 1
    x = torch.full((1, inputs), 32767.0)
    weight = torch.full((1, inputs), 32767.0)
    x[0, -1] = weight[0, -1] = 1.0
    assert int(WideLinear(weight).product(x)) == 32767**2 * (1 << 20) + 1
    assert int((x @ weight.t()).to(torch.float64)) != 32767**2 * (1 << 20) + 1  # the control
    with pytest.raises(ValueError, match="more than 8388608 are not exact"):
        WideLinear(torch.empty(1, (1 << 23) + 1))


def test_it_is_close_to_float64_even_with_outliers() -> None:
    x, weight, bias = normal(9, 300), normal(200, 300, seed=1) * 0.05, normal(200, seed=2)
    x[:, 7] *= 300
    reference = x.double() @ weight.double().t() + bias.double()
    result = WideLinear(weight, bias).forward(x)
    assert float((result - reference).norm() / reference.norm()) < 5e-4


def test_order_rows_stacking_and_user_settings_change_nothing_and_floats_differ() -> None:
    x, weight = normal(64, 999), normal(40, 999, seed=1)
    product = WideLinear(weight).product(x)
    order = torch.from_numpy(np.random.default_rng(3).permutation(999))
    assert torch.equal(WideLinear(weight[:, order]).product(x[:, order]), product)
    assert torch.equal(torch.cat([WideLinear(weight).product(row) for row in x.split(1)]), product)
    assert torch.equal(WideLinear(torch.cat((normal(3, 999), weight))).product(x)[:, 3:], product)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert torch.equal(WideLinear(weight).product(x), product)
            assert not torch.equal((x @ weight.t()).float(), x[:, order] @ weight[:, order].t())  # the control
    finally:
        torch.set_float32_matmul_precision(before)


def test_rows_are_the_weights_on_their_grid() -> None:
    weight = normal(10, 6)
    rows = WideLinear(weight).rows(torch.tensor([3, 3, 0]))
    integers, steps = quantise_rows(weight, 16)
    assert torch.equal(rows, (integers * steps)[[3, 3, 0]])


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -40000.0])
def test_weights_that_no_network_has_are_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="not finite or above 32768"):
        WideLinear(torch.tensor([[1.0, bad]]))
    with pytest.raises(ValueError, match="not finite or above 32768"):
        WideLinear(torch.ones(1, 1), torch.tensor([bad]))


def test_settled_drops_denormals_and_other_dtypes() -> None:
    assert settled(torch.tensor([1e-40, -1e-30, 0.5])).tolist() == [0.0, 0.0, 0.5]
    with pytest.raises(TypeError, match="expected float32, got float64"):
        settled(torch.ones(1, dtype=torch.float64))
