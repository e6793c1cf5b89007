"""Grey pictures whose low bits are noise: all that can be known of them is a smooth surface and how it is hidden."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

DEPTH = 8
"""Bits of a pixel."""

SURFACE = 4
"""The planes of the surface, the highest ones."""


@dataclass(frozen=True)
class NoisyImage:
    """A smooth surface in the four high bits; uniform independent bits in the lowest; zeros between.

    Attributes
    ----------
    height, width : int
    noise_bits : int
        0..4.
    seed : int
        Of surface and noise: the same picture for the same one.
    """

    height: int = 256
    width: int = 256
    noise_bits: int = 4
    seed: int = 0

    @property
    def entropy(self) -> float:
        """Bits a pixel, given the seed of the surface: those of the noise."""
        return float(self.noise_bits)

    def entropy_without(self, planes: int) -> float:
        """Return the bits a pixel that are left without so many of the lowest planes."""
        return float(max(self.noise_bits - planes, 0))

    @cached_property
    def surface(self) -> NDArray[np.uint8]:
        """The high bits, 0..15, [height, width]: a few waves longer than the picture, rounded."""
        draw = np.random.default_rng([self.seed, 0])
        y = np.linspace(0, 1, self.height)[:, None]
        x = np.linspace(0, 1, self.width)[None, :]
        height = np.zeros((self.height, self.width))
        for _ in range(3):
            down, across, phase = draw.uniform(-0.5, 0.5), draw.uniform(-0.5, 0.5), draw.uniform(0, 1)
            height += np.sin(2 * np.pi * (down * y + across * x + phase))
        scaled = (height - height.min()) / (height.max() - height.min())
        levels = 1 << SURFACE
        return np.asarray(np.minimum(scaled * levels, levels - 1), np.uint8)

    @cached_property
    def pixels(self) -> NDArray[np.uint8]:
        """The picture, [height, width]."""
        noise = np.random.default_rng([self.seed, 1]).integers(0, 1 << self.noise_bits, (self.height, self.width))
        return np.asarray(self.surface.astype(np.int64) << (DEPTH - SURFACE) | noise, np.uint8)
