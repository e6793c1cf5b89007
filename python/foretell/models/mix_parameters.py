"""What a header says of a model "mix/1", and which one a level asks for. No torch here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace

from foretell.errors import MemoryLimitError
from foretell.models import ngram_parameters
from foretell.models.ngram_parameters import check_values, check_work

NAME = "mix/1"

#: The most operations for each byte, four times those of the highest level: few hostile bytes shall buy little time.
MAX_WORK = 1 << 24

_NETWORK_LIMITS = {name: ngram_parameters.LIMITS[name] for name in ("chunk", "row_bits", "run_bits", "width", "hidden")}
_CONTEXT_LIMITS = {"contexts": (0, 1), "cell_bits": (12, 30), "history_bits": (12, 30)}

#: What a header may say of each parameter; of the network's only if it has one.
LIMITS = _CONTEXT_LIMITS | _NETWORK_LIMITS

_PREDICTORS = 25 << 20  # maps and mixers of all sets of contexts


@dataclass(frozen=True)
class Parameters:
    """All that is needed to rebuild the model.

    Attributes
    ----------
    contexts : int
        0: few, for speed; 1: all.
    cell_bits : int
        Log2 of the cells of contexts, 4 bytes each.
    history_bits : int
        Log2 of the plain bytes that matches reach back.
    chunk, row_bits, run_bits, width, hidden : int
        Of the network, as of `ngram_parameters.Parameters`; all 0: there is none.
    """

    contexts: int = 1
    cell_bits: int = 24
    history_bits: int = 24
    chunk: int = 0
    row_bits: int = 0
    run_bits: int = 0
    width: int = 0
    hidden: int = 0

    @property
    def network(self) -> ngram_parameters.Parameters | None:
        """The network beside the contexts: one lane, and the rates, the decay and the seed that "mix/1" stands for."""
        if not self.hidden:
            return None
        return ngram_parameters.Parameters(
            lanes=1,
            chunk=self.chunk,
            row_bits=self.row_bits,
            run_bits=self.run_bits,
            width=self.width,
            hidden=self.hidden,
            layer_rate=100,
            row_rate=4000,
            run_rate=3932,
            decay=2000,
            seed=0,
        )

    @property
    def memory(self) -> int:
        """Bytes that the model may take (tables only where touched). After ``cpp/src/experts/byte_predictor.hpp``."""
        runs = min(self.cell_bits - 2, 24)
        matches = (1 << min(self.history_bits, 22)) + (1 << min(self.history_bits, 20))
        tables = 4 * ((1 << self.cell_bits) + (1 << runs) + matches) + (1 << self.history_bits)
        network = self.network
        return tables + _PREDICTORS + (0 if network is None else network.memory)

    @property
    def work(self) -> int:
        """Operations on weights for each byte: of the network, which are most where there is one."""
        return 0 if self.network is None else self.network.work


PARAMETER_NAMES = tuple(field.name for field in fields(Parameters))


def from_header(values: Mapping[str, int]) -> Parameters:
    """Return the parameters that a header states; UnsupportedError if a value is beyond what this version decodes."""
    has_network = any(values[name] for name in _NETWORK_LIMITS)
    check_values(NAME, values, LIMITS if has_network else _CONTEXT_LIMITS)
    parameters = Parameters(**{name: values[name] for name in PARAMETER_NAMES})
    check_work(NAME, parameters.work, MAX_WORK)
    return parameters


def for_level(level: int, size: int | None, memory: int) -> Parameters:
    """Return the parameters of a level, 1..9, for an input of `size` bytes (None: unknown, and taken for a large one).

    Tables follow the size, so that small inputs do not pay for large ones, and are halved, the largest first, until
    all fit into `memory` bytes.

    Raises
    ------
    MemoryLimitError
        If the smallest tables do not fit; a ValueError too.
    """
    parameters = _for_size(_LEVELS[level - 1], size)
    while parameters.memory > memory:
        bits = asdict(parameters)
        halved = [replace(parameters, **{name: bits[name] - 1}) for name, least in _LEAST.items() if bits[name] > least]
        if not halved:
            raise MemoryLimitError(
                f"a memory limit of {memory} bytes is too low: level {level} needs at least {parameters.memory} bytes "
                f"({-(-parameters.memory >> 20)} MiB); a lower level needs less"
            )
        parameters = min(halved, key=lambda smaller: smaller.memory)
    return parameters


def _for_size(most: Parameters, size: int | None) -> Parameters:
    """Return `most` with tables no larger than `size` bytes can use."""
    if size is None:
        return most
    bits = size.bit_length()
    rows = max(bits, 10)  # the network's: one for each byte and context
    return replace(
        most,
        cell_bits=min(most.cell_bits, max(16, bits + 5)),
        history_bits=min(_MOST_HISTORY_BITS, max(12, bits)),
        row_bits=min(most.row_bits, rows),
        run_bits=min(most.run_bits, rows),
    )


_MOST_HISTORY_BITS = 26

#: How far a memory limit halves tables.
_LEAST = {"cell_bits": 16, "history_bits": 12, "row_bits": 10, "run_bits": 10}

_LEVELS = (
    Parameters(contexts=0, cell_bits=22),
    Parameters(contexts=0, cell_bits=24),
    Parameters(cell_bits=24),
    Parameters(cell_bits=24, chunk=32, row_bits=20, run_bits=20, width=16, hidden=32),
    Parameters(cell_bits=26, chunk=32, row_bits=20, run_bits=20, width=32, hidden=128),
    Parameters(cell_bits=27, chunk=32, row_bits=21, run_bits=21, width=32, hidden=256),
    Parameters(cell_bits=27, chunk=32, row_bits=21, run_bits=21, width=48, hidden=256),
    Parameters(cell_bits=28, chunk=32, row_bits=20, run_bits=21, width=48, hidden=512),
    Parameters(cell_bits=28, chunk=32, row_bits=20, run_bits=21, width=48, hidden=1024),  # all that 2 GiB hold
)
"""What levels 1 to 9 ask for where the size is unknown; `history_bits` goes further for large inputs."""
