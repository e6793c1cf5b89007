from __future__ import annotations

import json
from pathlib import Path

import foretell
import numpy as np
import pytest
from foretell.lab import area
from foretell.lab.cli import main
from foretell.lab.worlds import text


@pytest.mark.parametrize("arguments", [["--level", "1"], ["--model", "ngram"]])
def test_command(arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = text.documentation(20_000)
    (tmp_path / "in").write_bytes(data)
    out = tmp_path / "out"
    assert main(["area", str(tmp_path / "in"), "--out", str(out), *arguments]) == 0
    assert "restored by another process: yes" in capsys.readouterr().out
    figures = json.loads((out / "area.json").read_text())
    assert figures["bytes"] == len(data)
    assert 0 < figures["payload_bits"] - figures["ideal_bits"] < 100 * len(figures["bits_per_byte"])
    assert figures["payload_bits"] < 8 * figures["file_bytes"]
    assert figures["ratio"][-1] == pytest.approx(1 - figures["ideal_bits"] / (8 * len(data)), abs=1e-5)
    assert figures["last_tenth"] < figures["bits_per_byte"][0]
    for picture in ("area.png", "ratio.png"):
        assert (out / picture).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("size", [1, 2, 15, 17, 1000, 9999])
def test_the_area_is_that_of_the_curve(size: int) -> None:
    data = text.documentation(size)
    figures = area.measured(data, "1")
    lengths = np.diff(figures["at"], prepend=0)
    assert lengths.sum() == size
    assert float(lengths @ np.array(figures["bits_per_byte"])) == pytest.approx(figures["ideal_bits"], rel=1e-4)
    assert figures["restored"]


def test_the_last_tenth_of_noise_is_eight_bits() -> None:
    noise = np.random.default_rng(0).bytes(30_000)
    figures = area.measured(bytes(60_000) + noise, "1")
    assert figures["last_tenth"] == pytest.approx(8, abs=0.3)
    assert figures["last_ratio"] == pytest.approx(0, abs=0.04)


def test_curves_have_points_enough() -> None:
    for size in (1, 100, 10_000, 1_000_000, 100_000_000):
        assert min(size, 16) <= size / area.block_size(size) < 300
    assert area.block_size(1 << 40) == foretell.BLOCK_SIZE


def test_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").write_bytes(b"")
    assert main(["area", str(tmp_path / "empty"), "--out", str(tmp_path / "out")]) == 2
    assert "empty" in capsys.readouterr().err
    assert main(["area", str(tmp_path / "none")]) == 2
