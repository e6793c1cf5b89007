"""The bisection coder: the totals and formulas that are known of it, round trips, and bits that it never wrote."""

from __future__ import annotations

import doctest
import math
from typing import Any

import numpy as np
import pytest
from foretell import bisection
from foretell.errors import CorruptError, Error, TruncatedError
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

TOTALS = [471, 422, 372, 304, 244, 173, 129, 100, 100]
IDEALS = [404.80, 367.09, 312.11, 246.97, 180.73, 114.79, 52.84, 12.17, 1.475]
RATIOS = [-0.1775, -0.055, 0.07, 0.24, 0.39, 0.5675, 0.6775, 0.75, 0.75]
QUERIES = {1 / 3: 1.5, 0.3: 1.571, 0.25: 1.667, 0.1: 2.778, 0.03: 4.237, 1 / 256: 7.031, 0.001: 8.986}


def dirichlet(size: int, seed: int) -> NDArray[np.float64]:
    """A prior with no probability below 2**-20."""
    weights = np.random.default_rng(seed).exponential(size=size) ** 3 + 1e-4
    prior: NDArray[np.float64] = weights / weights.sum()
    return prior


@st.composite
def messages(draw: st.DrawFn) -> tuple[list[int], list[NDArray[np.float64]], int]:
    """(tokens, priors, field)."""
    seeds = draw(st.lists(st.integers(0, 2**32), max_size=6))
    priors = [dirichlet(draw(st.integers(1, 40)), seed) for seed in seeds]
    tokens = [draw(st.integers(0, len(prior) - 1)) for prior in priors]
    return tokens, priors, draw(st.integers(5, 6))


# -- what is known of it


def test_nine_totals() -> None:
    """20 tokens of 2**20: a random prior, then priors with an advantage of 10**0..10**7 on the true token."""
    size, generator = 2**20, np.random.RandomState(42)
    tokens = generator.randint(size, size=20)
    totals, ideals, longest = [], [], 0
    for advantage in [0.0] + [10.0**k for k in range(8)]:
        total, ideal = 0, 0.0
        for token in tokens:
            prior = generator.uniform(size=size)
            prior[token] += advantage
            prior /= prior.sum()
            bits = bisection.length([token], [prior])
            total, longest = total + bits, max(longest, bits - 5)
            ideal += bisection.ideal_length([token], [prior])
        totals.append(total)
        ideals.append(ideal)
    assert totals == TOTALS
    assert ideals == pytest.approx(IDEALS, abs=0.005)
    assert [1 - total / 400 for total in totals] == pytest.approx(RATIOS)
    assert longest == 22  # more than log2(m)


@pytest.mark.parametrize(("p", "expected"), QUERIES.items())
def test_expected_queries(p: float, expected: float) -> None:
    assert bisection.expected_queries(p) == pytest.approx(expected, abs=0.0005)
    starts = np.random.default_rng(1).uniform(0, 1 - p, 50_000)
    asked = np.mean([len(bisection.code(low, low + p)) + 1 for low in starts.tolist()])
    assert asked == pytest.approx(bisection.expected_queries(p), rel=0.01)


def test_the_formula_with_the_other_sign_is_far_off() -> None:
    """What the test above would find: (n + (2**n - 1) p) / (1 - p) is 4.5 at 1/3."""
    p, n = 1 / 3, 2
    assert (n + (2**n - 1) * p) / (1 - p) == pytest.approx(4.5)
    assert bisection.expected_queries(p) == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("p", "queries"), [(1.0, 1), (0.75, 1), (0.5, 2), (0.4, 2), (0.25, 3), (2.0**-31, 32), (1 / 3, 2), (1 / 256, 9)]
)
def test_most_queries(p: float, queries: int) -> None:
    assert bisection.most_queries(p) == queries
    assert 2.0**-queries < p <= 2.0 ** -(queries - 1)


@given(st.integers(1, 2**30), st.integers(0, 2**30))
def test_codes_find_their_interval_and_are_no_longer_than_stated(width: int, start: int) -> None:
    low = start % (2**30 - width + 1) / 2**30
    high = low + width / 2**30
    bits = bisection.code(low, high)
    assert len(bits) <= bisection.most_queries(high - low) - 1
    left, size = 0.0, 1.0
    for bit in bits:
        assert not low <= left + size / 2 < high  # it stops at the first middle that hits
        left, size = left + bit * size / 2, size / 2
    assert low <= left + size / 2 < high


