"""`DomainModel`: a model "mix/1" that has read documents of one kind before, in a safetensors file. No torch here.

The file holds all that the model has learned, in the arrays of ``cpp/include/foretell/learned_state.hpp``, and, as its
metadata ``foretell``, a JSON object: the model, its parameters, and what it has read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foretell import models
from foretell.errors import CorruptError, Error, UnsupportedError
from foretell.models import mix_parameters
from foretell.models.mix import MixModel

ALERT = 1 << 15

_KEY = "foretell"
_LONGEST_HEADER = 100_000_000  # bytes, as the format has it


@dataclass(frozen=True)
class Lessons:
    """What a model has read.

    Attributes
    ----------
    documents : int
    raw_bytes : int
        Of all documents.
    sha256 : str
        Of all their bytes, one document after the other, each behind its length in 8 bytes.
    """

    documents: int = 0
    raw_bytes: int = 0
    sha256: str = hashlib.sha256().hexdigest()


class DomainModel:
    """A `foretell.models.Pretrained`, from the bytes of its file.

    Parameters
    ----------
    data : bytes
        What `serialized` returned.
    name : str
        Of the file, for messages.

    Attributes
    ----------
    parameters : Parameters
    lessons : Lessons
    digest : bytes
        SHA-256 of `data`: of the file.
    brief : bool
        True: see `foretell.models.Pretrained`.

    Notes
    -----
    Memory: that of the file, and for each frame that of a model. Several threads may use it at once.

    Raises
    ------
    CorruptError
        `data` is no such file, or damaged.
    UnsupportedError
        The file is of a later version, or safetensors is not installed.
    """

    brief = True

    def __init__(self, data: bytes, name: str = "the model") -> None:
        safetensors = _safetensors(name)
        header = _header(data, name)
        try:
            about = json.loads(header["__metadata__"][_KEY])
            kind, parameters, lessons = about["model"], about["parameters"], Lessons(**about["lessons"])
            values = {key: int(parameters[key]) for key in mix_parameters.PARAMETER_NAMES}
        except (KeyError, TypeError, ValueError):
            raise CorruptError(f"{name}: not a model that foretell-train made") from None
        if kind != mix_parameters.NAME:
            raise UnsupportedError(f"{name}: a model {kind!r}, this version has {mix_parameters.NAME}")
        try:
            self.parameters = mix_parameters.from_header(values)
            self._arrays: dict[str, NDArray[Any]] = safetensors.numpy.load(data)
        except (safetensors.SafetensorError, KeyError, ValueError) as error:
            raise CorruptError(f"{name}: {error}") from None
        self.lessons = lessons
        self.digest = hashlib.sha256(data).digest()
        self._name = name

    @classmethod
    def load(cls, path: Path) -> DomainModel:
        """Read a file; errors as of the class, and OSError."""
        return cls(path.read_bytes(), str(path))

    def start(self, size: int | None) -> MixModel:
        """See `foretell.models.Pretrained`."""
        try:
            return MixModel(self.parameters, self._arrays, self.digest)
        except (Error, TypeError, ValueError) as error:
            raise CorruptError(f"{self._name}: {error}") from None

    def rebuild(self, name: str, parameters: Mapping[str, int], *, device: str, memory: int | None) -> MixModel:
        """See `foretell.models.Pretrained`; computes on the CPU."""
        if name != mix_parameters.NAME:
            raise UnsupportedError(f"model {name!r} is not one that these weights make: {mix_parameters.NAME}")
        if parameters and dict(parameters) != asdict(self.parameters):
            raise CorruptError(f"the parameters of model {name} are not those of {self._name}")
        models.check_memory(name, self.parameters.memory, memory)
        return self.start(None)


def serialized(model: MixModel, lessons: Lessons, *, alert: bool) -> bytes:
    """Return the bytes of a file for what `model` has learned from `lessons`.

    Parameters
    ----------
    model : MixModel
    lessons : Lessons
    alert : bool
        Let the mixers learn from the documents to come as quickly as after `ALERT` bytes, however many they have seen:
        makes documents like these 0.8 % smaller. Not for a model that goes on learning these.

    Raises
    ------
    UnsupportedError
        safetensors is not installed.
    """
    about = {"model": model.name, "parameters": model.parameters(), "lessons": asdict(lessons)}
    # One key: the order of several is not always the same, and the file's SHA-256 names it.
    arrays = model.learned()
    if alert:
        for name in arrays.keys() & {"light.seen", "text.seen", "records.seen"}:
            arrays[name] = np.minimum(arrays[name], np.uint64(ALERT))
    saved: bytes = _safetensors("a trained model").numpy.save(arrays, {_KEY: json.dumps(about)})
    return saved


def is_domain_model(path: Path) -> bool:
    """Tell whether the file is one of safetensors: another model's weights lie in a folder."""
    with path.open("rb") as file:
        head = file.read(9)
    return len(head) == 9 and head[8:] == b"{" and int.from_bytes(head[:8], "little") <= _LONGEST_HEADER


def _header(data: bytes, name: str) -> dict[str, Any]:
    length = int.from_bytes(data[:8], "little")
    try:
        header = json.loads(data[8 : 8 + length]) if length <= _LONGEST_HEADER else None
    except ValueError:
        header = None
    if not isinstance(header, dict):
        raise CorruptError(f"{name}: no safetensors file, or damaged")
    return header


def _safetensors(name: str) -> Any:
    try:
        import safetensors.numpy
    except ModuleNotFoundError as error:
        if error.name != "safetensors":
            raise
        raise UnsupportedError(
            f"{name} needs the package safetensors, which is not installed: pip install 'foretell[train]'"
        ) from None
    return safetensors
