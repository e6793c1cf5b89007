"""foretell.exact.sigmoid, silu and gelu: within their stated error of float64, at any input."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from foretell.exact import gate, gelu, sigmoid, silu  # noqa: E402  (torch may be missing)

X = torch.cat((torch.linspace(-40, 40, 200_001), torch.tensor([0.0, -0.0, 1e-45, -1e-30, 1e30, -1e30])))


def test_the_sigmoid_is_within_its_error() -> None:
    assert float((sigmoid(X) - torch.sigmoid(X.double())).abs().max()) < 2.0**-21


def test_silu_and_gelu_are_close_to_float64() -> None:
    near = X[X.abs() <= 40]
    assert float((silu(near) - torch.nn.functional.silu(near.double())).abs().max()) < 1e-5
    reference = torch.nn.functional.gelu(near.double(), approximate="tanh")
    assert float((gelu(near) - reference).abs().max()) < 1e-5
    plain = torch.nn.functional.gelu(near.double())
    assert float((gelu(near) - plain).abs().max()) > 1e-4  # the control: the other GELU would be noticed


def test_torch_and_the_native_library_give_the_same_bits() -> None:
    for x in (X, X[:60_000].view(200, 300).t(), torch.empty(0, 3)):
        assert torch.equal(silu(x), gate._silu_by_torch(x))
        assert torch.equal(gelu(x), gate._gelu_by_torch(x))


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_any_finite_input_gives_a_finite_output(value: float) -> None:
    x = torch.tensor([value])
    for function in (sigmoid, silu, gelu):
        assert bool(function(x).isfinite().all())
    assert 0.0 <= float(sigmoid(x)) <= 1.0


def test_tables_hold_the_nearest_integers() -> None:
    grid = torch.arange(-5120, 5121, dtype=torch.float32) * 2.0**-8
    expected = (torch.sigmoid(grid.double()) * 2**24).round()
    assert torch.equal(sigmoid(grid).double() * 2**24, expected)


def test_a_slice_is_taken_as_it_is() -> None:
    x = X[:1000].view(10, 100)
    assert torch.equal(silu(x[:, 50:]), silu(x)[:, 50:])
