"""`foretell-eval`: bits per byte, ideal and of files, for each document and in total."""

from __future__ import annotations

import json
from pathlib import Path

import foretell
import pytest
from foretell.cli_eval import evaluate, main
from foretell.errors import Error
from sample import sample


def documents(folder: Path) -> list[Path]:
    (folder / "sub").mkdir()
    paths = [folder / "a", folder / "sub" / "b", folder / "empty"]
    for path, data in zip(paths, (sample(3000), sample(1500)[500:], b""), strict=True):
        path.write_bytes(data)
    return paths


def test_levels(tmp_path: Path, capsys: pytest.CaptureFixture[str], toy: None) -> None:
    a, b, empty = documents(tmp_path)
    out = tmp_path.parent / f"{tmp_path.name}.json"
    assert main(["5", str(tmp_path), str(a), "--restore", "--json", str(out)]) == 0
    report = json.loads(out.read_text())
    assert [one["name"] for one in report["documents"]] == [str(a), str(empty), str(b), str(a)]
    first = report["documents"][0]
    assert first["file_bytes"] == len(foretell.compress(a.read_bytes()))
    assert first["actual_bits_per_byte"] == 8 * first["file_bytes"] / 3000
    compressor = foretell.Compressor(5, size=3000)
    compressor.compress(a.read_bytes())
    compressor.flush()
    assert first["ideal_bits"] == compressor.meter.ideal_bits
    assert report["documents"][1]["ideal_bits_per_byte"] == 0
    total = report["total"]
    assert total["raw_bytes"] == 3000 + 1000 + 3000
    assert total["file_bytes"] == sum(one["file_bytes"] for one in report["documents"])
    assert total["ideal_bits_per_byte"] == pytest.approx(sum(o["ideal_bits"] for o in report["documents"]) / 7000)
    assert report["weights_bytes"] == 0
    assert {**report["total_with_weights"], "name": ""} == {**total, "name": ""}
    table = capsys.readouterr().out.splitlines()
    assert len(table) == 1 + 4 + 2
    assert f"{total['actual_bits_per_byte']:.4f}" in table[-2]


def test_an_archive_that_restores_something_else_is_an_error(monkeypatch: pytest.MonkeyPatch, toy: None) -> None:
    """The control of ``--restore``."""
    monkeypatch.setattr(foretell, "decompress", lambda archive, model: b"something else")
    assert evaluate("a", b"plain", 5, None).raw_bytes == 5
    with pytest.raises(Error, match="a: its archive restores something else"):
        evaluate("a", b"plain", 5, None, restore=True)


@pytest.mark.parametrize("arguments", [["5", "absent"], ["absent", __file__], [__file__, __file__]])
def test_what_is_not_there_is_told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    assert main(arguments) == 1
    assert capsys.readouterr().err.startswith("foretell-eval: ")