def test_the_most_queries_are_asked_somewhere() -> None:
    for n in range(2, 20):
        p = 2.0 ** -(n - 1)
        assert len(bisection.code(0.0, p)) == bisection.most_queries(p) - 1 == n - 1


@pytest.mark.parametrize(
    ("size", "bits"), [(1, 0), (2, 0), (3, 1), (4, 1), (5, 2), (16, 2), (17, 3), (256, 3), (257, 4), (2**20, 5)]
)
def test_field_bits(size: int, bits: int) -> None:
    assert bisection.field_bits(size) == bits
    if size > 2:
        assert math.ceil(math.log2(math.log2(size))) == bits


def test_examples_in_the_documentation() -> None:
    assert doctest.testmod(bisection).failed == 0


# -- round trips


@given(messages())
def test_round_trip(message: tuple[list[int], list[NDArray[np.float64]], int]) -> None:
    tokens, priors, field = message
    bits = bisection.encode(tokens, priors, field)
    assert bits.dtype == np.uint8
    assert len(bits) == bisection.length(tokens, priors, field)
    assert np.array_equal(bits, bisection.encode(tokens, iter(priors), field))
    assert bisection.decode(bits, iter(priors), field) == tokens
    ideal = bisection.ideal_length(tokens, priors)
    assert len(bits) <= ideal + field * len(tokens)  # floor(-log2 p) bits at most, besides the field


def test_large_alphabet_round_trip() -> None:
    rng = np.random.default_rng(2)
    tokens = [0, 2**20 - 1, *rng.integers(2**20, size=3).tolist()]
    weights = rng.uniform(0.1, 1, 2**20)
    priors = [weights / weights.sum()] * len(tokens)
    bits = bisection.encode(tokens, priors)
    assert bisection.decode(bits, priors) == tokens


def test_the_field_is_the_least_that_is_sent() -> None:
    sure = np.array([0.0, 1.0, 0.0, 0.0, 0.0])
    assert bisection.encode([1] * 10, [sure] * 10).tolist() == [0] * 20
    assert bisection.ideal_length([1] * 10, [sure] * 10) == 0


def test_nothing_is_nothing() -> None:
    assert bisection.encode([], []).tolist() == []
    assert bisection.decode([], []) == []
    assert bisection.length([], []) == bisection.ideal_length([], []) == 0


@pytest.mark.parametrize("make", [list, np.float32, np.float16, np.array])
def test_priors_of_any_float(make: Any) -> None:
    prior = make([0.25, 0.5, 0.125, 0.125])
    assert bisection.decode(bisection.encode([3, 0], [prior] * 2, 2), [prior] * 2, 2) == [3, 0]


# -- errors


def rare(p: float) -> NDArray[np.float64]:
    """2**20 tokens; the first has probability p."""
    prior = np.full(2**20, (1 - p) / (2**20 - 1))
    prior[0] = p
    return prior


def test_what_the_field_cannot_hold_is_an_error() -> None:
    assert bisection.length([0], [rare(2.0**-31)]) == 5 + 31
    assert bisection.decode(bisection.encode([0], [rare(2.0**-31)]), [rare(2.0**-31)]) == [0]
    for p in (np.nextafter(2.0**-31, 0), 2.0**-32, 2.0**-40, 0.0):
        for use in (bisection.length, bisection.encode):
            with pytest.raises(ValueError, match=r"tokens\[0\]: 0 has probability .* 5 bits"):
                use([0], [rare(p)])
    assert bisection.length([0], [rare(2.0**-40)], field=6) == 6 + 40


def test_a_rare_token_is_an_error_wherever_it_lies() -> None:
    """Also where the first middle would hit it, and its code be empty."""
    prior = np.array([0.5, 2.0**-40, 0.5 - 2.0**-40])
    assert bisection.code(0.5, 0.5 + 2.0**-40) == []
    with pytest.raises(ValueError, match=r"tokens\[1\]"):
        bisection.encode([0, 1], [prior] * 2, field=5)
    with pytest.raises(CorruptError, match="token 0"):
        bisection.decode([0] * 5, [prior], field=5)


def test_what_float64_cannot_hold_is_an_error() -> None:
    assert len(bisection.code(0.0, 2.0**-52)) == 52
    for low, high in [(0.0, 2.0**-53), (0.5, 0.5), (0.5, 0.25), (-0.5, 0.5), (0.5, 1.5), (math.nan, 1), (0, math.nan)]:
        with pytest.raises(ValueError, match="low, high"):
            bisection.code(low, high)
    with pytest.raises(ValueError, match=r"tokens\[0\]"):
        bisection.encode([0], [[2.0**-53, 1 - 2.0**-53]], field=6)


