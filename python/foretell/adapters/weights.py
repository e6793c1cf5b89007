"""A pretrained network in one form, whatever container it came in: `load`.

The names and shapes of the tensors are those of `foretell.adapters.config`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foretell.adapters import gguf, gguf_model, llama2c, safetensors_folder
from foretell.adapters.config import Config
from foretell.adapters.source import Source
from foretell.adapters.tokenizer import Tokenizer
from foretell.errors import CorruptError, UnsupportedError

__all__ = ["Config", "Weights", "assemble", "load"]


@dataclass(frozen=True, eq=False)
class Weights:
    """A pretrained network.

    Attributes
    ----------
    config : Config
    tensors : mapping of str to float32 ndarray
        All tensors of ``config.shapes()``, read-only, finite, C-contiguous.
    tokenizer : Tokenizer
        Its ids are the network's.
    digest : str
        SHA-256 of configuration and tensors, hexadecimal: equal where all numbers are equal, from whatever container.
        ``tokenizer.digest`` is that of the tokens.
    """

    config: Config
    tensors: Mapping[str, NDArray[np.float32]]
    tokenizer: Tokenizer
    digest: str


def load(path: str | Path, tokenizer: str | Path | None = None) -> Weights:
    """Read a network: a GGUF file, a llama2.c checkpoint or a Hugging Face folder.

    Parameters
    ----------
    path : path
        The file or folder; its contents say what it is.
    tokenizer : path, optional
        The ``tokenizer.bin`` of a llama2.c checkpoint, if it is not beside it under that name.

    Raises
    ------
    CorruptError, TruncatedError
        If a file is damaged or incomplete.
    UnsupportedError
        If it is of a kind that cannot be read here, or needs a package that is missing.
    OSError
        If it cannot be read.
    """
    path = Path(path)
    if path.is_dir():
        return assemble(safetensors_folder.read_folder(path))
    with path.open("rb") as file:
        head = file.read(28)
    if head.startswith(gguf.MAGIC):
        return assemble(gguf_model.read_gguf(path))
    if not llama2c.is_llama2c(head):
        raise UnsupportedError(
            f"{path}: neither a GGUF file nor a llama2.c checkpoint; of a Hugging Face model, name the folder"
        )
    beside = path.parent / "tokenizer.bin" if tokenizer is None else Path(tokenizer)
    if not beside.is_file():
        raise UnsupportedError(f"{path}: its tokenizer, {beside}, is not there; name it as load(path, tokenizer=...)")
    return assemble(llama2c.read_llama2c(path, beside))


def assemble(source: Source) -> Weights:
    """Read all tensors of a container, check them and take their digest.

    Raises
    ------
    CorruptError
        If a tensor is missing, of another shape than the configuration says, or not finite.
    """
    config = source.config
    tensors: dict[str, NDArray[np.float32]] = {}
    for name, shape in config.shapes():
        tensor = source.tensor(name)
        if tensor.shape != shape:
            raise CorruptError(
                f"{source.name}: tensor {name} has shape {tensor.shape}, the configuration asks for {shape}"
            )
        if not np.isfinite(tensor).all():
            raise CorruptError(f"{source.name}: tensor {name} has numbers that are not finite")
        tensors[name] = tensor
    if not config.tied and np.array_equal(tensors["classifier"], tensors["embedding"]):
        config = replace(config, tied=True)  # some containers store the same matrix twice
        del tensors["classifier"]
    for tensor in tensors.values():
        tensor.flags.writeable = False
    return Weights(config, tensors, source.tokenizer, _digest(config, tensors))


def _digest(config: Config, tensors: Mapping[str, NDArray[np.float32]]) -> str:
    state = hashlib.sha256(b"foretell weights 1\n" + config.canonical())
    for name, _ in config.shapes():
        state.update(f"\n{name}\n".encode())
        state.update((tensors[name] + np.float32(0)).astype("<f4", copy=False).data)  # -0 is the number 0
    return state.hexdigest()
