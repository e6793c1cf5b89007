"""Models that a file can be compressed with, and how a header names them. Importing this imports no torch.

A model is known by a name, which stands for code that will never change what it predicts, and by integers, its
parameters. `register` adds one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from foretell.errors import UnsupportedError
from foretell.models import ngram_parameters
from foretell.models.base import Model

__all__ = ["PARAMETER_NAMES", "Model", "build", "for_level", "register"]

Builder = Callable[[Mapping[str, int], str], Model]

#: The order in which a header holds the parameters of each model.
PARAMETER_NAMES: dict[str, tuple[str, ...]] = {}
_BUILDERS: dict[str, Builder] = {}


def register(name: str, parameter_names: tuple[str, ...], builder: Builder) -> None:
    """Make a model known by its name.

    Parameters
    ----------
    name : str
        ASCII, at most 32 characters, with a version: ``"ngram/1"``.
    parameter_names : tuple of str
        Keys of ``Model.parameters()``, in order.
    builder : callable
        ``builder(parameters, device)`` returns the untrained model; UnsupportedError for values it cannot take.
    """
    PARAMETER_NAMES[name] = parameter_names
    _BUILDERS[name] = builder


def build(name: str, parameters: Mapping[str, int], *, device: str = "cpu") -> Model:
    """Build the untrained model that a header names.

    Raises
    ------
    UnsupportedError
        The name is unknown, a parameter is out of range, or the device cannot be used (another than the CPU needs
        torch).
    """
    if name not in _BUILDERS:
        raise UnsupportedError(
            f"model {name!r} is unknown to this version of foretell, which knows {', '.join(sorted(_BUILDERS))}; "
            "a newer version may read the file"
        )
    return _BUILDERS[name](parameters, device)


def for_level(level: int, size: int | None, *, device: str = "cpu") -> Model:
    """Build the untrained model of a compression level.

    Parameters
    ----------
    level : int
        1 (fastest) to 9 (smallest).
    size : int or None
        Bytes of the whole input if known: small inputs get small tables.
    device : str
        ``"cpu"``, or one of torch's: ``"cuda"``.
    """
    if not 1 <= level <= 9:
        raise ValueError(f"level must be 1..9, not {level}")
    return _ngram(ngram_parameters.for_level(level, size), device)


def _ngram(parameters: ngram_parameters.Parameters, device: str) -> Model:
    if device == "cpu":
        from foretell.models.native_ngram import NativeNgramModel

        return NativeNgramModel(parameters)
    try:
        import torch
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise UnsupportedError(
            f"device {device!r} needs torch, which is not installed: pip install 'foretell[torch]'"
        ) from error
    except (ImportError, OSError) as error:
        raise UnsupportedError(f"device {device!r} needs torch, which does not load: {error}") from error
    from foretell.models.ngram import NgramModel

    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:  # torch raises each of them
        raise UnsupportedError(f"device {device!r} cannot be used: {error}") from error
    return NgramModel(parameters, device)


register(
    ngram_parameters.NAME,
    ngram_parameters.PARAMETER_NAMES,
    lambda parameters, device: _ngram(ngram_parameters.from_header(parameters), device),
)
