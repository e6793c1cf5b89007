"""A pretrained language model at work: file bits beside -log2 p, tokens a second beside a plain forward pass.

    python benchmarks/pretrained.py MODEL FILE[:BYTES]... [--numerics exact native] [--lanes N...] [--threads N]
                                    [--device cuda] [--json OUT]

MODEL is what `foretell.load_model` reads (benchmarks/fetch_models.py fetches one). Each file, its first BYTES, is
compressed as tokens and restored in this process; the first call of each kind, which loads and warms up, is not timed.
The plain forward pass shows the float network the same tokens at once, in windows of the same length, and makes nothing
of the logits. "over_ideal": what the file takes above the sum of -log2 p, for the coder's end, the number of tokens and
the frame. "coder_share": of the time, that in the entropy coder.
"""

from __future__ import annotations

import argparse
import itertools
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from arguments import sized
from report import write_report


def timed(action: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    result = action()
    return result, time.perf_counter() - began


class CoderClock:
    """Sums the time that coders take."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def on(self, kind: Callable[..., Any]) -> Callable[..., Any]:
        """Return what makes coders of a kind whose `encode` and `decode` are clocked."""
        clock = self

        class Clocked:
            def __init__(self, *arguments: Any) -> None:
                self.coder = kind(*arguments)
                self.finish = self.coder.finish

            def encode(self, *arguments: Any) -> None:
                clock.seconds += timed(lambda: self.coder.encode(*arguments))[1]

            def decode(self, rows: Any) -> Any:
                symbols, seconds = timed(lambda: self.coder.decode(rows))
                clock.seconds += seconds
                return symbols

        return Clocked


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", type=Path, metavar="MODEL")
    parser.add_argument("files", nargs="+", metavar="FILE[:BYTES]")
    parser.add_argument("--numerics", nargs="+", choices=("exact", "native"), default=["exact", "native"])
    parser.add_argument("--lanes", type=int, nargs="+", default=[8])
    parser.add_argument("--device", default="cpu", help="of torch (cpu)")
    parser.add_argument("--threads", type=int, default=1, help="of torch (1)")
    parser.add_argument("--json", type=Path, metavar="OUT")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)

    import foretell
    import torch
    from foretell.adapters import token_model
    from foretell.adapters.pretrained_tokens import WINDOW
    from foretell.adapters.runs_on import runs_on
    from foretell.adapters.transformer import Transformer
    from foretell.adapters.weights import load
    from foretell.coders import RangeDecoder, RangeEncoder

    def packed(data: bytes, model: Any) -> tuple[bytes, foretell.Meter]:
        compressor = foretell.Compressor(model=model, size=len(data))
        return compressor.compress(data) + compressor.flush(), compressor.meter

    weights = load(options.model)
    window = min(WINDOW, weights.config.context)
    plain_network = Transformer(weights.config, weights.tensors, positions=window, device=options.device)
    clock = CoderClock()
    token_model.RangeEncoder, token_model.RangeDecoder = clock.on(RangeEncoder), clock.on(RangeDecoder)
    texts = []
    for name in options.files:
        path, size = sized(name)
        data = path.read_bytes()[:size]
        tokens = torch.from_numpy(weights.tokenizer.encode(data))[None]

        def forward(tokens: torch.Tensor = tokens) -> float:
            for first in range(0, tokens.shape[1], window):
                plain_network.begin(1)
                logits = plain_network.forward(tokens[:, first : first + window])
            return float(logits[0, -1, 0])  # a GPU has done it all by then

        texts.append((path.name, data, tokens.shape[1], timed(forward)[1]))
    rows = []
    for numerics, lanes in itertools.product(options.numerics, options.lanes):
        exact = numerics == "exact"
        model = foretell.load_model(options.model, exact=exact, lanes=lanes, device=options.device, tokens_only=True)
        foretell.decompress(packed(b"A few words to warm up.", model)[0], model=model)
        for name, data, total, plain_seconds in texts:
            clock.seconds = 0.0
            (archive, meter), there = timed(lambda model=model, data=data: packed(data, model))
            coder_there, clock.seconds = clock.seconds, 0.0
            restored, back = timed(lambda model=model, archive=archive: foretell.decompress(archive, model=model))
            if restored != data:
                raise SystemExit(f"{name}: the archive restores something else")
            rows.append(
                {
                    "file": name,
                    "raw_bytes": len(data),
                    "tokens": total,
                    "numerics": numerics,
                    "lanes": lanes,
                    "ideal_bits": round(meter.ideal_bits, 1),
                    "payload_bits": meter.payload_bits,
                    "file_bits": 8 * len(archive),
                    "over_ideal": round(8 * len(archive) / meter.ideal_bits - 1, 6),
                    "bits_per_byte": round(8 * len(archive) / len(data), 4),
                    "forward_tokens_per_second": round(total / plain_seconds, 1),
                    "encode_tokens_per_second": round(total / there, 1),
                    "decode_tokens_per_second": round(total / back, 1),
                    "encode_bytes_per_second": round(len(data) / there, 1),
                    "decode_bytes_per_second": round(len(data) / back, 1),
                    "coder_share": [round(coder_there / there, 6), round(clock.seconds / back, 6)],
                }
            )
            print(rows[-1], flush=True)
    if options.json:
        write_report(options.json, {"rows": rows}, model=options.model.name, **runs_on(options.device))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