@pytest.mark.parametrize(
    ("tokens", "priors", "match"),
    [
        ([2], [[0.5, 0.5]], r"tokens\[0\]: 2 is outside the 2"),
        ([1, -1], [[0.5, 0.5]] * 2, r"tokens\[1\]: -1"),
        ([0], [[0.5, 0.4]], r"priors\[0\].*add up"),
        ([0], [[0.5, 0.6]], r"priors\[0\].*add up"),
        ([0], [[]], r"priors\[0\].*add up"),
        ([0], [[math.inf, 0.5]], r"priors\[0\].*add up"),
        ([0], [[1.5, -0.5]], r"priors\[0\].*negative"),
        ([0, 0], [[1.0], [0.5, math.nan]], r"priors\[1\].*NaN"),
        ([0], [[[0.5, 0.5]]], r"priors\[0\].*one dimension"),
        ([0], [], "one holds 0"),
        ([0], [[0.5, 0.5]] * 2, "one holds 1"),
    ],
)
def test_bad_arguments_name_themselves(tokens: list[int], priors: Any, match: str) -> None:
    for use in (bisection.encode, bisection.length):
        with pytest.raises(ValueError, match=match):
            use(tokens, priors, 5)


def test_other_bad_arguments() -> None:
    for field in (-1, 7):
        with pytest.raises(ValueError, match="field"):
            bisection.encode([0], [[0.5, 0.5]], field)
        with pytest.raises(ValueError, match="field"):
            bisection.decode([0] * 9, [[0.5, 0.5]], field)
    for bits in ([0, 2], [[0, 1]], [0.5]):
        with pytest.raises(ValueError, match="zeros and ones"):
            bisection.decode(bits, [])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"priors\[0\]"):
        bisection.decode([0, 0], [[0.5, 0.4]], 1)
    for p in (0.0, -0.5, 1.5, math.nan):
        for use in (bisection.most_queries, bisection.expected_queries):
            with pytest.raises(ValueError, match="p:"):
                use(p)
    with pytest.raises(ValueError, match="size"):
        bisection.field_bits(0)
    with pytest.raises(ValueError, match=r"tokens\[0\]"):
        bisection.ideal_length([2], [[0.5, 0.5]])


def test_an_impossible_token_has_no_ideal_length() -> None:
    assert bisection.ideal_length([0], [[0.0, 1.0]]) == math.inf


# -- damage


@given(messages())
def test_every_cut_and_flip_is_found_or_decodes_to_other_tokens(
    message: tuple[list[int], list[NDArray[np.float64]], int],
) -> None:
    tokens, priors, field = message
    bits = bisection.encode(tokens, priors, field)
    for size in range(len(bits)):
        with pytest.raises(TruncatedError):
            bisection.decode(bits[:size], priors, field)
    with pytest.raises(CorruptError, match="left"):
        bisection.decode([*bits, 0], priors, field)
    for at in range(len(bits)):
        flipped = bits.copy()
        flipped[at] ^= 1
        try:
            wrong = bisection.decode(flipped, priors, field)
        except Error as error:
            assert isinstance(error, (CorruptError, TruncatedError))  # noqa: PT017
        else:
            assert wrong != tokens
            assert np.array_equal(bisection.encode(wrong, priors, field), flipped)


@given(st.lists(st.integers(0, 1), max_size=200), st.integers(0, 6))
def test_random_bits(bits: list[int], field: int) -> None:
    priors = [[0.5, 2.0**-30, 0.25, 0.25 - 2.0**-30, 0.0]] * 3
    try:
        tokens = bisection.decode(bits, priors, field)
    except Error as error:
        assert isinstance(error, (CorruptError, TruncatedError))  # noqa: PT017
    else:
        assert bisection.encode(tokens, priors, field).tolist() == bits


def test_distinct_errors() -> None:
    prior = [0.25, 0.75]
    assert bisection.decode([0, 1, 0, 0, 0, 0, 0, 0], [prior] * 2, 3) == [0, 1]
    with pytest.raises(CorruptError, match="token 0: no token has this code of 1 bits"):
        bisection.decode([0, 0, 1, 1], [prior], 3)  # the first middle had found token 1
    with pytest.raises(CorruptError, match="token 0: a code of 53 bits"):
        bisection.decode([1, 1, 0, 1, 0, 1] + [0] * 53, [prior], 6)
    with pytest.raises(TruncatedError, match="token 1: 3 bits"):
        bisection.decode([0, 0, 0], [prior] * 2, 3)
