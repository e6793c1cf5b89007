"""A model's description in a frame's header: written from the model, and the model rebuilt from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from foretell import models
from foretell.container import Header
from foretell.errors import CorruptError, ModelMismatchError, UnsupportedError

if TYPE_CHECKING:
    from foretell.models.base import AnyModel

NUMERICS = ("exact/1",)
"""The numerics classes that this format version can carry. `native` needs a fingerprint, which it cannot."""


def describe(model: AnyModel, block_size: int, size: int | None) -> Header:
    """Return the header of a frame whose blocks `model` codes.

    Raises
    ------
    UnsupportedError
        If the model's numerics class cannot be carried.
    ValueError
        If the model is not registered, so that no decoder could rebuild it, or its parameters are not the registered
        ones.
    """
    if model.numerics not in NUMERICS:
        raise UnsupportedError(
            f"model {model.name!r} has numerics {model.numerics!r}: a file carries {' or '.join(NUMERICS)} only, "
            "because nothing else decodes everywhere"
        )
    names = models.PARAMETER_NAMES.get(model.name)
    if names is None:
        raise ValueError(f"model {model.name!r} is not registered: foretell.models.register lets decoders rebuild it")
    parameters = model.parameters()
    if set(parameters) != set(names):
        raise ValueError(f"model {model.name!r} has parameters {sorted(parameters)}, registered are {sorted(names)}")
    return Header(model.numerics, model.name, block_size, size, tuple(parameters[name] for name in names))


def rebuild(header: Header, device: str, memory: int | None = None) -> AnyModel:
    """Return the untrained model that `header` describes; `device` and `memory` as for `foretell.models.build`.

    Raises
    ------
    UnsupportedError
        If the model or its numerics class is unknown here, needs a package that is missing, or takes too much memory.
    CorruptError
        If the number of parameters is not the model's.
    ModelMismatchError
        If what was built is not what the header names.
    """
    if header.numerics not in NUMERICS:
        raise UnsupportedError(
            f"numerics class {header.numerics!r} is unknown, this library has {', '.join(NUMERICS)}; "
            "a later foretell may have it"
        )
    names = models.PARAMETER_NAMES.get(header.model)
    if names is None:
        raise UnsupportedError(
            f"model {header.model!r} is unknown; a later foretell may have it, "
            "and a model of your own is made known by foretell.models.register"
        )
    if len(names) != len(header.parameters):
        raise CorruptError(
            f"header: model {header.model!r} has {len(names)} parameters, the file states {len(header.parameters)}"
        )
    model = models.build(header.model, dict(zip(names, header.parameters, strict=True)), device=device, memory=memory)
    if (model.name, model.numerics) != (header.model, header.numerics):
        raise ModelMismatchError(
            f"the file was written by {header.model!r} with numerics {header.numerics!r}, "
            f"what was built for it is {model.name!r} with {model.numerics!r}"
        )
    return model
