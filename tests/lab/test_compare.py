"""The command ``foretell-lab compare`` and what it says of compressors that fail."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from foretell.lab import compare
from foretell.lab.cli import main
from foretell.lab.contestants import EVERYDAY, Contestant, Standard


class Wrong(Contestant):
    """Loses a byte."""

    name, obtain, writes_to_stdout = "wrong", "do not", False

    def present(self) -> bool:
        return True

    def commands(self, plain: Path, archive: Path, restored: Path, threads: int) -> tuple[list[str], list[str]]:
        copy = "import sys; data = open(sys.argv[1], 'rb').read(); open(sys.argv[2], 'wb').write(data[1:])"
        return (
            [sys.executable, "-c", copy, str(plain), str(archive)],
            [sys.executable, "-c", copy, str(archive), str(restored)],
        )


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare, "OTHERS", ())
    monkeypatch.setattr(compare, "EVERYDAY", (Standard("zlib", 6),))


def test_command(tmp_path: Path, few: None, capsys: Any) -> None:
    (tmp_path / "file").write_bytes(b"to be or not to be " * 200)
    assert main(["compare", str(tmp_path / "file"), "--out", str(tmp_path / "out"), "--levels", "0", "1", "-q"]) == 0
    kept = json.loads((tmp_path / "out" / "compare.json").read_text())
    assert kept["bytes"] == 3800
    assert all(row["restored"] for row in kept["rows"].values())
    assert kept["rows"]["foretell -1"]["file_bytes"] < 300 < kept["rows"]["foretell -0"]["file_bytes"]
    assert set(kept["front"]) <= set(kept["rows"])
    assert (tmp_path / "out" / "compare.png").read_bytes().startswith(b"\x89PNG")
    said = capsys.readouterr().out
    assert all(name in said for name in kept["rows"])


def test_an_empty_file_and_a_missing_one_are_errors(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "empty").write_bytes(b"")
    for name in ("empty", "missing"):
        assert main(["compare", str(tmp_path / name), "--out", str(tmp_path / "out")]) == 2
        assert name in capsys.readouterr().err


def test_who_does_not_restore_is_told(tmp_path: Path) -> None:
    rows = compare.compared(b"some bytes" * 100, [Wrong(), Standard("bz2", 9)], tmp_path)
    assert not rows["wrong"]["restored"]
    assert rows["Python bz2 -9"]["restored"]
    assert "FAILED: the restored file differs" in compare.line("wrong", rows["wrong"])
    assert compare.front(rows) == {"Python bz2 -9"}
    assert compare.picture(rows, "one point")


def test_row() -> None:
    outcome = {"file_bytes": 250, "encode_cpu_seconds": 0.5, "decode_cpu_seconds": 0.0}
    row = compare.row(1000, outcome, 100)
    assert (row["bits_per_byte"], row["bytes_per_second"], row["saved_bits_per_second"]) == (2.0, 2000.0, 12000.0)
    assert row["saved_bits_an_operation"] == 0.06
    assert compare.row(1000, outcome)["saved_bits_an_operation"] is None


@pytest.mark.parametrize("one", [one for one in EVERYDAY if isinstance(one, Standard)], ids=lambda one: one.name)
def test_compressors_of_python_restore(one: Standard, tmp_path: Path) -> None:
    (row,) = compare.compared(b"some bytes" * 100, [one], tmp_path).values()
    assert row["restored"]
    assert row["file_bytes"] < 200
