"""I1: tokens or bytes? The same text three ways, and what it takes to read each back is counted.

1. Byte-pair tokens at log2 V bits each: what a tokenizer alone compresses.
2. The same tokens, coded by a network that learns on the way.
3. Bytes, coded by a network of the same kind, in rows of about as much text; the tokens' network is wider, so that both
   take about as much computing.

To the first two the vocabulary is added, as the compressed file that the reader gets. The claim is that the network
makes the tokens much smaller than their fixed code does. Whether tokens or bytes make the smaller file is an open
question of the article, and is reported. The program, the same for all, is not counted. A process of its own restores
the text from the files.
"""

from __future__ import annotations

import hashlib
import math
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foretell.lab import plots
from foretell.lab.experiment import Experiment, Figures, Run
from foretell.lab.instruments import thinned
from foretell.lab.verdict import Check
from foretell.lab.worlds import bpe, text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIXED, TOKENS, BYTES = "tokens, fixed code", "tokens, network", "bytes, network"
_BOB = "import sys; from foretell.lab.experiments import i1_tokens as i1; i1.print_digest(*sys.argv[1:])"


def packed(tokens: NDArray[np.int64], vocabulary: int) -> bytes:
    """Write tokens with ceil(log2 vocabulary) bits each; that is 8 at least, so the length tells how many there are."""
    width = math.ceil(math.log2(vocabulary))
    return np.packbits(tokens[:, None] >> np.arange(width)[::-1] & 1).tobytes()


