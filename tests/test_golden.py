"""The golden files: read, or refused, as they always were; and still written as they were."""

from __future__ import annotations

import importlib.util
import time
import tracemalloc
from pathlib import Path

import foretell
import pytest

GOLDEN = Path(__file__).parent / "golden"
ANSWERS = {
    "corrupt": foretell.CorruptError,
    "truncated": foretell.TruncatedError,
    "unsupported": foretell.UnsupportedError,
    "model mismatch": foretell.ModelMismatchError,
}
ROWS = [
    [cell.strip(" `") for cell in line.split("|")[1:-1]]
    for line in (GOLDEN / "README.md").read_text().splitlines()
    if line.startswith("| `")
]

spec = importlib.util.spec_from_file_location("golden_make", GOLDEN / "make.py")
assert spec is not None
assert spec.loader is not None
recipes = importlib.util.module_from_spec(spec)
spec.loader.exec_module(recipes)

pytestmark = pytest.mark.usefixtures("toy", "trained_toy")


def test_every_file_has_a_line_and_a_recipe() -> None:
    files = sorted(path.stem for path in GOLDEN.glob("*.fore"))
    assert files == sorted(name for name, _, _ in ROWS) == sorted(recipes.make())


@pytest.mark.parametrize("name", [name for name, _, answer in ROWS if answer == "content"])
def test_good_files_decode(name: str) -> None:
    archive = (GOLDEN / f"{name}.fore").read_bytes()
    assert foretell.decompress(archive, model=recipes.MODELS.get(name)) == recipes.PLAIN[name]
    assert sum(frame.raw_bytes for frame in foretell.frame_info(archive)) == len(recipes.PLAIN[name])


@pytest.mark.parametrize(("name", "answer"), [(name, answer) for name, _, answer in ROWS if answer != "content"])
def test_other_files_are_refused_quickly(name: str, answer: str) -> None:
    archive = (GOLDEN / f"{name}.fore").read_bytes()
    began = time.monotonic()
    tracemalloc.start()
    try:
        with pytest.raises(ANSWERS[answer]) as caught:
            foretell.decompress(archive)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.type is ANSWERS[answer]
    assert peak < 10_000_000
    assert time.monotonic() - began < 2


def test_recipes_still_give_the_same_bytes() -> None:
    """A difference is a change of the format or of the coder: that is a breaking release, not a new golden file."""
    for name, data in recipes.make().items():
        assert data == (GOLDEN / f"{name}.fore").read_bytes(), name
