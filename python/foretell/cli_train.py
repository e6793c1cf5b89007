"""The `foretell-train` command: a model of documents of one kind, to compress others of that kind with."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import foretell
from foretell import cli_signals, process
from foretell.adapters.domain_model import DomainModel
from foretell.adapters.training import MEMORY, Training, parameters_for
from foretell.atomic import atomic_output
from foretell.cli_options import size
from foretell.documents import documents

_EPILOG = """While it works, MODEL.part is kept; started again with the same documents, it goes on from there.
Then: foretell --model MODEL FILE, and foretell -d --model MODEL FILE.fore. An archive names its model by SHA-256; keep
the model as long as the archives."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = _parser().parse_args(arguments)
    process.prepare()
    with cli_signals.signals_raise():
        try:
            _train(options)
        except (foretell.Error, OSError, ValueError) as error:
            print(f"foretell-train: {error}", file=sys.stderr)
            return 1
        except MemoryError:
            print("foretell-train: not enough memory; -M with less makes a smaller model", file=sys.stderr)
            return 1
        except BaseException:
            if not cli_signals.received():
                raise
    if cli_signals.received():
        cli_signals.die()
    return 0


def _train(options: argparse.Namespace) -> None:
    out, part = Path(options.output), Path(f"{options.output}.part")
    if out.exists() and not options.force:
        raise FileExistsError(f"{out} already exists; -f overwrites it")
    paths = list(documents(options.corpus))
    total = sum(path.stat().st_size for path in paths)
    if not total:
        raise ValueError("there is nothing to read in the documents given")
    parameters = parameters_for(total, options.level, options.memory)
    training = Training(parameters)
    if part.exists() and not options.fresh:
        begun = DomainModel.load(part)
        if begun.parameters != parameters:
            raise ValueError(f"{part} has begun with other settings or documents; --fresh begins anew")
        training = Training(begun)
    bits, learned = 0.0, 0
    with _progress(total, options.quiet) as progress:
        saved = time.monotonic()
        for path in paths:
            document = path.read_bytes()
            cost = training.read(document, progress)
            if cost is not None:
                bits, learned = bits + cost, learned + len(document)
            if time.monotonic() - saved > options.checkpoint:
                _write(part, training.serialized(finished=False))
                saved = time.monotonic()
    data = training.serialized()
    _write(out, data)
    part.unlink(missing_ok=True)
    if not options.quiet:
        print(f"{out}: {len(data)} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}")
        print(f"{len(paths)} documents, {total} bytes; {bits / max(learned, 1):.4f} bits a byte while they were read")


def _write(path: Path, data: bytes) -> None:
    with atomic_output(str(path), overwrite=True) as file:
        file.write(data)


@contextlib.contextmanager
def _progress(total: int, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Yield what takes the number of bytes read; draws on a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: cli_signals.check()
        return
    from tqdm import tqdm

    with tqdm(total=total, unit="B", unit_scale=True, leave=False) as bar:

        def advance(count: int) -> None:
            cli_signals.check()
            bar.update(count)

        yield advance


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="foretell-train",
        description="Make a model of documents of one kind, so that others of that kind become small, each alone.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("corpus", nargs="+", metavar="CORPUS", help="documents: files, and folders of them")
    parser.add_argument("-o", "--output", required=True, metavar="MODEL", help="the file to write: MODEL.safetensors")
    for level in range(1, 10):
        text = {1: "quicker, and a smaller model", 5: "the default", 9: "slower, and larger networks"}.get(level, "")
        parser.add_argument(f"-{level}", dest="level", action="store_const", const=level, help=text)
    limit = f"the most memory for the model, {MEMORY >> 20}MiB if not given; its file is a little smaller"
    parser.add_argument("-M", "--memory", type=size, default=MEMORY, metavar="SIZE", help=limit)
    parser.add_argument("-f", "--force", action="store_true", help="overwrite MODEL")
    parser.add_argument("--fresh", action="store_true", help="do not go on from MODEL.part")
    parser.add_argument("--checkpoint", type=float, default=60.0, metavar="SECONDS", help="how often to keep it (60)")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress, no summary")
    parser.set_defaults(level=foretell.DEFAULT_LEVEL)
    return parser