def unpacked(data: bytes, vocabulary: int) -> NDArray[np.int64]:
    """Undo `packed`."""
    width = math.ceil(math.log2(vocabulary))
    bits = np.unpackbits(np.frombuffer(data, np.uint8))
    return np.asarray(bits[: len(bits) // width * width].reshape(-1, width) @ (1 << np.arange(width)[::-1]))


def batches(tokens: NDArray[np.int64], start: int, rows: int, length: int) -> NDArray[np.int64]:
    """Cut tokens into int64 [S, rows, length + 1], `start` before each row and after the last token."""
    count = -(-len(tokens) // (rows * length))
    padded = np.full(count * rows * length, start)
    padded[: len(tokens)] = tokens
    cut = padded.reshape(count, rows, length)
    return np.concatenate([np.full((count, rows, 1), start), cut], axis=2)


def print_digest(kind: str, file: str, pairs_file: str) -> None:
    """Restore the text from the files and print its SHA-256: what the other process does."""
    pairs = bpe.unpacked_pairs(Path(pairs_file).read_bytes())
    if kind == FIXED:
        tokens = unpacked(Path(file).read_bytes(), 256 + len(pairs))
    else:
        from foretell.lab import archive

        tokens = np.concatenate([batch[:, 1:].ravel() for batch in archive.restore(Path(file))])
    if kind == BYTES:
        found = tokens[tokens != text.START].astype(np.uint8).tobytes()
    else:
        found = bpe.decode(tokens[tokens < 256 + len(pairs)], pairs)
    print(hashlib.sha256(found).hexdigest())


def measure(run: Run) -> Figures:
    """Write the text in the three ways."""
    settings = run.settings
    plain = text.chosen(run, settings["bytes"])
    pairs, tokens = bpe.train(plain, settings["vocabulary"])
    vocabulary = 256 + len(pairs)
    pairs_file, fixed = run.folder / "pairs", run.folder / "fixed"
    pairs_file.write_bytes(bpe.packed_pairs(pairs))
    fixed.write_bytes(packed(tokens, vocabulary))
    symbols = np.frombuffer(plain, np.uint8).astype(np.int64)
    length = settings["length"]
    ways: dict[str, Any] = {
        FIXED: {"file": fixed, "bits_per_byte": None},
        TOKENS: _network(run, "tokens", settings["token_network"], tokens, vocabulary, length),
        BYTES: _network(run, "bytes", settings["byte_network"], symbols, text.START, length * settings["stretch"]),
    }
    for kind, way in ways.items():
        command = [sys.executable, "-c", _BOB, kind, str(way["file"]), str(pairs_file)]
        found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        way["restored"] = found == hashlib.sha256(plain).hexdigest()
        way["file_bytes"] = way.pop("file").stat().st_size
        way["vocabulary_bytes"] = 0 if kind == BYTES else pairs_file.stat().st_size
    return {"bytes": len(plain), "tokens": len(tokens), "vocabulary": vocabulary, "ways": ways}


def _network(run: Run, name: str, size: str, tokens: NDArray[np.int64], start: int, length: int) -> dict[str, Any]:
    """Code tokens below `start` with a network; return the file and the curve in bits a byte of text."""
    from foretell.lab import prequential
    from foretell.lab.learner import Learner, LearnerConfig

    source = batches(tokens, start, run.settings["rows"], length)
    config = LearnerConfig(size, start + 1, length, replay=run.settings["replay"], seed=run.seed)
    learner = Learner(config, run.device)
    file = run.folder / f"{name}.archive"
    begun = time.process_time()
    with run.progress(len(source), name) as progress:
        curve = prequential.run(
            learner,
            source.__getitem__,
            len(source),
            given=start,
            archive=file,
            checkpoint=file.with_suffix(".checkpoint"),
            progress=progress,
        )
    a_step = run.settings["bytes"] / len(source)
    return {
        "file": file,
        "parameters": learner.parameters,
        "seconds": round(time.process_time() - begun, 1),
        "bits_per_byte": thinned(curve.bits / a_step, 100),
    }


def _bits(figures: Figures) -> dict[str, float]:
    """Return bits/byte of each way, vocabulary and all."""
    return {
        kind: 8 * (way["file_bytes"] + way["vocabulary_bytes"]) / figures["bytes"]
        for kind, way in figures["ways"].items()
    }


def judge(figures: Figures) -> list[Check]:
    """Ask that the network makes the tokens' file a tenth smaller, and that all three come back."""
    bits, restored = _bits(figures), [way["restored"] for way in figures["ways"].values()]
    return [
        Check("tokens: network over fixed code, bits", bits[TOKENS] / bits[FIXED], high=0.9, full_only=True),
        Check("bytes over tokens, both by networks, bits (reported)", bits[BYTES] / bits[TOKENS]),
        Check("files that another process restored", sum(restored), 3, 3),
    ]


def draw(figures: Figures) -> Mapping[str, Figure]:
    """Show the three sizes, and the two curves."""
    curves = {kind: way["bits_per_byte"] for kind, way in figures["ways"].items() if way["bits_per_byte"]}
    fixed = _bits(figures)[FIXED]
    return {
        "tokens": plots.bars(
            _bits(figures),
            title=f"{figures['bytes']} bytes of text, {figures['tokens']} tokens of {figures['vocabulary']}",
            y="bits/byte, with the vocabulary",
        ),
        "curves": plots.many_curves(
            curves,
            figures["bytes"],
            title="The networks, while they learn",
            x="bytes",
            y="bits/byte, without the vocabulary",
            levels={FIXED: fixed},
        ),
    }


EXPERIMENT = Experiment(
    id="I1",
    name="tokens",
    claim="A network makes byte-pair tokens much smaller than their fixed code; whether bytes are better is open.",
    sizes={
        "toy": {
            "bytes": 1_500,
            "vocabulary": 270,
            "length": 16,
            "stretch": 2,
            "rows": 16,
            "replay": 0,
            "token_network": "pico",
            "byte_network": "pico",
        },
        "quick": {
            "bytes": 40_000,
            "vocabulary": 512,
            "length": 32,
            "stretch": 2,
            "rows": 16,
            "replay": 1,
            "token_network": "2,2,64",
            "byte_network": "2,2,48",
        },
        "full": {
            "bytes": 300_000,
            "vocabulary": 1024,
            "length": 32,
            "stretch": 3,
            "rows": 16,
            "replay": 1,
            "token_network": "2,4,160",
            "byte_network": "2,4,96",
        },
    },
    measure=measure,
    judge=judge,
    draw=draw,
    minutes=4,
    quick_cannot="that the network leaves the fixed code far behind: for that it must see more text",
)
