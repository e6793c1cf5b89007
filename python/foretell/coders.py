"""Entropy coders: symbols and their CDFs in, bytes out, and the same symbols back.

All but `RansCoder` are queues (first in, first out), and all of those but the binary coder are built on one range
coder: 64 bits of state, 32-bit words, carries handled, CDF precision up to 32 bits. A symbol costs its ideal
``-log2(freq / 2**P)`` bits plus at most ``log2(1 + 2**(P - 32))`` (0.0056 at ``P = 24``, and 0.0001 on average); the
end of a stream costs less than a byte: the total is rounded up to whole bytes. An empty message is an empty stream.
`RansCoder` is a stack (last in, first out) at the same price a symbol, and up to 8 bytes a state. A stream holds
neither its length nor the number of its symbols: store both beside it.

Which one to use:

`encode`, `decode`
    A whole message in one call, with a checksum: one range coder stream under one CDF, a few, or a CDF each.
`RangeEncoder`, `RangeDecoder`
    One stream. `RangeEncoder.encode` when start and frequency of each symbol are known (a GPU gathers two integers a
    symbol in place of whole CDFs), `RangeEncoder.encode_symbols` when there is a CDF for each.
`LaneEncoder`, `LaneDecoder`
    N streams that advance together, one symbol each a step: for models that predict N sequences at once, and decoders
    that take the streams apart. Where the CDFs of many steps are known, `LaneEncoder.encode_symbols`,
    `LaneEncoder.encode` and `LaneDecoder.decode` take them all, and `threads` share the lanes.
`BinaryEncoder`, `BinaryDecoder`
    One stream of bits, each with the probability of a 1 in 2**-16 (uint16): for models that predict one bit at a time.
    `BinaryEncoder.encode` for many bits whose probabilities are known, `BinaryEncoder.encode_bit` for models that look
    at each bit before they predict the next. 32 bits of state; at 1 / 2**16, the worst, a bit costs its ideal plus
    0.0056 bits, and on average nothing measurable. `BinaryDecoder.finish` knows the only stream of the bits decoded.
`RansCoder`
    A stack. Its encoder runs over a batch in reverse, so that decoding gives the batch in its own order: for encoders
    that have the whole message before them, and for bits-back coding, which pops from what it pushed.
    `RansCoder.finish` finds most damage.
`StaticTable`
    One CDF for many symbols, or a set of CDFs of which each symbol names one by an index, at precisions up to 16:
    `RansCoder.encode_table_reverse` and `RansCoder.decode_table` are the fastest way to code millions of symbols (give
    the coder an interleave of 32), `RangeEncoder.encode_table` and `RangeDecoder.decode_table` the fastest queue.

To learn how such a coder works, read `foretell.bisection`: the same idea for one token at a time, in plain Python.

Arrays are taken as they are: NumPy arrays, other objects with the buffer protocol, or by DLPack (torch tensors on the
CPU), of the stated dtype. A list or another dtype is an error, for converting it would cost more than coding it. CDFs,
starts and frequencies are uint32, or uint64 (which precision 32 needs); CDFs up to precision 16 may be uint16, half the
memory to read, where a last value of 2^16 is stored as 0; symbols are integers of any width, signed or not; bits are
uint8 or bool, their probabilities uint16. Symbols may have any stride, rows of CDFs any from one to the next, as slices
of larger arrays have; all else is C-contiguous. Decoders write to an array of the caller's, `out`, if they are given
one.

Kernels use the vector instructions that the processor has; ``FORETELL_ISA`` in the environment (``scalar``, ``avx2``,
``avx512``) forces lesser ones. The bytes are the same.

Decoders do not trust their input: damaged data raise `foretell.errors.CorruptError` or
`foretell.errors.TruncatedError`, or decode to wrong symbols, never to anything worse. An entropy coder has no
redundancy to notice most of that: ``checksum=True`` adds some, 4 bytes at the end of a stream, from which `finish` and
`is_exhausted` tell whether decoder and encoder coded the same. A call that fails on what it was asked to code puts the
coder in a failed state, in which it refuses all further use; a call that fails on the dtypes or shapes of its
arguments, or on symbols outside the CDF, changes nothing. Coders may be shared between threads, and release the GIL
while they work (but for a few symbols, which take less time than that).

>>> import numpy as np
>>> from foretell import cdf
>>> rows = cdf.from_probabilities(np.array([[0.5, 0.25, 0.25]] * 8, dtype=np.float32), precision=16)
>>> encoder = RangeEncoder(precision=16)
>>> encoder.encode_symbols(np.array([2, 0, 1, 0, 0, 2, 1, 0], dtype=np.uint8), rows)
>>> stream = encoder.finish()
>>> stream.hex()
'd1c0'
>>> decoder = RangeDecoder(stream, precision=16)
>>> decoder.decode(rows)
array([2, 0, 1, 0, 0, 2, 1, 0], dtype=uint32)
>>> decoder.finish()

Bits, by a model that learns from each how likely a 1 is:

>>> def adapt(p, bit):
...     return p + (65535 - p >> 4) if bit else p - (p >> 4)
>>> encoder, p = BinaryEncoder(), 32768
>>> for bit in [1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1]:
...     encoder.encode_bit(bit, p)
...     p = adapt(p, bit)
>>> stream = encoder.finish()
>>> stream.hex()
'166a'
>>> decoder, p, bits = BinaryDecoder(stream), 32768, []
>>> for _ in range(12):
...     bits.append(decoder.decode_bit(p))
...     p = adapt(p, bits[-1])
>>> bits
[1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1]
>>> decoder.finish()
"""

from foretell._core import (
    BinaryDecoder,
    BinaryEncoder,
    LaneDecoder,
    LaneEncoder,
    RangeDecoder,
    RangeEncoder,
    RansCoder,
    StaticTable,
)
from foretell.one_shot import decode, encode

__all__ = [
    "BinaryDecoder",
    "BinaryEncoder",
    "LaneDecoder",
    "LaneEncoder",
    "RangeDecoder",
    "RangeEncoder",
    "RansCoder",
    "StaticTable",
    "decode",
    "encode",
]
