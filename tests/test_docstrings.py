"""Public names explain themselves: the examples in the docstrings print what they say."""

from __future__ import annotations

import ast
import doctest
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import inventory_lab
from inventory_lab import Lab, connect

PACKAGE = Path(inventory_lab.__file__).parent
MODULES = [
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted(PACKAGE.rglob("*.py"))
    if ">>> " in path.read_text()
]
TASKS = (
    "build", "use_handler", "publish", "settle", "inventory", "history", "diagram", "reconcile",
    "redrive", "explain_access", "teardown",
)  # fmt: skip


class Labs:
    """A built lab that the examples of a module share, and another one when an example closed it."""

    def __init__(self) -> None:
        self._lab: Lab | None = None

    def built(self) -> Lab:
        if self._lab is None or repr(self._lab) == "Lab(closed)":
            self._lab = connect()
            self._lab.build()
        self._lab.pump()  # nothing that an earlier example published is on its way
        return self._lab

    def close(self) -> None:
        if self._lab is not None:
            self._lab.close()


@pytest.fixture(scope="module")
def labs() -> Iterator[Labs]:
    labs = Labs()
    yield labs
    labs.close()


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_print_what_they_say(name: str, labs: Labs) -> None:
    module, runner = import_module(name), doctest.DocTestRunner(verbose=False)
    for example in doctest.DocTestFinder(exclude_empty=True).find(module):
        if example.examples:
            example.globs.update(_namespace(example, labs))
            runner.run(example, clear_globs=False)
    assert not runner.summarize(verbose=False).failed


def _namespace(example: doctest.DocTest, labs: Labs) -> dict[str, Any]:
    """The public names, and `lab` for an example that uses it; one that connects has no other lab."""
    names = {name: getattr(inventory_lab, name) for name in inventory_lab.__all__}
    used = {
        node.id
        for part in example.examples
        for node in ast.walk(ast.parse(part.source))
        if isinstance(node, ast.Name)
    }
    if "connect" in used:
        labs.close()
    return names | {"lab": labs.built()} if "lab" in used else names


def test_the_summary_of_a_lab_lists_the_calls_that_matter_by_task() -> None:
    listed = re.findall(r"^ *(?:[A-Z]\w+)? +(\w+)\(\)  ", Lab.__doc__ or "", re.MULTILINE)
    assert tuple(listed) == TASKS
