"""foretell.exact.quantise_rows: the finest grid of each row, from that row alone."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from foretell.exact import quantise_rows  # noqa: E402  (torch may be missing)


@given(st.lists(st.floats(-(2.0**20), 2.0**20, width=32), min_size=1, max_size=9), st.integers(2, 25))
def test_a_row_is_rounded_to_the_finest_grid_that_spans_it(row: list[float], bits: int) -> None:
    integers, steps = quantise_rows(torch.tensor([row]), bits)
    step = float(steps)
    limit = 2 ** (bits - 1)
    assert math.frexp(step)[0] == 0.5
    largest = max(map(abs, row))
    assert largest < limit * step
    assert step == 2.0**-40 or limit * step <= 2 * largest
    expected = [min(max(round(value / step), 1 - limit), limit - 1) for value in row]  # Python's ties go to even too
    assert integers.tolist() == [expected]


def test_rows_do_not_see_each_other_and_a_grid_for_all_would() -> None:
    x = torch.randn(7, 33, generator=torch.Generator().manual_seed(1)) * torch.logspace(-3, 3, 7)[:, None]
    integers, steps = quantise_rows(x, 16)
    for i in range(7):
        alone = quantise_rows(x[i : i + 1], 16)
        assert torch.equal(alone[0], integers[i : i + 1])
        assert torch.equal(alone[1], steps[i : i + 1])
    together, _ = quantise_rows(x.view(1, -1), 16)  # the control
    assert not torch.equal(together.view(7, 33), integers)


def test_zero_denormal_and_huge_rows_stay_on_sane_grids() -> None:
    integers, steps = quantise_rows(torch.tensor([[0.0, 0.0], [1e-45, -1e-39], [2.0**60, -1.0]]), 16)
    assert steps.flatten().tolist() == [2.0**-40, 2.0**-40, 2.0**40]
    assert integers.tolist() == [[0, 0], [0, 0], [32767, 0]]


def test_flushing_denormals_changes_nothing() -> None:
    x = torch.tensor([[1e-39, 3.0, -2e-45], [1e-40, -1e-41, 0.0]])
    kept = quantise_rows(x, 16)
    torch.set_flush_denormal(True)
    try:
        flushed = quantise_rows(x, 16)
    finally:
        torch.set_flush_denormal(False)
    assert torch.equal(kept[0], flushed[0])
    assert torch.equal(kept[1], flushed[1])
