"""What coders take as arrays and give back in: strides, dtypes, tensors, and the caller's own buffers."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from foretell import coders
from foretell.coders import BinaryDecoder, LaneDecoder, LaneEncoder, RangeDecoder, RangeEncoder, RansCoder

torch = pytest.importorskip("torch")

PRECISION = 16
LANES, STEPS, VOCABULARY = 3, 20, 7
RNG = np.random.default_rng(4)
CDF = np.zeros((LANES, STEPS, VOCABULARY + 1), np.uint32)
CDF[..., 1:-1] = np.sort(RNG.choice(np.arange(1, 2**PRECISION), (LANES, STEPS, VOCABULARY - 1), replace=False))
CDF[..., -1] = 2**PRECISION
SYMBOLS = RNG.integers(0, VOCABULARY, (LANES, STEPS)).astype(np.uint8)
INTEGERS = [np.uint8, np.uint16, np.uint32, np.uint64, np.int8, np.int16, np.int32, np.int64]


def encode(symbols: Any, cdf: Any) -> bytes:
    encoder = RangeEncoder(PRECISION)
    encoder.encode_symbols(symbols, cdf)
    return encoder.finish()


def push(symbols: Any, cdf: Any) -> bytes:
    coder = RansCoder(PRECISION, 2)
    coder.encode_symbols_reverse(symbols, cdf)
    return coder.to_bytes()


def decode(stream: bytes, cdf: Any, out: Any = None) -> Any:
    return RangeDecoder(stream, PRECISION).decode(cdf, out)


def pop(stream: bytes, cdf: Any, out: Any = None) -> Any:
    return RansCoder.from_bytes(stream, PRECISION, 2).decode(cdf, out)


BOTH = pytest.mark.parametrize(("encode", "decode"), [(encode, decode), (push, pop)])


@BOTH
@pytest.mark.parametrize("dtype", INTEGERS)
def test_symbols_of_any_stride(encode: Callable[..., bytes], decode: Callable[..., Any], dtype: Any) -> None:
    cdf = np.ascontiguousarray(CDF[:, 5])
    expected = encode(np.ascontiguousarray(SYMBOLS[:, 5]), cdf)
    whole = SYMBOLS.astype(dtype)
    assert encode(whole[:, 5], cdf) == expected
    assert encode(whole[::-1][:, 5][::-1], cdf) == expected
    assert encode(np.broadcast_to(whole[0, 5], 3), np.broadcast_to(cdf[0], cdf.shape)) != expected


@BOTH
def test_rows_of_any_stride(encode: Callable[..., bytes], decode: Callable[..., Any]) -> None:
    symbols, rows = SYMBOLS[:, 5].copy(), np.ascontiguousarray(CDF[:, 5])
    wide = np.full((LANES, VOCABULARY + 5), 7, np.uint32)
    wide[:, 2:-2] = rows
    stream = encode(symbols, rows)
    for same in (CDF[:, 5], wide[:, 2:-2], np.ascontiguousarray(rows[::-1])[::-1]):
        assert not same.flags.c_contiguous
        assert encode(symbols, same) == stream
        assert decode(stream, same).tolist() == symbols.tolist()
    repeated = np.broadcast_to(rows[0], (50, VOCABULARY + 1))
    many = RNG.integers(0, VOCABULARY, 50)
    stream = encode(many, repeated.copy())
    assert encode(many, repeated) == stream
    assert decode(stream, repeated).tolist() == many.tolist()


@BOTH
def test_strides_that_are_refused_are_named(encode: Callable[..., bytes], decode: Callable[..., Any]) -> None:
    backwards = np.ascontiguousarray(CDF[:, 5][:, ::-1])[:, ::-1]
    for cdf in (backwards, np.asfortranarray(CDF[:, 5])):
        with pytest.raises(ValueError, match=r"cdf.*numpy.ascontiguousarray"):
            encode(SYMBOLS[:, 5], cdf)
        with pytest.raises(ValueError, match=r"cdf.*numpy.ascontiguousarray"):
            decode(encode(SYMBOLS[:, 5], cdf.copy()), cdf)
    with pytest.raises(ValueError, match=r"cdf.*numpy.ascontiguousarray"):
        LaneDecoder([b""] * LANES, PRECISION).decode(CDF[:, :5])


def test_long_messages_are_read_in_pieces() -> None:
    """Longer than any buffer on the way; an error names the place in the whole."""
    row = np.array([0, 1, 40000, 65536], np.uint32)
    symbols = RNG.integers(0, 3, 50_000)
    rows = np.broadcast_to(row, (len(symbols), 4))
    for encode_, decode_ in ((encode, decode), (push, pop)):
        stream = encode_(symbols, rows)
        assert stream == encode_(symbols.astype(np.uint8), rows.copy())
        for dtype in INTEGERS:
            out = np.empty(len(symbols), dtype)
            assert decode_(stream, rows, out) is out
            assert out.tolist() == symbols.tolist()
        falling = rows.copy()
        falling[31_234] = [0, 5, 4, 65536]
        with pytest.raises(ValueError, match="row 31234, symbol 1"):
            encode_(np.ones(len(symbols), np.uint8), falling)
    with pytest.raises(ValueError, match=r"symbols\[31234\]: 3 is outside the 3 symbols"):
        encode(np.where(np.arange(len(symbols)) == 31_234, 3, symbols), rows)
    broken = rows.copy()
    broken[31_234, 0] = 1
    with pytest.raises(ValueError, match="row 31234"):
        decode(encode(symbols, rows), broken)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_out(dtype: Any) -> None:
    streams = [encode(SYMBOLS[i], CDF[i]) for i in range(LANES)]
    out = np.empty((LANES, STEPS), dtype)
    assert LaneDecoder(streams, PRECISION).decode(CDF, out) is out
    assert out.tolist() == SYMBOLS.tolist()
    lanes, step = LaneDecoder(streams, PRECISION), np.empty(LANES, dtype)
    for t in range(STEPS):
        assert lanes.decode_step(CDF[:, t], out=step) is step
        assert step.tolist() == SYMBOLS[:, t].tolist()
    lanes.finish()


@pytest.mark.parametrize(
    ("out", "error", "match"),
    [
        (np.empty(LANES + 1, np.uint32), ValueError, "out.*length 3"),
        (np.empty((LANES, 1), np.uint32), ValueError, "out.*1 dimension"),
        (np.empty(LANES, np.float32), TypeError, "out.*float32"),
        (np.empty(2 * LANES, np.uint32)[::2], ValueError, "out.*contiguous"),
        (np.broadcast_to(np.uint32(0), LANES), ValueError, "out"),
        (bytes(LANES), ValueError, "out.*read-only"),
        ([0] * LANES, TypeError, "out.*list"),
    ],
)
def test_a_bad_out_changes_nothing(out: Any, error: Any, match: str) -> None:
    rows = np.ascontiguousarray(CDF[:, 0])
    stream = encode(SYMBOLS[:, 0], rows)
    decoder, lanes = RangeDecoder(stream, PRECISION), LaneDecoder([b""] * LANES, PRECISION)
    with pytest.raises(error, match=match):
        decoder.decode(rows, out)
    with pytest.raises(error, match=match):
        lanes.decode_step(rows, out)
    assert decoder.decode(rows).tolist() == SYMBOLS[:, 0].tolist()


def test_out_must_hold_every_symbol() -> None:
    row = np.arange(202, dtype=np.uint32)[None]
    row[0, -1] = 2**PRECISION
    with pytest.raises(ValueError, match="out: int8 does not hold symbols up to 200"):
        decode(b"", row, np.empty(1, np.int8))
    assert decode(encode(np.zeros(1, np.uint8), row), row, np.empty(1, np.uint8)).tolist() == [0]
    bits = np.empty(4, np.bool_)
    assert BinaryDecoder(b"").decode(np.full(4, 65000, np.uint16), bits) is bits
    with pytest.raises(TypeError, match=r"out.*int8"):
        BinaryDecoder(b"").decode(np.full(4, 9, np.uint16), np.empty(4, np.int8))


# -- tensors


@BOTH
def test_tensors_without_copies(encode: Callable[..., bytes], decode: Callable[..., Any]) -> None:
    symbols, rows = SYMBOLS[0], CDF[0].astype(np.uint16)
    expected = encode(symbols, rows)
    for dtype in (torch.uint8, torch.int16, torch.int32, torch.int64):
        given = torch.from_numpy(symbols.astype(np.int64)).to(dtype)
        assert encode(given, torch.from_numpy(rows)) == expected
        assert encode(torch.stack([given, given], 1)[:, 1], rows) == expected
        out = torch.empty(STEPS, dtype=dtype)
        assert decode(expected, torch.from_numpy(rows), out) is out
        assert out.tolist() == symbols.tolist()


def test_tensors_elsewhere_are_named() -> None:
    with pytest.raises(TypeError, match=r"cdf: the Tensor cannot be read.*meta"):
        decode(b"", torch.empty((1, 3), device="meta"))
    with pytest.raises(TypeError, match=r"symbols: the Tensor cannot be read"):
        encode(torch.zeros(2, requires_grad=True), CDF[0, :2])
    with pytest.raises(TypeError, match=r"symbols: the Tensor cannot be read"):
        encode(torch.zeros(2, dtype=torch.bfloat16), CDF[0, :2])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_tensors_are_named() -> None:
    with pytest.raises(TypeError, match=r"cdf.*another device"):
        decode(b"", torch.zeros((1, 3), dtype=torch.int32, device="cuda"))


# -- methods bound without pybind11's dispatcher


def test_signatures_and_wrong_calls() -> None:
    decoder = LaneDecoder([b""], PRECISION)
    assert list(inspect.signature(decoder.decode_step).parameters) == ["cdf", "out"]
    assert list(inspect.signature(RangeEncoder.encode_symbols).parameters) == ["self", "symbols", "cdf"]
    call: Any = decoder.decode_step
    row = CDF[0, :1]
    assert call(cdf=row).tolist() == call(out=None, cdf=row).tolist() == [0]
    for arguments, keywords, match in (
        ((), {}, r"decode_step\(\): needs the argument cdf"),
        ((row, None, 1), {}, r"takes at most 2 arguments, got 3"),
        ((row,), {"cdf": row}, "got twice the argument cdf"),
        ((row,), {"rows": row}, "has no argument rows"),
    ):
        with pytest.raises(TypeError, match=match):
            call(*arguments, **keywords)
    with pytest.raises(TypeError, match="LaneDecoder"):
        LaneDecoder.decode_step(RangeDecoder(b"", 8), row)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="__init__"):
        LaneDecoder.__new__(LaneDecoder).decode_step(row)


def test_documented_methods() -> None:
    for coder in (LaneDecoder, LaneEncoder, RangeDecoder, RangeEncoder, coders.BinaryEncoder, coders.BinaryDecoder):
        for name in ("decode_step", "encode_step", "decode", "encode_symbols", "encode_bit", "decode_bit"):
            if hasattr(coder, name):
                assert "Raises" in (inspect.getdoc(getattr(coder, name)) or "")


# -- many steps of lanes in one call, shared by threads


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("checksum", [False, True])
def test_lanes_of_many_steps(threads: int, checksum: bool) -> None:
    lanes, steps = 9, 4000
    rows = np.broadcast_to(CDF[:, 3:4, :][[0, 1, 2] * 3], (lanes, steps, VOCABULARY + 1)).copy()
    symbols = RNG.integers(0, VOCABULARY, (lanes, steps)).astype(np.uint8)
    by_step = LaneEncoder(lanes, PRECISION, checksum=checksum)
    for t in range(steps):
        by_step.encode_step(symbols[:, t], rows[:, t])
    expected = by_step.finish()
    encoder = LaneEncoder(lanes, PRECISION, checksum=checksum, threads=threads)
    encoder.encode_symbols(symbols[:, :1000], rows[:, :1000].copy())
    start = np.take_along_axis(rows, symbols[..., None].astype(np.int64), 2)[:, 1000:, 0]
    end = np.take_along_axis(rows, symbols[..., None].astype(np.int64) + 1, 2)[:, 1000:, 0]
    encoder.encode(start.copy(), end - start)
    assert encoder.finish() == expected
    decoder = LaneDecoder(expected, PRECISION, checksum=checksum, threads=threads)
    parts = [decoder.decode(np.ascontiguousarray(rows[:, part])) for part in (slice(0, 3000), slice(3000, None))]
    assert np.array_equal(np.concatenate(parts, axis=1), symbols)
    decoder.finish()


def test_errors_of_threads_name_lane_and_step() -> None:
    lanes, steps = 4, 5000
    rows = np.broadcast_to(CDF[0, 0], (lanes, steps, VOCABULARY + 1))
    broken = rows.copy()
    broken[3, 77] = 0
    encoder = LaneEncoder(lanes, PRECISION, threads=2)
    with pytest.raises(ValueError, match="lane 3, step 77, symbol 2"):
        encoder.encode_symbols(np.full((lanes, steps), 2, np.uint8), broken)
    with pytest.raises(ValueError, match="failed state"):
        encoder.finish()
    encoder = LaneEncoder(lanes, PRECISION)
    encoder.encode_symbols(np.full((lanes, steps), 2, np.uint8), rows)
    with pytest.raises(ValueError, match="lane 3, step 77"):
        LaneDecoder(encoder.finish(), PRECISION, threads=2).decode(broken)
    for threads in (0, 1025):
        with pytest.raises(ValueError, match="threads"):
            LaneEncoder(1, 8, threads=threads)
        with pytest.raises(ValueError, match="threads"):
            LaneDecoder([], 8, threads=threads)


def test_shapes_of_many_steps() -> None:
    encoder, decoder = LaneEncoder(LANES, PRECISION), LaneDecoder([b""] * LANES, PRECISION)
    with pytest.raises(ValueError, match=r"symbols.*length 3 along axis 0"):
        encoder.encode_symbols(SYMBOLS[:2], CDF[:2])
    with pytest.raises(ValueError, match=r"cdf.*length 20 along axis 1"):
        encoder.encode_symbols(SYMBOLS, CDF[:, :5].copy())
    with pytest.raises(ValueError, match=r"symbols\[1, 4\]: 9"):
        encoder.encode_symbols(np.where(np.arange(60).reshape(3, 20) == 24, 9, SYMBOLS), CDF)
    with pytest.raises(ValueError, match=r"cdf.*3 dimensions"):
        decoder.decode(CDF[:, 0])
    assert decoder.decode(CDF[:, :0]).shape == (LANES, 0)
    encoder.encode_symbols(SYMBOLS[:, :0], CDF[:, :0])
    assert encoder.finish() == [b""] * LANES
