"""How the golden files were made, with the toy model and a small built-in one: `python tests/golden/make.py`.

Only files that are missing are written: a golden file records what some release wrote or must refuse, and is never
made anew. A new case takes a new name here and a line in README.md. `tests/test_golden.py` holds the recipes against
the files. `--mix` adds the files of the model "mix/1", which wait for it to be frozen, and prints their lines.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import foretell  # noqa: E402 - after the path to toy_model
import toy_model  # noqa: E402
import trained_toy  # noqa: E402
from foretell.container import FrameWriter, Header  # noqa: E402
from sample import sample  # noqa: E402

TEXT = b"This line of text was compressed once and must come back for ever.\n" * 20
NOISE = random.Random(3).randbytes(300)

PLAIN = {
    "good-empty": b"",
    "good-one-byte": b"!",
    "good-stored": NOISE,
    "good-level-0": TEXT[:200],
    "good-coded": TEXT,
    "good-lanes": TEXT * 4,
    "good-blocks": TEXT[:400] + NOISE + TEXT,
    "good-unknown-size": TEXT,
    "good-frames": TEXT[:100] + NOISE + TEXT[100:],
    "good-ngram": sample(5000) + NOISE + sample(7000),
    "good-brief": TEXT[:200],
}
"""What the good files hold."""

MODELS = {"good-brief": trained_toy.Book(TEXT[:100], brief=True)}
"""What was trained before, for those that need it."""

MIX_LINES = {
    "good-mix": "all contexts and a small network: text, noise that is stored and learned, records, samples",
    "good-mix-light": "the same data with few contexts and no network",
}
if "--mix" in sys.argv or (HERE / "good-mix.fore").exists():
    _ROWS = b"".join(b"%06d\1\2" % (i * i % 977) for i in range(400))
    _NOISE = random.Random(5).randbytes(3200)
    _WAVE = b"".join((20000 + i * i // 7 % 5000).to_bytes(2, "little") for i in range(1600))
    PLAIN |= dict.fromkeys(MIX_LINES, sample(6400) + _NOISE * 2 + sample(3200) + _ROWS + _WAVE)


def _in_blocks(data: bytes) -> bytes:
    compressor = foretell.Compressor(block_size=300)
    return compressor.compress(data) + compressor.flush()


def _by_network(data: bytes) -> bytes:
    from foretell.models.native_ngram import NativeNgramModel
    from foretell.models.ngram_parameters import Parameters

    parameters = Parameters(
        lanes=4, chunk=8, row_bits=10, run_bits=9, width=12, hidden=40, layer_rate=300, decay=1 << 16, seed=7
    )
    return foretell.compress(data, model=NativeNgramModel(parameters), block_size=4900)


def _by_mixing(name: str, data: bytes) -> bytes:
    from foretell.models.mix import MixModel
    from foretell.models.mix_parameters import Parameters

    parameters = Parameters(contexts=0, cell_bits=14, history_bits=13)
    if name == "good-mix":
        parameters = Parameters(cell_bits=16, history_bits=13, chunk=8, row_bits=10, run_bits=9, width=12, hidden=40)
    return foretell.compress(data, model=MixModel(parameters), block_size=3200)


def _frame(header: Header, *payloads: bytes) -> bytes:
    writer = FrameWriter()
    return writer.header(header) + b"".join(writer.coded(100, payload, 0) for payload in payloads) + writer.end()


def make() -> dict[str, bytes]:
    """Return name and bytes of every golden file; needs the toy models installed."""
    files = {name: foretell.compress(plain, model=MODELS.get(name)) for name, plain in PLAIN.items()}
    files["good-level-0"] = foretell.compress(PLAIN["good-level-0"], 0)
    files["good-blocks"] = foretell.compress(PLAIN["good-blocks"], block_size=300)
    files["good-unknown-size"] = _in_blocks(TEXT)
    files["good-frames"] = foretell.compress(TEXT[:100]) + foretell.compress(NOISE) + foretell.compress(TEXT[100:])
    files["good-ngram"] = _by_network(PLAIN["good-ngram"])
    files |= {name: _by_mixing(name, PLAIN[name]) for name in MIX_LINES if name in PLAIN}
    coded = files["good-coded"]
    middle = len(coded) // 2
    toy = ("exact/1", toy_model.NAME)
    files["bad-flipped-bit"] = coded[:middle] + bytes([coded[middle] ^ 16]) + coded[middle + 1 :]
    files["bad-cut"] = coded[:-3]
    files["bad-no-end"] = coded[:-7]
    files["bad-garbage-behind"] = coded + b"\n"
    files["bad-line-ends"] = coded.replace(b"\r\n", b"\n")
    files["bad-nothing"] = b""
    files["bad-text"] = TEXT
    files["bad-huge-block"] = FrameWriter().header(Header(*toy, 1 << 26, None, (1, 1, 1))) + bytes.fromhex(
        "01 80808020 ffffff1f 00000000 00"
    )
    files["bad-payload"] = _frame(Header(*toy, 100, None, (1, 1, 1)), b"sealed, but no coder wrote it")
    files["bad-parameter-count"] = _frame(Header(*toy, 100, None, (1, 1)), b"")
    files["unsupported-version"] = coded[:8] + b"\x02" + coded[9:]
    files["unsupported-model"] = _frame(Header("exact/1", "absent/9", 100, None), b"")
    files["unsupported-numerics"] = _frame(Header("native", toy_model.NAME, 100, None, (1, 1, 1)), b"")
    files["unsupported-parameters"] = _frame(Header(*toy, 100, None, (1 << 40, 1, 1)), b"")
    return files


if __name__ == "__main__":
    with toy_model.installed(), trained_toy.installed():
        for name, data in make().items():
            path = HERE / f"{name}.fore"
            if path.exists():
                print(f"{path.name}: kept")
            else:
                path.write_bytes(data)
                print(f"{path.name}: written, {len(data)} bytes")
    if "--mix" in sys.argv:
        print("".join(f"| `{name}` | {text} | content |\n" for name, text in MIX_LINES.items()))
