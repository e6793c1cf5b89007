from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
from foretell.lab.experiment import Run
from foretell.lab.worlds import text


def test_documentation_is_english_and_the_same_in_another_process() -> None:
    found = text.documentation(200_000)
    assert len(found) == 200_000
    assert found == text.documentation()[:200_000]
    assert found.count(b" the ") > 500
    ask = "import sys; from foretell.lab.worlds import text; sys.stdout.buffer.write(text.documentation(200_000))"
    assert subprocess.run([sys.executable, "-c", ask], capture_output=True, check=True).stdout == found


def test_source_code() -> None:
    found = text.source_code(300_000)
    assert len(found) == 300_000
    assert text.source_code(1000) == found[:1000]
    assert found.count(b"    def ") > 300


def test_chosen(tmp_path: Path) -> None:
    assert text.chosen(Run(tmp_path, "toy", {}), 100) == text.documentation(100)
    (tmp_path / "own").write_bytes(b"my own text")
    own = Run(tmp_path, "toy", {}, text=tmp_path / "own")
    assert text.chosen(own) == b"my own text"
    assert text.chosen(own, 6) == b"my own"


def test_rows_hold_all_but_a_rest() -> None:
    rows = text.rows(b"0123456789", 4)
    assert rows.dtype == np.int64
    assert (rows[:, 0] == text.START).all()
    assert rows[:, 1:].astype(np.uint8).tobytes() == b"01234567"
