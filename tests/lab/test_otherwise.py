from __future__ import annotations

import numpy as np
import pytest
from foretell.lab import otherwise
from foretell.lab.learner import Learner, LearnerConfig
from foretell.models.native_ngram import NativeNgramModel
from foretell.models.ngram_parameters import Parameters

CONFIG = LearnerConfig("1,2,16", vocabulary=5, length=6)
BATCHES = [np.random.default_rng(step).integers(5, size=(4, 7)) for step in range(2)]


@pytest.mark.parametrize("kind", [otherwise.Alone, otherwise.Whole])
def test_is_the_same_function_on_paper(kind: type[Learner]) -> None:
    first, column = BATCHES[0][:, 0], BATCHES[0][:, 1]
    usual, other = Learner(CONFIG).stepper(first), kind(CONFIG).stepper(first)
    np.testing.assert_allclose(next(other), next(usual), atol=1e-5)
    np.testing.assert_allclose(other.send(column), usual.send(column), atol=1e-5)


def test_the_same_learner_decodes() -> None:
    trial = otherwise.coded(CONFIG, BATCHES)
    assert otherwise.first_wrong(trial, Learner) is None
    assert otherwise.differing(trial, Learner) == 0


def test_wrong_symbols_and_cut_streams_are_noticed() -> None:
    trial = otherwise.coded(CONFIG, BATCHES)
    trial.batches = [BATCHES[0], BATCHES[1].copy()]
    trial.batches[1][2, 3] = (trial.batches[1][2, 3] + 1) % 5
    assert otherwise.first_wrong(trial, Learner) == 4 * 6 + 2 * 4 + 2
    trial.batches, trial.stream = BATCHES, trial.stream[:4]
    assert otherwise.first_wrong(trial, Learner) is not None


def test_exact_models_decode_each_other() -> None:
    parameters = Parameters(lanes=4, row_bits=10, run_bits=10, width=4, hidden=8)
    columns = np.random.default_rng(1).integers(97, 100, size=(24, 4), dtype=np.uint8)
    stream = otherwise.exactly_coded(NativeNgramModel(parameters), columns)
    decoded, cdfs = otherwise.exactly_decoded(otherwise.by_row(parameters), stream, columns.shape)
    np.testing.assert_array_equal(decoded, columns)
    assert cdfs.shape == (24, 4, 257)
