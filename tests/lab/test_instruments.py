from __future__ import annotations

import math

import numpy as np
import pytest
from foretell.lab import instruments, plots


def test_ratio() -> None:
    assert instruments.ratio([20.0, 40.0], [10, 20], 16) == pytest.approx([0.5, 0.5])
    assert instruments.ratio(40.0, 20, 16, program_bits=40) == pytest.approx(0.0)
    assert instruments.ratio(80.0, 20, 16) == pytest.approx(0.0)  # no better than uniform


def test_program_bytes_is_the_size_of_a_real_file() -> None:
    one, both = instruments.program_bytes(plots), instruments.program_bytes(plots, instruments)
    assert 500 < one < both < 2 * 10**4


def test_smoothed() -> None:
    assert instruments.smoothed([1.0, 3.0, 5.0, 7.0], 2).tolist() == [1, 2, 4, 6]
    assert instruments.smoothed(np.ones((3, 2)), 5).tolist() == [[1, 1]] * 3


def test_epistemic() -> None:
    assert instruments.epistemic([[1.5, 2.0]], [1.0, 2.0]).tolist() == [[0.5, 0.0]]


def test_fall_needs_the_drop() -> None:
    curve = np.concatenate([np.full(50, 2.0), np.linspace(2.0, 0.5, 10), np.full(40, 0.5)])
    assert instruments.fall(curve) is None
    found = instruments.fall(curve, drop=0.7)
    assert found is not None
    assert found.plateau == 2.0
    assert 50 <= found.start < found.end <= 60
    assert found.share < 0.1


def test_fall_leaves_out_the_start() -> None:
    curve = np.concatenate([np.linspace(10, 1, 10), np.ones(50), np.zeros(40)])
    found = instruments.fall(curve, settle=10)
    assert found is not None
    assert (found.start, found.end) == (59, 60)
    assert instruments.fall([1.0, 1.0], settle=5) is None


def test_a_slow_decline_is_no_sudden_fall() -> None:
    found = instruments.fall(np.exp(-np.arange(200) / 60))
    assert found is not None
    assert found.share > 0.2


def test_thinned_keeps_the_mean() -> None:
    values = np.arange(1000.0)
    thin = instruments.thinned(values, 10)
    assert len(thin) == 10
    assert np.mean(thin) == pytest.approx(values.mean())
    assert instruments.thinned([1.0, 2.0]) == [1.0, 2.0]


def test_crossing_is_for_good() -> None:
    assert instruments.crossing([-1, 1, -1, 1, 2], 0) == 3
    assert instruments.crossing([1, 2], 0) == 0
    assert instruments.crossing([1, -2], 0) is None


def test_errors() -> None:
    assert instruments.standard_error([1.0, 3.0]) == pytest.approx(math.sqrt(2) / math.sqrt(2))
