"""Fixtures shared by all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import toy_model
import trained_toy as trained
from hypothesis import settings

# Speed on a shared machine says nothing about correctness.
settings.register_profile("foretell", deadline=None)
settings.load_profile("foretell")


@pytest.fixture
def toy() -> Iterator[None]:
    """Make the toy model the model of every level."""
    with toy_model.installed():
        yield


@pytest.fixture
def trained_toy() -> Iterator[None]:
    """Make the trained toy known, for those that are given its book."""
    with trained.installed():
        yield
