"""The `foretell` command. Uses the package's public interface only."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING, cast

import foretell
from foretell import cli_signals, process
from foretell.atomic import atomic_output
from foretell.cli_list import Listing
from foretell.cli_options import SUFFIX, parse, use_threads

if TYPE_CHECKING:
    from foretell.models import Pretrained

_CHUNK = 1 << 16
_OK, _ERROR, _WARNING = 0, 1, 2


class _Skip(Exception):  # noqa: N818 - nothing is wrong
    """A file is left alone; the text says why."""


class _Task:
    """One FILE: its source, its target, and how it is told about.

    Parameters
    ----------
    options : argparse.Namespace
    name : str
        As given; "-" is standard input.
    model : Pretrained or None
        What ``--model`` names.
    """

    def __init__(self, options: argparse.Namespace, name: str, model: Pretrained | None) -> None:
        self.options = options
        self.stdin = name == "-"
        self.name = "(stdin)" if self.stdin else name
        self.compressing = options.mode == "compress"
        self.model = model
        self.meter: foretell.Meter | None = None
        self.read_bytes = self.written_bytes = 0

    def run(self) -> None:
        """Do it; raises `_Skip`, OSError or foretell.Error."""
        began = time.monotonic()
        with self._source() as (source, status):
            target = self._target(source)
            drawing = not self.options.quiet and sys.stderr.isatty()
            total = self._total(status, target, drawing)
            with self._output(target, status) as output, self._progress(total, drawing) as progress:
                pieces = self._compressed if self.compressing else self._plain
                for piece in pieces(source, status, progress):
                    cli_signals.check()
                    self.written_bytes += len(piece)
                    view = memoryview(piece)
                    while view:  # unbuffered standard output (python -u) takes a part and says how much
                        view = view[output.write(view) :]
                output.flush()
        if self.options.remove and target is not None:
            self._remove(status)
        if self.options.verbose:
            self._report(time.monotonic() - began)

    @contextlib.contextmanager
    def _source(self) -> Iterator[tuple[IO[bytes], os.stat_result | None]]:
        """Open the input; its status is None unless it is a regular file."""
        if self.stdin:
            if not self.compressing and sys.stdin.isatty():
                raise OSError("compressed data cannot be read from a terminal")
            yield sys.stdin.buffer, None
            return
        status = os.stat(self.name)
        regular = stat.S_ISREG(status.st_mode)
        if stat.S_ISDIR(status.st_mode):
            raise _Skip("is a directory")
        if not regular and not self._free_target():
            raise _Skip("is not a regular file; -c and -o read it")
        with open(self.name, "rb") as source:
            yield source, status if regular else None

    def _free_target(self) -> bool:
        """Tell whether the target's name does not follow from the source's."""
        return self.options.stdout or self.options.output is not None or self.options.mode == "test"

    def _target(self, source: IO[bytes]) -> str | None:
        """Return the output's path; None for standard output and -t."""
        output: str | None = self.options.output
        if self.options.mode == "test":
            return None
        if self.options.stdout or (self.stdin and output is None):
            if self.compressing and sys.stdout.isatty() and not self.options.force:
                raise OSError("compressed data are not written to a terminal; -f does it, -o names a file")
            return None
        if output is not None:
            if os.path.exists(output) and os.path.samestat(os.stat(output), os.fstat(source.fileno())):
                raise OSError(f"{output} is the source itself")
            return output
        if self.compressing:
            if self.name.endswith(SUFFIX) and not self.options.force:
                raise _Skip(f"already ends in {SUFFIX}; -f compresses it again")
            return self.name + SUFFIX
        if not self.name.endswith(SUFFIX) or os.path.basename(self.name) == SUFFIX:
            raise _Skip(f"does not end in {SUFFIX}; -o or -c says where it goes")
        return self.name[: -len(SUFFIX)]

    @contextlib.contextmanager
    def _output(self, target: str | None, status: os.stat_result | None) -> Iterator[IO[bytes]]:
        if target is not None:
            with atomic_output(target, overwrite=self.options.force, like=status) as output:
                yield output
        elif self.options.mode == "test":
            with open(os.devnull, "wb") as output:
                yield output
        else:
            yield sys.stdout.buffer

    def _compressed(
        self, source: IO[bytes], status: os.stat_result | None, progress: Callable[[int], None]
    ) -> Iterator[bytes]:
        # Files in /proc say 0 and hold something: only a positive size is believed.
        size = status.st_size if status and status.st_size else None
        compressor = foretell.Compressor(
            self.options.level, size=size, memory=self.options.memory, model=self.model, progress=progress
        )
        self.meter = compressor.meter
        while chunk := source.read(_CHUNK):
            self.read_bytes += len(chunk)
            if size is not None and self.read_bytes > size:
                raise OSError("grew while it was read; try again, or compress it through a pipe")
            yield compressor.compress(chunk)
        if size is not None and self.read_bytes < size:
            raise OSError("shrank while it was read; try again, or compress it through a pipe")
        yield compressor.flush()

    def _plain(
        self, source: IO[bytes], status: os.stat_result | None, progress: Callable[[int], None]
    ) -> Iterator[bytes]:
        counted = cast("IO[bytes]", _Counted(source, self))  # only its `read` is used
        with foretell.ForetellFile(
            counted,
            device=self.options.device,
            memory=self.options.memory,
            model=self.model,
            progress=progress,
        ) as archive:
            while piece := archive.read1(_CHUNK):
                yield piece

    @contextlib.contextmanager
    def _progress(self, total: int | None, drawing: bool) -> Iterator[Callable[[int], None]]:
        """Yield what takes the number of plain bytes done; draws on a terminal, with speed, ratio and time left."""
        if not drawing:
            yield lambda _: cli_signals.check()
            return
        from tqdm import tqdm  # a moment's import, spared where nothing is drawn

        with tqdm(total=total, unit="B", unit_scale=True, desc=self.name, leave=False) as bar:

            def advance(count: int) -> None:
                cli_signals.check()
                bar.set_postfix_str(self._ratio(int(bar.n) + count), refresh=False)
                bar.update(count)

            yield advance

    def _total(self, status: os.stat_result | None, target: str | None, drawing: bool) -> int | None:
        """Return how many plain bytes there will be, if that is known.

        A damaged file is told of here, before it costs any decoding, unless what can be decoded of it is of use.
        """
        if status is None or self.compressing:
            return status and status.st_size
        whole = target is not None or self.options.mode == "test"
        if not (whole or drawing):
            return None
        try:
            return sum(frame.raw_bytes for frame in foretell.frame_info(self.name))
        except (foretell.Error, OSError):
            if whole:
                raise
            return None  # decoding will meet it and say so

    def _ratio(self, plain_bytes: int) -> str:
        """Return compressed over plain bytes so far; compression knows it by whole blocks only."""
        compressed = self.read_bytes
        if self.meter is not None:
            compressed, plain_bytes = self.meter.file_bytes, self.meter.raw_bytes
        return f"ratio {compressed / plain_bytes:.3f}" if plain_bytes and compressed else ""

    def _remove(self, status: os.stat_result | None) -> None:
        """Remove the source, if it still is what was read."""
        if status is None:
            return
        now = os.lstat(self.name)
        if not os.path.samestat(now, status):
            raise _Skip("is a link or was replaced meanwhile, not removed")
        os.unlink(self.name)

    def _report(self, seconds: float) -> None:
        if self.meter is not None:
            sizes, raw_bytes = str(self.meter), self.meter.raw_bytes
        else:
            sizes, raw_bytes = f"{self.read_bytes} -> {self.written_bytes} bytes", self.written_bytes
        speed = raw_bytes / 1000 / max(seconds, 1e-9)
        print(f"{self.name}: {sizes}; {seconds:.2f} s, {speed:.1f} KB/s", file=sys.stderr)


