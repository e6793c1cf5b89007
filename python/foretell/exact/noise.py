"""Random numbers from a counter and an integer hash: framework generators differ between devices and SIMD levels."""

from __future__ import annotations

import torch
from torch import Tensor

_MASK = 0xFFFFFFFF


def _multiply(x: Tensor, factor: int) -> Tensor:
    # Modulo 2^32, in two halves: int64 products must not overflow, which C++ leaves undefined.
    return (x * (factor & 0xFFFF) + ((x * (factor >> 16) & 0xFFFF) << 16)) & _MASK


def _mix(x: Tensor) -> Tensor:
    # MurmurHash3's 32-bit finaliser, in int64.
    x = _multiply(x ^ (x >> 16), 0x85EBCA6B)
    x = _multiply(x ^ (x >> 13), 0xC2B2AE35)
    return x ^ (x >> 16)


def hash32(counter: Tensor, seed: int) -> Tensor:
    """Hash 32-bit counters.

    Parameters
    ----------
    counter : int64 tensor, any shape, values in 0..2^32-1
    seed : int
        0..2^32-1; other seeds give unrelated sequences.

    Returns
    -------
    int64 tensor of the same shape, values in 0..2^32-1
    """
    key = int(_mix(torch.tensor((seed ^ 0x9E3779B9) & _MASK, device="cpu")))
    return _mix((_mix(counter) + key) & _MASK)


def uniform(shape: tuple[int, ...], spread: float, seed: int, device: str = "cpu") -> Tensor:
    """Return numbers uniform in ``[-spread, spread)``: 24 hashed bits, one product.

    Parameters
    ----------
    shape : tuple of int
    spread : float
        Rounded to float32.
    seed : int
        0..2^32-1.
    device : str

    Returns
    -------
    float32 tensor of that shape
    """
    size = 1
    for length in shape:
        size *= length
    bits = (hash32(torch.arange(size, device=device), seed) >> 8) - 2**23
    return (bits.to(torch.float32) * 2.0**-23 * spread).view(shape)


class NoiseBank:
    """Uniform noise in [0, 1) for `dither`: one hashed bank, read from another place each time.

    Parameters
    ----------
    seed : int
        0..2^32-1.
    largest : int
        The most numbers that one `take` may ask for.
    device : str

    Notes
    -----
    Numbers are multiples of 2^-12: finer ones could be rounded up to 1 when added to a gradient near the limit of its
    grid. Reading overlapping pieces of one bank again and again does no harm, because the places are hashed too.
    """

    _SPARE = 1 << 16

    def __init__(self, seed: int, largest: int, device: str = "cpu") -> None:
        self._seed = seed
        self._largest = largest
        self._bank = torch.empty(largest + self._SPARE, dtype=torch.float32, device=device)
        for start in range(0, len(self._bank), self._SPARE):  # in pieces: hashing takes several int64 for each number
            counter = torch.arange(start, min(start + self._SPARE, len(self._bank)), device=device)
            self._bank[start : start + len(counter)] = (hash32(counter, seed) >> 20).to(torch.float32) * 2.0**-12
        self._places: list[int] = []
        self._taken = 0

    def take(self, rows: int, columns: int) -> Tensor:
        """Return the next noise, float32 [rows, columns]; which one depends on the number of calls before alone."""
        if rows * columns > self._largest:
            raise ValueError(f"noise: {rows} x {columns} numbers asked of a bank for {self._largest}")
        if self._taken % 1024 == 0:  # hash a thousand places at a time, on the CPU
            counter = torch.arange(self._taken, self._taken + 1024, device="cpu") & _MASK
            self._places = (hash32(counter, self._seed ^ 0x5BD1E995) % self._SPARE).tolist()
        place = self._places[self._taken % 1024]
        self._taken += 1
        return self._bank[place : place + rows * columns].view(rows, columns)
