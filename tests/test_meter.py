"""The meter against sizes that are known otherwise."""

from __future__ import annotations

import math

import foretell
import pytest
import toy_model

TEXT = b"a rose is a rose is a rose, said the meter. " * 300


def metered(data: bytes, **options: object) -> tuple[bytes, foretell.Meter]:
    compressor = foretell.Compressor(**options)  # type: ignore[arg-type]
    return compressor.compress(data) + compressor.flush(), compressor.meter


def test_sizes_are_those_of_the_file(toy: None) -> None:
    archive, meter = metered(TEXT, block_size=5000)
    frame = foretell.frame_info(archive)[0]
    assert (meter.raw_bytes, meter.file_bytes) == (len(TEXT), len(archive))
    assert meter.payload_bits == 8 * frame.payload_bytes
    assert [raw for raw, _ in meter.blocks] == [5000, 5000, 3200]
    assert meter.ideal_bits == pytest.approx(sum(bits for _, bits in meter.blocks))


def test_ideal_bits_are_the_area_under_the_loss_curve(toy: None) -> None:
    _, meter = metered(TEXT[:4000])
    model = toy_model.for_level(5, 4000)
    expected = 0.0
    lanes, steps = 2, 2000  # lane_count(4000, 4) = 2: the largest power of two with 1024 bytes for each
    model.begin(lanes)
    for t in range(steps):
        cdf = model.predict()
        column = bytes(TEXT[lane * steps + t] for lane in range(lanes))
        for lane, symbol in enumerate(column):
            expected += 24 - math.log2(int(cdf[lane, symbol + 1]) - int(cdf[lane, symbol]))
        model.update(toy_model.np.frombuffer(column, toy_model.np.uint8))
    assert meter.ideal_bits == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("block_size", [1500, 5000, 1 << 20])
def test_payload_is_near_the_area(toy: None, block_size: int) -> None:
    _, meter = metered(TEXT, block_size=block_size)
    assert 0 <= meter.payload_bits - meter.ideal_bits <= 24 * len(meter.blocks) + 1e-3 * meter.ideal_bits


def test_level_0_costs_8_bits_a_byte() -> None:
    _, meter = metered(TEXT, level=0)
    assert meter.ideal_bits == meter.payload_bits == 8 * len(TEXT)
    assert meter.ideal_bits_per_byte == 8.0


def test_nothing_divides_by_nothing() -> None:
    archive, meter = metered(b"", level=0)
    assert meter.file_bytes == len(archive)
    assert meter.bits_per_byte == meter.ideal_bits_per_byte == 0.0
    assert "0 -> 28 bytes" in str(meter)
