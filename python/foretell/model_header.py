"""A model's description in a frame's header: written from the model, and the model rebuilt from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from foretell import models
from foretell.container import Header, digest_text
from foretell.errors import CorruptError, MissingModelError, ModelMismatchError, UnsupportedError

if TYPE_CHECKING:
    from foretell.models.base import AnyModel, Pretrained

NUMERICS = ("exact/1", "native")
"""The numerics classes that files can carry."""


def describe(model: AnyModel, block_size: int, size: int | None) -> Header:
    """Return the header of a frame whose blocks `model` codes.

    Raises
    ------
    UnsupportedError
        If the model's numerics class cannot be carried, or is "native" and the model has no fingerprint.
    ValueError
        If the model is not registered, so that no decoder could rebuild it, or its parameters are not the registered
        ones.
    """
    if model.numerics not in NUMERICS:
        raise UnsupportedError(
            f"model {model.name!r} has numerics {model.numerics!r}: a file carries {' or '.join(NUMERICS)} only, "
            "because nothing else decodes everywhere"
        )
    weights: bytes = getattr(model, "weights", b"")
    fingerprint: tuple[tuple[str, str], ...] = getattr(model, "fingerprint", ())
    if model.numerics == "native" and not fingerprint:
        raise UnsupportedError(
            f"model {model.name!r} has numerics 'native' and no fingerprint, so that no decoder could tell whether it "
            "computes as the encoder did"
        )
    names = models.PARAMETER_NAMES.get(model.name)
    if names is None:
        raise ValueError(f"model {model.name!r} is not registered: foretell.models.register lets decoders rebuild it")
    parameters = model.parameters()
    if set(parameters) != set(names):
        raise ValueError(f"model {model.name!r} has parameters {sorted(parameters)}, registered are {sorted(names)}")
    ordered = tuple(parameters[name] for name in names)
    return Header(model.numerics, model.name, block_size, size, ordered, weights, fingerprint)


def rebuild(header: Header, device: str, memory: int | None = None, pretrained: Pretrained | None = None) -> AnyModel:
    """Return the model that `header` describes, in its first state.

    Parameters
    ----------
    header : Header
    device, memory
        As for `foretell.models.build`.
    pretrained : Pretrained, optional
        Needed where the header names weights; not looked at where it does not. A brief frame's header names the first
        bytes of their SHA-256, and the default parameters.

    Raises
    ------
    UnsupportedError
        If the model or its numerics class is unknown here, needs a package that is missing, or takes too much memory.
    CorruptError
        If the number of parameters is not the model's.
    MissingModelError
        If the header names weights and none are given.
    ModelMismatchError
        If what was built, its weights or what it runs on are not what the header names.
    """
    if header.numerics not in NUMERICS:
        raise UnsupportedError(
            f"numerics class {header.numerics!r} is unknown, this library has {', '.join(NUMERICS)}; "
            "a later foretell may have it"
        )
    if header.numerics == "native" and not header.fingerprint:
        raise UnsupportedError(
            f"model {header.model!r} has numerics 'native' and no fingerprint, so that nothing tells whether it "
            "computes here as it did where the file was made"
        )
    made_with = f"the file was made with a trained model {header.model!r}, SHA-256 {digest_text(header.weights)}"
    if header.weights and pretrained is None:
        raise MissingModelError(f"{made_with}: give the same model (model=, --model) to restore it")
    if header.weights and pretrained is not None and not pretrained.digest.startswith(header.weights):
        raise ModelMismatchError(
            f"{made_with}, and the model given has SHA-256 {pretrained.digest.hex()}: it needs the very same weights"
        )
    build = pretrained.rebuild if header.weights and pretrained is not None else models.build
    model = build(header.model, _parameters(header), device=device, memory=memory)
    if (model.name, model.numerics) != (header.model, header.numerics):
        raise ModelMismatchError(
            f"the file was written by {header.model!r} with numerics {header.numerics!r}, "
            f"what was built for it is {model.name!r} with {model.numerics!r}"
        )
    _check_fingerprint(header, dict(getattr(model, "fingerprint", ())))
    return model


def _parameters(header: Header) -> dict[str, int]:
    """Return the parameters of a header by their names; none of a brief frame, which has the default ones."""
    names = models.PARAMETER_NAMES.get(header.model)
    if names is None:
        raise UnsupportedError(
            f"model {header.model!r} is unknown; a later foretell may have it, "
            "and a model of your own is made known by foretell.models.register"
        )
    if header.brief:
        return {}
    if len(names) != len(header.parameters):
        raise CorruptError(
            f"header: model {header.model!r} has {len(names)} parameters, the file states {len(header.parameters)}"
        )
    return dict(zip(names, header.parameters, strict=True))


def _check_fingerprint(header: Header, here: dict[str, str]) -> None:
    """Refuse a file of native numerics that was made on something else."""
    made_on = dict(header.fingerprint)
    differing = [
        f"{key}: {made_on.get(key, 'nothing')} in the file, {here.get(key, 'nothing')} here"
        for key in sorted(made_on.keys() | here.keys())
        if made_on.get(key) != here.get(key)
    ]
    if differing:
        raise ModelMismatchError(
            f"model {header.model!r} computes in floats, and the file was made on something else, so it may not decode "
            f"here ({'; '.join(differing)})"
        )
