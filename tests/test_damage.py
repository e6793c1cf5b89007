"""Damaged files of the built-in model: a foretell.Error each, in bounded time and memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

WORKER = Path(__file__).with_name("damage_worker.py")


@pytest.fixture(scope="module")
def report() -> dict[str, dict[str, float]]:
    done = subprocess.run([sys.executable, str(WORKER)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result: dict[str, dict[str, float]] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize(
    ("kind", "at_least"), [("truncations", 250), ("bits", 8 * 250), ("random damage", 2000), ("hostile headers", 30)]
)
def test_all_damage_is_an_error(report: dict[str, dict[str, float]], kind: str, at_least: int) -> None:
    counts = report[kind]
    assert counts["cases"] >= at_least
    assert counts["errors"] == counts["cases"]
    assert counts["slowest_seconds"] < 4


def test_memory_is_bounded(report: dict[str, dict[str, float]]) -> None:
    assert report["process"]["peak_mib"] < 1536


def test_control_undamaged_files_decode(report: dict[str, dict[str, float]]) -> None:
    assert report["undamaged"]["errors"] == 0
    assert 200 < report["undamaged"]["small_bytes"] < 400
    assert 18_000 < report["undamaged"]["large_bytes"] < 22_000
