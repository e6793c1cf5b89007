"""One process of test_exactness.py: code the same data under this process's settings and print what came out as JSON.

usage: exactness_worker.py ARCHIVE    (the archive that a default process made, or "-")
"""

import hashlib
import json
import sys
from pathlib import Path
from unittest import mock

import foretell
import numpy as np
import torch
from foretell import codec, exact
from foretell.models.ngram import NgramModel
from foretell.models.ngram_parameters import Parameters
from sample import sample

DATA = sample(8_000)
PARAMETERS = Parameters(16, 8, 16, 16)


def float_cdfs() -> str:
    """Return a digest of what the same network computes in ordinary float32: nothing rounded to a grid."""

    def keep(x: torch.Tensor, exponent: torch.Tensor, *_: object) -> torch.Tensor:
        return x * exact.power_of_two(-exponent)

    def gradient(cdf: torch.Tensor, symbols: torch.Tensor, precision: int, _: torch.Tensor) -> torch.Tensor:
        p = (cdf[:, 1:] - cdf[:, :-1]).to(torch.float32) * 2.0**-precision
        return (p - torch.nn.functional.one_hot(symbols, 256)) * 128

    def read(table: exact.Embedding, rows: torch.Tensor) -> torch.Tensor:
        return table._table.index_select(0, rows).to(torch.float32) * 2.0**-6 * 1.1

    with (
        mock.patch("foretell.exact.linear.quantise", keep),
        mock.patch.object(exact, "dither", keep),
        mock.patch.object(exact, "clipped_relu", lambda x: x.clamp_(0.0, 127.0)),
        mock.patch.object(exact, "logit_gradient", gradient),
        mock.patch.object(exact.Embedding, "read", read),
    ):
        return digest(codec.encode_block(NgramModel(PARAMETERS), DATA).payload)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def main() -> None:
    archives = {}
    for threads in (1, 2):
        torch.set_num_threads(threads)
        archives[f"{threads} threads, by chunk"] = foretell.compress(DATA, model=NgramModel(PARAMETERS))
    payloads = {
        name: codec.encode_block(NgramModel(PARAMETERS), DATA, by_step=by_step).payload
        for name, by_step in (("by chunk", False), ("by step", True))
    }
    torch.set_flush_denormal(True)
    torch.set_float32_matmul_precision("medium")
    archives["flush to zero, medium precision"] = foretell.compress(DATA, model=NgramModel(PARAMETERS))
    torch.set_flush_denormal(False)
    torch.set_float32_matmul_precision("highest")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        archives["autocast"] = foretell.compress(DATA, model=NgramModel(PARAMETERS))
    archive = next(iter(archives.values())) if sys.argv[1] == "-" else Path(sys.argv[1]).read_bytes()
    decoded = [foretell.decompress(archive) == DATA]
    torch.set_num_threads(1)
    decoded.append(foretell.decompress(archive) == DATA)
    report = {
        "archives": {name: digest(value) for name, value in archives.items()},
        "payloads": {name: digest(value) for name, value in payloads.items()},
        "decoded": all(decoded),
        "float": float_cdfs(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "numpy": np.__version__,
    }
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_bytes(archive)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
