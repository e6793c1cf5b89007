"""What a header says of an n-gram network, and which one a level asks for. No torch here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from foretell.errors import UnsupportedError

NAME = "ngram/1"

#: The most memory, in bytes, that a header may ask a decoder for.
MAX_MEMORY = 2 << 30

_LIMITS = {
    "lanes": (1, 4096),
    "chunk": (1, 1024),
    "row_bits": (8, 24),
    "run_bits": (8, 24),
    "width": (1, 256),
    "hidden": (1, 4096),
    "layer_rate": (0, 1 << 16),
    "row_rate": (0, 1 << 20),
    "run_rate": (0, 1 << 20),
    "decay": (0, 1 << 20),
    "seed": (0, (1 << 32) - 4),
}


@dataclass(frozen=True)
class Parameters:
    """All that is needed to rebuild the model. Rates are in units of 2^-16.

    Attributes
    ----------
    lanes : int
        The most lanes.
    chunk : int
        Steps between updates.
    row_bits, run_bits : int
        Log2 of the rows of a hashed context, and of the cells of a run context.
    width : int
        Numbers in a row.
    hidden : int
        Units of the hidden layer.
    layer_rate, row_rate, run_rate : int
        Step sizes of the layers (Adam), of the rows and of the run weights (Adagrad).
    decay : int
        The layers' step size falls as ``1/sqrt(1 + decay * bytes * 2^-30)``.
    seed : int
        Of the initial weights and of dithering.
    """

    lanes: int = 64
    chunk: int = 16
    row_bits: int = 20
    run_bits: int = 20
    width: int = 32
    hidden: int = 256
    layer_rate: int = 131
    row_rate: int = 6554
    run_rate: int = 1966
    decay: int = 0
    seed: int = 0

    @property
    def memory(self) -> int:
        """Bytes of the tables, which are nearly all of the model (paid for only where touched)."""
        return 8 * (2 * self.width + 4 << self.row_bits) + 8 * (4 << self.run_bits)


PARAMETER_NAMES = tuple(field.name for field in fields(Parameters))


def from_header(values: Mapping[str, int]) -> Parameters:
    """Return the parameters that a header states; UnsupportedError if a value is beyond what this version decodes."""
    for name, (low, high) in _LIMITS.items():
        if not low <= values[name] <= high:
            raise UnsupportedError(
                f"model {NAME}: {name} = {values[name]} in the header is outside {low}..{high}, "
                "which this version decodes"
            )
    parameters = Parameters(**{name: values[name] for name in PARAMETER_NAMES})
    if parameters.lanes * parameters.chunk > 1 << 16:
        raise UnsupportedError(
            f"model {NAME}: a chunk of {parameters.lanes} lanes x {parameters.chunk} steps is above 65536"
        )
    if parameters.memory > MAX_MEMORY:
        raise UnsupportedError(
            f"model {NAME}: the header asks for {parameters.memory >> 20} MiB of tables, "
            f"the limit is {MAX_MEMORY >> 20}"
        )
    return parameters


def for_level(level: int, size: int | None) -> Parameters:
    """Return the parameters of a level, 1..9, with tables that follow the input's size in bytes (None: unknown)."""
    hidden, lanes, chunk, most_bits = {0: (64, 256, 4, 18), 1: (128, 128, 8, 20), 2: (256, 64, 8, 21)}[(level - 1) // 3]
    bits = most_bits if size is None else min(max(size.bit_length(), 10), most_bits)
    return Parameters(lanes=lanes, chunk=chunk, row_bits=bits, run_bits=bits, hidden=hidden)
