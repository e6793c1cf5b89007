"""The command line's grammar, after xz and zstd."""

from __future__ import annotations

import argparse
import os
from typing import NoReturn

import foretell

SUFFIX = ".fore"

_LEVELS = {  # speed on one core of 2026; memory for inputs of unknown size, less for small files
    0: "stores, with checksums",
    1: "few contexts: 1000 KB/s, 80 MiB",
    2: "the same, larger tables: 1000 KB/s, 140 MiB",
    3: "all contexts: 260 KB/s, 140 MiB",
    4: "and a network of 32 units: 200 KB/s, 390 MiB",
    5: "128 units (the default): 170 KB/s, 830 MiB",
    6: "256 units, larger tables: 130 KB/s, 1530 MiB",
    7: "the same, wider rows: 120 KB/s, 1920 MiB",
    8: "512 units: 90 KB/s, 1830 MiB",
    9: "1024 units: 50 KB/s, 1840 MiB",
}
_UNITS = {"": 0, "K": 10, "M": 20, "G": 30, "KIB": 10, "MIB": 20, "GIB": 30, "KI": 10, "MI": 20, "GI": 30}


class _Parser(argparse.ArgumentParser):
    """Exits with 1 on a usage error, as xz does; 2 is for warnings."""

    def error(self, message: str) -> NoReturn:
        self.exit(1, f"{self.prog}: {message}\n{self.prog}: '{self.prog} --help' lists the options\n")


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise ValueError(text)
    return value


def size(text: str) -> int:
    """Return the bytes that `text` states, with the suffixes of xz: K, M and G mean powers of 1024."""
    digits = text.upper().rstrip("KMGIB")
    suffix = text.upper()[len(digits) :]
    if suffix not in _UNITS:
        raise ValueError(text)
    return _count(digits) << _UNITS[suffix]


_count.__name__ = "number"  # what argparse calls it in messages


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the `foretell` command."""
    parser = _Parser(
        prog="foretell",
        usage="%(prog)s [OPTION]... [FILE]...",
        description=f"Compress FILE to FILE{SUFFIX}, or restore it with -d. The source is kept.",
        epilog="Without FILE, or where FILE is -, standard input goes to standard output. "
        "Exit status: 0 all went well, 1 an error, 2 something was skipped.",
        allow_abbrev=False,
    )
    parser.add_argument("files", nargs="*", metavar="FILE")
    modes = parser.add_argument_group("what to do").add_mutually_exclusive_group()
    for flags, mode, text in (
        (("-z", "--compress"), "compress", "compress (the default)"),
        (("-d", "--decompress", "--uncompress"), "decompress", "decompress"),
        (("-t", "--test"), "test", "decompress, write nothing"),
        (("-l", "--list"), "list", "list sizes and models; decodes nothing"),
    ):
        modes.add_argument(*flags, dest="mode", action="store_const", const=mode, help=text)
    output = parser.add_argument_group("files")
    output.add_argument("-c", "--stdout", action="store_true", help="write to standard output")
    output.add_argument("-o", "--output", metavar="PATH", help="write to PATH; - is standard output")
    output.add_argument("-f", "--force", action="store_true", help="overwrite, and write to a terminal")
    output.add_argument("-k", "--keep", dest="remove", action="store_false", help="keep the source (the default)")
    output.add_argument("--rm", dest="remove", action="store_true", help="remove the source when all went well")
    how = parser.add_argument_group("how")
    for level in range(10):
        how.add_argument(f"-{level}", dest="level", action="store_const", const=level, help=_LEVELS[level])
    limit = (
        "the most memory for the model, 2GiB if not given (KiB, MiB, GiB or K, M, G): -z makes tables fit, -d refuses"
    )
    how.add_argument("-M", "--memory", type=size, metavar="SIZE", help=limit)
    how.add_argument(
        "--model",
        metavar="PATH",
        help="what foretell-train made, or a language model: GGUF, llama2.c, a Hugging Face folder; -d needs it too",
    )
    native = "with --model, compress in floats: restored on such a machine alone"
    how.add_argument("--native", action="store_true", help=native)
    adapt = "with --model, let a part of a language model learn while it compresses: smaller for long or unusual texts"
    how.add_argument("--adapt", action="store_true", help=adapt)
    lanes = "with --model, pieces of a block that a language model codes side by side (8): more are quicker, and larger"
    how.add_argument("--lanes", type=_count, metavar="N", help=lanes)
    device = (
        "where --model works, and -d of the model ngram/1: cpu (the default) or cuda, with torch; levels use the CPU"
    )
    how.add_argument("--device", default="cpu", help=device)
    threads = "threads of torch, where --device uses it, 0 = one for each core; the levels take one"
    how.add_argument("-T", "--threads", type=_count, metavar="N", help=threads)
    talk = parser.add_argument_group("messages")
    talk.add_argument("-q", "--quiet", action="count", default=0, help="no warnings, no progress; twice: no errors")
    talk.add_argument("-v", "--verbose", action="store_true", help="sizes in bits, speed; with -l every frame")
    talk.add_argument("-V", "--version", action="version", version=f"foretell {foretell.__version__}")
    parser.set_defaults(mode="compress", level=foretell.DEFAULT_LEVEL, remove=False)
    return parser


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Return the options, checked against each other; exits on a mistake."""
    parser = build_parser()
    options = parser.parse_intermixed_args(arguments)
    options.files = options.files or ["-"]
    if options.output is not None:
        if options.stdout:
            parser.error("-c and -o exclude each other")
        if len(options.files) > 1:
            parser.error("-o takes one FILE")
        if options.mode in ("test", "list"):
            parser.error(f"-o does not go with --{options.mode}")
        if options.output == "-":
            options.stdout, options.output = True, None
    for name in ("native", "adapt", "lanes"):
        if getattr(options, name) != parser.get_default(name) and options.model is None:
            parser.error(f"--{name} goes with --model")
    if options.remove and (options.stdout or options.mode in ("test", "list")):
        parser.error("--rm needs an output file beside the source")
    return options


def use_threads(count: int | None) -> None:
    """Let torch, if the device needs it, use `count` threads. Takes effect before the first model, which imports it."""
    if count is not None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        threads = str(count or cores or 1)
        os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = threads
