"""Blocks to payloads and back, with the toy model."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from foretell import coders
from foretell.codec import LANE_BYTES, decode_block, encode_block, lane_count, learn_block
from foretell.errors import CorruptError, TruncatedError
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_model import ToyModel

TEXT = b"she sells sea shells by the sea shore, and so on and so on. " * 400
SIZES = (1, 2, 9, 1023, 1024, 2047, 2048, 2049, 4095, 4103, 5000, 16 * LANE_BYTES, 16 * LANE_BYTES + 1, 20011)


def state(model: ToyModel) -> bytes:
    model.begin(1)  # what is left over is learned here
    return pickle.dumps(model._counts)


@pytest.mark.parametrize(
    ("raw_length", "max_lanes", "expected"),
    [
        (1, 512, 1),
        (2047, 512, 1),
        (2048, 512, 2),
        (4095, 512, 2),
        (1 << 20, 512, 512),
        (1 << 20, 100, 64),
        (9999, 1, 1),
    ],
)
def test_lane_count(raw_length: int, max_lanes: int, expected: int) -> None:
    assert lane_count(raw_length, max_lanes) == expected


def test_a_model_without_lanes_is_refused() -> None:
    with pytest.raises(ValueError, match="lane"):
        lane_count(100, 0)


@pytest.mark.parametrize("size", SIZES)
def test_round_trip(size: int) -> None:
    encoder, decoder = ToyModel(), ToyModel()
    block = encode_block(encoder, TEXT[:size])
    assert decode_block(decoder, block.payload, size) == TEXT[:size]
    assert state(encoder) == state(decoder)
    assert 8 * len(block.payload) <= block.ideal_bits + 24


@settings(max_examples=60)
@given(
    blocks=st.lists(st.binary(min_size=1, max_size=3000) | st.integers(1, 9000).map(lambda n: TEXT[:n]), max_size=3),
    lanes=st.sampled_from([1, 2, 4, 7, 16]),
    chunk=st.sampled_from([1, 3, 8, 64]),
    stored=st.integers(0, 7),
)
def test_round_trip_of_several_blocks(blocks: list[bytes], lanes: int, chunk: int, stored: int) -> None:
    encoder, decoder = ToyModel(lanes, chunk), ToyModel(lanes, chunk)
    for number, block in enumerate(blocks):
        payload = encode_block(encoder, block).payload
        if stored >> number & 1:
            learn_block(decoder, block)
        else:
            assert decode_block(decoder, payload, len(block)) == block
    assert state(encoder) == state(decoder)


@pytest.mark.parametrize("size", SIZES)
def test_by_step_gives_the_same_bytes(size: int) -> None:
    by_chunk, by_step = ToyModel(), ToyModel()
    one = encode_block(by_chunk, TEXT[:size])
    other = encode_block(by_step, TEXT[:size], by_step=True)
    assert one.payload == other.payload
    assert one.ideal_bits == pytest.approx(other.ideal_bits)
    assert state(by_chunk) == state(by_step)


def test_control_a_model_that_learns_at_other_steps_does_not_decode() -> None:
    """Shows that the tests above can fail."""
    block = encode_block(ToyModel(chunk=32), TEXT[:5000])
    try:
        plain = decode_block(ToyModel(chunk=31), block.payload, 5000)
    except (CorruptError, TruncatedError):
        return
    assert plain != TEXT[:5000]


def test_control_an_unlearned_block_shows() -> None:
    model = ToyModel()
    learn_block(model, TEXT[:2000])
    assert state(model) != state(ToyModel())
    assert encode_block(model, TEXT[:2000]).payload != encode_block(ToyModel(), TEXT[:2000]).payload


def test_symbols_are_coded_step_by_step_in_lane_order() -> None:
    """The layout of docs/format.md, spelt out for 2 lanes and an odd length."""
    data = TEXT[:2051]
    steps = 1026
    model = ToyModel()
    encoder = coders.RangeEncoder(model.precision)
    model.begin(2)
    for t in range(steps):
        cdf = model.predict()
        column = np.array([data[t], data[steps + t] if steps + t < len(data) else 0], np.uint8)
        active = 2 if steps + t < len(data) else 1
        encoder.encode_symbols(column[:active], cdf[:active])
        model.update(column)
    assert encode_block(ToyModel(), data).payload == encoder.finish()


@pytest.mark.parametrize("size", [1, 1000, 4103, 20011])
def test_progress_adds_up(size: int) -> None:
    told: list[int] = []
    payload = encode_block(ToyModel(), TEXT[:size], progress=told.append).payload
    assert sum(told) == size
    told.clear()
    decode_block(ToyModel(), payload, size, progress=told.append)
    assert sum(told) == size
    told.clear()
    learn_block(ToyModel(), TEXT[:size], progress=told.append)
    assert sum(told) == size


def test_empty_blocks_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one byte"):
        encode_block(ToyModel(), b"")


def test_bytes_left_over_or_missing_are_errors() -> None:
    payload = encode_block(ToyModel(), TEXT[:3000]).payload
    with pytest.raises(CorruptError):
        decode_block(ToyModel(), payload + b"\xff" * 9, 3000)
    with pytest.raises((CorruptError, TruncatedError)):
        assert decode_block(ToyModel(), payload[:-40], 3000) != TEXT[:3000]


@settings(max_examples=200)
@given(payload=st.binary(max_size=60), raw_length=st.integers(1, 3000))
def test_any_payload_ends_in_bytes_or_an_error(payload: bytes, raw_length: int) -> None:
    try:
        plain = decode_block(ToyModel(lanes=2), payload, raw_length)
    except (CorruptError, TruncatedError):
        return
    assert len(plain) == raw_length
