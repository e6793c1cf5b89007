"""One process of test_native_ngram.py: the network in C++ under this process's FORETELL_ISA.

Prints, as JSON, the instructions that it used and a digest of each case's CDFs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

import numpy as np
from foretell import _core, models
from foretell.models.native_ngram import NativeNgramModel
from foretell.models.ngram_parameters import Parameters
from numpy.typing import NDArray
from sample import sample

SMALL = {"row_bits": 10, "run_bits": 10}

#: Parameters, lanes, steps of each block.
CASES = [
    (Parameters(1, 32, 12, 12), 1, (4000, 1000)),
    (Parameters(1, 16, 16, 16, width=16, hidden=64), 1, (3000,)),
    (Parameters(2, 1, **SMALL, width=8, hidden=32), 2, (300,)),
    (Parameters(8, 8, **SMALL, width=8, hidden=8), 8, (150, 33, 150)),
    (Parameters(32, 4, **SMALL, width=32, hidden=256), 32, (33,)),
    (Parameters(4, 5, **SMALL, width=3, hidden=17, decay=1 << 20, seed=2**32 - 4), 3, (301, 100)),
    (Parameters(40, 33, **SMALL, width=4, hidden=33), 40, (70,)),  # more rows a chunk than one part of a product
    (Parameters(1, 7, **SMALL, width=256, hidden=1100), 1, (60,)),  # inputs, units: several parts
    (Parameters(8, 4, **SMALL, width=9, hidden=40, layer_rate=1 << 16, row_rate=1 << 20, run_rate=1 << 20), 8, (300,)),
    (Parameters(2, 8, **SMALL, width=8, hidden=32, layer_rate=0, row_rate=0, run_rate=0), 2, (100,)),
]


def symbols_of(lanes: int, steps: int, seed: int) -> NDArray[np.uint8]:
    """Return text, a long run and noise, uint8 [lanes, steps]: a run makes surprises of the worst kind."""
    size = lanes * steps
    made = sample(size // 2) + b"\0" * (size // 4) + np.random.default_rng(seed).bytes(size)
    return np.frombuffer(made[:size], np.uint8).reshape(steps, lanes).T


def digest(model: models.Model, lanes: int, blocks: Iterable[int]) -> str:
    """Return a digest of all that the model predicts: by steps in every second block, at once in the others."""
    hashed = hashlib.sha256()
    for number, steps in enumerate(blocks):
        symbols = symbols_of(lanes, steps, number)
        model.begin(lanes)
        start, freq = np.empty((2, lanes, steps), np.uint32)
        if number % 2 == 0:
            for t in range(0, steps, model.chunk):
                piece = slice(t, t + model.chunk)
                start[:, piece], freq[:, piece] = model.score(symbols[:, piece])
        else:
            for t in range(steps):
                column = np.ascontiguousarray(symbols[:, t])
                cdf = model.predict()
                hashed.update(cdf.tobytes())
                start[:, t] = cdf[np.arange(lanes), column]
                freq[:, t] = cdf[np.arange(lanes), column.astype(int) + 1] - start[:, t]
                model.update(column)
        hashed.update(start.tobytes() + freq.tobytes())
    return hashed.hexdigest()


if __name__ == "__main__":
    digests = [digest(NativeNgramModel(parameters), lanes, blocks) for parameters, lanes, blocks in CASES]
    print(json.dumps({"isa": _core.isa(), "digests": digests}))
