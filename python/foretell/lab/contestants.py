"""The compressors: each a name, a version and two commands, one process for each call.

A command-line tool is timed from its start to its end. A Python library runs in contestant_worker.py, which starts the
clock when all is imported and reads and writes the files itself.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import shutil
import subprocess
import sys
from pathlib import Path

WORKER = (sys.executable, "-P", str(Path(__file__).resolve().with_name("contestant_worker.py")))
"""Starts the worker; ``-P``: the modules beside it are not found by their bare names."""


class Contestant:
    """A compressor at one setting.

    Attributes
    ----------
    name : str
    obtain : str
        How to get it.
    suffix : str
        What an archive's name must end in.
    writes_to_stdout : bool
        Whether the commands print the result, for they are not told where it goes.
    times_itself : bool
        Whether the commands print JSON with "seconds" and "peak_mib".
    """

    name = ""
    obtain = ""
    suffix = ""
    writes_to_stdout = True
    times_itself = False

    def present(self) -> bool:
        """Tell whether it is installed."""
        raise NotImplementedError  # each kind has its own

    def version(self) -> str:
        """Return its version, if it is present."""
        raise NotImplementedError  # each kind has its own

    def commands(self, plain: Path, archive: Path, restored: Path, threads: int) -> tuple[list[str], list[str]]:
        """Return what compresses `plain` to `archive`, and what restores `restored` from that."""
        raise NotImplementedError  # each kind has its own


class Tool(Contestant):
    """A command-line tool found on PATH."""

    tool = ""

    def present(self) -> bool:
        """See `Contestant`."""
        return shutil.which(self.tool) is not None

    def version(self) -> str:
        """See `Contestant`."""
        said = subprocess.run([self.tool, "--version"], capture_output=True, text=True, check=False)
        words = (said.stdout + said.stderr).replace(",", " ").split()
        return next((word.lstrip("v") for word in words if word.lstrip("v")[:1].isdigit() and "." in word), "unknown")


class Xz(Tool):
    """LZMA."""

    name, tool = "xz -9e", "xz"
    obtain = "Debian: apt-get install xz-utils"

    def commands(self, plain: Path, archive: Path, restored: Path, threads: int) -> tuple[list[str], list[str]]:
        """See `Contestant`."""
        return ["xz", "-9e", f"-T{threads}", "-c", str(plain)], ["xz", "-dc", f"-T{threads}", str(archive)]


class Zstd(Tool):
    """LZ77 and finite state entropy."""

    tool = "zstd"
    obtain = "Debian: apt-get install zstd"

    def __init__(self, *options: str) -> None:
        self.name = " ".join(["zstd", *options])
        self.options = options

    def commands(self, plain: Path, archive: Path, restored: Path, threads: int) -> tuple[list[str], list[str]]:
        """See `Contestant`."""
        return ["zstd", *self.options, f"-T{threads}", "-qc", str(plain)], ["zstd", "-dqc", str(archive)]


class Bzip3(Tool):
    """The Burrows-Wheeler transform and context mixing."""

    name, tool = "bzip3", "bzip3"
    obtain = "Debian: apt-get install bzip3"

    def commands(self, plain: Path, archive: Path, restored: Path, threads: int) -> tuple[list[str], list[str]]:
        """See `Contestant`."""
        mebibytes = min(511, max(1, -(-plain.stat().st_size >> 20)))  # one block, and no more memory than that takes
        jobs = ["-j", str(threads)]
        return ["bzip3", "-e", "-b", str(mebibytes), *jobs, "-c", str(plain)], ["bzip3", "-d", "-c", str(archive)]


class Brotli(Tool):
    """LZ77, with a dictionary of the web."""

    name, tool = "brotli -q11 -w24", "brotli"
    obtain = "Debian: apt-get install brotli"

    def commands(self, plain: Path, archive: Path, restored: Path, threads: int) -> tuple[list[str], list[str]]:
        """See `Contestant`."""
        return ["brotli", "-q", "11", "-w", "24", "-c", str(plain)], ["brotli", "-dc", str(archive)]


class Zpaq(Tool):
    """The journaling archiver: its archive also holds name, date and checksums of fragments (1 KB if random: 2027)."""

    name, tool = "zpaq -m5", "zpaq"
    obtain = "Debian: apt-get install zpaq; elsewhere: build it from its public-domain source, github.com/zpaq/zpaq"
    suffix = ".zpaq"
    writes_to_stdout = False

    def version(self) -> str:
        """See `Contestant`."""
        said = subprocess.run([self.tool], capture_output=True, text=True, check=False)  # it has no --version
        return next((word.lstrip("v") for word in (said.stdout + said.stderr).split() if word[:2] == "v7"), "unknown")

    def commands(self, plain: Path, archive: Path, restored: Path, threads: int) -> tuple[list[str], list[str]]:
        """See `Contestant`."""
        one = f"-t{threads}"
        return (
            ["zpaq", "add", archive.name, plain.name, "-m5", one],  # run where the files are: the name alone is stored
            ["zpaq", "extract", archive.name, plain.name, "-to", restored.name, one],
        )


class Library(Contestant):
    """A Python package, run by the worker."""

    package = ""
    writes_to_stdout = False
    times_itself = True
    settings: tuple[str, ...] = ()

    def present(self) -> bool:
        """See `Contestant`."""
        return importlib.util.find_spec(self.package) is not None

    def version(self) -> str:
        """See `Contestant`."""
        return importlib.metadata.version(self.package)

    def commands(self, plain: Path, archive: Path, restored: Path, threads: int) -> tuple[list[str], list[str]]:
        """See `Contestant`."""
        start = [*WORKER, self.package]
        settings = [*self.settings, str(threads)]
        return (
            [*start, "encode", str(plain), str(archive), *settings],
            [*start, "decode", str(archive), str(restored), *settings],
        )


class Ppmd(Library):
    """PPMd variant H, 7-Zip's, with 1 GiB.

    Variant I of the same package does not restore every file: sao of Silesia.

    7-Zip itself gives the method no more than 16 times the file's size, where order 16 has to start anew: 3 % more on
    enwik6.
    """

    name, package = "ppmd -o16", "pyppmd"
    obtain = "pip install pyppmd"


class Foretell(Library):
    """The package's own, at a level."""

    package = "foretell"
    obtain = "pip install '.[torch]'"

    def __init__(self, level: int) -> None:
        self.level = level
        self.name = f"foretell -{level}"
        self.settings = (str(level),)


