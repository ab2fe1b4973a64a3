"""The setup cell, run as in Colab and elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from IPython.core.inputtransformer2 import TransformerManager
from packaging.requirements import Requirement

from inventory_lab.teaching.versions import fit
from tools import course

ADDRESS = "https://github.com/owner/name"
WHEEL = "inventory_lab-0.1.0-py3-none-any.whl"
COLAB = {"pandas": "2.2.2", "ipywidgets": "7.7.1", "python-dateutil": "2.9.0", "packaging": "25.0"}
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
def not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "inventory_lab", None)


@pytest.fixture
def uploads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """A stand-in for Colab, in a folder of its own; what it is asked to upload. The learner chooses
    the wheel: https://colab.research.google.com/notebooks/io.ipynb
    """
    asked: list[str] = []

    def upload() -> dict[str, bytes]:
        asked.append("upload")
        Path(WHEEL).write_bytes(b"the wheel")
        return {WHEEL: b"the wheel"}

    colab, files = ModuleType("google.colab"), ModuleType("google.colab.files")
    vars(files)["upload"] = upload
    vars(colab)["files"] = files
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    monkeypatch.setitem(sys.modules, "google.colab.files", files)
    monkeypatch.chdir(tmp_path)
    return asked


@pytest.fixture(autouse=True)
def path_is_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))


every_address = pytest.mark.parametrize("address", ["", ADDRESS], ids=["no address", "address"])


@every_address
def test_nothing_happens_where_the_library_is_installed(address: str) -> None:
    assert Shell().run(course.setup_cell(address)) == []


@every_address
def test_nothing_happens_in_colab_the_second_time(address: str, uploads: list[str]) -> None:
    assert Shell().run(course.setup_cell(address)) == []
    assert uploads == []


@pytest.mark.usefixtures("not_installed")
def test_colab_installs_the_library_from_its_address_and_upgrades_nothing(
    uploads: list[str],
) -> None:
    (line,) = Shell().run(course.setup_cell(ADDRESS))
    assert line.split() == ["install", "--quiet", f"git+{ADDRESS}"]
    assert uploads == []


@pytest.mark.usefixtures("not_installed")
def test_without_an_address_colab_installs_the_wheel_that_the_learner_uploads(
    uploads: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (line,) = Shell().run(course.setup_cell(""))
    assert line.split() == ["install", "--quiet", WHEEL]
    assert uploads == ["upload"]
    assert "`make wheel` writes dist/inventory_lab-….whl" in capsys.readouterr().out


@pytest.mark.usefixtures("not_installed")
def test_a_wheel_that_was_uploaded_before_is_not_asked_for_again(uploads: list[str]) -> None:
    for name in ("inventory_lab-0.0.9-py3-none-any.whl", WHEEL):
        Path(name).write_bytes(b"a wheel")
    (line,) = Shell().run(course.setup_cell(""))
    assert line.split()[-1] == WHEEL
    assert uploads == []


@pytest.mark.usefixtures("not_installed")
@pytest.mark.parametrize(
    ("address", "hint"),
    [("", "run `make lab` in the folder of the course"), (ADDRESS, f"clone {ADDRESS}, run `make")],
)
def test_elsewhere_one_sentence_says_what_to_do(address: str, hint: str) -> None:
    shell = Shell()
    with pytest.raises(ModuleNotFoundError, match=re.escape(hint)):
        shell.run(course.setup_cell(address))
    assert shell.patched == []


@pytest.mark.parametrize("folder", [course.FOLDER, course.SOLUTIONS])
def test_a_notebook_in_a_checkout_that_is_not_installed_imports_the_checkout(folder: Path) -> None:
    script = f"import os\nos.chdir({str(folder)!r})\n"
    script += TransformerManager().transform_cell(course.setup_cell(""))
    script += "import inventory_lab\nprint(inventory_lab.__file__)"
    command = [sys.executable, "-I", "-S", "-c", script]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    imported = Path(run.stdout.strip())
    assert imported.resolve() == course.ROOT / "inventory_lab" / "__init__.py"


def test_the_library_admits_what_colab_has() -> None:
    project = tomllib.loads((course.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["notebook"]]
    ranges = {requirement.name: requirement for requirement in map(Requirement, lines)}
    for name, version in COLAB.items():
        assert fit(version, ranges[name]) == "ok"


def test_the_library_itself_names_nothing_of_jupyter() -> None:
    project = tomllib.loads((course.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {Requirement(line).name for line in project["dependencies"]}
    assert needed & UNTOUCHABLE == {"pandas"}
