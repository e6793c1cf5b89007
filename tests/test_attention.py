"""foretell.exact.KeyValueCache: close to float64 attention; blind to batch, padding and the size of steps."""

from unittest import mock

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from foretell.exact import KeyValueCache, attention, native  # noqa: E402  (torch may be missing)

LANES, POSITIONS, HEADS, GROUP, WIDTH = 3, 50, 2, 3, 16


def random(heads: int, seed: int, positions: int = POSITIONS) -> "torch.Tensor":
    generator = np.random.default_rng(seed)
    return torch.from_numpy(generator.normal(size=(LANES, positions, heads, WIDTH)).astype(np.float32))


QUERIES, KEYS, VALUES = random(HEADS * GROUP, 0) * 2, random(HEADS, 1), random(HEADS, 2)


def reference(queries: "torch.Tensor", keys: "torch.Tensor", values: "torch.Tensor") -> "torch.Tensor":
    q, k, v = (x.double().transpose(1, 2) for x in (queries, keys, values))
    k, v = k.repeat_interleave(GROUP, 1), v.repeat_interleave(GROUP, 1)
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2)


def at_once(
    queries: "torch.Tensor",
    keys: "torch.Tensor",
    values: "torch.Tensor",
    room: int = POSITIONS,
    *,
    natively: bool = True,
) -> "torch.Tensor":
    cache = KeyValueCache(len(queries), room, HEADS, WIDTH)
    attend = cache.attend if natively else by_torch(cache)
    return attend(queries, keys, values)


def by_torch(cache: KeyValueCache):
    """Return what attends as on a GPU."""

    def attend(*x: "torch.Tensor") -> "torch.Tensor":
        with mock.patch.object(native, "takes", return_value=False):
            return cache.attend(*x)

    return attend


WHOLE = at_once(QUERIES, KEYS, VALUES)


def test_it_is_close_to_float64() -> None:
    expected = reference(QUERIES, KEYS, VALUES)
    assert float((WHOLE - expected).norm() / expected.norm()) < 5e-4


def test_a_key_of_weight_but_no_value_costs_the_others_no_bits() -> None:
    # Networks park attention on the first token, whose value is next to nothing.
    keys, values = KEYS.clone(), VALUES.clone()
    queries = QUERIES.abs()
    keys[:, 0], values[:, 0] = 2.0, values[:, 0] * 1e-4
    expected = reference(queries, keys, values)[:, 1:]
    result = at_once(queries, keys, values)[:, 1:]
    assert float(((result - expected).norm(dim=-1) / expected.norm(dim=-1)).max()) < 5e-3


@pytest.mark.parametrize("scale", [1.0, 30.0, 1e-3, 1e-20, 1e12, 0.0])
def test_torch_and_the_native_library_give_the_same_bits(scale: float) -> None:
    values = VALUES * torch.from_numpy(np.random.default_rng(9).choice([1e-9, 1.0, 1e7], (LANES, POSITIONS, 1, 1)))
    for x in (QUERIES * scale, KEYS * scale, values.float()), (QUERIES, KEYS, VALUES * scale):
        assert torch.equal(at_once(*x), at_once(*x, natively=False))


@pytest.mark.parametrize("natively", [True, False])
@pytest.mark.parametrize("step", [1, 7, 49])
def test_steps_of_any_size_give_the_same(step: int, natively: bool) -> None:
    cache = KeyValueCache(LANES, POSITIONS, HEADS, WIDTH)
    attend = cache.attend if natively else by_torch(cache)
    parts = []
    for first in range(0, POSITIONS, step):
        place = slice(first, first + step)
        parts.append(attend(QUERIES[:, place], KEYS[:, place], VALUES[:, place]))
    assert torch.equal(torch.cat(parts, 1), WHOLE)