class Standard(Library):
    """What every Python has: zlib, bz2 or lzma, at a level."""

    obtain = "part of Python"

    def __init__(self, package: str, level: int) -> None:
        self.name = f"Python {package} -{level}"
        self.package = package
        self.settings = (str(level),)

    def version(self) -> str:
        """See `Contestant`."""
        return platform.python_version()


REFERENCE = Zpaq.name
"""Speeds are told as multiples of this one's."""

OTHERS: tuple[Contestant, ...] = (
    Zstd("-19"),
    Zstd("--ultra", "-22", "--long"),
    Brotli(),
    Xz(),
    Bzip3(),
    Ppmd(),
    Zpaq(),
)
"""The strongest settings of what is strong, or common."""

EVERYDAY: tuple[Contestant, ...] = (
    Standard("zlib", 1),
    Standard("zlib", 6),
    Standard("zlib", 9),
    Standard("bz2", 9),
    Standard("lzma", 6),
    Zstd("-3"),
)
"""Quicker ones, most of them in every Python."""


def sorted_out(wanted: list[Contestant]) -> tuple[list[Contestant], dict[str, str]]:
    """Return those that are installed, and how to get the others."""
    present = [one for one in wanted if one.present()]
    return present, {one.name: one.obtain for one in wanted if not one.present()}
