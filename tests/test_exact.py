"""foretell.exact: each piece is exact, does what its formula says, and would be noticed if it did not."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from foretell import _core, exact  # noqa: E402  (torch may be missing)
from foretell.exact import softmax  # noqa: E402


def integers(shape: tuple[int, ...], bound: int, seed: int) -> "torch.Tensor":
    generator = np.random.default_rng(seed)
    return torch.from_numpy(generator.integers(-bound, bound, shape, endpoint=True).astype(np.float32))


def test_powers_of_two_are_exact() -> None:
    exponents = torch.arange(-126, 128, dtype=torch.int32)
    assert exact.power_of_two(exponents).tolist() == [math.ldexp(1.0, e) for e in range(-126, 128)]


@given(st.floats(2.0**-40, 2.0**40, width=32), st.integers(2, 16))
def test_the_grid_is_the_finest_that_spans(value: float, bits: int) -> None:
    exponent = int(exact.exponent_for(torch.tensor([0.0, -value]), bits))
    assert value < 2.0 ** (bits - 1 + exponent) <= 2 * value


def test_exponents_of_zero_and_denormals_are_clamped() -> None:
    for value in (0.0, 1e-45, 1e-39):
        assert int(exact.exponent_for(torch.tensor([value]))) == -60


def test_quantise_rounds_and_saturates() -> None:
    x = torch.tensor([0.5, 0.74, 1.5, -2.5, 100.0, -100.0])
    assert exact.quantise(x, torch.tensor(-1, dtype=torch.int32)).tolist() == [1, 1, 3, -5, 127, -127]
    assert exact.quantise(x, torch.tensor(0, dtype=torch.int32), 4).tolist() == [0, 1, 2, -2, 7, -7]


def test_dithering_keeps_the_mean_and_rounding_does_not() -> None:
    x = torch.full((1, 1 << 16), 0.3)
    noise = exact.NoiseBank(1, x.numel()).take(1, x.numel())
    zero = torch.tensor(0, dtype=torch.int32)
    assert abs(float(exact.dither(x, zero, noise).mean()) - 0.3) < 0.01
    assert float(exact.quantise(x, zero).mean()) == 0.0  # the control: plain rounding loses it


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 40),
    st.integers(1, 3000),
    st.integers(1, 9),
    st.sampled_from([(127, 127), (255, 128), (128, 2**15), (2**20, 127)]),
)
def test_matmul_equals_integers(n: int, k: int, m: int, bounds: tuple[int, int]) -> None:
    a, b = integers((n, k), bounds[0], n), integers((k, m), bounds[1], m)
    product = a.to(torch.int64) @ b.to(torch.int64)
    if int(product.abs().max()) < 2**24:
        assert torch.equal(exact.matmul(a, b, *bounds).to(torch.int64), product)
    else:
        np.testing.assert_allclose(exact.matmul(a, b, *bounds).numpy(), product.numpy(), rtol=2**-20)


def test_matmul_at_its_bounds_whatever_the_order() -> None:
    # 127 * 127 * 1040 passes 2^24 less one part: the largest sums that one part may hold, then a second part.
    for k in (1040, 1041, 5000):
        a, b = torch.full((3, k), 127.0), torch.full((k, 2), 127.0)
        a[0, ::2] = -127.0
        order = torch.randperm(k)
        straight = exact.matmul(a, b, 127, 127)
        by_parts = torch.zeros(3, 2)
        for start in range(0, k, 1040):  # rounded once for each part, as documented
            by_parts += (a[:, start : start + 1040].long() @ b[start : start + 1040].long()).to(torch.float32)
        assert torch.equal(straight, by_parts)
        if k <= 1040:
            assert torch.equal(straight, exact.matmul(a[:, order].contiguous(), b[order].contiguous(), 127, 127))


def test_control_ordinary_floats_depend_on_the_order() -> None:
    generator = np.random.default_rng(0)
    a = torch.from_numpy(generator.normal(size=(8, 4096)).astype(np.float32))
    b = torch.from_numpy(generator.normal(size=(4096, 8)).astype(np.float32))
    order = torch.from_numpy(generator.permutation(4096))
    assert not torch.equal(a @ b, a[:, order] @ b[order])


def test_matmul_refuses_what_no_float_holds() -> None:
    with pytest.raises(ValueError, match="53 bits"):
        exact.matmul(torch.ones(1, 1), torch.ones(1, 1), 2**30, 2**30)


@pytest.mark.parametrize("precision", ["highest", "high", "medium"])
def test_users_precision_settings_change_nothing(precision: str) -> None:
    a, b = integers((64, 300), 128, 1), integers((300, 64), 127, 2)
    wide = integers((64, 300), 2**15, 3)
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision(precision)
        narrow_product, wide_product = exact.matmul(a, b, 128, 127), exact.matmul(wide, b, 2**15, 127)
    finally:
        torch.set_float32_matmul_precision(before)
    assert torch.equal(narrow_product.long(), a.long() @ b.long())
    assert torch.equal(wide_product, (wide.long() @ b.long()).to(torch.float32))


def test_users_modes_change_nothing() -> None:
    a, b = integers((64, 300), 128, 1), integers((300, 64), 127, 2)
    product = exact.matmul(a, b, 128, 127)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(exact.matmul(a, b, 128, 127), product)
        assert not torch.equal((a @ b).to(torch.float32), product)  # the control
    spread = exact.uniform((7,), 0.3, 1)
    noise = exact.NoiseBank(2, 50).take(5, 10)
    before = torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float64)
        assert exact.Linear(3, 4, input_exponent=0, output_exponent=0, spread=1.0, seed=1).bias.dtype == torch.float32
        assert torch.equal(exact.uniform((7,), 0.3, 1), spread)
        assert torch.equal(exact.NoiseBank(2, 50).take(5, 10), noise)
    finally:
        torch.set_default_dtype(before)


def test_roots_are_rounded_as_ieee_754_says() -> None:
    """NumPy's are: it uses the processor's instruction. All significands, at an even and an odd exponent."""
    for first in (0x3F800000, 0x40000000):
        x = np.arange(first, first + 2**23, dtype=np.uint32).view(np.float32)
        np.testing.assert_array_equal(exact.sqrt(torch.from_numpy(x)).numpy(), np.sqrt(x))
    extremes = np.array([0.0, 2.0**-126, 2.0**-100, 3.4e38, np.inf], np.float32)
    np.testing.assert_array_equal(exact.sqrt(torch.from_numpy(extremes)).numpy(), np.sqrt(extremes))
    assert float(exact.sqrt(torch.tensor([2.0]))) != math.sqrt(2)  # the control: one more bit would be seen


def test_single_operations_are_rounded_as_ieee_754_says() -> None:
    """What the contract takes for granted of torch, held against NumPy."""
    generator = np.random.default_rng(0)
    bits = generator.integers(0x30000000, 0x4F000000, (2, 1 << 20), dtype=np.uint32)
    x, y = bits.view(np.float32)
    a, b = torch.from_numpy(x), torch.from_numpy(y)
    for ours, theirs in (
        (a + b, x + y),
        (a - b, x - y),
        (a * b, x * y),
        (a / b, x / y),
        (a.clone().mul_(0.7), x * np.float32(0.7)),
        (a.clone().add_(0.7), x + np.float32(0.7)),
        (a.clone().div_(b), x / y),
        (a.clone().floor_(), np.floor(x)),
        (a.clone().round_(), np.rint(x)),
        (a.double() * b.double(), x.astype(np.float64) * y),
        ((a.double() / b.double()).to(torch.float32), (x / y.astype(np.float64)).astype(np.float32)),
        ((a.clamp(max=2.0**30)).to(torch.int32), np.minimum(x, np.float32(2.0**30)).astype(np.int32)),
    ):
        np.testing.assert_array_equal(ours.numpy(), theirs)


def test_hash_is_murmurs_finaliser() -> None:
    def mix(x: int) -> int:
        x = (x ^ x >> 16) * 0x85EBCA6B & 0xFFFFFFFF
        x = (x ^ x >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
        return x ^ x >> 16

    counters = [0, 1, 2, 12345, 2**31, 2**32 - 1]
    for seed in (0, 1, 2**32 - 1):
        expected = [mix((mix(c) + mix(seed ^ 0x9E3779B9)) & 0xFFFFFFFF) for c in counters]
        assert exact.hash32(torch.tensor(counters), seed).tolist() == expected


def test_uniform_fills_its_range() -> None:
    x = exact.uniform((500, 400), 0.25, 7)
    assert x.shape == (500, 400)
    assert -0.25 <= float(x.min()) < -0.2499 < 0.2499 < float(x.max()) < 0.25
    assert abs(float(x.mean())) < 1e-3
    assert not torch.equal(x, exact.uniform((500, 400), 0.25, 8))


def test_noise_repeats_with_the_seed_and_not_from_call_to_call() -> None:
    one, other, third = exact.NoiseBank(3, 1000), exact.NoiseBank(3, 1000), exact.NoiseBank(4, 1000)
    first = one.take(10, 100)
    assert torch.equal(first, other.take(10, 100))
    assert not torch.equal(first, third.take(10, 100))
    assert not torch.equal(first, one.take(10, 100))
    assert 0.0 <= float(first.min()) <= float(first.max()) < 1.0
    with pytest.raises(ValueError, match="bank for 1000"):
        one.take(11, 100)


def test_clipped_relu_and_its_gradient() -> None:
    x = torch.tensor([-3.0, 0.4, 0.6, 126.4, 126.6, 500.0])
    a = exact.clipped_relu(x.clone())
    assert a.tolist() == [0, 0, 1, 126, 127, 127]
    assert exact.clipped_relu_gradient(torch.full((6,), 5.0), a).tolist() == [0, 0, 5, 5, 0, 0]


def test_exp2_tables_of_torch_and_of_the_core_are_equal() -> None:
    assert softmax._exp2_table("cpu").tolist() == _core.EXP2_TABLE.tolist()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300), st.integers(1, 8), st.sampled_from([10, 16, 24, 30]), st.integers(0, 2**32 - 1))
def test_cdf_from_logits_equals_the_core(vocabulary: int, rows: int, precision: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    spread = int(generator.choice([0, 3, 2000, 40000, 2**31 - 1]))
    logits = generator.integers(-spread, spread, (rows, vocabulary), endpoint=True).astype(np.int32)
    twin = exact.cdf_from_logits(torch.from_numpy(logits), precision).numpy().view(np.uint32)
    np.testing.assert_array_equal(twin, _core.cdf_from_logits(logits, precision))


def test_cdf_from_logits_refuses_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="precision 3"):
        exact.cdf_from_logits(torch.zeros((1, 9), dtype=torch.int32), 3)
    with pytest.raises(ValueError, match="precision 31"):
        exact.cdf_from_logits(torch.zeros((1, 9), dtype=torch.int32), 31)


def test_logit_gradient_is_the_softmax_gradient() -> None:
    logits = integers((4000, 5), 3000, 5).to(torch.int32)
    cdf = exact.cdf_from_logits(logits, 24)
    symbols = torch.arange(4000) % 5
    noise = exact.NoiseBank(0, 20000).take(4000, 5)
    gradient = exact.logit_gradient(cdf, symbols, 24, noise)
    assert float(gradient.min()) >= -128
    assert float(gradient.max()) <= 128
    p = torch.softmax(logits.to(torch.float64) / 1024 * math.log(2), 1)
    expected = p - torch.nn.functional.one_hot(symbols, 5)
    assert float((gradient / 128 - expected).abs().max()) <= 1 / 128 + 1e-6
    assert float((gradient / 128 - expected).mean().abs()) < 1e-3


def test_linear_agrees_with_floats() -> None:
    layer = exact.Linear(40, 30, input_exponent=-6, output_exponent=-5, spread=0.3, seed=1)
    layer.bias += exact.uniform((30,), 0.5, 2)
    layer.freeze()
    x, g = integers((16, 40), 127, 3), integers((16, 30), 127, 4)
    real = x.double() * 2.0**-6 @ layer.weight.double() + layer.bias.double()
    assert float((layer.forward(x).double() * 2.0**-5 - real).abs().max()) < 0.1
    unit = 2.0 ** int(layer.exponent)
    back = g.double() @ layer.weight.double().t()
    assert float((layer.backward(g).double() * unit - back).abs().max()) < 127 * 30 * unit / 2
    weight, bias = layer.gradients(x, g)
    assert torch.equal(weight.long(), x.t().long() @ g.long())
    assert torch.equal(bias.long(), g.long().sum(0))


def test_a_layers_change_waits_for_freeze() -> None:
    layer = exact.Linear(4, 4, input_exponent=0, output_exponent=0, spread=1.0, seed=1)
    x = torch.ones(1, 4)
    before = layer.forward(x)
    layer.weight *= 3
    assert torch.equal(layer.forward(x), before)
    layer.freeze()
    assert not torch.equal(layer.forward(x), before)


@pytest.mark.parametrize("beta1", [0.0, 0.9])
def test_adam_follows_torchs_adam(beta1: float) -> None:
    ours = exact.uniform((50,), 1.0, 1)
    theirs = ours.clone().requires_grad_()
    optimiser = exact.Adam(ours, 0.01, beta1, 0.99, epsilon=1e-8)
    reference = torch.optim.Adam([theirs], 0.01, betas=(beta1, 0.99), eps=1e-8)
    for step in range(20):
        gradient = exact.uniform((50,), 2.0, 100 + step)
        theirs.grad = gradient.clone()
        reference.step()
        optimiser.step(gradient.clone())
    np.testing.assert_allclose(ours.numpy(), theirs.detach().numpy(), atol=1e-5)


def test_adagrad_follows_torchs_adagrad() -> None:
    ours = exact.uniform((50,), 1.0, 1)
    theirs = ours.clone().requires_grad_()
    optimiser = exact.Adagrad(ours, 0.1, epsilon=1e-10)
    reference = torch.optim.Adagrad([theirs], 0.1, eps=1e-10)
    for step in range(20):
        gradient = exact.uniform((50,), 2.0, 100 + step)
        theirs.grad = gradient.clone()
        reference.step()
        optimiser.step(gradient.clone())
    np.testing.assert_allclose(ours.numpy(), theirs.detach().numpy(), atol=1e-5)


@pytest.mark.parametrize("beta1", [0.0, 0.5])
def test_adam_survives_flush_to_zero(beta1: float) -> None:
    results = []
    for flush in (False, True):
        if not torch.set_flush_denormal(flush):
            pytest.skip("this CPU cannot flush denormals to zero")
        try:
            parameter = torch.ones(8)
            optimiser = exact.Adam(parameter, 0.01, beta1, beta2=0.5)
            optimiser.step(torch.full((8,), 2.0**-30))
            for _ in range(200):  # 2^-61 halved 200 times would be a denormal
                optimiser.step(torch.zeros(8))
            optimiser.step(torch.full((8,), 2.0**-30))
        finally:
            torch.set_flush_denormal(False)
        results.append(parameter.tolist())
    assert results[0] == results[1]


def _learned(order: list[int], width: int) -> tuple["torch.Tensor", "torch.Tensor"]:
    table = exact.Embedding(10, width, 0.1)
    rows = torch.tensor([7, 2, 5])
    inverse = torch.tensor([0, 1, 1, 2, 0, 0])[order]
    gradient = integers((6, width), 2**22, 1)[order]
    table.learn(rows, inverse, gradient, torch.tensor(-20, dtype=torch.int32))
    table.learn(rows, inverse, gradient, torch.tensor(-19, dtype=torch.int32))
    return table.read(torch.arange(10)), gradient


@pytest.mark.parametrize("width", [3, 32])
def test_embedding_sums_gradients_in_any_order(width: int) -> None:
    straight, gradient = _learned([0, 1, 2, 3, 4, 5], width)
    shuffled, _ = _learned([5, 2, 0, 4, 1, 3], width)
    assert torch.equal(straight, shuffled)
    assert not straight[[0, 1, 3, 4, 6, 8, 9]].any()  # rows that were not read stay
    total = gradient[[0, 4, 5]].sum(0)
    np.testing.assert_array_equal(np.sign(straight[7].numpy()), -np.sign(total.numpy()))


def test_embedding_steps_by_adagrad() -> None:
    table = exact.Embedding(4, 4, 0.5)
    gradient = torch.tensor([[4.0, -4.0, 4.0, -4.0]])
    table.learn(torch.tensor([1]), torch.tensor([0]), gradient, torch.tensor(0, dtype=torch.int32))
    # mean |g| = 4, its root of squares 4: the step is 0.5 * 4 / 4
    assert (table.read(torch.tensor([1])) * 2.0**-6).tolist() == [[-0.5, 0.5, -0.5, 0.5]]


def test_embedding_saturates_and_does_not_wrap() -> None:
    table = exact.Embedding(1, 4, 100.0)
    for _ in range(3):
        table.learn(torch.tensor([0]), torch.tensor([0]), torch.full((1, 4), -1.0), torch.tensor(0, dtype=torch.int32))
    assert table.read(torch.tensor([0])).tolist() == [[127.0] * 4]
