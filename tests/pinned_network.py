"""The digests that tests/cpp/ngram_network_test.cpp holds the C++ network to, from the reference in torch.

Run as a script, it prints them.
"""

from __future__ import annotations

import numpy as np
from foretell.models.ngram import NgramModel
from foretell.models.ngram_parameters import Parameters
from numpy.typing import NDArray

WORDS = [b"the ", b"quick ", b"fox, ", b"and ", b"Then ", b"jumps.\n", b"\x80\xfe\xff", b"a" * 24]

#: Parameters, lanes and steps, in the order of the C++ test.
RUNS = [
    (Parameters(lanes=8, chunk=4, row_bits=10, run_bits=10, width=8, hidden=32), 8, 200),
    (Parameters(lanes=1, chunk=32, row_bits=12, run_bits=12), 1, 700),
    (Parameters(lanes=2, chunk=3, row_bits=8, run_bits=8, width=5, hidden=13, decay=1 << 20, seed=7), 2, 300),
    (
        Parameters(3, 5, 8, 8, width=140, hidden=1100, layer_rate=65536, row_rate=1 << 20, run_rate=1 << 20),
        3,
        15,
    ),
]


def text(lanes: int, steps: int) -> NDArray[np.uint8]:
    """Return the words that a linear congruential generator draws, [lanes, steps]."""
    state, made = 1, b""
    while len(made) < lanes * steps:
        state = (state * 1664525 + 1013904223) % 2**32
        made += WORDS[state >> 29]
    return np.frombuffer(made[: lanes * steps], np.uint8).reshape(lanes, steps)


def digest(parameters: Parameters, lanes: int, steps: int) -> int:
    """Return FNV-1a of all CDFs, step by step, in two blocks."""
    model = NgramModel(parameters)
    value = 0xCBF29CE484222325
    for t, column in enumerate(np.ascontiguousarray(text(lanes, steps).T)):
        if t in (0, steps // 2 + 1):
            model.begin(lanes)
        for number in model.predict().reshape(-1).tolist():
            value = (value ^ number) * 0x100000001B3 % 2**64
        model.update(column)
    return value


if __name__ == "__main__":
    for run in RUNS:
        print(f"0x{digest(*run):016x}")
