"""The meter: what a run should have cost, what the coder wrote, and what the file takes."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Meter:
    """Sizes of one compression, filled in as it goes.

    Attributes
    ----------
    raw_bytes : int
        Plain bytes that blocks were made of.
    ideal_bits : float
        Area under the loss curve: the sum over all symbols of -log2 of the probability that the model gave them,
        whether the block was then coded or stored. Without a model (level 0) 8 bits a byte.
    payload_bits : int
        8 x the bytes of all payloads, of stored blocks too.
    file_bytes : int
        Bytes written: payloads, headers, checksums.
    blocks : list of (int, float)
        Plain bytes and ideal bits of each block.

    Examples
    --------
    >>> meter = Meter()
    >>> meter.add_block(1000, 1990.0, 250)
    >>> meter.file_bytes = 310
    >>> meter.bits_per_byte
    2.48
    >>> print(meter)
    1000 -> 310 bytes, 2.480 bits/byte; ideal 1990.0 bits, payload 2000 bits (+10.0), file 2480 bits (+480)
    """

    raw_bytes: int = 0
    ideal_bits: float = 0.0
    payload_bits: int = 0
    file_bytes: int = 0
    blocks: list[tuple[int, float]] = field(default_factory=list)

    def add_block(self, raw_bytes: int, ideal_bits: float, payload_bytes: int) -> None:
        """Count one block."""
        self.raw_bytes += raw_bytes
        self.ideal_bits += ideal_bits
        self.payload_bits += 8 * payload_bytes
        self.blocks.append((raw_bytes, ideal_bits))

    @property
    def bits_per_byte(self) -> float:
        """File bits per plain byte; 0 where there are no plain bytes."""
        return 8 * self.file_bytes / self.raw_bytes if self.raw_bytes else 0.0

    @property
    def ideal_bits_per_byte(self) -> float:
        """Ideal bits per plain byte: the mean loss in bits; 0 where there are no plain bytes."""
        return self.ideal_bits / self.raw_bytes if self.raw_bytes else 0.0

    def __str__(self) -> str:
        """Return one line for people."""
        file_bits = 8 * self.file_bytes
        return (
            f"{self.raw_bytes} -> {self.file_bytes} bytes, {self.bits_per_byte:.3f} bits/byte; "
            f"ideal {self.ideal_bits:.1f} bits, payload {self.payload_bits} bits "
            f"({self.payload_bits - self.ideal_bits:+.1f}), file {file_bits} bits ({file_bits - self.payload_bits:+d})"
        )
