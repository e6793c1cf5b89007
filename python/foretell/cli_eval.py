"""The `foretell-eval` command: what documents cost under a model, in bits per byte."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
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


@dataclass(frozen=True)
class Cost:
    """What a document, or all of them, cost.

    Attributes
    ----------
    name : str
    raw_bytes : int
        Of the plain document.
    ideal_bits : float
        Sum of -log2 of the probabilities that the coder was given.
    file_bytes : int
        Of the archive.
    """

    name: str
    raw_bytes: int
    ideal_bits: float
    file_bytes: int

    @property
    def ideal(self) -> float:
        """Bits per byte by the model's probabilities."""
        return self.ideal_bits / self.raw_bytes if self.raw_bytes else 0.0

    @property
    def actual(self) -> float:
        """Bits per byte of the archive."""
        return 8 * self.file_bytes / self.raw_bytes if self.raw_bytes else 0.0

    def __str__(self) -> str:
        """Return a row of the table."""
        return _ROW.format(self.raw_bytes, self.file_bytes, f"{self.ideal:.4f}", f"{self.actual:.4f}", self.name)


def evaluate(name: str, data: bytes, level: int, model: Pretrained | None, *, restore: bool = False) -> Cost:
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
    return Cost(name, len(data), compressor.meter.ideal_bits, len(archive))


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
                options.model, exact=not options.native, device=options.device, tokens_only=not options.foreign
            )
        print(_ROW.format("bytes", "compressed", "ideal", "actual", "document"))
        costs = []
        for path in documents(options.corpus):
            costs.append(evaluate(str(path), path.read_bytes(), level or 0, model, restore=options.restore))
            print(costs[-1], flush=True)
        weights = weights_bytes(Path(options.model)) if level is None else 0
        total = Cost(
            f"({len(costs)} documents)",
            sum(cost.raw_bytes for cost in costs),
            sum(cost.ideal_bits for cost in costs),
            sum(cost.file_bytes for cost in costs),
        )
        counted = Cost("(and the weights)", total.raw_bytes, total.ideal_bits + 8 * weights, total.file_bytes + weights)
        print(total)
        print(counted)
        if options.json:
            report = {
                "model": options.model,
                "sha256": model.digest.hex() if model else None,
                "weights_bytes": weights,
                "documents": [_as_dict(cost) for cost in costs],
                "total": _as_dict(total),
                "total_with_weights": _as_dict(counted),
            }
            options.json.write_text(json.dumps(report, indent=2) + "\n")
    except ModuleNotFoundError as error:
        print(f"foretell-eval: needs the package {error.name}: pip install 'foretell[pretrained]'", file=sys.stderr)
        return 1
    except (foretell.Error, OSError, ValueError) as error:
        print(f"foretell-eval: {error}", file=sys.stderr)
        return 1
    return 0


def _as_dict(cost: Cost) -> dict[str, object]:
    return {**asdict(cost), "ideal_bits_per_byte": cost.ideal, "actual_bits_per_byte": cost.actual}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="foretell-eval",
        description="Bits per byte of documents under a model: ideal, and of real files; weights counted and not.",
        epilog=_EPILOG,
    )
    parser.add_argument("model", metavar="MODEL", help="a language model's path, or a level, 0..9")
    parser.add_argument("corpus", nargs="+", metavar="CORPUS", help="documents: files, and folders of them")
    parser.add_argument("--native", action="store_true", help="in floats: quicker")
    parser.add_argument("--foreign", action="store_true", help="code as bytes what that makes shorter, as files do")
    parser.add_argument("--restore", action="store_true", help="restore every archive, and compare")
    parser.add_argument("--device", default="cpu", help="cpu (the default) or cuda")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures here too")
    return parser
