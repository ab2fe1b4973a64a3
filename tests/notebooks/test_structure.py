"""The form that all notebooks share, and what a comparison of outputs alone would let through."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from tools import course, index, store

NOTEBOOKS = course.notebooks()
STORED = [*NOTEBOOKS, *sorted(course.SOLUTIONS.glob("*.ipynb"))]
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
every_file = pytest.mark.parametrize(
    "path", STORED, ids=lambda path: path.relative_to(course.FOLDER).as_posix()
)

TEXT_TYPES = ("text/plain", "text/html", "text/markdown", "image/svg+xml", "application/json")
KEY = re.compile("(AKIA|ASIA)[0-9A-Z]{16}")
ACCOUNT = re.compile(r"(?<!shardId-)\b(?!123456789012\b)\d{12}\b")
MACHINE_PATH = re.compile(
    r"(?<![\w./<-])/(home|root|Users|tmp|mnt|opt|usr|var/folders|work|content)/[\w.]|\b[A-Z]:\\\w"
)
LONGEST_CELL, MEDIAN_CELL, MOST_IGNORED, LEAST_COMPARED = 20, 6, 2, 0.95


def code_cells(path: Path) -> list[Any]:
    return [cell for cell in course.read(path).cells if cell.cell_type == "code"]


def texts(cell: Any) -> Iterator[str]:
    """All that a cell printed or gave back, as text."""
    for output in cell.get("outputs", []):
        yield output.get("text", "")
        yield from (str(output.get("data", {}).get(kind, "")) for kind in TEXT_TYPES)


def test_there_are_notebooks_and_each_is_named_after_its_number() -> None:
    assert NOTEBOOKS
    assert sorted(course.FOLDER.glob("*.ipynb")) == NOTEBOOKS
    assert [index.entry(path).number for path in NOTEBOOKS] == [path.name[:2] for path in NOTEBOOKS]
    assert len({path.name[:2] for path in NOTEBOOKS}) == len(NOTEBOOKS)


@every_file
def test_a_notebook_is_stored_in_one_form(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == store.text(course.read(path))


@every_file
def test_it_was_run_once_from_the_first_cell_to_the_last(path: Path) -> None:
    counts = [cell.execution_count for cell in code_cells(path)]
    assert counts == list(range(1, len(counts) + 1))


@every_file
def test_nothing_failed_and_nothing_went_to_standard_error(path: Path) -> None:
    outputs = [output for cell in code_cells(path) for output in cell.outputs]
    assert not [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]


@every_file
@pytest.mark.parametrize("secret", [KEY, ACCOUNT, MACHINE_PATH], ids=["key", "account", "path"])
def test_it_holds_no_key_no_account_and_no_path_of_a_machine(
    path: Path, secret: re.Pattern[str]
) -> None:
    for cell in course.read(path).cells:
        for text in (cell.source, *texts(cell)):
            assert not secret.search(text), secret.search(text)


def test_the_patterns_of_what_must_not_be_stored_find_it_and_nothing_else() -> None:
    assert KEY.search("key AKIA" + "Q" * 16)
    assert ACCOUNT.search("arn:aws:iam::210987654321:user/me")
    assert not ACCOUNT.search("123456789012, shardId-000000000000, 49590338271490256608")
    for trace in ("File /home/me/a.py", "in /tmp/x", r"C:\Users", "'/root/.aws'"):
        assert MACHINE_PATH.search(trace)
    for harmless in (
        "/aws/lambda/update-inventory",
        "https://a.b/home/x",
        "inventory_lab/tmp/a.py",
    ):
        assert not MACHINE_PATH.search(harmless)


@every_notebook
def test_cells_are_short_and_show_what_they_do(path: Path) -> None:
    cells = code_cells(path)
    lengths = [len(cell.source.splitlines()) for cell in cells]
    assert max(lengths) <= LONGEST_CELL
    assert median(lengths) <= MEDIAN_CELL
    for trio in zip(cells, cells[1:], cells[2:], strict=False):
        assert any(cell.outputs for cell in trio), [cell.id for cell in trio]


@every_notebook
def test_no_cell_is_silenced_by_a_semicolon(path: Path) -> None:
    """Under nbval that silences nothing, and the address of an object would be compared."""
    assert not [cell.id for cell in code_cells(path) if cell.source.endswith(";")]


@every_notebook
def test_no_link_is_relative(path: Path) -> None:
    """A solution has the same text, one folder deeper."""
    for cell in course.read(path).cells:
        if cell.cell_type == "markdown":
            assert not re.findall(r"\]\((?!https://|#)[^)]*\)", cell.source), cell.id


@every_file
def test_few_cells_are_not_compared_and_the_text_before_says_why(path: Path) -> None:
    cells = course.read(path).cells
    ignored = [i for i, c in enumerate(cells) if course.is_ignored(c)]
    assert len(ignored) <= MOST_IGNORED
    for i in ignored:
        assert cells[i - 1].cell_type == "markdown"
        assert "not compared" in cells[i - 1].source
    for cell in cells:
        assert set(cell.metadata.get("tags", [])) <= {course.IGNORED, course.HIDDEN}
        assert "NBVAL_" not in cell.source


def test_nearly_all_cells_of_the_course_are_compared() -> None:
    cells = [cell for path in STORED for cell in code_cells(path)]
    assert sum(not course.is_ignored(cell) for cell in cells) / len(cells) >= LEAST_COMPARED


def test_every_solution_belongs_to_a_notebook() -> None:
    solutions = [path.name for path in sorted(course.SOLUTIONS.glob("*.ipynb"))]
    assert solutions == [path.name for path in NOTEBOOKS]


def test_the_table_of_the_notebooks_is_what_the_notebooks_say() -> None:
    readme = index.README.read_text(encoding="utf-8")
    assert readme == index.with_table(readme, course.repository())
    for path in NOTEBOOKS:
        assert f"]({path.name})" in readme
    front = index.FRONT.read_text(encoding="utf-8")
    assert front == index.with_front_table(front)
    for path in NOTEBOOKS:
        assert f"](notebooks/{path.name})" in front
