"""The process of test_damage.py, apart so that its peak of memory is its own: prints what damaged archives did.

Two archives of the default level, one of about 300 bytes and one of about 20 KB: every truncation and every single-bit
flip of the small one, 2 000 random ones of the large one, and headers whose checksums hold and whose numbers are
absurd.
"""

from __future__ import annotations

import json
import random
import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict

import foretell
from foretell import process
from foretell.container import FrameWriter, Header
from foretell.lab.contestant_worker import peak_mib
from foretell.models import MAX_MEMORY, PARAMETER_NAMES, mix_parameters, ngram_parameters
from sample import sample

SMALL_BYTES, LARGE_BYTES = 900, 125_000


def truncations(archive: bytes) -> Iterator[bytes]:
    return (archive[:end] for end in range(len(archive)))


def flipped(archive: bytes, bit: int) -> bytes:
    damaged = bytearray(archive)
    damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


def random_damage(archive: bytes, count: int) -> Iterator[bytes]:
    generator = random.Random(20)
    for i in range(count):
        place = generator.randrange(len(archive))
        yield archive[:place] if i % 2 else flipped(archive, 8 * place + generator.randrange(8))


def hostile_headers() -> Iterator[bytes]:
    """Yield frames whose header asks for the most of something, before a payload of garbage; all checksums hold."""
    cases: list[dict[str, int]] = [{name: most} for name, (_, most) in ngram_parameters.LIMITS.items()]
    cases += [{"lanes": 4096, "chunk": 16}, {"row_bits": 24, "run_bits": 24}, {"hidden": 1 << 62}, {"seed": 1 << 62}]
    cases += [{"lanes": 1, "chunk": 1, "hidden": 2048, "width": 256}, {"lanes": 1, "chunk": 1}]
    usual = asdict(ngram_parameters.Parameters())
    for case in cases:
        yield from garbage_for(ngram_parameters.NAME, usual | case)
    cases = [{name: most} for name, (_, most) in mix_parameters.LIMITS.items()]
    cases += [{"contexts": 2}, {"cell_bits": 28}, {"hidden": 0}, {"hidden": 1 << 62}, {"chunk": 1, "hidden": 2048}]
    usual = asdict(mix_parameters.for_level(foretell.DEFAULT_LEVEL, 1000, MAX_MEMORY))
    for case in cases:
        yield from garbage_for(mix_parameters.NAME, usual | case)


def garbage_for(name: str, parameters: dict[str, int]) -> Iterator[bytes]:
    values = tuple(parameters[key] for key in PARAMETER_NAMES[name])
    writer = FrameWriter()
    head = writer.header(Header("exact/1", name, 1 << 26, None, values))
    yield head + writer.coded(1 << 26, bytes(range(200)), zlib.crc32(b"")) + writer.end()
    writer = FrameWriter()  # zeros are one symbol over and over, which the model soon expects: they last long
    head = writer.header(Header("exact/1", name, 1 << 26, None, values))
    yield head + writer.coded(500, bytes(200), zlib.crc32(b"")) + writer.end()


def tried(archives: Iterable[bytes]) -> dict[str, float]:
    cases = errors = 0
    slowest = 0.0
    for archive in archives:
        began = time.thread_time()  # of this thread: other programs may want the cores
        try:
            foretell.decompress(archive)
        except foretell.Error:
            errors += 1
        slowest = max(slowest, time.thread_time() - began)
        cases += 1
    return {"cases": cases, "errors": errors, "slowest_seconds": round(slowest, 3)}


def main() -> None:
    process.prepare()
    small, large = (foretell.compress(sample(size)) for size in (SMALL_BYTES, LARGE_BYTES))
    report = {
        "undamaged": tried([small, large]) | {"small_bytes": len(small), "large_bytes": len(large)},
        "truncations": tried(truncations(small)),
        "bits": tried(flipped(small, bit) for bit in range(8 * len(small))),
        "random damage": tried(random_damage(large, 2000)),
        "hostile headers": tried(hostile_headers()),
        "process": {"peak_mib": peak_mib()},
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
