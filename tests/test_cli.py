"""The `foretell` command, run as a process with the toy model as every level's."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import random
import re
import signal
import stat
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import foretell
import pytest
import toy_model
from foretell import cli_signals
from foretell.cli_options import parse

TEXT = b"peter piper picked a peck of pickled peppers. " * 300
NOISE = random.Random(2).randbytes(3000)
COMMAND = [sys.executable, toy_model.__file__]
GOLDEN = Path(__file__).parent / "golden"

pytestmark = pytest.mark.usefixtures("toy")


def run(
    *arguments: str, cwd: Path, stdin: bytes = b"", status: int = 0, command: list[str] = COMMAND
) -> tuple[bytes, str]:
    done = subprocess.run([*command, *arguments], cwd=cwd, input=stdin, capture_output=True, timeout=60)
    assert done.returncode == status, done.stderr.decode()
    return done.stdout, done.stderr.decode()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "text").write_bytes(TEXT)
    return tmp_path


def names(place: Path) -> list[str]:
    return sorted(os.listdir(place))


def test_there_and_back(place: Path) -> None:
    os.chmod(place / "text", 0o640)
    os.utime(place / "text", ns=(10**18, 10**18 + 123_456_000))
    out, err = run("text", cwd=place)
    assert (out, err) == (b"", "")
    assert names(place) == ["text", "text.fore"]
    assert (place / "text").read_bytes() == TEXT
    assert (place / "text.fore").read_bytes() == foretell.compress(TEXT)
    (place / "text").unlink()
    run("-d", "text.fore", cwd=place)
    assert (place / "text").read_bytes() == TEXT
    for name in ("text", "text.fore"):
        status = os.stat(place / name)
        assert stat.S_IMODE(status.st_mode) == 0o640
        assert status.st_mtime_ns == 10**18 + 123_456_000
    assert names(place) == ["text", "text.fore"]


def test_standard_input_and_output(place: Path) -> None:
    archive, _ = run(cwd=place, stdin=TEXT)
    assert run("-d", cwd=place, stdin=archive)[0] == TEXT
    assert run("-dc", "-", cwd=place, stdin=archive)[0] == TEXT
    assert run("-c", "text", cwd=place)[0] == foretell.compress(TEXT)
    assert run("-cd", cwd=place, stdin=run("-c", "text", "text", cwd=place)[0])[0] == TEXT + TEXT
    assert run("-o", "-", "text", cwd=place)[0] == foretell.compress(TEXT)
    run("-o", "made", cwd=place, stdin=TEXT)
    assert (place / "made").read_bytes() == foretell.compress(TEXT)
    assert names(place) == ["made", "text"]


@pytest.mark.parametrize("data", [b"", b"x", NOISE])
def test_small_and_incompressible_files(place: Path, data: bytes) -> None:
    (place / "data").write_bytes(data)
    run("data", cwd=place)
    assert os.stat(place / "data.fore").st_size <= len(data) + 64
    run("-df", "data.fore", cwd=place)
    assert (place / "data").read_bytes() == data


def test_several_files_go_on_after_an_error(place: Path) -> None:
    (place / "other").write_bytes(NOISE)
    _, err = run("absent", "text", "other", cwd=place, status=1)
    assert err == "foretell: absent: No such file or directory\n"
    assert names(place) == ["other", "other.fore", "text", "text.fore"]


def test_nothing_is_overwritten_without_force(place: Path) -> None:
    (place / "text.fore").write_bytes(b"precious")
    _, err = run("text", cwd=place, status=1)
    assert "already exists; -f overwrites it" in err
    assert (place / "text.fore").read_bytes() == b"precious"
    run("-f", "text", cwd=place)
    assert foretell.decompress((place / "text.fore").read_bytes()) == TEXT
    run("-d", "text.fore", cwd=place, status=1)
    _, err = run("-f", "-o", "text", "text", cwd=place, status=1)
    assert "is the source itself" in err
    assert (place / "text").read_bytes() == TEXT


def test_remove(place: Path) -> None:
    run("--rm", "text", cwd=place)
    assert names(place) == ["text.fore"]
    run("-d", "--rm", "text.fore", cwd=place)
    assert names(place) == ["text"]
    run("--rm", "-k", "text", cwd=place)
    assert names(place) == ["text", "text.fore"]
    os.symlink("text", place / "link")
    _, err = run("--rm", "link", cwd=place, status=2)
    assert "not removed" in err
    assert names(place) == ["link", "link.fore", "text", "text.fore"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["text.fore"], "already ends in .fore"),
        (["-d", "text"], "does not end in .fore"),
        (["."], "is a directory"),
        (["-d", ".fore"], "does not end in .fore"),
        (["pipe"], "not a regular file"),
    ],
)
def test_what_is_skipped_is_a_warning(place: Path, arguments: list[str], message: str) -> None:
    run("text", cwd=place)
    (place / ".fore").write_bytes(b"")
    os.mkfifo(place / "pipe")
    before = names(place)
    _, err = run(*arguments, cwd=place, status=2)
    assert message in err
    assert err.endswith(", skipped\n")
    assert run("-q", *arguments, cwd=place, status=2)[1] == ""
    assert names(place) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["-c", "-o", "x", "text"],
        ["-o", "x", "text", "text"],
        ["-l", "-o", "x", "text"],
        ["-d", "-t", "text"],
        ["--rm", "-c", "text"],
        ["-T", "-1", "text"],
        ["-T", "many", "text"],
        ["-M", "much", "text"],
        ["-M", "1TiB", "text"],
        ["-M", "-1", "text"],
        ["--absent"],
    ],
)
def test_usage_errors_are_1(place: Path, arguments: list[str]) -> None:
    _, err = run(*arguments, cwd=place, status=1)
    assert err.startswith("foretell: ")
    assert "--help" in err
    assert names(place) == ["text"]


def test_levels_threads_and_bundled_flags(place: Path) -> None:
    run("-9kfT2", "text", cwd=place)
    run("-0", "-o", "stored", "-T0", "text", cwd=place)
    assert foretell.frame_info(place / "stored")[0].model == ""
    assert foretell.frame_info(place / "text.fore")[0].model == toy_model.NAME
    assert run("-dcvv", "stored", cwd=place)[0] == TEXT


def test_options_may_stand_behind_files(place: Path) -> None:
    (place / "other").write_bytes(NOISE)
    run("-0", "text", "-k", "other", cwd=place)
    assert names(place) == ["other", "other.fore", "text", "text.fore"]


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_closed_standard_streams(place: Path, closed: str) -> None:
    shell = ["sh", "-c", f'exec "$@" {closed}', "sh"]
    run("text", cwd=place, command=[*shell, *COMMAND])
    assert foretell.decompress((place / "text.fore").read_bytes()) == TEXT
    for arguments in (["absent"], ["-d", "absent.fore"]):
        out, _ = run(*arguments, cwd=place, status=1, command=[*shell, *COMMAND])
        assert out == b""
    run("-l", "text.fore", cwd=place, command=[*shell, *COMMAND])
    assert names(place) == ["text", "text.fore"]


def test_names_that_are_no_text(place: Path) -> None:
    os.rename(place / "text", os.fsencode(place) + b"/\xff")
    run("\udcff", cwd=place)
    strict = ["env", "PYTHONIOENCODING=utf-8:strict", *COMMAND]
    assert b"\xff.fore" in run("-l", "\udcff.fore", cwd=place, command=strict)[0]


def test_messages_name_the_target(place: Path) -> None:
    assert run("-o", "absent/x", "text", cwd=place, status=1)[1] == (
        "foretell: text: absent/x: No such file or directory\n"
    )
    assert "File name too long" in run("-o", "x" * 300, "text", cwd=place, status=1)[1]


def test_help_and_version(place: Path) -> None:
    assert b"-0" in run("--help", cwd=place)[0]
    assert run("-V", cwd=place)[0].decode().split() == ["foretell", foretell.__version__]
    assert run("-V", cwd=place, command=[sys.executable, "-m", "foretell"])[0].startswith(b"foretell ")


def test_verbose_tells_the_meter(place: Path) -> None:
    _, err = run("-v", "text", cwd=place)
    size = os.stat(place / "text.fore").st_size
    assert re.match(rf"text: {len(TEXT)} -> {size} bytes, .*ideal .* payload .* file {8 * size} bits.* KB/s\n$", err)
    _, err = run("-tv", "text.fore", cwd=place)
    assert err.startswith(f"text.fore: {size} -> {len(TEXT)} bytes; ")


def test_list_needs_neither_numpy_nor_torch(place: Path) -> None:
    run("text", cwd=place)
    (place / "two.fore").write_bytes(foretell.compress(NOISE) + foretell.compress(TEXT[:500]))
    listing = (
        "import sys; from foretell.cli import main; code = main(); print(sorted({'numpy', 'torch'} & set(sys.modules)))"
    )
    out, _ = run(
        "-lv", "text.fore", "two.fore", cwd=place, command=[sys.executable, "-c", listing + "; sys.exit(code)"]
    )
    lines = out.decode().splitlines()
    assert [line.split()[:4] for line in lines if not line.startswith("  frame")][1:-1] == [
        ["1", "1", str(os.stat(place / "text.fore").st_size), str(len(TEXT))],
        ["2", "2", str(os.stat(place / "two.fore").st_size), str(len(NOISE) + 500)],
        ["3", "3", str(sum(os.stat(place / n).st_size for n in ("text.fore", "two.fore"))), str(len(TEXT) + 3500)],
    ]
    assert sum("frame at byte" in line for line in lines) == 3
    assert lines[-1] == "[]"
    assert b"(stdin)" in run("-l", cwd=place, stdin=(place / "text.fore").read_bytes())[0]


def test_only_networks_on_other_devices_need_torch(place: Path) -> None:
    without = "import sys; sys.modules['torch'] = None; from foretell.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", without]
    (place / "coded.fore").write_bytes((GOLDEN / "good-ngram.fore").read_bytes())
    _, err = run("--device", "cuda", "-d", "coded.fore", cwd=place, status=1, command=command)
    assert err == (
        "foretell: coded.fore: device 'cuda' needs torch, which is not installed: pip install 'foretell[torch]'\n"
    )
    assert names(place) == ["coded.fore", "text"]
    for device in ("cpu", "cuda"):  # levels use the CPU whatever it is
        run("-f", "--device", device, "text", cwd=place, command=command)
        assert run("-dc", "--device", device, "text.fore", cwd=place, command=command)[0] == TEXT
    run("-d", "coded.fore", cwd=place, command=command)


def test_the_default_level_there_and_back_with_any_number_of_threads(place: Path) -> None:
    command = [sys.executable, "-m", "foretell"]
    for threads in ("1", "2"):
        run("-T", threads, "-o", threads, "text", cwd=place, command=command)
    assert (place / "1").read_bytes() == (place / "2").read_bytes()
    assert foretell.frame_info(place / "1")[0].model == "mix/1"
    assert run("-dc", "1", cwd=place, command=command)[0] == TEXT


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("77", 77),
        ("3K", 3 << 10),
        ("3KiB", 3 << 10),
        ("512M", 512 << 20),
        ("2gib", 2 << 30),
        ("1Mi", 1 << 20),
    ],
)
def test_sizes_are_those_of_xz(text: str, size: int) -> None:
    assert parse(["-M", text]).memory == size


def test_memory_limit(place: Path) -> None:
    command = [sys.executable, "-m", "foretell"]
    run("-o", "free", "text", cwd=place, command=command)
    run("-M", "28MiB", "-o", "tight", "text", cwd=place, command=command)
    (free,), (tight,) = foretell.frame_info(place / "free"), foretell.frame_info(place / "tight")
    assert free.memory is not None
    assert tight.memory is not None
    assert tight.memory <= 28 << 20 < free.memory
    assert f"memory to decode it {-(-free.memory >> 20)} MiB" in run("-lv", "free", cwd=place)[0].decode()
    assert run("-dc", "-M", "28MiB", "tight", cwd=place, command=command)[0] == TEXT
    _, err = run("-dc", "-M", "28MiB", "free", cwd=place, command=command, status=1)
    assert f"needs {-(-free.memory >> 20)} MiB of memory, the limit is 28 MiB" in err
    _, err = run("-M", "1MiB", "-o", "none", "text", cwd=place, command=command, status=1)
    assert re.search(r"limit of 1048576 bytes is too low: level 5 needs at least \d+ bytes", err)
    assert names(place) == ["free", "text", "tight"]


def test_list_of_a_damaged_file(place: Path) -> None:
    (place / "bad.fore").write_bytes(foretell.compress(TEXT)[:-1])
    _, err = run("-l", "bad.fore", "text", cwd=place, status=1)
    assert [line.split(":")[1] for line in err.splitlines()] == [" bad.fore", " text"]


@pytest.mark.parametrize("mode", ["-d", "-t", "-dc"])
@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "garbage"])
def test_damaged_files_leave_nothing(place: Path, mode: str, damage: str) -> None:
    archive = bytearray(foretell.compress(TEXT))
    if damage == "flip":
        archive[len(archive) // 2] ^= 4
    bad = {"cut": archive[:-1], "flip": archive, "empty": b"", "garbage": TEXT}[damage]
    (place / "bad.fore").write_bytes(bad)
    _, err = run(mode, "bad.fore", cwd=place, status=1)
    assert err.startswith("foretell: bad.fore: ")
    assert "at byte" in err or "byte 0" in err
    assert names(place) == ["bad.fore", "text"]
    assert run("-qq", mode, "bad.fore", cwd=place, status=1)[1] == ""


def test_what_can_be_decoded_of_a_damaged_file_goes_to_standard_output(place: Path) -> None:
    compressor = foretell.Compressor(block_size=5000)
    archive = compressor.compress(TEXT) + compressor.flush()
    (place / "cut.fore").write_bytes(archive[:-1])
    done = subprocess.run([*COMMAND, "-dc", "cut.fore"], cwd=place, capture_output=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stdout == TEXT
    _, err = run("-d", "cut.fore", cwd=place, status=1)
    assert "cut.fore" in err
    assert names(place) == ["cut.fore", "text"]


def heeds_signals() -> None:
    """Undo what `nohup` and shells do to a background process, and its children inherit: that signals are ignored."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_leaves_no_target_and_the_source(place: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [*COMMAND, "-o", "target", "--rm"],
        cwd=place,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=heeds_signals,
    )
    assert process.stdin is not None
    process.stdin.write(NOISE)
    process.stdin.flush()
    deadline = time.monotonic() + 30
    while not any(name.endswith(".tmp") for name in names(place)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == -number, err
    assert err == b""
    left = [name for name in names(place) if not name.endswith(".tmp")]
    assert left == ["text"]
    if number != signal.SIGKILL:
        assert names(place) == ["text"]


def test_a_swallowed_signal_is_still_obeyed() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with cli_signals.signals_raise():
        cli_signals.check()
        with contextlib.suppress(cli_signals.Signalled):
            signal.raise_signal(signal.SIGTERM)
        assert cli_signals.received() == signal.SIGTERM
        with pytest.raises(cli_signals.Signalled):
            cli_signals.check()
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_reader_that_leaves_is_no_traceback(place: Path) -> None:
    (place / "big").write_bytes(NOISE * 300)
    process = subprocess.Popen([*COMMAND, "-0c", "big"], cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.wait(timeout=30) == 1
    assert process.stderr.read() == b""
    process.stderr.close()


def test_unbuffered_output_is_whole(place: Path) -> None:
    """Standard output is then a raw file, whose writes may take a part of what they are given."""
    (place / "big").write_bytes(NOISE * 300)
    unbuffered = [sys.executable, "-u", toy_model.__file__]
    assert foretell.decompress(run("-0c", "big", cwd=place, command=unbuffered)[0]) == NOISE * 300


def on_terminal(arguments: list[str], cwd: Path) -> tuple[int, bytes]:
    """Run with a terminal for all three streams."""
    main, terminal = pty.openpty()
    often = {**os.environ, "TQDM_MININTERVAL": "0"}  # draw even what takes no time
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    process = subprocess.Popen(
        [*COMMAND, *arguments], cwd=cwd, env=often, stdin=terminal, stdout=terminal, stderr=terminal
    )
    os.close(terminal)
    shown = b""
    try:
        while piece := os.read(main, 1 << 16):
            shown += piece
    except OSError:  # what Linux answers when the other side has closed
        pass
    os.close(main)
    return process.wait(timeout=30), shown


def test_terminals(place: Path) -> None:
    code, shown = on_terminal(["-c", "text"], place)
    assert code == 1
    assert b"not written to a terminal" in shown
    code, shown = on_terminal(["-cf", "text"], place)
    assert code == 0
    assert b"FTL" in shown
    for option in ("-d", "-l"):
        code, shown = on_terminal([option], place)
        assert code == 1
        assert b"cannot be read from a terminal" in shown


def test_progress_on_a_terminal(place: Path) -> None:
    code, shown = on_terminal(["text"], place)
    assert code == 0
    assert b"text" in shown
    assert b"B/s" in shown
    code, shown = on_terminal(["-t", "text.fore"], place)
    assert code == 0
    assert b"B/s" in shown
    assert b"ratio 0." in shown
    assert on_terminal(["-qf", "text"], place) == (0, b"")


def test_devices_are_written_not_replaced(place: Path) -> None:
    os.mkfifo(place / "pipe")
    process = subprocess.Popen([*COMMAND, "-o", "pipe", "text"], cwd=place)
    assert (place / "pipe").read_bytes() == foretell.compress(TEXT)
    assert process.wait(timeout=30) == 0
    assert stat.S_ISFIFO(os.stat(place / "pipe").st_mode)
    _, err = run("-fo", ".", "text", cwd=place, status=1)
    assert "directory" in err


@pytest.mark.parametrize("change", [-5, 5])
def test_a_file_that_changes_while_it_is_read(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], change: int
) -> None:
    from foretell import cli

    monkeypatch.chdir(place)
    true_stat = os.stat

    def wrong_stat(path: str, **options: bool) -> os.stat_result:
        status = true_stat(path, **options)
        if path != "text":
            return status
        fields = list(status)
        fields[stat.ST_SIZE] += change
        return os.stat_result(fields)

    monkeypatch.setattr(os, "stat", wrong_stat)
    assert cli.main(["text"]) == 1
    monkeypatch.undo()
    assert names(place) == ["text"]
    assert "while it was read" in capsys.readouterr().err
