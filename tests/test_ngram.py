"""The n-gram network, in C++ and in torch: scoring equals stepping, a header rebuilds it, and it learns."""

import importlib.abc
import sys
from collections.abc import Callable
from dataclasses import asdict, replace

import numpy as np
import pytest
from foretell import models
from foretell._core import ByteContexts
from foretell.errors import UnsupportedError
from foretell.models import ngram_parameters
from foretell.models.native_ngram import NativeNgramModel
from foretell.models.ngram_parameters import PARAMETER_NAMES, Parameters
from numpy.typing import NDArray

Make = Callable[[Parameters], models.Model]

SMALL = Parameters(lanes=8, chunk=4, row_bits=10, run_bits=10, width=8, hidden=32)


@pytest.fixture(params=["C++", "torch"])
def make(request: pytest.FixtureRequest) -> Make:
    """One of the two that compute the model."""
    if request.param == "C++":
        return NativeNgramModel
    pytest.importorskip("torch")
    from foretell.models.ngram import NgramModel

    return NgramModel


def text(lanes: int, steps: int, seed: int = 0) -> NDArray[np.uint8]:
    words = np.array([b"the ", b"quick ", b"fox, ", b"and ", b"Then ", b"jumps.\n", b"\x00\xff\x80"], dtype=object)
    picked = np.random.default_rng(seed).choice(words, lanes * steps)
    return np.frombuffer(b"".join(picked)[: lanes * steps], np.uint8).reshape(lanes, steps).copy()


def stepped(model: models.Model, symbols: NDArray[np.uint8]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    start, freq = np.empty_like(symbols, np.uint32), np.empty_like(symbols, np.uint32)
    for t, column in enumerate(np.ascontiguousarray(symbols.T)):
        cdf = model.predict()
        lanes = np.arange(len(column))
        start[:, t] = cdf[lanes, column]
        freq[:, t] = cdf[lanes, column.astype(int) + 1] - start[:, t]
        model.update(column)
    return start, freq


def scored(model: models.Model, symbols: NDArray[np.uint8], pieces: tuple[int, ...]) -> list[NDArray[np.uint32]]:
    parts, t, turn = [], 0, 0
    while t < symbols.shape[1]:
        t_next = min(t + pieces[turn % len(pieces)], symbols.shape[1])
        parts.append(model.score(symbols[:, t:t_next]))
        t, turn = t_next, turn + 1
    return [np.concatenate(column, axis=1) for column in zip(*parts, strict=True)]


@pytest.mark.parametrize("lanes", [1, 3, 8])
@pytest.mark.parametrize("pieces", [(4,), (1,), (1, 3), (2, 1, 1)])
def test_scoring_equals_stepping(make: Make, lanes: int, pieces: tuple[int, ...]) -> None:
    symbols = text(lanes, 30)
    one, other = make(SMALL), make(SMALL)
    for block in (symbols, symbols[:, :13]):  # 13 steps leave part of a chunk to be learned when a block begins
        one.begin(lanes)
        other.begin(lanes)
        start, freq = stepped(one, block)
        np.testing.assert_array_equal(scored(other, block, pieces), [start, freq])
        assert freq.min() >= 1


def test_control_another_seed_predicts_otherwise(make: Make) -> None:
    symbols = text(2, 12)
    results = []
    for seed in (0, 9):
        model = make(replace(SMALL, seed=seed))
        model.begin(2)
        results.append(stepped(model, symbols)[1])
    assert (results[0] != results[1]).any()


def test_lanes_learn_from_each_other(make: Make) -> None:
    one, other = make(SMALL), make(SMALL)
    symbols = text(2, 40)
    changed = symbols.copy()
    changed[1, :20] = 65
    one.begin(2)
    other.begin(2)
    first, second = scored(one, symbols, (4,))[1], scored(other, changed, (4,))[1]
    np.testing.assert_array_equal(first[0, :1], second[0, :1])
    assert (first[0, 8:] != second[0, 8:]).any()


def test_a_header_rebuilds_the_model(make: Make) -> None:
    model = make(replace(SMALL, decay=7, seed=5))
    again = models.build(model.name, model.parameters())
    assert tuple(model.parameters()) == PARAMETER_NAMES == models.PARAMETER_NAMES["ngram/1"]
    assert again.parameters() == model.parameters()
    symbols = text(4, 16)
    model.begin(4)
    again.begin(4)
    np.testing.assert_array_equal(stepped(model, symbols), stepped(again, symbols))


def test_it_learns(make: Make) -> None:
    model = make(replace(SMALL, hidden=64, width=16))
    symbols = text(8, 600)
    model.begin(8)
    bits = -np.log2(scored(model, symbols, (4,))[1] / 2.0**24)
    assert bits[:, :4].mean() > 7.0
    assert bits[:, 400:].mean() < 1.5


def test_bad_calls_are_refused(make: Make) -> None:
    model = make(SMALL)
    with pytest.raises(ValueError, match=r"lanes must be 1\.\.8"):
        model.begin(9)
    model.begin(2)
    with pytest.raises(ValueError, match="5 steps do not fit the 4 left"):
        model.score(text(2, 5))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lanes": 0}, "lanes = 0"),
        ({"row_bits": 60}, "row_bits = 60"),
        ({"hidden": 1 << 40}, "hidden"),
        ({"lanes": 4096, "chunk": 1024}, "the limit is 8388608"),
        ({"row_bits": 24, "width": 256}, "MiB of memory, the limit is 2048 MiB"),
        ({"lanes": 1, "chunk": 1, "hidden": 2048}, "operations for each byte"),
    ],
)
def test_absurd_headers_are_refused_before_anything_is_built(change: dict[str, int], message: str) -> None:
    with pytest.raises(UnsupportedError, match=message):
        models.build("ngram/1", {**asdict(SMALL), **change})


