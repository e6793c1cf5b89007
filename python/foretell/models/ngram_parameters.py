"""What a header says of an n-gram network. No torch here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from foretell.errors import UnsupportedError

NAME = "ngram/1"

#: The most numbers that one chunk may hold in a layer, and so the most noise that dithering keeps.
MAX_CHUNK_NUMBERS = 1 << 23

#: The most operations for each byte, so that a few hostile bytes buy little time.
MAX_WORK = 1 << 22

VOCABULARY = 256
SLOTS = CANDIDATES = 8
"""Hashed contexts and run contexts; as of `foretell._core.ByteContexts`, which loads NumPy."""

#: What a header may say of each parameter.
LIMITS = {
    "lanes": (1, 4096),
    "chunk": (1, 1024),
    "row_bits": (8, 24),
    "run_bits": (8, 24),
    "width": (1, 256),
    "hidden": (1, 2048),
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

    lanes: int = 128
    chunk: int = 8
    row_bits: int = 20
    run_bits: int = 22
    width: int = 32
    hidden: int = 128
    layer_rate: int = 180
    row_rate: int = 6554
    run_rate: int = 3932
    decay: int = 1000
    seed: int = 0

    @property
    def chunk_numbers(self) -> int:
        """The most numbers that one chunk holds in a layer."""
        return self.lanes * self.chunk * max(VOCABULARY, self.hidden)

    @property
    def memory(self) -> int:
        """Bytes that the model may take: tables (paid for only where touched), noise, layers, one chunk's values."""
        rows = 256 + (1 << min(16, self.row_bits)) + (SLOTS - 2 << self.row_bits)
        tables = rows * (2 * self.width + 4) + (4 * CANDIDATES << self.run_bits)
        layers = 24 * self.weights  # masters, frozen ones, squares, gradients, a root in float64
        inputs = 40 * self.lanes * self.chunk * SLOTS * self.width  # and their gradients, in float64 too
        return tables + layers + inputs + 24 * self.chunk_numbers  # noise, logits, CDFs and gradients

    @property
    def weights(self) -> int:
        """Numbers in the two layers."""
        return self.hidden * (SLOTS * self.width + VOCABULARY)

    @property
    def work(self) -> int:
        """Operations on weights for each byte: a forward and two backward products, and the share of an update."""
        return 3 * self.weights + 16 * self.weights // (self.lanes * self.chunk)


def check_values(model: str, values: Mapping[str, int], limits: Mapping[str, tuple[int, int]]) -> None:
    """Raise UnsupportedError if one of a header's values is outside its limits, low..high."""
    for name, (low, high) in limits.items():
        if not low <= values[name] <= high:
            raise UnsupportedError(
                f"model {model}: {name} = {values[name]} in the header is outside {low}..{high}, "
                "which this version decodes"
            )


def check_work(model: str, work: int, most: int) -> None:
    """Raise UnsupportedError if a header asks for more than `most` operations for each byte."""
    if work > most:
        raise UnsupportedError(
            f"model {model}: the header asks for {work} operations for each byte, the limit is {most}"
        )


PARAMETER_NAMES = tuple(field.name for field in fields(Parameters))


def from_header(values: Mapping[str, int]) -> Parameters:
    """Return the parameters that a header states; UnsupportedError if a value is beyond what this version decodes."""
    check_values(NAME, values, LIMITS)
    parameters = Parameters(**{name: values[name] for name in PARAMETER_NAMES})
    if parameters.chunk_numbers > MAX_CHUNK_NUMBERS:
        raise UnsupportedError(
            f"model {NAME}: a chunk of {parameters.lanes} lanes x {parameters.chunk} steps and {parameters.hidden} "
            f"hidden units holds {parameters.chunk_numbers} numbers, the limit is {MAX_CHUNK_NUMBERS}"
        )
    check_work(NAME, parameters.work, MAX_WORK)
    return parameters
