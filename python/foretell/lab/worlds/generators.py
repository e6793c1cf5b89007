r"""Random numbers that are none: a stream of additions whose operands come from a seeded generator.

The operands are digits without structure to all but those who know the generator. Two files of such a stream are here;
the first byte says which, and integers are varints of 7 bits a byte:

    0, seed as little-endian uint32, examples
    1, bits as uint8, examples, and a range coder's stream of the operands' digits

The first is by one who knows the seed. The second is by one who does not: a mixture, half on uniform digits, half
spread over the seeds below 2^bits. The digits themselves tell the seeds apart, for the decoder as well.

    python -m foretell.lab.worlds.generators FILE    prints what it restored, with its SHA-256
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foretell import cdf, varint
from foretell.coders import RangeDecoder, RangeEncoder
from foretell.errors import TruncatedError
from foretell.lab.elsewhere import said
from foretell.lab.worlds.addition import Addition

DIGITS = 8
PRECISION = 24
WORLD = Addition(DIGITS, held_out=0)

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]

_WORDS = 624
_AHEAD = 397
_LEAST = 1e-30
_KNOWN, _SEARCHED = 0, 1


def operands(seed: int) -> Iterator[int]:
    """Yield operands of 8 digits from Python's generator: 27 bits a time, those out of range rejected."""
    draw = random.Random(seed)
    while True:
        value = draw.getrandbits(27)
        if WORLD.low <= value < 10**DIGITS:
            yield value


def pairs(seed: int, count: int) -> Numbers:
    """Return the operands of so many examples, int64 [count, 2]."""
    source = operands(seed)
    return np.array([[next(source), next(source)] for _ in range(count)], np.int64)


def outputs(seeds: Numbers, count: int) -> NDArray[np.uint32]:
    """Return the first outputs, at most 227, of MT19937 for seeds below 2^32 as Python sets them, uint32 [N, count]."""
    state = [np.full(len(seeds), word, np.uint32) for word in _first_state()]
    keys = seeds.astype(np.uint32)

    def mix(at: int, factor: int) -> NDArray[np.uint32]:
        before = state[at - 1]
        return np.asarray(state[at] ^ (before ^ before >> np.uint32(30)) * np.uint32(factor))

    at = 1
    for _ in range(_WORDS):
        state[at] = mix(at, 1664525) + keys
        at += 1
        if at == _WORDS:
            state[0], at = state[_WORDS - 1], 1
    for _ in range(_WORDS - 1):
        state[at] = mix(at, 1566083941) - np.uint32(at)
        at += 1
        if at == _WORDS:
            state[0], at = state[_WORDS - 1], 1
    state[0] = np.full(len(seeds), 1 << 31, np.uint32)
    return np.stack([_tempered(state, at) for at in range(count)], axis=1)


@cache
def _first_state() -> list[int]:
    words = [19650218]
    for at in range(1, _WORDS):
        words.append((1812433253 * (words[-1] ^ words[-1] >> 30) + at) & 0xFFFFFFFF)
    return words


def _tempered(state: list[NDArray[np.uint32]], at: int) -> NDArray[np.uint32]:
    y = state[at] & np.uint32(1 << 31) | state[at + 1] & np.uint32((1 << 31) - 1)
    y = state[at + _AHEAD] ^ y >> np.uint32(1) ^ (y & np.uint32(1)) * np.uint32(0x9908B0DF)
    y ^= y >> np.uint32(11)
    y ^= y << np.uint32(7) & np.uint32(0x9D2C5680)
    y ^= y << np.uint32(15) & np.uint32(0xEFC60000)
    return np.asarray(y ^ y >> np.uint32(18))


def first_operands(seeds: Numbers) -> Numbers:
    """Return the first operand of each seed, int64 [N]."""
    found = np.empty(len(seeds), np.int64)
    for begin in range(0, len(seeds), 4096):  # 10 MB of states: they stay in the cache
        part = seeds[begin : begin + 4096]
        drawn = (outputs(part, 12) >> np.uint32(5)).astype(np.int64)
        inside = (drawn >= WORLD.low) & (drawn < 10**DIGITS)
        found[begin : begin + 4096] = drawn[np.arange(len(part)), inside.argmax(axis=1)]
        for row in np.flatnonzero(~inside.any(axis=1)):  # all 12 rejected: one seed in half a million
            found[begin + row] = next(operands(int(part[row])))
    return found


