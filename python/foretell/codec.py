"""Blocks to payloads and back, with either kind of model (docs/format.md, "What a payload means")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from foretell.lane_codec import LANE_BYTES, LaneCodec, lane_count

if TYPE_CHECKING:
    from foretell.models.base import AnyModel, BlockModel, Progress

__all__ = ["LANE_BYTES", "EncodedBlock", "decode_block", "encode_block", "lane_count", "learn_block"]


@dataclass(frozen=True)
class EncodedBlock:
    """A payload and what it should have cost.

    Attributes
    ----------
    payload : bytes
        One stream of the coder.
    ideal_bits : float
        Sum of -log2 of the probabilities of the coded symbols.
    """

    payload: bytes
    ideal_bits: float


def _coder(model: AnyModel, *, by_step: bool = False) -> BlockModel | LaneCodec:
    """Return what codes whole blocks: the model itself, or lanes coded with what it predicts."""
    if hasattr(model, "encode_block"):
        return cast("BlockModel", model)
    return LaneCodec(model, by_step=by_step)


def encode_block(
    model: AnyModel, data: bytes | bytearray | memoryview, *, by_step: bool = False, progress: Progress | None = None
) -> EncodedBlock:
    """Code a block; the model learns it on the way.

    Parameters
    ----------
    model : Model or BlockModel
        In the state that the decoder's will be in.
    data : bytes-like
        At least one byte.
    by_step : bool
        Go through `predict` and `update` of a `Model`, as a decoder does, instead of `score`. Slower, the same bytes.
    progress : callable, optional
        Called with the number of bytes coded since the last call.

    Returns
    -------
    EncodedBlock

    Raises
    ------
    ValueError
        If `data` is empty, or the model breaks its contract.
    """
    if not len(data):
        raise ValueError("a block holds at least one byte")
    return EncodedBlock(*_coder(model, by_step=by_step).encode_block(data, progress))


def decode_block(model: AnyModel, payload: bytes, raw_length: int, *, progress: Progress | None = None) -> bytes:
    """Undo `encode_block` with a model in the same state.

    Parameters
    ----------
    model : Model or BlockModel
    payload : bytes
        All of it is used.
    raw_length : int
        Plain bytes in the block, at least one.
    progress : callable, optional
        Called with the number of bytes decoded since the last call.

    Returns
    -------
    bytes
        The `raw_length` plain bytes.

    Raises
    ------
    CorruptError, TruncatedError
        If no encoder in this state wrote `payload`. (Many wrong payloads decode to wrong bytes instead: the container's
        checksums are what finds those.)
    """
    if raw_length < 1:
        raise ValueError("a block holds at least one byte")
    return _coder(model).decode_block(payload, raw_length, progress)


def learn_block(model: AnyModel, data: bytes | bytearray | memoryview, *, progress: Progress | None = None) -> None:
    """Bring the model into the state in which coding `data` leaves it, without coding.

    Parameters
    ----------
    model : Model or BlockModel
    data : bytes-like
        The plain bytes of a stored block, at least one.
    progress : callable, optional
        Called with the number of bytes learned since the last call.
    """
    if not len(data):
        raise ValueError("a block holds at least one byte")
    _coder(model).learn_block(data, progress)
