"""A stored output is a claim: nbval finds a lie in any of them, and nothing else.

A stand-in for the kernel answers every cell with what is stored, so no notebook runs here. That the
stored outputs are what a kernel answers, cell by cell, is what the run with `--nbval` checks.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from nbval.plugin import IPyNbFile, NbCellError

from tools import course, store

LIE = "a lie\n"
STORED = [*course.notebooks(), *sorted(course.SOLUTIONS.glob("*.ipynb"))]
every_file = pytest.mark.parametrize(
    "path", STORED, ids=lambda path: path.relative_to(course.FOLDER).as_posix()
)


class StoredAnswers:
    """A kernel that answers the cells of a notebook, in their order, with their stored outputs."""

    def __init__(self, notebook: Any) -> None:
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        self._cells = iter(copy.deepcopy(cells))
        self._messages: Iterator[dict[str, Any]] = iter(())

    def is_alive(self) -> bool:
        return True

    def stop(self) -> None:
        pass

    def execute_cell_input(self, source: str, allow_stdin: bool) -> str:
        cell = next(self._cells)
        assert source == cell.source
        self._messages = self._answers(cell)
        return str(cell.id)

    def await_reply(self, cell_id: str, timeout: float) -> None:
        pass

    def get_message(self, stream: str, timeout: float) -> dict[str, Any]:
        for message in self._messages:
            return message
        raise Empty

    def _answers(self, cell: Any) -> Iterator[dict[str, Any]]:
        header = {"msg_id": cell.id}
        for output in cell.outputs:
            yield {"msg_type": output.output_type, "content": output, "parent_header": header}
        idle = {"execution_state": "idle"}
        yield {"msg_type": "status", "content": idle, "parent_header": header}


def lied(notebook: Any) -> Iterator[str]:
    """Change every stored output that is text; the names that nbval gives to these cells."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(cells):
        if not course.is_ignored(cell) and [o for o in cell.outputs if _change(o)]:
            yield f"Cell {number}"


def _change(output: Any) -> bool:
    if output.output_type == "stream":
        output.text += LIE
        return True
    text = [kind for kind in output.data if kind.startswith("text/") or kind.endswith("+xml")]
    for kind in text:
        output.data[kind] += LIE
    return bool(text)


def differing(path: Path, answers: Any, request: pytest.FixtureRequest) -> set[str]:
    """The cells of a stored notebook that nbval finds different from what a kernel answers."""
    file = IPyNbFile.from_parent(request.session, path=path)
    file.kernel = StoredAnswers(answers)
    return {cell.name for cell in file.collect() if not _passes(cell)}


def _passes(cell: Any) -> bool:
    try:
        cell.runtest()
    except NbCellError:
        return False
    return True


@every_file
def test_what_is_stored_is_accepted(path: Path, request: pytest.FixtureRequest) -> None:
    assert differing(path, course.read(path), request) == set()


@every_file
def test_every_lie_is_found_and_nothing_else(
    path: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    notebook = course.read(path)
    lies = set(lied(notebook))
    assert len(lies) >= 5
    store.write(notebook, tmp_path / path.name)
    assert differing(tmp_path / path.name, course.read(path), request) == lies
