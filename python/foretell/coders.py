"""Entropy coders: symbols and their CDFs in, bytes out, and the same symbols back.

Range coders are queues (first in, first out): 64 bits of state, 32-bit words, carries handled, CDF precision up to 32
bits. A symbol costs its ideal ``-log2(freq / 2**P)`` bits plus at most ``log2(1 + 2**(P - 32))`` (0.0056 at ``P = 24``,
and 0.0001 on average); the end of a stream costs less than a byte: the total is rounded up to whole bytes. An empty
message is an empty stream. `RansCoder` is a stack (last in, first out) at the same price a symbol, and 8 bytes a state.
A stream holds neither its length nor the number of its symbols: store both beside it.

Which one to use:

`RangeEncoder`, `RangeDecoder`
    One stream. `RangeEncoder.encode` when start and frequency of each symbol are known (a GPU gathers two integers a
    symbol in place of whole CDFs), `RangeEncoder.encode_symbols` when there is a CDF for each.
`LaneEncoder`, `LaneDecoder`
    N streams that advance together, one symbol each a step: for models that predict N sequences at once, and decoders
    that take the streams apart.
`RansCoder`
    A stack. Its encoder runs over a batch in reverse, so that decoding gives the batch in its own order: for encoders
    that have the whole message before them, and for bits-back coding, which pops from what it pushed.
    `RansCoder.finish` finds most damage, as no queue can.
`StaticTable`
    One CDF for all symbols, at precisions up to 16: `RansCoder.encode_table_reverse` and `RansCoder.decode_table` are
    the fastest way to code millions of symbols; give the coder an interleave of 32.

Arrays are taken as they are: NumPy arrays, or other objects with the buffer protocol, C-contiguous and of the stated
dtype. A list, another dtype or a strided view is an error, for converting it would cost more than coding it. CDFs,
starts and frequencies are uint32, or uint64 (which precision 32 needs); CDFs up to precision 16 may be uint16, half the
memory to read, where a last value of 2^16 is stored as 0; symbols are uint8, uint16, uint32, int32 or
int64.

Kernels use the vector instructions that the processor has; ``FORETELL_ISA`` in the environment (``scalar``, ``avx2``,
``avx512``) forces lesser ones. The bytes are the same.

Decoders do not trust their input: damaged data raise `foretell.errors.CorruptError` or
`foretell.errors.TruncatedError`, or decode to wrong symbols (an entropy coder has no redundancy to notice: keep a
checksum), never to anything worse. A call that fails on what it was asked to code puts the coder in a failed state,
in which it refuses all further use; a call that fails on the dtypes or shapes of its arguments, or on symbols outside
the CDF, changes nothing. Coders may be shared between threads, and release the GIL while they work.

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
"""

from foretell._core import LaneDecoder, LaneEncoder, RangeDecoder, RangeEncoder, RansCoder, StaticTable

__all__ = ["LaneDecoder", "LaneEncoder", "RangeDecoder", "RangeEncoder", "RansCoder", "StaticTable"]