class _Counted:
    """A file to read from, that tells its task how much was read."""

    def __init__(self, file: IO[bytes], task: _Task) -> None:
        self._file = file
        self._task = task

    def read(self, size: int) -> bytes:
        # read1 returns what a pipe has, so that plain bytes leave as soon as they can.
        data: bytes = getattr(self._file, "read1", self._file.read)(size)
        self._task.read_bytes += len(data)
        return data


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments : list of str, optional
        Instead of the process's.

    Returns
    -------
    int
        0 all went well, 1 an error, 2 a warning only.
    """
    _open_standard_streams()
    options = parse(arguments)
    process.prepare()
    use_threads(options.threads)
    result = _ERROR
    with cli_signals.signals_raise():
        try:
            result = _list_all(options) if options.mode == "list" else _run_all(options)
        except BrokenPipeError:
            # Whoever read standard output has left; its buffer must not fail again at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except BaseException:
            if not cli_signals.received():
                raise
    if cli_signals.received():
        cli_signals.die()
    return result


def _open_standard_streams() -> None:
    """Put the null device where a standard stream was closed: the next file opened would take its number."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115 - it stays open


def _run_all(options: argparse.Namespace) -> int:
    model: Pretrained | None = None
    if options.model is not None:

        def read() -> None:
            nonlocal model
            try:
                model = foretell.load_model(
                    options.model,
                    exact=not options.native,
                    device=options.device,
                    lanes=options.lanes,
                    adapt=options.adapt,
                )
            except ValueError as error:  # an option is out of its range
                raise foretell.UnsupportedError(str(error)) from error

        if _guarded(options, options.model, read) != _OK:
            return _ERROR
    result = _OK
    for name in options.files:
        task = _Task(options, name, model)
        result = _worse(result, _guarded(options, task.name, task.run))
    return result


