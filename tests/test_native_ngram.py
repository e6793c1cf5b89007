"""The network in C++ equals the reference in torch, bit for bit, with every set of instructions."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import foretell
import pinned_network
from foretell._core import NgramNetwork
from foretell.models.native_ngram import NativeNgramModel
from foretell.models.ngram import NgramModel
from foretell.models.ngram_parameters import Parameters
from hypothesis import given, settings
from hypothesis import strategies as st
from native_ngram_worker import CASES, digest, symbols_of
from sample import sample

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def reference() -> list[str]:
    return [digest(NgramModel(parameters), lanes, blocks) for parameters, lanes, blocks in CASES]


@pytest.mark.parametrize("isa", ["scalar", "avx2", "avx512", None])
def test_every_instruction_set_computes_the_reference(isa: str | None, reference: list[str]) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "FORETELL_ISA"}
    done = subprocess.run(
        [sys.executable, str(HERE / "native_ngram_worker.py")],
        env=environment | ({"FORETELL_ISA": isa} if isa else {}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["digests"] == reference, report["isa"]


@pytest.mark.parametrize("change", ["seed", "layer_rate", "row_rate", "run_rate", "decay"])
def test_control_every_parameter_counts(change: str, reference: list[str]) -> None:
    parameters, lanes, blocks = CASES[5]
    changed = replace(parameters, **{change: getattr(parameters, change) - 1})
    if change == "decay":  # one in a million changes no rounded step in so few
        changed = replace(parameters, decay=1 << 19)
    assert digest(NativeNgramModel(changed), lanes, blocks) != reference[5]


@settings(max_examples=25)
@given(st.data())
def test_any_network_is_the_same(data: st.DataObject) -> None:
    def draw(low: int, high: int) -> int:
        return data.draw(st.integers(low, high))

    parameters = Parameters(
        lanes=draw(1, 9),
        chunk=draw(1, 33),
        row_bits=draw(8, 12),
        run_bits=draw(8, 12),
        width=draw(1, 40),
        hidden=draw(1, 140),
        layer_rate=data.draw(st.sampled_from([0, 1, 180, 3000, 65536])),
        row_rate=data.draw(st.sampled_from([0, 1, 6554, 1 << 20])),
        run_rate=data.draw(st.sampled_from([0, 1, 3932, 1 << 20])),
        decay=data.draw(st.sampled_from([0, 1000, 1 << 20])),
        seed=draw(0, 2**32 - 4),
    )
    one, other = NgramModel(parameters), NativeNgramModel(parameters)
    assert one.parameters() == other.parameters()
    for block in range(draw(1, 3)):
        lanes = draw(1, parameters.lanes)
        symbols = symbols_of(lanes, draw(1, 120), block)
        one.begin(lanes)
        other.begin(lanes)
        t, left = 0, parameters.chunk
        while t < symbols.shape[1]:
            piece = symbols[:, t : t + draw(1, left)]
            if piece.shape[1] == 1:
                np.testing.assert_array_equal(one.predict(), other.predict())
                one.update(np.ascontiguousarray(piece[:, 0]))
                other.update(np.ascontiguousarray(piece[:, 0]))
            else:
                np.testing.assert_array_equal(one.score(piece), other.score(piece))
            t += piece.shape[1]
            left = left - piece.shape[1] or parameters.chunk


def test_whole_rows_are_those_of_the_steps() -> None:
    parameters = NativeNgramModel(CASES[3][0]).parameters()
    one, other = NgramNetwork(**parameters), NgramNetwork(**parameters)
    symbols = np.ascontiguousarray(symbols_of(2, 40, 0).T)
    one.begin(2)
    other.begin(2)
    for t in range(0, 40, 8):
        assert one.steps_left == 8
        rows = one.score_rows(symbols[t : t + 8])
        assert rows.shape == (8, 2, 257)
        for row, column in zip(rows, symbols[t : t + 8], strict=True):
            np.testing.assert_array_equal(row, other.predict())
            other.update(column)
    one.score_rows(symbols[:3])
    one.learn()
    assert one.steps_left == 8


def test_files_are_the_same() -> None:
    data = sample(30_000)
    parameters = Parameters(16, 8, 14, 14, hidden=64)
    archive = foretell.compress(data, model=NativeNgramModel(parameters))
    assert archive == foretell.compress(data, model=NgramModel(parameters))
    assert foretell.decompress(archive) == data


def test_pinned_digests_are_those_of_the_reference() -> None:
    """What the C++ tests hold the network to where there is no torch."""
    pinned = re.findall(r"0x[0-9a-f]{16}", (HERE / "cpp" / "ngram_network_test.cpp").read_text().split("kRuns[]")[1])
    assert pinned == [f"0x{pinned_network.digest(*run):016x}" for run in pinned_network.RUNS]
