"""A notebook is stored the same, byte for byte, whoever ran it and when."""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from nbformat import v4

from tools import course, store


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + check


HEADER, PIXELS, END = chunk(b"IHDR", b"header"), chunk(b"IDAT", b"pixels"), chunk(b"IEND")
NOTES = chunk(b"tEXt", b"Software\0any 1.0") + chunk(b"tIME", b"\x07\xea\x0b\x16\x10\x00\x00")


def notebook(*cells: Any) -> Any:
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    return v4.new_notebook(cells=list(cells))


def code(source: str, outputs: Any = (), **more: Any) -> Any:
    return v4.new_code_cell(source, outputs=list(outputs), execution_count=1, **more)


def test_a_picture_loses_its_notes_and_keeps_the_rest() -> None:
    noted = store.PNG_SIGNATURE + HEADER + NOTES + PIXELS + END
    assert store.bare_png(noted) == store.PNG_SIGNATURE + HEADER + PIXELS + END


def test_the_stored_text_has_no_trace_of_a_machine_or_a_run() -> None:
    picture = base64.b64encode(store.PNG_SIGNATURE + NOTES + END).decode()
    data = {"text/plain": "IntSlider(value=3)", store.WIDGET_VIEW: {"model_id": "ab12"}}
    outputs = [
        v4.new_output("display_data", data=data),
        v4.new_output("display_data", data={"image/png": picture + "\n"}),
    ]
    stored = notebook(code("1", outputs, metadata={"execution": {"iopub": "12:00"}}))
    stored.metadata = nbformat.from_dict(
        {"widgets": {"state": {}}, "language_info": {"version": "3.14"}}
    )
    text = store.text(stored)
    for trace in ("widgets", "widget-view", "3.14", "12:00", "Software", r"\n\n"):
        assert trace not in text
    assert "IntSlider(value=3)" in text
    assert text.endswith("}\n")


def test_tags_stay_and_come_in_order() -> None:
    stored = notebook(code("1", metadata={"tags": ["b", "a"], "collapsed": True}))
    stored = nbformat.reads(store.text(stored), as_version=4)
    assert stored.cells[0].metadata == {"tags": ["a", "b"]}


def test_storing_twice_gives_the_same_text() -> None:
    once = store.text(notebook(code("1\n\n")))
    assert store.text(nbformat.reads(once, as_version=4)) == once


def test_a_notebook_that_fails_is_named_with_its_cell_and_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "00_x.ipynb"
    store.write(notebook(code("1"), code("1 / 0")), path)
    before = path.read_bytes()
    assert store.attempted(path) == (
        False,
        "FAILED cell [2] of 00_x.ipynb: ZeroDivisionError: division by zero",
    )
    assert path.read_bytes() == before
    with pytest.raises(CellExecutionError):
        store.store(path)


def gave_back(text: str, count: int, *tags: str) -> Any:
    output = v4.new_output("execute_result", {"text/plain": text}, execution_count=count)
    stored = notebook(code("random()", [output], metadata={"tags": list(tags)}))
    stored.cells[0].execution_count = count
    return stored


@pytest.mark.parametrize(("tags", "kept"), [([course.IGNORED], "0.1"), ([], "0.2")])
def test_only_what_is_not_compared_keeps_its_outputs(tags: list[str], kept: str) -> None:
    (cell,) = store.with_ignored_of(gave_back("0.1", 1, *tags), gave_back("0.2", 2, *tags)).cells
    assert cell.outputs[0].data["text/plain"] == kept
    assert cell.outputs[0].execution_count == 2
