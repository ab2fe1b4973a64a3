"""Execute notebooks and store them: `python -m tools.store [NOTEBOOK ...]`, all of them by default.

When nothing changed the files are the same, byte for byte: no times, no versions, no widget state. A
solution is its notebook with the exercises solved.
"""

from __future__ import annotations

import base64
import os
import re
import struct
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from inventory_lab.teaching.exercises.my_pipeline import FOLDER_VARIABLE
from tools import course, figures, index, instructor

CELL_SECONDS = 60
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
FOLDED = {"cellView": "form", "jupyter": {"source_hidden": True}}
"""Hides the source of a cell in Colab and in JupyterLab."""
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_NOTES = {b"tEXt", b"zTXt", b"iTXt", b"tIME", b"eXIf"}
"""Chunks of a PNG that say who made it and when: https://www.w3.org/TR/png-3/#11Ancillary-chunks"""


def main(arguments: Sequence[str]) -> int:
    """Store the notebooks that are named, or all, each with its solution; then the index."""
    named = [Path(name).resolve() for name in arguments]
    if missing := [path for path in named if not path.is_file()]:
        print(
            f"there is no notebook {missing[0]}; give a path such as notebooks/02_kinesis_stream.ipynb"
        )
        return 2
    failed = False
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for stored, line in pool.map(attempted, named or course.notebooks()):
            print(line, flush=True)
            failed |= not stored
    index.main()
    return int(failed)


def attempted(path: Path) -> tuple[bool, str]:
    """Whether a notebook could be stored, and a line on it: where it failed, and with what."""
    try:
        return True, store(path)
    except CellExecutionError as exc:
        cell = re.search(r"In\W*\[(\d+)\]", re.sub(r"\x1b\[[0-9;]*m", "", exc.traceback))
        where = f"cell [{cell[1]}] of " if cell else ""
        return False, f"FAILED {where}{path.name}: {exc.ename}: {exc.evalue}"


def store(path: Path) -> str:
    """Execute a notebook and its solution and write both; a line that says so. Raises
    CellExecutionError, and leaves the files as they are.
    """
    notebook, solution = course.read(path), course.solution_of(path)
    opened(notebook)
    solved = course.with_solutions(notebook)
    before = nbformat.from_dict(notebook)
    notebook = with_ignored_of(before, executed(notebook, path.parent))
    write(with_ignored_of(notebook, executed(solved, solution.parent)), solution)
    write(notebook, path)
    instructor.write(notebook, path)
    return f"stored {path.name} and its solution"


def opened(notebook: Any) -> None:
    """Bring the cells that are the same in all notebooks, and the minutes, up to date."""
    figures.state_minutes(notebook)
    same = {"setup": course.setup_cell(course.repository()), "versions": course.VERSIONS}
    for cell in notebook.cells:
        cell.source = same.get(cell.id, cell.source)


def executed(notebook: Any, folder: Path) -> Any:
    """The notebook, run from its first cell to its last in its folder. Raises CellExecutionError."""
    with kept_away_from_learners():
        _run(notebook, folder)
    return notebook


@contextmanager
def kept_away_from_learners() -> Iterator[None]:
    """Inside, what an exercise keeps goes to a folder of its own, not to that of a learner."""
    with TemporaryDirectory() as folder, patch.dict(os.environ, {FOLDER_VARIABLE: folder}):
        yield


def _run(notebook: Any, folder: Path) -> None:
    NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
    ).execute()


def with_ignored_of(before: Any, notebook: Any) -> Any:
    """The notebook; a cell that is not compared keeps the outputs it had, if any: they may be others
    in every run.
    """
    kept = {cell.id: cell.outputs for cell in before.cells if course.is_ignored(cell)}
    for cell in notebook.cells:
        if kept.get(cell.id):
            cell.outputs = nbformat.from_dict(kept[cell.id])
            _count(cell)
    return notebook


def _count(cell: Any) -> None:
    """Give the outputs the count of their cell."""
    for output in cell.outputs:
        if output.output_type == "execute_result":
            output.execution_count = cell.execution_count


def write(notebook: Any, path: Path) -> None:
    """Write the notebook as it is stored."""
    path.write_text(text(notebook), encoding="utf-8", newline="\n")


def text(notebook: Any) -> str:
    """The notebook as it is stored: nothing in it that another run or machine would change."""
    tidy = nbformat.from_dict(notebook)
    tidy.metadata = nbformat.from_dict(METADATA)
    tidy.nbformat_minor = 5
    for cell in tidy.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.from_dict({"tags": sorted(tags)} if tags else {})
        if course.HIDDEN in (tags or []):
            cell.metadata.update(FOLDED)
        cell.source = cell.source.rstrip()
        for output in cell.get("outputs", []):
            _tidy_output(output)
    return f"{nbformat.writes(tidy).rstrip()}\n"


def _tidy_output(output: Any) -> None:
    data = output.get("data", {})
    data.pop(WIDGET_VIEW, None)
    if "image/png" in data:
        picture = base64.b64decode(data["image/png"])
        data["image/png"] = base64.b64encode(bare_png(picture)).decode()


def bare_png(picture: bytes) -> bytes:
    """The picture without the notes on who made it and when."""
    return PNG_SIGNATURE + b"".join(
        chunk for kind, chunk in _chunks(picture) if kind not in PNG_NOTES
    )


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The kind and the bytes of each chunk: length, kind, data and checksum."""
    start = len(PNG_SIGNATURE)
    while start < len(picture):
        length, kind = struct.unpack(">I4s", picture[start : start + 8])
        yield kind, picture[start : start + length + 12]
        start += length + 12


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
