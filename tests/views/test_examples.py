"""The examples in the docstrings of the views print what they say."""

from __future__ import annotations

import doctest
from importlib import import_module
from pkgutil import iter_modules

import pytest

from inventory_lab import views

MODULES = [
    "inventory_lab.html",
    *(f"inventory_lab.views.{m.name}" for m in iter_modules(views.__path__)),
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name: str) -> None:
    assert doctest.testmod(import_module(name)).failed == 0