def test_symbols_come_after_their_prediction() -> None:
    model = NativeNgramModel(SMALL)
    with pytest.raises(ValueError, match="call begin first"):
        model.predict()
    model.begin(2)
    with pytest.raises(ValueError, match="call predict first"):
        model.update(np.zeros(2, np.uint8))
    model.predict()
    with pytest.raises(ValueError, match="each of the 2 lanes, got 3"):
        model.update(np.zeros(3, np.uint8))
    with pytest.raises(TypeError, match="symbols: expected dtype uint8"):
        model.update(np.zeros(2, np.int64))
    with pytest.raises(ValueError, match="symbols"):
        model.score(text(3, 2))
    with pytest.raises(TypeError, match="symbols"):
        model.score(text(2, 2).tolist())  # type: ignore[arg-type]


def test_predictions_are_the_callers() -> None:
    """What a call returned does not change with the next."""
    model = NativeNgramModel(SMALL)
    model.begin(1)
    cdf = model.predict()
    kept = cdf.copy()
    for _ in range(9):  # past the first time that it learns
        model.update(np.array([65], np.uint8))
        later = model.predict()
    assert (later != kept).any()
    np.testing.assert_array_equal(cdf, kept)


def test_bad_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match=r"hidden must be in 1\.\.2048, not 4000"):
        NativeNgramModel(replace(SMALL, hidden=4000))
    with pytest.raises(ValueError, match="the limit is 8388608"):
        NativeNgramModel(replace(SMALL, lanes=4096, chunk=1024))


def test_too_little_memory_is_a_memory_error(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    from foretell.models.ngram import NgramModel

    model = NgramModel(SMALL)

    def fail(*_: object, **__: object) -> None:
        torch.empty(1 << 60)

    monkeypatch.setattr(model._memory, "read", fail)
    model.begin(1)
    with pytest.raises(MemoryError):
        model.predict()


def test_a_torch_that_does_not_load_is_unsupported(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(importlib.abc.MetaPathFinder):
        def find_spec(self, name: str, *_: object) -> None:
            if name == "torch":
                raise ImportError("libtorch.so: cannot open")

    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    with pytest.raises(UnsupportedError, match="'cuda' needs torch, which does not load: libtorch"):
        models.build("ngram/1", asdict(SMALL), device="cuda")
    assert models.for_level(5, 10).name == "mix/1"


def test_a_missing_torch_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(UnsupportedError, match=r"'cuda' needs torch, .* pip install 'foretell\[torch\]'"):
        models.build("ngram/1", asdict(SMALL), device="cuda")


def test_a_device_that_is_not_there_is_unsupported() -> None:
    pytest.importorskip("torch")
    with pytest.raises(UnsupportedError, match="'nothing' cannot be used"):
        models.build("ngram/1", asdict(SMALL), device="nothing")


def test_contexts_are_counted_right() -> None:
    assert (ngram_parameters.SLOTS, ngram_parameters.CANDIDATES) == (ByteContexts.SLOTS, ByteContexts.CANDIDATES)


def test_unknown_models_are_named() -> None:
    with pytest.raises(UnsupportedError, match="'other/3' is unknown"):
        models.build("other/3", {})
