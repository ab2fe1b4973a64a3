"""The setup cell, run as in Colab and elsewhere."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from inventory_lab.teaching.versions import fit
from tools import course

ADDRESS = course.repository()
COLAB = {"pandas": "2.2.2", "ipywidgets": "7.7.1", "python-dateutil": "2.9.0"}
"""What Colab has, as far as the library needs it: https://github.com/googlecolab/backend-info"""
UNTOUCHABLE = {"pandas", "numpy", "ipykernel", "ipywidgets", "jupyter-client", "ipython"}


class Shell:
    """Takes down what IPython is asked to install."""

    def __init__(self) -> None:
        self.patched: list[str] = []
        self.namespace: dict[str, Any] = {"get_ipython": lambda: self}

    def run_line_magic(self, magic: str, line: str) -> None:
        assert magic == "pip"
        self.patched.append(line.format(**self.namespace))

    def run(self, source: str) -> list[str]:
        exec(TransformerManager().transform_cell(source), self.namespace)  # noqa: S102
        return self.patched


@pytest.fixture
def not_installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "inventory_lab", None)
    return


@pytest.fixture
def in_colab(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))


def test_nothing_happens_where_the_library_is_installed() -> None:
    assert Shell().run(course.setup_cell(ADDRESS)) == []


@pytest.mark.usefixtures("in_colab")
def test_nothing_happens_in_colab_the_second_time() -> None:
    assert Shell().run(course.setup_cell(ADDRESS)) == []


@pytest.mark.usefixtures("not_installed", "in_colab")
def test_colab_installs_the_library_from_its_address_and_upgrades_nothing() -> None:
    (line,) = Shell().run(course.setup_cell(ADDRESS))
    assert line.split() == ["install", "--quiet", f"git+{ADDRESS}"]


@pytest.mark.usefixtures("not_installed")
def test_elsewhere_one_sentence_says_what_to_do() -> None:
    shell = Shell()
    with pytest.raises(ModuleNotFoundError) as raised:
        shell.run(course.setup_cell(ADDRESS))
    assert shell.patched == []
    assert f"clone {ADDRESS}, run `make lab`" in str(raised.value)


def test_the_library_admits_what_colab_has() -> None:
    text = (course.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["notebook"]]
    ranges = {re.split("[^a-z0-9-]", line)[0]: line for line in wanted}
    for name, version in COLAB.items():
        assert fit(version, ranges[name]) == "ok"


def test_the_library_itself_names_nothing_of_jupyter() -> None:
    text = (course.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    needed = {re.split("[^a-z0-9-]", d)[0] for d in tomllib.loads(text)["project"]["dependencies"]}
    assert needed & UNTOUCHABLE == {"pandas"}
