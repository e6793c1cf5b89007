"""Checkpoints of llama2.c and their tokenizers.

A checkpoint is seven int32 (width, hidden width, layers, heads, heads of keys and values, vocabulary, context), then
float32 tensors without a gap, those of one kind for all layers together. A negative vocabulary says that the classifier
is not the embedding. A ``tokenizer.bin`` is the length of the longest token (int32), then for each token its score
(float32), its length (int32) and its bytes. All are little-endian.
"""

from __future__ import annotations

import struct
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foretell.adapters.config import Config, split_name
from foretell.adapters.mapped import map_file
from foretell.adapters.source import Source, halves, make_config
from foretell.adapters.tokenizer_spm import SpmTokenizer, from_vocabulary
from foretell.errors import CorruptError, TruncatedError, UnsupportedError

_HEADER = struct.Struct("<7i")
_LATER_MAGIC = struct.pack("<I", 0x616B3432)
_MOST = 1 << 24  # of each number in the header; text and most other files state more
_START, _CONTROLS = 1, (0, 1, 2)  # unknown, start and end of a document


def read_llama2c(path: Path, tokenizer: Path) -> Source:
    """Open a checkpoint and its tokenizer.

    Raises
    ------
    CorruptError, TruncatedError
        If a file is damaged, or is none of this kind.
    UnsupportedError
        If it is a later version of the format.
    OSError
        If one cannot be read.
    """
    data = map_file(path)
    config = _config(path, data)
    places = _places(config)
    size = max(end for _, end in places.values())
    if size != len(data):
        kind = TruncatedError if size > len(data) else CorruptError
        raise kind(
            f"{path}: {len(data)} bytes, where its header asks for {size}; damaged, or not a llama2.c checkpoint"
        )
    shapes = dict(config.shapes())  # as many as the file has room for

    def tensor(name: str) -> NDArray[np.float32]:
        layer, part = split_name(name)
        begin, end = places[part]
        if layer is not None:
            step = (end - begin) // config.layers
            begin, end = begin + layer * step, begin + (layer + 1) * step
        values = np.frombuffer(data[begin:end], dtype="<f4").astype(np.float32).reshape(shapes[name])
        if part in ("query", "key"):
            return halves(values, config.heads if part == "query" else config.kv_heads)
        return values

    return Source(str(path), config, tensor, read_tokenizer(tokenizer, config.vocabulary))


def is_llama2c(head: bytes) -> bool:
    """Tell whether a file that starts with `head` (28 bytes) can be a checkpoint."""
    if len(head) < _HEADER.size or head.startswith(_LATER_MAGIC):
        return head.startswith(_LATER_MAGIC)
    numbers: list[int] = list(_HEADER.unpack(head[: _HEADER.size]))
    numbers[5] = abs(numbers[5])  # the vocabulary
    return min(numbers) > 0 and max(numbers) < _MOST and numbers[0] % numbers[3] == 0  # width and heads


def _config(path: Path, data: memoryview) -> Config:
    head = bytes(data[: _HEADER.size])
    if head.startswith(_LATER_MAGIC):
        raise UnsupportedError(f"{path}: a later version of llama2.c's format; export the model as version 0")
    if len(head) < _HEADER.size:
        raise TruncatedError(f"{path}: {len(head)} bytes are too few for a llama2.c checkpoint")
    if not is_llama2c(head):
        raise CorruptError(f"{path}: not a llama2.c checkpoint: its header says {_HEADER.unpack(head)}")
    width, hidden, layers, heads, kv_heads, vocabulary, context = _HEADER.unpack(head)
    return make_config(
        str(path),
        architecture="llama",
        vocabulary=abs(vocabulary),
        width=width,
        layers=layers,
        heads=heads,
        kv_heads=kv_heads,
        head_width=width // heads,
        hidden=hidden,
        context=context,
        norm_epsilon=1e-5,
        rope_base=10000.0,
        tied=vocabulary > 0,
    )


def _places(config: Config) -> dict[str, tuple[int, int]]:
    """Return where the tensors of each kind begin and end, in bytes."""
    width, queries, keys = config.width, config.heads * config.head_width, config.kv_heads * config.head_width
    vocabulary, layers, hidden = config.vocabulary, config.layers, config.hidden
    numbers = {
        "embedding": vocabulary * width,
        "attention_norm": layers * width,
        "query": layers * queries * width,
        "key": layers * keys * width,
        "value": layers * keys * width,
        "output": layers * queries * width,
        "ffn_norm": layers * width,
        "gate": layers * hidden * width,
        "down": layers * hidden * width,
        "up": layers * hidden * width,
        "norm": width,
        "rotary tables": 2 * config.context * (config.head_width // 2),  # not read: they follow from the rest
        "classifier": 0 if config.tied else vocabulary * width,
    }
    ends = list(accumulate(numbers.values(), initial=_HEADER.size // 4))
    return {name: (4 * begin, 4 * end) for name, begin, end in zip(numbers, ends, ends[1:], strict=False)}


def read_tokenizer(path: Path, vocabulary: int) -> SpmTokenizer:
    """Read a ``tokenizer.bin`` of `vocabulary` tokens.

    Raises
    ------
    CorruptError, TruncatedError
        If it is damaged or has another number of tokens.
    OSError
        If it cannot be read.
    """
    data = path.read_bytes()
    at, tokens, scores = 4, [], []
    for number in range(vocabulary):
        if at + 8 > len(data):
            raise TruncatedError(f"{path}: ends within token {number} of {vocabulary}: damaged, or of another model")
        score, length = struct.unpack_from("<fi", data, at)
        at += 8
        if not 0 <= length <= len(data) - at:
            raise TruncatedError(f"{path}: token {number} has {length} bytes, {len(data) - at} are left")
        tokens.append(data[at : at + length])
        scores.append(score)
        at += length
    if at != len(data):
        raise CorruptError(f"{path}: {len(data) - at} bytes after the last of {vocabulary} tokens: of another model?")
    return from_vocabulary(tokens, scores, _CONTROLS, _START, vocabulary)
