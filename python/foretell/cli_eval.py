"""The `foretell-eval` command: what documents cost under a model, in bits per byte."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import foretell
from foretell import process
from foretell.documents import documents

if TYPE_CHECKING:
    from foretell.models import Pretrained

_EPILOG = """ideal: the sum of -log2 p over all tokens, or bits, by the bytes of the text, as evaluation harnesses do
(each token is predicted once, from the window before it); actual: the bits of a file that holds it."""

_ROW = "{:>12} {:>12} {:>9} {:>9}  {}"


def evaluate(name: str, data: bytes, level: int, model: Pretrained | None, *, restore: bool = False) -> foretell.Meter:
    """Return what a document costs under a model, or under a level where there is none.

    Parameters
    ----------
    name : str
        Of the document.
    data : bytes
    level : int
        0..9; not looked at with a model.
    model : Pretrained or None
    restore : bool
        Restore the archive, and compare.

    Raises
    ------
    foretell.Error
        The archive does not restore the document.
    """
    compressor = foretell.Compressor(level, size=len(data), model=model)
    archive = compressor.compress(data) + compressor.flush()
    if restore and foretell.decompress(archive, model=model) != data:
        raise foretell.Error(f"{name}: its archive restores something else; please report it")
    return compressor.meter


def weights_bytes(path: Path) -> int:
    """Return the bytes of a model's file; of a folder those of its weights."""
    files = path.glob("*.safetensors") if path.is_dir() else (path,)
    return sum(file.stat().st_size for file in files)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = _parser().parse_args(arguments)
    process.prepare()
    level = int(options.model) if options.model in map(str, range(10)) else None
    try:
        model: Pretrained | None = None
        if level is None:
            model = foretell.load_model(
                options.model,
                exact=not options.native,
                device=options.device,
                adapt=options.adapt,
                tokens_only=not options.foreign,
            )
        print(_ROW.format("bytes", "compressed", "ideal", "actual", "document"))
        costs: list[tuple[str, foretell.Meter]] = []
        for path in documents(options.corpus):
            meter = evaluate(str(path), path.read_bytes(), level or 0, model, restore=options.restore)
            costs.append((str(path), meter))
            _print(*costs[-1])
        weights = weights_bytes(Path(options.model)) if level is None else 0
        meters = [meter for _, meter in costs]
        total, counted = (
            (f"({len(costs)} documents)", _total(meters, 0)),
            ("(and the weights)", _total(meters, weights)),
        )
        _print(*total)
        _print(*counted)
        if options.json:
            report = {
                "model": options.model,
                "sha256": model.digest.hex() if model else None,
                "weights_bytes": weights,
                "documents": [_as_dict(*cost) for cost in costs],
                "total": _as_dict(*total),
                "total_with_weights": _as_dict(*counted),
            }
            options.json.write_text(json.dumps(report, indent=2) + "\n")
    except ModuleNotFoundError as error:
        print(f"foretell-eval: needs the package {error.name}: pip install 'foretell[pretrained]'", file=sys.stderr)
        return 1
    except (foretell.Error, OSError, ValueError) as error:
        print(f"foretell-eval: {error}", file=sys.stderr)
        return 1
    return 0


def _total(meters: Sequence[foretell.Meter], weights: int) -> foretell.Meter:
    """Return the sum, over documents and the bytes of weights."""
    return foretell.Meter(
        raw_bytes=sum(meter.raw_bytes for meter in meters),
        ideal_bits=sum(meter.ideal_bits for meter in meters) + 8 * weights,
        file_bytes=sum(meter.file_bytes for meter in meters) + weights,
    )


def _print(name: str, meter: foretell.Meter) -> None:
    rates = f"{meter.ideal_bits_per_byte:.4f}", f"{meter.bits_per_byte:.4f}"
    print(_ROW.format(meter.raw_bytes, meter.file_bytes, *rates, name), flush=True)


def _as_dict(name: str, meter: foretell.Meter) -> dict[str, object]:
    return {
        "name": name,
        "raw_bytes": meter.raw_bytes,
        "ideal_bits": meter.ideal_bits,
        "file_bytes": meter.file_bytes,
        "ideal_bits_per_byte": meter.ideal_bits_per_byte,
        "actual_bits_per_byte": meter.bits_per_byte,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="foretell-eval",
        description="Bits per byte of documents under a model: ideal, and of real files; weights counted and not.",
        epilog=_EPILOG,
    )
    parser.add_argument("model", metavar="MODEL", help="a trained model's path, or a level, 0..9")
    parser.add_argument("corpus", nargs="+", metavar="CORPUS", help="documents: files, and folders of them")
    parser.add_argument("--native", action="store_true", help="in floats")
    parser.add_argument("--adapt", action="store_true", help="let a part of a language model learn while it codes")
    parser.add_argument("--foreign", action="store_true", help="code as bytes what that makes shorter, as files do")
    parser.add_argument("--restore", action="store_true", help="restore every archive, and compare")
    parser.add_argument("--device", default="cpu", help="cpu (the default) or cuda")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures here too")
    return parser
