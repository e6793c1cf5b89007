"""The examples in docs/ do what they say."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"


@pytest.mark.parametrize("page", [path.name for path in sorted(DOCS.glob("*.md")) if ">>>" in path.read_text()])
def test_examples(page: str) -> None:
    result = doctest.testfile(str(DOCS / page), module_relative=False)
    assert result.attempted > 0
    assert result.failed == 0


def test_the_pages_with_examples_are_found() -> None:
    assert ">>>" in (DOCS / "coders.md").read_text()