class SeedSearch:
    """Predicts the digits of operands: half on uniform ones, half spread over the seeds below 2^bits.

    Parameters
    ----------
    bits : int
    """

    def __init__(self, bits: int) -> None:
        self._alive = np.arange(1 << bits)
        self._numbers = first_operands(self._alive)
        self._sources: list[Iterator[int]] = []
        self._uniform, self._each = 0.5, 0.5 / (1 << bits)
        self._place = 0
        self._digits = np.zeros(0, np.int64)  # what each seed has at this place

    def predict(self) -> Floats:
        """Return the probabilities of the next digit, [10]."""
        self._digits = self._numbers // 10 ** (DIGITS - 1 - self._place) % 10
        return np.asarray(self._uniform * self._plain() + self._each * np.bincount(self._digits, minlength=10))

    def update(self, digit: int) -> None:
        """Take the digit that came; seeds that would have given another one are out."""
        keep = self._digits == digit
        self._alive, self._numbers = self._alive[keep], self._numbers[keep]
        if self._sources:
            self._sources = [source for source, kept in zip(self._sources, keep, strict=True) if kept]
        self._uniform *= self._plain()[digit]
        total = self._uniform + self._each * len(self._alive)
        # The uniform part never vanishes: the stream may leave the seed that it followed so far.
        self._uniform, self._each = max(self._uniform / total, _LEAST), self._each / total
        self._place += 1
        if self._place == DIGITS:
            self._next_operand()

    def _next_operand(self) -> None:
        if not self._sources:
            self._sources = [operands(int(seed)) for seed in self._alive]
            for source in self._sources:
                next(source)
        self._numbers = np.array([next(source) for source in self._sources], np.int64)
        self._place = 0

    def _plain(self) -> Floats:
        if self._place:
            return np.full(10, 0.1)
        return np.asarray(np.r_[_LEAST, np.full(9, 1 / 9)])


def write_seed(path: Path, seed: int, examples: int) -> int:
    """Write the file of one who knows the seed; return its bytes."""
    return path.write_bytes(bytes([_KNOWN]) + seed.to_bytes(4, "little") + varint.encode(examples))


def write_search(path: Path, numbers: Numbers, bits: int, tick: Callable[[], object] = lambda: None) -> Floats:
    """Write pairs, int64 [N, 2], as one does who searches for the seed; return the ideal bits of each, [N].

    `tick` is called after each pair.
    """
    model, encoder = SeedSearch(bits), RangeEncoder(PRECISION)
    ideal = np.zeros(len(numbers))
    for row, pair in enumerate(numbers.tolist()):
        for digit in map(int, "".join(f"{number:08d}" for number in pair)):
            p = model.predict()
            encoder.encode(*cdf.intervals_from_probabilities(p[None], np.array([digit]), PRECISION))
            ideal[row] -= np.log2(p[digit] / p.sum())
            model.update(digit)
        tick()
    path.write_bytes(bytes([_SEARCHED, bits]) + varint.encode(len(numbers)) + encoder.finish())
    return ideal


def read(path: Path) -> NDArray[np.int64]:
    """Restore the examples of a file, as tokens, int64 [N, 29]."""
    data = path.read_bytes()
    if data[0] == _KNOWN:
        examples, _ = _count(data, 5)
        return WORLD.tokens(pairs(int.from_bytes(data[1:5], "little"), examples))
    examples, at = _count(data, 2)
    model, decoder, numbers = SeedSearch(data[1]), RangeDecoder(data[at:], PRECISION), []
    for _ in range(2 * examples):
        number = 0
        for _ in range(DIGITS):
            digit = int(decoder.decode(cdf.from_probabilities(model.predict()[None], PRECISION))[0])
            model.update(digit)
            number = 10 * number + digit
        numbers.append(number)
    return WORLD.tokens(np.array(numbers, np.int64).reshape(-1, 2))


def _count(data: bytes, at: int) -> tuple[int, int]:
    found = varint.decode(data, at)
    if found is None:
        raise TruncatedError("the file ends within its header")
    return found


@dataclass(frozen=True)
class Congruential:
    """Runs of states x -> a x + c mod m of a small generator, int64 tokens [N, length + 1]; the first one is given.

    All but the first state of a run can be known.
    """

    modulus: int = 256
    factor: int = 141
    step: int = 3
    length: int = 12

    @property
    def vocabulary(self) -> int:
        """The states and the token that is given."""
        return self.modulus + 1

    @property
    def given(self) -> int:
        """The first token."""
        return self.modulus

    @property
    def position_entropy(self) -> Floats:
        """Nats at each predicted position, [length]: those of a state, and 0."""
        return np.asarray(np.log(self.modulus) * (np.arange(self.length) == 0))

    def batch(self, count: int, *seed: int) -> NDArray[np.int64]:
        """Return `count` runs from states drawn afresh; the same for the same seed."""
        columns = [np.full(count, self.given), np.random.default_rng(seed).integers(0, self.modulus, count)]
        for _ in range(self.length - 1):
            columns.append((self.factor * columns[-1] + self.step) % self.modulus)
        return np.stack(columns, axis=1)


if __name__ == "__main__":
    print(json.dumps(said(read(Path(sys.argv[1])))))
