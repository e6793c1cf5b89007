"""Tensors: taken as they are on the CPU, and quantised by torch elsewhere, with the integers of the C++ core."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from foretell import cdf
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
from foretell import cdf_torch  # noqa: E402  (torch may be missing)

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU")),
]
FLOATS = [torch.float16, torch.bfloat16, torch.float32, torch.float64]


def to_numpy(tensor: Any) -> Any:
    return tensor.cpu().numpy()


def random_floats(dtype: Any, rows: int, vocabulary: int, spread: float, seed: int) -> Any:
    """Return finite numbers of all magnitudes, negative ones too, by their bits; zeros, and rows all alike."""
    generator = np.random.default_rng(seed)
    values = torch.from_numpy(generator.normal(scale=spread, size=(rows, vocabulary))).to(dtype)
    if seed % 3 == 0 and rows:  # from random bits: denormals, too
        width = torch.empty((), dtype=dtype).element_size()
        signed = {2: torch.int16, 4: torch.int32, 8: torch.int64}[width]
        bits = generator.integers(0, 256, (rows, vocabulary * width), np.uint8)
        values = torch.from_numpy(bits).view(signed).view(dtype)
        values = torch.where(torch.isfinite(values), values, torch.zeros_like(values))
    values[:, ::5] = 0
    values[: rows // 3] = values[: rows // 3, -1:]
    return values


@pytest.mark.parametrize("device", DEVICES)
@given(
    st.sampled_from(FLOATS),
    st.integers(0, 5),
    st.integers(1, 300),
    st.integers(9, 32),
    st.sampled_from([1e-3, 1.0, 30.0, 1e4]),
    st.integers(0, 2**32 - 1),
)
def test_the_torch_path_equals_the_core(
    device: str, dtype: Any, rows: int, vocabulary: int, precision: int, spread: float, seed: int
) -> None:
    z = random_floats(dtype, rows, vocabulary, spread, seed)
    p = z.abs()
    p[:, seed % vocabulary] += torch.finfo(dtype).tiny
    symbols = torch.from_numpy(np.random.default_rng(seed).integers(0, vocabulary, rows))
    masked = z.clone()
    masked[:, 1:][:, ::7] = -math.inf
    for argument, base, tensor in (("p", 0, p), ("logits", 0, z), ("logits", 2, z), ("logits", 0, masked)):
        if argument == "p":
            expected = cdf.from_probabilities(tensor, precision)
            interval = cdf.intervals_from_probabilities(tensor, symbols, precision)
        else:
            expected = cdf.from_logits(tensor, precision, base=2 if base == 2 else None)
            interval = cdf.intervals_from_logits(tensor, symbols, precision, base=2 if base == 2 else None)
        made = cdf_torch.quantise(tensor.to(device), argument, precision, base=base)
        assert made.dtype == expected.dtype
        assert made.device.type == device
        np.testing.assert_array_equal(to_numpy(made), expected.numpy())
        cdf.check(expected.numpy(), precision)
        on_device = cdf_torch.intervals(tensor.to(device), argument, symbols.to(device), precision, base)
        for ours, theirs in zip(on_device, interval, strict=True):
            assert ours.dtype == theirs.dtype
            np.testing.assert_array_equal(to_numpy(ours), theirs.numpy())


@pytest.mark.parametrize("device", DEVICES)
@given(
    st.sampled_from([torch.uint32, torch.uint64, torch.int64]),
    st.integers(9, 32),
    st.integers(1, 300),
    st.integers(0, 64),
    st.integers(0, 2**32 - 1),
)
def test_counts_on_a_device_equal_the_core(
    device: str, dtype: Any, precision: int, vocabulary: int, bits: int, seed: int
) -> None:
    numpy_dtype = {torch.uint32: np.uint32, torch.uint64: np.uint64, torch.int64: np.int64}[dtype]
    top = min(2**bits, int(np.iinfo(numpy_dtype).max))
    counts = np.random.default_rng(seed).integers(0, top, (3, vocabulary), numpy_dtype, endpoint=True)
    counts[:, seed % vocabulary] = top
    made = cdf_torch.quantise(torch.from_numpy(counts).to(device), "counts", precision)
    np.testing.assert_array_equal(to_numpy(made), cdf.from_counts(counts, precision))


@pytest.mark.parametrize("device", DEVICES)
def test_fixed_point_logits_and_large_vocabularies_on_a_device(device: str) -> None:
    z = np.random.default_rng(0).integers(-(2**31), 2**31, (3, 70000)).astype(np.int32)
    z[1] >>= 15
    for precision in (17, 24, 32):
        made = cdf_torch.quantise(torch.from_numpy(z).to(device), "logits", precision)
        np.testing.assert_array_equal(to_numpy(made), cdf.from_logits(z, precision))


def test_blocks_do_not_show(monkeypatch: Any) -> None:
    p = torch.rand((10, 7))
    whole = cdf_torch.quantise(p, "p", 16)
    symbols = torch.arange(10) % 7
    start, freq = cdf_torch.intervals(p, "p", symbols, 16)
    monkeypatch.setattr(cdf_torch, "_BLOCK", 21)
    np.testing.assert_array_equal(cdf_torch.quantise(p, "p", 16).numpy(), whole.numpy())
    for ours, theirs in zip(cdf_torch.intervals(p, "p", symbols, 16), (start, freq), strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    p[8, 2] = -1
    with pytest.raises(ValueError, match="row 8: probability 2 is -1"):
        cdf_torch.quantise(p, "p", 16)


def test_flush_to_zero_changes_nothing() -> None:
    p = torch.tensor([[1e-40, 3e-40, 0.0]])
    z = torch.tensor([[1e-40, -1e-40, 0.5, 1e-3]])
    half = torch.tensor([[2.0**-24, 2.0**-20, 0.0]], dtype=torch.float16)
    cases: list[tuple[str, Any]] = [("p", p), ("logits", z), ("p", half), ("p", p.double()), ("p", p.bfloat16())]
    expected = [cdf_torch.quantise(tensor, argument, 16).tolist() for argument, tensor in cases]
    torch.set_flush_denormal(True)
    try:
        for (argument, tensor), rows in zip(cases, expected, strict=True):
            assert cdf_torch.quantise(tensor, argument, 16).tolist() == rows
            core = cdf.from_probabilities(tensor, 16) if argument == "p" else cdf.from_logits(tensor, 16)
            assert core.tolist() == rows
    finally:
        torch.set_flush_denormal(False)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", FLOATS)
def test_bad_rows_name_themselves_on_every_device(device: str, dtype: Any) -> None:
    tiny = -float(torch.finfo(dtype).smallest_normal) / 2
    for quantise in (
        lambda argument, rows: cdf_torch.quantise(rows.to(device), argument, 16),
        lambda argument, rows: (cdf.from_probabilities if argument == "p" else cdf.from_logits)(rows, 16),
    ):
        for bad in (math.nan, -math.nan, math.inf, -math.inf, -1.0, tiny):
            rows = torch.ones((4, 3), dtype=dtype)
            rows[2:, 1] = bad
            with pytest.raises(ValueError, match=r"row 2: probability 1 is -?(nan|inf|1|0|[0-9.]*e)"):
                quantise("p", rows)
        rows[1] = 0
        with pytest.raises(ValueError, match="row 1: all probabilities are 0; at least one must be positive"):
            quantise("p", rows)
        for bad in (math.nan, math.inf):
            rows = torch.full((4, 3), -math.inf, dtype=dtype)
            rows[:2] = 1
            rows[2:, 1] = bad
            with pytest.raises(ValueError, match=r"row 2: logit 1 is (nan|inf)"):
                quantise("logits", rows)
        rows[2, 1] = -math.inf
        with pytest.raises(ValueError, match="row 2: all logits are -infinity; at least one must be finite"):
            quantise("logits", rows)


@pytest.mark.parametrize("device", DEVICES)
def test_bad_arguments_on_a_device(device: str) -> None:
    p = torch.ones((2, 4), device=device)
    with pytest.raises(ValueError, match="precision"):
        cdf_torch.quantise(p, "p", 33)
    with pytest.raises(ValueError, match="vocabulary: 4 symbols"):
        cdf_torch.quantise(p, "p", 1)
    with pytest.raises(TypeError, match=r"p: expected dtype float16.*got int64"):
        cdf_torch.quantise(p.long(), "p", 8)
    with pytest.raises(ValueError, match="row 1: count 2 is -1"):
        cdf_torch.quantise(torch.tensor([[1, 1, 1], [1, 1, -1]], device=device), "counts", 8)
    for out, error in (
        (torch.empty((2, 4), dtype=torch.uint32, device=device), ValueError),
        (torch.empty((2, 5), dtype=torch.int32, device=device), TypeError),
        (np.empty((2, 5), np.uint32), TypeError),
        (torch.empty((5, 2), dtype=torch.uint32, device=device).T, ValueError),
    ):
        with pytest.raises(error, match="out"):
            cdf_torch.quantise(p, "p", 8, out)
    with pytest.raises(TypeError, match="out: expected dtype uint32, uint64, got uint16"):
        cdf_torch.quantise(p, "p", 17, torch.empty((2, 5), dtype=torch.uint16, device=device))
    with pytest.raises(ValueError, match=r"symbols\[1\]: 4 is outside"):
        cdf_torch.intervals(p, "p", torch.tensor([0, 4], device=device), 8)
    with pytest.raises(ValueError, match="symbols: expected shape"):
        cdf_torch.intervals(p, "p", torch.tensor([0], device=device), 8)
    with pytest.raises(TypeError, match="symbols"):
        cdf_torch.intervals(p, "p", torch.tensor([0.0, 1.0], device=device), 8)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [torch.uint16, torch.uint32, torch.uint64])
def test_out_on_a_device(device: str, dtype: Any) -> None:
    p = torch.rand((2, 3, 7), device=device)
    out = torch.empty((2, 3, 8), dtype=dtype, device=device)
    assert cdf_torch.quantise(p, "p", 16, out) is out
    assert cdf.from_probabilities(p, 16, out) is out
    np.testing.assert_array_equal(to_numpy(out), to_numpy(cdf.from_probabilities(p, 16)).astype(to_numpy(out).dtype))


def test_tensors_on_the_cpu_give_tensors_and_are_not_copied() -> None:
    wide = torch.rand((6, 40))
    expected = cdf.from_probabilities(wide.numpy(), 16)
    made = cdf.from_probabilities(wide, 16)
    assert isinstance(made, torch.Tensor)
    assert made.dtype == torch.uint32
    np.testing.assert_array_equal(made.numpy(), expected)
    np.testing.assert_array_equal(cdf.from_probabilities(wide[::2], 16).numpy(), expected[::2])
    assert isinstance(cdf.from_probabilities(wide, 32), torch.Tensor)
    needs_gradient = wide.clone().requires_grad_()
    np.testing.assert_array_equal(cdf.from_probabilities(needs_gradient, 16).numpy(), expected)
    for out in (np.empty((6, 41), np.uint16), torch.empty((6, 41), dtype=torch.uint16)):
        for source in (wide, wide.numpy()):
            assert cdf.from_probabilities(source, 16, out) is out
            np.testing.assert_array_equal(np.asarray(out), expected.astype(np.uint16))
    with pytest.raises(ValueError, match="contiguous last axis"):
        cdf.from_probabilities(wide.T, 16)
    symbols = torch.arange(6)
    start, _ = cdf.intervals_from_probabilities(wide, symbols, 16)
    assert isinstance(start, torch.Tensor)
    cdf.check(made, 16)


def test_bfloat16_is_its_float32() -> None:
    z = torch.randn((5, 300)).mul(3).bfloat16()
    np.testing.assert_array_equal(cdf.from_logits(z, 20).numpy(), cdf.from_logits(z.float(), 20).numpy())
    p = z.abs()[::2]
    np.testing.assert_array_equal(cdf.from_probabilities(p, 20).numpy(), cdf.from_probabilities(p.float().numpy(), 20))


def test_other_dlpack_objects() -> None:
    class Foreign:
        """Something with DLPack and nothing else."""

        def __init__(self, array: Any, device: int = 1) -> None:
            self.array, self.device = array, device

        def __dlpack__(self, **settings: Any) -> Any:
            return self.array.__dlpack__(**settings)

        def __dlpack_device__(self) -> tuple[int, int]:
            return self.device, 0

    p = np.random.default_rng(0).random((3, 5))
    made = cdf.from_probabilities(Foreign(p), 16)
    assert isinstance(made, np.ndarray)
    np.testing.assert_array_equal(made, cdf.from_probabilities(p, 16))
    with pytest.raises(TypeError, match=r"p: lies on a device.*torch\.from_dlpack"):
        cdf.from_probabilities(Foreign(p, device=2), 16)
