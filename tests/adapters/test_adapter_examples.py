"""The examples in the docstrings of foretell.adapters do what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import foretell.adapters
import pytest

MODULES = [module.name for module in pkgutil.iter_modules(foretell.adapters.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    assert doctest.testmod(importlib.import_module(f"foretell.adapters.{name}")).failed == 0