def _list_all(options: argparse.Namespace) -> int:
    listing = Listing(verbose=options.verbose)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # names need not be valid in the terminal's encoding
    result = _OK
    for name in options.files:

        def show(name: str = name) -> None:
            if name == "-":
                if sys.stdin.isatty():
                    raise OSError("compressed data cannot be read from a terminal")
                print(listing.add("(stdin)", foretell.frame_info(sys.stdin.buffer)))
            else:
                print(listing.add(name, foretell.frame_info(name)))

        result = _worse(result, _guarded(options, name, show))
    if totals := listing.totals():
        print(totals)
    sys.stdout.flush()
    return result


def _guarded(options: argparse.Namespace, name: str, action: Callable[[], None]) -> int:
    """Run `action`, tell what went wrong, return the exit status."""
    try:
        action()
    except _Skip as skip:
        _say(options.quiet < 1, f"{name}: {skip}, skipped")
        return _WARNING
    except BrokenPipeError:
        raise
    except FileExistsError as error:
        _say(options.quiet < 2, f"{name}: {error}; -f overwrites it")
    except OSError as error:
        where = f"{error.filename}: " if error.filename not in (None, name) else ""
        _say(options.quiet < 2, f"{name}: {where}{error.strerror or error}")
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        _say(options.quiet < 2, f"{name}: needs the package torch: pip install 'foretell[pretrained]'")
    except MemoryError:
        _say(options.quiet < 2, f"{name}: not enough memory; a lower level needs less")
    except foretell.Error as error:
        _say(options.quiet < 2, f"{name}: {error}")
    else:
        return _OK
    return _ERROR


def _worse(first: int, second: int) -> int:
    """Return the graver of two statuses: an error, a warning, none."""
    return _ERROR if _ERROR in (first, second) else max(first, second)


def _say(wanted: bool, text: str) -> None:
    if wanted:
        print(f"foretell: {text}", file=sys.stderr)
