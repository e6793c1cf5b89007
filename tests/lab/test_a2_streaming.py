from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from foretell import cdf
from foretell.coders import RangeEncoder
from foretell.lab.experiments.a1_bisection import NAMES, TOTALS
from foretell.lab.experiments.a2_streaming import EXPERIMENT, PRECISION, decoded, ended_on_a_bit, quantised
from lab_frame import changed, outcome, toy_run

IDEAL = (404.80, 367.09, 312.11, 246.97, 180.73, 114.79, 52.84, 12.17, 1.475)
GOOD = {
    "plain": 400.0,
    "rows": {
        name: {"bisection": total, "ideal": ideal, "quantisation": 0.0, "bits": int(ideal + 1.5), "restored": True}
        | {"bytes": int(ideal / 8) + 1}
        for name, total, ideal in zip(NAMES, TOTALS, IDEAL, strict=True)
    },
}


def test_toy_run(tmp_path: Path) -> None:
    assert toy_run(EXPERIMENT, tmp_path)["verdict"] == "pass"


def test_verdict() -> None:
    assert outcome(EXPERIMENT, GOOD) == "pass"


@pytest.mark.parametrize(
    "change",
    [
        lambda figures: figures["rows"]["10^3"].update(bits=183),
        lambda figures: figures["rows"]["10^3"].update(bits=180),
        lambda figures: figures["rows"]["10^3"].update(quantisation=0.2),
        lambda figures: figures["rows"]["10^3"].update(bisection=182),
        lambda figures: figures["rows"]["10^7"].update(bits=5, ideal=3.5),
        lambda figures: figures["rows"]["random"].update(restored=False),
    ],
)
def test_verdict_fails(change) -> None:
    assert outcome(EXPERIMENT, changed(GOOD, change)) == "fail"


def test_cdfs_are_nearest_and_leave_nobody_out() -> None:
    prior = np.array([[0.0, 0.5, 0.0, 0.0, 0.5, 0.0, 0.0], [1.0, 0, 0, 0, 0, 0, 0]])
    cdfs = quantised(prior)
    cdf.check(cdfs, PRECISION)
    half = 2 ** (PRECISION - 1)
    np.testing.assert_array_equal(np.diff(cdfs.astype(np.int64))[0], [1, half - 1, 1, 1, half - 4, 1, 1])


def test_no_shorter_string_of_bits_decodes() -> None:
    draw = np.random.default_rng(1)
    for _ in range(20):
        cdfs = quantised(draw.dirichlet([0.5] * 6, size=4))
        tokens = draw.integers(6, size=4)
        encoder = RangeEncoder(PRECISION)
        encoder.encode_symbols(tokens, cdfs)
        found = ended_on_a_bit(encoder.finish(), tokens.tolist(), cdfs, 0)
        assert (
            decoded(found, cdfs, "0") == decoded(found, cdfs, "1") == decoded(found + "0110", cdfs) == tokens.tolist()
        )
        if 1 < len(found) < 10:
            every = (f"{value:0{len(found) - 1}b}" for value in range(1 << (len(found) - 1)))
            assert not any(decoded(s, cdfs, "0") == decoded(s, cdfs, "1") == tokens.tolist() for s in every)
