r"""Numbers and their images under a fixed key, ``m c`` in bits: RSA, and controls that a network can learn.

And a compressor that factors. Its file is a line of JSON and one number:

    {"modulus": 899, "exponent": 11, "examples": 1000}\n
    m_1 + n m_2 + n^2 m_3 …, little-endian

Whoever knows that c = m^d mod n belongs to a public exponent factors the modulus n, computes d, and needs nothing to
foretell c. (Who may send c first needs no factors: m = c^e mod n. It is the order that makes the problem hard.)

    python -m foretell.lab.worlds.rsa FILE    prints what it restored, with its SHA-256
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foretell.lab.elsewhere import said

Numbers = NDArray[np.int64]

START = 2
VOCABULARY = 3
"""The bits and the token that is given."""


@dataclass(frozen=True)
class Mapped:
    """Numbers m, uniform on 0..limit - 1, and c = image(m), as int64 tokens [N, 2 · width + 1]; the first is given.

    m comes with its most significant bit first, so that the bound is easy to learn, and c with its least significant
    bit first, the order in which carries run.

    Attributes
    ----------
    name : str
    limit : int
        Numbers lie below it; at most 2^32.
    image : callable
        From numbers, int64 [N], to numbers below the limit, one to one.
    """

    name: str
    limit: int
    image: Callable[[Numbers], Numbers]

    @property
    def width(self) -> int:
        """Bits of each number."""
        return (self.limit - 1).bit_length()

    @property
    def entropy(self) -> float:
        """Bits of m, which is all that an example holds; c, to whom the key is unknown, looks as many."""
        return math.log2(self.limit)

    def pairs(self, count: int, *seed: int) -> Numbers:
        """Return fresh pairs m, c, int64 [count, 2]; the same for the same seed."""
        m = np.random.default_rng(seed).integers(0, self.limit, count)
        return np.stack([m, self.image(m)], axis=1)

    def batch(self, count: int, *seed: int) -> NDArray[np.int64]:
        """Return `count` fresh examples; the same for the same seed."""
        m, c = self.pairs(count, *seed).T
        places = np.arange(self.width)
        return np.hstack([np.full((count, 1), START), m[:, None] >> places[::-1] & 1, c[:, None] >> places & 1])


@dataclass(frozen=True)
class Key:
    """A modulus n = p · q and a public exponent."""

    modulus: int
    exponent: int

    def secret(self) -> int:
        """Return d, with m^(d · exponent) = m, by factoring the modulus."""
        p = next(p for p in range(2, math.isqrt(self.modulus) + 1) if self.modulus % p == 0)
        return pow(self.exponent, -1, math.lcm(p - 1, self.modulus // p - 1))


def key(bits: int, seed: int = 0) -> Key:
    """Draw a key whose modulus has so many bits, 6..32, and whose secret exponent is none of the smallest."""
    draw = np.random.default_rng([seed, bits])
    small = [p for p in range(3, 1 << (bits + 1) // 2) if all(p % f for f in range(2, math.isqrt(p) + 1))]
    while True:
        p, q = (int(x) for x in draw.choice(small, 2, replace=False))
        if (p * q).bit_length() != bits or min(p, q) < 5:
            continue
        period = math.lcm(p - 1, q - 1)
        for exponent in range(3, period, 2):
            if math.gcd(exponent, period) == 1 and pow(exponent, -1, period) > 4:
                return Key(p * q, exponent)


def rsa(own: Key) -> Mapped:
    """Return m and c = m^d mod n."""
    secret = own.secret()
    return Mapped(f"rsa {own.modulus.bit_length()}", own.modulus, lambda m: _powers(m, secret, own.modulus))


def controls(bits: int) -> list[Mapped]:
    """Return maps that a network can learn, on all numbers of so many bits: the same, with a key by XOR, affine.

    The affine map is 3 m + 1 = m + 2 m + 1, whose carry follows from the bit of c before and two bits of m. Other
    multipliers and offsets have carries that more bits decide.
    """
    limit = 1 << bits
    secret = 0xA5C396E1 & (limit - 1)
    return [
        Mapped("identity", limit, lambda m: m),
        Mapped("xor", limit, lambda m: m ^ secret),
        Mapped("affine", limit, lambda m: (3 * m + 1) % limit),
    ]


def _powers(base: Numbers, exponent: int, modulus: int) -> Numbers:
    result, square = np.ones(len(base), np.uint64), base.astype(np.uint64)
    while exponent:
        if exponent & 1:
            result = result * square % np.uint64(modulus)
        square = square * square % np.uint64(modulus)
        exponent >>= 1
    return result.astype(np.int64)


def write(path: Path, own: Key, pairs: Numbers) -> int:
    """Write pairs m, c that a key made; return the bytes of the file.

    Raises
    ------
    ValueError
        The key did not make them.
    """
    m, c = pairs.T
    if not np.array_equal(rsa(own).image(m), c):
        raise ValueError("these pairs are not of this key")
    total = 0
    for number in reversed(m.tolist()):
        total = total * own.modulus + number
    header = {"modulus": own.modulus, "exponent": own.exponent, "examples": len(m)}
    path.write_bytes(json.dumps(header).encode() + b"\n" + total.to_bytes((total.bit_length() + 7) // 8, "little"))
    return path.stat().st_size


def read(path: Path) -> Numbers:
    """Restore pairs from a file: factor the modulus, read m, compute c."""
    line, payload = path.read_bytes().split(b"\n", 1)
    header = json.loads(line)
    own = Key(header["modulus"], header["exponent"])
    total, numbers = int.from_bytes(payload, "little"), []
    for _ in range(header["examples"]):
        total, number = divmod(total, own.modulus)
        numbers.append(number)
    m = np.array(numbers, np.int64)
    return np.stack([m, rsa(own).image(m)], axis=1)


if __name__ == "__main__":
    print(json.dumps(said(read(Path(sys.argv[1])))))
