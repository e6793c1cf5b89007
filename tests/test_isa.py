"""Every set of instructions that this machine has gives the same integers and bytes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from foretell import _core, cdf, coders

ORDER = ["scalar", "avx2", "avx512"]
not_on_arm = pytest.mark.skipif(_core.isa() == "neon", reason="64-bit ARM has one set of instructions")


def results() -> dict[str, str]:
    """Return digests of what the kernels make of rows of many lengths."""
    generator = np.random.default_rng(11)
    made: dict[str, str] = {"isa": _core.isa()}
    for vocabulary in (1, 2, 3, 15, 16, 17, 31, 33, 64, 255, 256, 257, 300, 511, 513, 1000):
        z = generator.normal(scale=3000, size=(40, vocabulary)).astype(np.int32)
        p = np.exp2(z.astype(np.float32) / 1024) * (generator.random((40, vocabulary)) > 0.1) + 1e-30
        z[5] = z[5, 0]  # all alike: the rest goes to the first
        for precision, dtype in ((10, np.uint16), (16, np.uint16), (16, np.uint32), (24, np.uint32), (32, np.uint64)):
            rows = np.empty((40, vocabulary + 1), dtype)
            cdf.from_probabilities(p.astype(np.float32), precision, rows)
            cdf.from_counts(np.abs(z).astype(np.int64) + 1, precision, counted := np.empty_like(rows))
            data = counted.tobytes() + rows.tobytes()
            # Logits whose weights reach down to 0, all dtypes, and what is left out of a whole CDF.
            for dtype_in in (np.float16, np.float32, np.float64):
                data += cdf.from_logits((z / 512).astype(dtype_in), precision, rows).tobytes()
                data += cdf.from_probabilities(p.astype(dtype_in) + dtype_in(1e-7), precision, rows).tobytes()
            data += cdf.from_logits(z, precision, rows).tobytes()
            chosen = generator.integers(0, vocabulary, 40)
            for half in cdf.intervals_from_logits(z, chosen, precision):
                data += half.tobytes()
            symbols = generator.integers(0, vocabulary, 40)
            encoder, lanes = coders.RangeEncoder(precision), coders.LaneEncoder(40, precision)
            encoder.encode_symbols(symbols, rows)
            lanes.encode_step(symbols, rows)
            streams = [encoder.finish(), *lanes.finish()]
            decoded = coders.RangeDecoder(streams[0], precision).decode(rows)
            np.testing.assert_array_equal(decoded, symbols)
            np.testing.assert_array_equal(coders.LaneDecoder(streams[1:], precision).decode_step(rows), symbols)
            made[f"{vocabulary} {precision} {dtype.__name__}"] = hashlib.sha256(data + b"".join(streams)).hexdigest()
    return made


@not_on_arm
@pytest.mark.parametrize("wanted", [*ORDER, "unheard of"])
def test_same_bytes(wanted: str) -> None:
    environment = {**os.environ, "FORETELL_ISA": wanted}
    done = subprocess.run([sys.executable, __file__], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    forced = json.loads(done.stdout)
    if wanted in ORDER:
        assert ORDER.index(forced["isa"]) <= ORDER.index(wanted)
    ours = results()
    assert {**forced, "isa": ""} == {**ours, "isa": ""}


@not_on_arm
def test_scalar_can_be_forced() -> None:
    command = [sys.executable, "-c", "from foretell import _core; print(_core.isa())"]
    environment = {**os.environ, "FORETELL_ISA": "scalar"}
    assert subprocess.run(command, env=environment, capture_output=True, text=True).stdout == "scalar\n"


if __name__ == "__main__":
    print(json.dumps(results()))
