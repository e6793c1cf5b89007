"""The command ``foretell-lab``."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from foretell.defaults import DEFAULT_LEVEL
from foretell.errors import Error
from foretell.lab.results import as_text, perform, prepared

_EPILOG = """Results go to OUT/NAME/: result.json, pictures, archives. A run that was interrupted goes on where
it was when it is started again with the same arguments; --fresh starts anew. Exit status: 0 if the verdict is pass or
inconclusive, 1 if it is fail, 2 if there was an error."""

_COMMANDS = ("list", "run", "report", "area", "value", "compare")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    argv = list(sys.argv[1:] if argv is None else argv)
    if argv and argv[0] not in _COMMANDS and not argv[0].startswith("-"):
        argv.insert(0, "run")
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.act(arguments))
    except (Error, ValueError, OSError) as error:
        print(f"foretell-lab: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        print(f"foretell-lab: {error.name} is missing: pip install 'foretell[lab]'", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nforetell-lab: interrupted; the same command goes on from the last checkpoint", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="foretell-lab",
        description="Prediction is compression is learning: each claim an experiment with a verdict.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    command = commands.add_parser("list", help="the experiments")
    command.set_defaults(act=_list)

    command = commands.add_parser(
        "run", help="run experiments; 'run' itself may be left out: foretell-lab A1", epilog=_EPILOG
    )
    command.add_argument("names", nargs="+", metavar="NAME", help="id or name, or 'all'")
    command.add_argument("--quick", action="store_true", help="within two minutes on 2 cores; shows less")
    command.add_argument(
        "--out", type=Path, default=Path("lab-results"), metavar="DIR", help="where results go (%(default)s)"
    )
    command.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="of the float networks (%(default)s)")
    command.add_argument("--seed", type=int, default=0, help="of data and first weights (%(default)s)")
    command.add_argument(
        "--threads", type=int, default=0, metavar="N", help="of torch; 0: as torch has it (%(default)s)"
    )
    command.add_argument(
        "--text", type=Path, metavar="FILE", help="text to work on, in place of Python's documentation"
    )
    command.add_argument("--fresh", action="store_true", help="do not go on from an interrupted run")
    command.add_argument("-q", "--quiet", action="store_true", help="no progress")
    command.set_defaults(act=_run)

    command = commands.add_parser("report", help="one HTML page of all results in a folder")
    command.add_argument("dir", type=Path, nargs="?", default=Path("lab-results"), metavar="DIR")
    command.add_argument("-o", "--output", type=Path, metavar="FILE", help="the page (DIR/report.html)")
    command.add_argument("--gallery", type=Path, metavar="FILE.md", help="write a page in Markdown instead")
    command.add_argument("--summary", type=Path, metavar="FILE.json", help="and all figures but curves, in one file")
    command.set_defaults(act=_report)

    command = commands.add_parser("compare", help="size against time of a FILE: every level and other compressors")
    command.add_argument("file", type=Path, metavar="FILE")
    command.add_argument(
        "--out", type=Path, default=Path("lab-results/compare"), metavar="DIR", help="where results go (%(default)s)"
    )
    command.add_argument(
        "--levels", type=int, nargs="*", choices=range(10), default=list(range(10)), metavar="L", help="0..9 (all)"
    )
    command.add_argument("-q", "--quiet", action="store_true", help="no progress")
    command.set_defaults(act=_compare)

    command = commands.add_parser("area", help="the loss curve of a FILE, and what the area under it comes to")
    command.add_argument("file", type=Path, metavar="FILE")
    which = command.add_mutually_exclusive_group()
    which.add_argument(
        "--level", type=int, choices=range(1, 10), default=DEFAULT_LEVEL, metavar="L", help="1..9 (%(default)s)"
    )
    which.add_argument("--model", choices=("ngram",), help="a network by itself, in place of a level")
    command.add_argument(
        "--out", type=Path, default=Path("lab-results/area"), metavar="DIR", help="where results go (%(default)s)"
    )
    command.set_defaults(act=_area)

    command = commands.add_parser("value", help="how many bits DATA saves of TARGET: bits(T) - bits(T | D)")
    command.add_argument("data", type=Path, metavar="DATA")
    command.add_argument("target", type=Path, metavar="TARGET")
    command.add_argument(
        "--level", type=int, choices=range(1, 10), default=DEFAULT_LEVEL, metavar="L", help="1..9 (%(default)s)"
    )
    command.add_argument("--out", type=Path, metavar="DIR", help="write value.json there")
    command.set_defaults(act=_value)
    return parser


def _list(arguments: argparse.Namespace) -> int:
    from foretell.lab.experiments import load

    for experiment in load().values():
        print(f"{experiment.id:4} {experiment.name:16} {experiment.minutes:4.0f} min  {experiment.claim}")
    return 0


def _run(arguments: argparse.Namespace) -> int:
    from foretell import process
    from foretell.lab.experiments import find, load

    names = list(load()) if arguments.names == ["all"] else arguments.names
    experiments = [find(name) for name in names]  # before any of them runs: a wrong name ends it here
    process.prepare()
    if arguments.threads:
        import torch

        torch.set_num_threads(arguments.threads)
    status = 0
    for experiment in experiments:
        run = prepared(
            experiment,
            arguments.out,
            "quick" if arguments.quick else "full",
            seed=arguments.seed,
            device=arguments.device,
            text=arguments.text,
            quiet=arguments.quiet,
            fresh=arguments.fresh,
        )
        try:
            result = perform(experiment, run)
        except Exception:
            if len(experiments) == 1:
                raise
            traceback.print_exc()
            print(f"foretell-lab: {experiment.id} failed, the others go on", file=sys.stderr)
            status = 2
            continue
        print(as_text(result), flush=True)
        status = max(status, int(result["verdict"] == "fail"))
    return status


def _report(arguments: argparse.Namespace) -> int:
    from foretell.lab.gallery import write_gallery, write_summary
    from foretell.lab.report import write_page

    target = arguments.gallery or arguments.output or arguments.dir / "report.html"
    count = (write_gallery if arguments.gallery else write_page)(arguments.dir, target)
    if arguments.summary:
        write_summary(arguments.dir, arguments.summary)
    print(f"{target}: {count} results")
    return 0


def _compare(arguments: argparse.Namespace) -> int:
    from foretell.lab import compare

    return compare.command(arguments.file, arguments.out, arguments.levels, arguments.quiet)


def _area(arguments: argparse.Namespace) -> int:
    from foretell.lab import area

    figures = area.measured(arguments.file.read_bytes(), arguments.model or str(arguments.level))
    area.write(figures, arguments.out)
    print(f"{area.as_text(figures)}\n  curve and figures in {arguments.out}")
    return 0 if figures["restored"] else 1


def _value(arguments: argparse.Namespace) -> int:
    from foretell.lab import value

    found = value.value(arguments.data.read_bytes(), arguments.target.read_bytes(), arguments.level)
    if arguments.out:
        value.write(found, arguments.out)
    print(found)
    return 0 if found.restored else 1
