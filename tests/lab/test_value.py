from __future__ import annotations

import json
from pathlib import Path

import foretell
import pytest
from foretell.lab.cli import main
from foretell.lab.value import cost, value
from foretell.lab.worlds import text


def test_data_that_is_the_target_is_worth_nearly_all_of_it() -> None:
    data = text.documentation(20_000)
    found = value(data, data, 1)
    assert found.share > 0.9
    assert found.bits == pytest.approx(found.alone.bits - found.given)
    assert found.restored
    assert abs(found.file_bits - found.bits) < 8 * 80  # a header, a checksum, whole bytes


def test_what_has_been_read_is_shared_by_the_whole_stream() -> None:
    data, target = text.source_code(5000), text.documentation(5000)
    together = foretell.Compressor(1, size=10_000, block_size=5000)
    together.compress(data + target)
    together.flush()
    (_, first), (_, second) = together.meter.blocks
    found = value(data, target, 1)
    assert found.data.bits == pytest.approx(first)
    assert found.given == pytest.approx(second, rel=1e-3)


def test_no_data_is_worth_nothing() -> None:
    assert value(b"", text.documentation(3000), 1).bits == 0


def test_cost_is_that_of_the_file() -> None:
    data = text.documentation(10_000)
    found = cost(data, 2, len(data))
    assert found.file_bytes == len(foretell.compress(data, 2))
    assert 0 < 8 * found.file_bytes - found.bits < 8 * 80


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = text.documentation(20_000)
    for name, part in (("data", whole[:15_000]), ("target", whole[15_000:]), ("empty", b"")):
        (tmp_path / name).write_bytes(part)
    command = ["value", str(tmp_path / "data"), str(tmp_path / "target"), "--level", "1"]
    assert main([*command, "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    kept = json.loads((tmp_path / "out" / "value.json").read_text())
    assert f"{kept['bits']:.1f} bits" in printed
    assert kept["restored"]
    assert kept["bits"] > 0
    assert main(["value", str(tmp_path / "data"), str(tmp_path / "empty")]) == 2
    assert "target is empty" in capsys.readouterr().err
