"""Logarithm, exponential, sine and cosine of Python integers in fixed point: for tables that no libm may touch."""

from __future__ import annotations

from fractions import Fraction

#: Fraction bits of a fixed-point number: far more than the 24 that a table keeps.
BITS = 192
ONE = 1 << BITS
_HALVINGS = 16


def fixed(value: Fraction | float) -> int:
    """Return ``floor(value * 2^BITS)``, exactly."""
    ratio = Fraction(value)
    return (ratio.numerator << BITS) // ratio.denominator


def rounded(value: int, bits: int) -> int:
    """Return a fixed-point number in units of ``2^-bits``, rounded to the nearest."""
    return (value + (1 << (BITS - bits - 1))) >> (BITS - bits)


def exp(x: int) -> int:
    """Return e to the power ``x``, both in fixed point; ``x`` within +-64."""
    reduced = x >> _HALVINGS
    total = term = ONE
    n = 0
    while term not in (0, -1):  # a floor of something small and negative is -1
        n += 1
        term = (term * reduced >> BITS) // n
        total += term
    for _ in range(_HALVINGS):
        total = total * total >> BITS
    return total


def log(value: Fraction | float) -> int:
    """Return the natural logarithm of a positive number, in fixed point."""
    ratio = Fraction(value)
    if ratio <= 0:
        raise ValueError(f"log of {value}")
    twos = ratio.numerator.bit_length() - ratio.denominator.bit_length()
    mantissa = ratio / Fraction(2) ** twos  # in 1/2..2
    return _log_near_one(mantissa) + twos * _log_near_one(Fraction(2))


def _log_near_one(ratio: Fraction) -> int:
    # log r = 2 artanh((r - 1) / (r + 1)), whose series gains at least three bits a term for r in 1/2..2.
    z = fixed((ratio - 1) / (ratio + 1))
    square = z * z >> BITS
    total, power, n = 0, z, 1
    while power not in (0, -1):
        total += power // n
        power = power * square >> BITS
        n += 2
    return 2 * total


def cos_sin(x: int) -> tuple[int, int]:
    """Return cosine and sine of an angle within +-1, all in fixed point."""
    cosine, sine, term, n = 0, 0, ONE, 0
    while term not in (0, -1):
        sign = -1 if n & 2 else 1
        if n & 1:
            sine += sign * term
        else:
            cosine += sign * term
        n += 1
        term = (term * x >> BITS) // n
    return cosine, sine
