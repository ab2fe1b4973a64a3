"""A stored output is a claim: a lie in any of them is found, and only there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tools import course, store

LIE = "a lie\n"
NBVAL = ["--nbval", "--nbval-current-env", "--nbval-cell-timeout=60", "--dist=loadscope"]


def lied(notebook: Any) -> Iterator[str]:
    """Change every stored output that is text; the names that nbval gives to these cells."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(cells):
        if not course.is_ignored(cell) and [o for o in cell.outputs if _change(o)]:
            yield f"Cell {number}"


def _change(output: Any) -> bool:
    if output.output_type == "stream":
        output.text += LIE
    elif "text/plain" in output.data:
        output.data["text/plain"] += LIE
    return output.output_type == "stream" or "text/plain" in output.data


@pytest.fixture(scope="module")
def lies(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, set[str]]]:
    """Copies of all notebooks with a lie in every output, and the cells that lie, by notebook."""
    folder, found = tmp_path_factory.mktemp("lies"), {}
    for path in course.notebooks():
        notebook = course.read(path)
        found[path.stem] = set(lied(notebook))
        store.write(notebook, folder / path.name)
    return folder, found


@pytest.fixture(scope="module")
def failed(lies: tuple[Path, dict[str, set[str]]]) -> dict[str, set[str]]:
    """The cells that nbval finds wrong, by notebook; all of them run in one go."""
    folder, report = lies[0], lies[0] / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-n2", *NBVAL, f"--junit-xml={report}"]
    subprocess.run([*command, f"--rootdir={folder}", "."], cwd=folder, timeout=300, check=False)
    found: dict[str, set[str]] = {path.stem: set() for path in course.notebooks()}
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314 pytest wrote it just now
        if case.find("failure") is not None or case.find("error") is not None:
            found[case.attrib["classname"].removesuffix(".ipynb")].add(case.attrib["name"])
    return found


@pytest.mark.parametrize("name", [path.stem for path in course.notebooks()])
def test_every_lie_is_found_and_nothing_else(
    name: str, lies: tuple[Path, dict[str, set[str]]], failed: dict[str, set[str]]
) -> None:
    assert len(lies[1][name]) >= 5
    assert failed[name] == lies[1][name]
