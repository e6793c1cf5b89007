from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from foretell.lab.worlds.markov import Markov, drawn, independent


def test_two_states_by_hand() -> None:
    source = Markov(np.array([[0.9, 0.1], [0.4, 0.6]]))
    assert source.order == 1
    np.testing.assert_allclose(source.stationary, [0.8, 0.2])
    assert source.entropy == pytest.approx(0.8 * 0.4689956 + 0.2 * 0.9709506, abs=1e-6)


def test_independent_symbols_have_their_entropy() -> None:
    assert independent([4, 2, 1, 1]).entropy == pytest.approx(1.75)
    assert independent(np.ones(256)).entropy == pytest.approx(8)


@pytest.mark.parametrize(("vocabulary", "order"), [(3, 1), (2, 3), (3, 2)])
def test_entropy_by_full_enumeration(vocabulary: int, order: int) -> None:
    """H(X_1 .. X_n) of all sequences of a length, less that of one symbol less, is the rate of a stationary source."""
    source = drawn(vocabulary, order, 0.7, seed=3)

    def joint(length: int) -> float:
        total = 0.0
        for sequence in product(range(vocabulary), repeat=order + length):
            context = 0
            for symbol in sequence[:order]:
                context = context * vocabulary + symbol
            p = source.stationary[context]
            for symbol in sequence[order:]:
                p *= source.table[context, symbol]
                context = (context * vocabulary + symbol) % vocabulary**order
            total -= p * np.log2(p)
        return total

    assert joint(3) - joint(2) == pytest.approx(source.entropy, abs=1e-9)


@pytest.mark.parametrize(("vocabulary", "order"), [(4, 0), (4, 1), (2, 2)])
def test_samples_have_the_frequencies(vocabulary: int, order: int) -> None:
    source = drawn(vocabulary, order, 0.5, seed=1)
    symbols = source.sample(100_000, 5).astype(np.int64)
    np.testing.assert_array_equal(symbols, source.sample(100_000, 5))
    windows = np.lib.stride_tricks.sliding_window_view(symbols, order + 1)
    keys = windows @ vocabulary ** np.arange(order, -1, -1)
    counted = np.bincount(keys, minlength=source.table.size).reshape(source.table.shape)
    expected = source.stationary[:, None] * source.table
    np.testing.assert_allclose(counted / len(keys), expected, atol=0.006)
    seen = counted / counted.sum(axis=1, keepdims=True)
    empirical = -(counted / len(keys) * np.log2(seen, where=seen > 0, out=np.zeros_like(seen))).sum()
    assert empirical == pytest.approx(source.entropy, abs=0.01)
