"""Models that a file can be compressed with, and how a header names them. Importing this imports no torch.

A model is known by a name, which stands for code that will never change what it predicts, and by integers, its
parameters. `register` adds one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from foretell.errors import UnsupportedError
from foretell.models import mix_parameters, ngram_parameters
from foretell.models.base import AnyModel, BlockModel, Model, Pretrained, Progress
from foretell.models.device import check_device

__all__ = [
    "MAX_MEMORY",
    "PARAMETER_NAMES",
    "AnyModel",
    "BlockModel",
    "Model",
    "Pretrained",
    "Progress",
    "build",
    "check_memory",
    "for_level",
    "memory_of",
    "register",
]

Builder = Callable[[Mapping[str, int], str], AnyModel]

MAX_MEMORY = 2 << 30
"""Bytes that a model may take where no limit is given. Every level fits."""

#: The order in which a header holds the parameters of each model.
PARAMETER_NAMES: dict[str, tuple[str, ...]] = {}
_BUILDERS: dict[str, Builder] = {}
_MEMORY: dict[str, Callable[[Mapping[str, int]], int]] = {}


def register(
    name: str,
    parameter_names: tuple[str, ...],
    builder: Builder,
    memory: Callable[[Mapping[str, int]], int] | None = None,
) -> None:
    """Make a model known by its name.

    Parameters
    ----------
    name : str
        ASCII, at most 32 characters, with a version: ``"mix/1"``.
    parameter_names : tuple of str
        Keys of ``parameters()``, in order.
    builder : callable
        ``builder(parameters, device)`` returns the untrained model; UnsupportedError for values it cannot take.
    memory : callable, optional
        ``memory(parameters)`` returns the bytes that the model will take; UnsupportedError as `builder`. Without it no
        memory limit holds for the model.
    """
    PARAMETER_NAMES[name] = parameter_names
    _BUILDERS[name] = builder
    _MEMORY.pop(name, None)
    if memory is not None:
        _MEMORY[name] = memory


def memory_of(name: str, parameters: Mapping[str, int]) -> int | None:
    """Return the bytes that the model which a header names takes; None if that is not known.

    Raises
    ------
    UnsupportedError
        A parameter is out of range.
    """
    memory = _MEMORY.get(name)
    return None if memory is None else memory(parameters)


def build(name: str, parameters: Mapping[str, int], *, device: str = "cpu", memory: int | None = None) -> AnyModel:
    """Build the untrained model that a header names.

    Parameters
    ----------
    name, parameters
        As in the header.
    device : str
        ``"cpu"``, or one of torch's, ``"cuda"``. "mix/1" takes the CPU whatever it is.
    memory : int, optional
        The most bytes that the model may take, `MAX_MEMORY` if not given.

    Raises
    ------
    UnsupportedError
        The name is unknown, a parameter is out of range, the model takes more memory, or the device cannot be used
        (another than the CPU needs torch).
    """
    if name not in _BUILDERS:
        raise UnsupportedError(
            f"model {name!r} is unknown to this version of foretell, which knows {', '.join(sorted(_BUILDERS))}; "
            "a newer version may read the file"
        )
    needed = memory_of(name, parameters)
    if needed is not None:
        check_memory(name, needed, memory)
    return _BUILDERS[name](parameters, device)


def check_memory(name: str, needed: int, memory: int | None) -> None:
    """Raise UnsupportedError if a model needs more than `memory` bytes, `MAX_MEMORY` if that is None."""
    limit = MAX_MEMORY if memory is None else memory
    if needed > limit:
        raise UnsupportedError(
            f"model {name}: decoding needs {_mebibytes(needed)} MiB of memory, "
            f"the limit is {limit / 2**20:.10g} MiB; a higher limit (memory=, -M) reads the file"
        )


def _mebibytes(count: int) -> int:
    return -(-count >> 20)


def for_level(level: int, size: int | None, *, memory: int | None = None) -> AnyModel:
    """Build the untrained model of a compression level, which runs on the CPU.

    Parameters
    ----------
    level : int
        1 (fastest) to 9 (smallest).
    size : int or None
        Bytes of the whole input if known: small inputs get small tables.
    memory : int, optional
        The most bytes that the model may take, `MAX_MEMORY` if not given: tables are halved until they fit.

    Raises
    ------
    ValueError
        The level does not exist, or (`foretell.MemoryLimitError`) needs more than `memory` with the smallest tables.
    """
    if not 1 <= level <= 9:
        raise ValueError(f"level must be 1..9, not {level}")
    return _mix(mix_parameters.for_level(level, size, MAX_MEMORY if memory is None else memory))


def _mix(parameters: mix_parameters.Parameters) -> AnyModel:
    from foretell.models.mix import MixModel

    return MixModel(parameters)


def _ngram(parameters: ngram_parameters.Parameters, device: str) -> AnyModel:
    if device == "cpu":
        from foretell.models.native_ngram import NativeNgramModel

        return NativeNgramModel(parameters)
    check_device(device)
    from foretell.models.ngram import NgramModel

    return NgramModel(parameters, device)


register(
    ngram_parameters.NAME,
    ngram_parameters.PARAMETER_NAMES,
    lambda parameters, device: _ngram(ngram_parameters.from_header(parameters), device),
    lambda parameters: ngram_parameters.from_header(parameters).memory,
)
register(
    mix_parameters.NAME,
    mix_parameters.PARAMETER_NAMES,
    lambda parameters, device: _mix(mix_parameters.from_header(parameters)),
    lambda parameters: mix_parameters.from_header(parameters).memory,
)
