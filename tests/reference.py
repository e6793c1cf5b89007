"""What the C++ core must compute, in Python's big integers: the definitions, as short as they can be said."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate


def range_encode(symbols: Sequence[tuple[int, int]], precision: int) -> bytes:
    """Encode (start, freq) pairs."""
    return range_encode_mixed([(start, freq, precision) for start, freq in symbols])


def range_encode_mixed(symbols: Sequence[tuple[int, int, int]]) -> bytes:
    """Encode (start, freq, precision); `low` is the whole message so far, as one integer of `bits` bits."""
    low, width, bits = 0, 2**64 - 1, 64
    for start, freq, precision in symbols:
        slot = width >> precision
        low, width = low + slot * start, slot * freq
        if width < 2**32:
            low, width, bits = low << 32, width << 32, bits + 32
    for size in range(bits // 8 - 8, bits // 8 + 1):  # the fewest bytes, but at most 8 left away
        unit = 1 << (bits - 8 * size)
        end = -(-low // unit)  # in units, rounded up
        if end * unit < low + width:
            return end.to_bytes(size, "big")
    raise AssertionError("an interval holds its own lower end")


def range_decode(stream: bytes, cdfs: Sequence[Sequence[int]], precision: int) -> list[int]:
    """Decode one symbol for each CDF, from a stream of range_encode."""
    low, width, bits, symbols = 0, 2**64 - 1, 64, []
    for cdf in cdfs:
        slot = width >> precision
        message = int.from_bytes(stream[: bits // 8].ljust(bits // 8, b"\0"), "big")
        target = (message - low) // slot
        symbol = next(s for s in range(len(cdf) - 1) if cdf[s] <= target < cdf[s + 1])
        symbols.append(symbol)
        low, width = low + slot * cdf[symbol], slot * (cdf[symbol + 1] - cdf[symbol])
        if width < 2**32:
            low, width, bits = low << 32, width << 32, bits + 32
    return symbols


def rans_encode(symbols: Sequence[tuple[int, int]], precision: int, interleave: int) -> bytes:
    """Encode (start, freq) pairs on a stack, the last first; state i % interleave takes the i-th pair."""
    states, words = [2**32] * interleave, []
    for i, (start, freq) in reversed(list(enumerate(symbols))):
        x = states[i % interleave]
        if (x // freq << precision) + start + x % freq >= 2**64:
            words.append(x % 2**32)
            x >>= 32
        states[i % interleave] = (x // freq << precision) + start + x % freq
    return b"".join([x.to_bytes(8, "little") for x in states] + [w.to_bytes(4, "little") for w in reversed(words)])


def rans_decode(stream: bytes, cdfs: Sequence[Sequence[int]], precision: int, interleave: int) -> list[int]:
    """Decode one symbol for each CDF, from a stream of rans_encode that holds these and no more."""
    numbers = [int.from_bytes(stream[at : at + 4], "little") for at in range(0, len(stream), 4)]
    states = [low + (high << 32) for low, high in zip(numbers[::2], numbers[1::2], strict=False)][:interleave]
    words, symbols = iter(numbers[2 * interleave :]), []
    for i, cdf in enumerate(cdfs):
        x = states[i % interleave]
        slot = x % 2**precision
        symbol = next(s for s in range(len(cdf) - 1) if cdf[s] <= slot < cdf[s + 1])
        symbols.append(symbol)
        x = (x >> precision) * (cdf[symbol + 1] - cdf[symbol]) + slot - cdf[symbol]
        states[i % interleave] = x if x >= 2**32 else (x << 32) + next(words)
    assert states == [2**32] * interleave
    assert not list(words)
    return symbols


def binary_encode(bits: Sequence[tuple[int, int]]) -> bytes:
    """Encode (bit, probability of a 1 in 2**-16) pairs; `low` is the whole message so far, of `size` bytes."""
    low, width, size = 0, 2**32 - 1, 4
    for bit, probability in bits:
        ones = width * probability // 2**16
        low, width = (low, ones) if bit else (low + ones, width - ones)
        while width < 2**24:
            low, width, size = low << 8, width << 8, size + 1
    for written in range(size - 4, size + 1):  # the fewest bytes, but at most 4 left away
        unit = 256 ** (size - written)
        end = -(-low // unit)  # in units, rounded up
        if end * unit < low + width:
            return end.to_bytes(written, "big")
    raise AssertionError("an interval holds its own lower end")


def binary_decode(stream: bytes, probabilities: Sequence[int]) -> list[int]:
    """Decode one bit for each probability, from a stream of binary_encode."""
    low, width, size, bits = 0, 2**32 - 1, 4, []
    for probability in probabilities:
        ones = width * probability // 2**16
        bit = int(int.from_bytes(stream[:size].ljust(size, b"\0"), "big") < low + ones)
        bits.append(bit)
        low, width = (low, ones) if bit else (low + ones, width - ones)
        while width < 2**24:
            low, width, size = low << 8, width << 8, size + 1
    return bits


def normalise(weights: Sequence[int], precision: int) -> list[int]:
    """CDF of integer weights in 0..2**24, the largest at least 2**23."""
    k = 55 - precision
    m = ((2**precision - len(weights)) << k) // sum(weights)
    freqs = [1 + (w * m >> k) for w in weights]
    freqs[weights.index(max(weights))] += 2**precision - sum(freqs)
    return list(accumulate(freqs, initial=0))


def count_weights(counts: Sequence[int]) -> list[int]:
    """Weights of counts."""
    return [(c << 24) >> max(counts).bit_length() for c in counts]


def exp2_entry(f: int) -> int:
    """floor(2**24 * 2**(-f / 1024)): the largest w with w**1024 * 2**f <= 2**(24 * 1024), by bisection."""
    low, high = 0, 2**24
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**1024 << f <= 1 << 24 * 1024 else (low, middle - 1)
    return low


def logit_weights(logits: Sequence[int], table: Sequence[int]) -> list[int]:
    """Weights of fixed-point base-2 logits with 10 fraction bits; `table` holds exp2_entry(0..1023)."""
    top = max(logits)
    return [table[(top - z) % 1024] >> (top - z) // 1024 for z in logits]


def float_logit_weights(logits: Sequence[float], unit: float, table: Sequence[int]) -> list[int]:
    """Weights of logits in floating point; `unit` is 1024, or the float64 nearest to 1024 / ln 2 in base e."""

    def rounded(x: Fraction) -> Fraction:  # to the nearest float64, as Python rounds; past 2**1000 it does not matter
        return Fraction(float(x)) if x < 2**1000 else x

    def weight(z: float) -> int:
        if z == -math.inf:
            return 0
        scaled = rounded(rounded(Fraction(max(logits)) - Fraction(z)) * Fraction(unit))
        d = math.floor(rounded(scaled + Fraction(1, 2)))
        return table[d % 1024] >> min(d // 1024, 31)

    return [weight(z) for z in logits]


def probability_weights(probabilities: Sequence[float]) -> list[int]:
    """Weights of probabilities: floor(p * 2**e), with the e that brings the largest into [2**23, 2**24)."""
    exact, scale = [Fraction(p) for p in probabilities], Fraction(1)
    while max(exact) * scale < 2**23:
        scale *= 2
    while max(exact) * scale >= 2**24:
        scale /= 2
    return [int(p * scale) for p in exact]


def digest(intervals: Sequence[tuple[int, int]]) -> int:
    """Return the checksum of a stream: 32 bits of a hash of all (start, freq), or (bit, probability), coded."""
    multiplier, mask = 0x9E3779B97F4A7C15, 2**64 - 1
    value = multiplier
    for start, freq in intervals:
        value = (value ^ start ^ (freq << 32)) * multiplier & mask
        value = (value << 32 | value >> 32) & mask
    return ((value ^ value >> 32) * multiplier & mask) >> 32