@pytest.mark.parametrize("visible", [50, 33])
def test_one_position_at_a_time_from_a_tensor_gives_the_same(visible: int) -> None:
    cache = KeyValueCache(LANES, POSITIONS, HEADS, WIDTH)
    for memory in (cache._keys, cache._values):
        memory.fill_(-32768)
    for steps in (cache._key_steps, cache._value_steps):
        steps.fill_(float("nan"))  # whatever memory held
    for first in range(visible):
        place, now = torch.tensor([first]), slice(first, first + 1)
        result = cache.attend_at(QUERIES[:, now], KEYS[:, now], VALUES[:, now], place, visible)
        assert torch.equal(result, WHOLE[:, now])
    assert cache.length == 0
    elsewhere = cache.attend_at(QUERIES[:, now], KEYS[:, now], VALUES[:, now], place - 1, visible)
    assert not torch.equal(elsewhere, result)  # the control


def test_lanes_room_and_blocks_of_queries_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for lane in range(LANES):
        one = slice(lane, lane + 1)
        assert torch.equal(at_once(QUERIES[one], KEYS[one], VALUES[one], 500), WHOLE[one])
    for limit in ("_MOST_SCORES", "_MOST_QUERIES"):
        with monkeypatch.context() as patch:
            patch.setattr(attention, limit, 7)
            assert torch.equal(at_once(QUERIES, KEYS, VALUES, natively=False), WHOLE)


def test_what_comes_later_or_was_forgotten_changes_nothing() -> None:
    cache = KeyValueCache(LANES, POSITIONS, HEADS, WIDTH)
    cache.attend(QUERIES, KEYS, VALUES * 1e6)
    cache.length = 20
    cache.attend(QUERIES[:, :5], KEYS[:, :5] * 1000, VALUES[:, :5])
    cache.length = 0
    assert torch.equal(cache.attend(QUERIES, KEYS, VALUES), WHOLE)
    later = KEYS.clone()
    later[:, 30:] *= 100
    changed = at_once(QUERIES, later, VALUES)
    assert torch.equal(changed[:, :30], WHOLE[:, :30])
    assert not torch.equal(changed[:, 30:], WHOLE[:, 30:])  # the control


def test_sums_over_keys_have_no_order_and_those_of_floats_have() -> None:
    order = torch.from_numpy(np.random.default_rng(3).permutation(POSITIONS - 1))
    order = torch.cat((order, torch.tensor([POSITIONS - 1])))
    last = QUERIES[:, -1:]
    results = []
    for place in (torch.arange(POSITIONS), order):
        cache = KeyValueCache(LANES, POSITIONS, HEADS, WIDTH)
        cache.attend(QUERIES[:, :-1], KEYS[:, place[:-1]], VALUES[:, place[:-1]])
        results.append(cache.attend(last, KEYS[:, -1:], VALUES[:, -1:]))
    assert torch.equal(*results)
    floats = [VALUES[:, place].sum(1) for place in (torch.arange(POSITIONS), order)]
    assert not torch.equal(*floats)  # the control


def test_extreme_numbers_stay_finite() -> None:
    for scale in (0.0, 1e-45, 1e-30, 1e20):
        result = at_once(QUERIES * scale, KEYS * scale, VALUES * scale)
        assert bool(result.isfinite().all())


def test_numbers_that_no_network_makes_are_refused() -> None:
    values = VALUES.clone()
    values[1, 7, 0, 3] = float("nan")
    with pytest.raises(ValueError, match="a value of token 7 in lane 1 has a number that is not finite"):
        at_once(QUERIES, KEYS, values)


def test_weights_are_the_nearest_integers() -> None:
    table = attention._weights()
    exact = [round(2**22 * 2.0 ** (-d / 1024)) for d in range(0, len(table) - 1, 37)]
    assert table[:-1:37].tolist() == exact
    assert table[-1] == 0


def test_room_is_checked() -> None:
    with pytest.raises(ValueError, match=r"exact over 1\.\.65536"):
        KeyValueCache(1, 65537, 1, 4)
    cache = KeyValueCache(LANES, 3, HEADS, WIDTH)
    with pytest.raises(ValueError, match="cache of 3 positions cannot take 4"):
        cache.attend(QUERIES[:, :4], KEYS[:, :4], VALUES[:, :4])
