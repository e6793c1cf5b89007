"""One process of test_mix.py: archives of every level under this process's FORETELL_ISA and threads, as JSON.

usage: mix_worker.py [ARCHIVE]...    (archives that a default process made, to be decoded too)
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import foretell
import numpy as np
from foretell import _core
from sample import sample

BLOCK_SIZE = 3000


def messages() -> dict[str, bytes]:
    """Return text, records, code-like and random bytes: every set of contexts and filter, stored blocks too."""
    generator = np.random.default_rng(4)
    walk = (generator.integers(-3, 4, 3000).cumsum() + 1000).astype("<u2")
    table = b"".join(b"%08d\x01\x02" % (i * i % 977) for i in range(300))
    noise = generator.bytes(BLOCK_SIZE)
    return {
        "text": sample(7000),
        "samples": walk.tobytes(),
        "records": table,
        "mixed": sample(2 * BLOCK_SIZE) + noise + noise + sample(4000) + table,
    }


def main() -> None:
    archives = {}
    for level in range(1, 10):
        for name, data in messages().items():
            most = len(data) if level <= 5 else 2500  # plain C++ takes a millisecond a byte at the highest
            archives[f"{level} {name}"] = foretell.compress(data[:most], level, block_size=BLOCK_SIZE)
    report = {
        "isa": _core.isa(),
        "archives": {name: hashlib.sha256(archive).hexdigest() for name, archive in archives.items()},
        "decoded": [hashlib.sha256(foretell.decompress(Path(name).read_bytes())).hexdigest() for name in sys.argv[1:]],
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
