"""The form that all notebooks share, and what a comparison of outputs alone would let through."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from tools import course, index, store

NOTEBOOKS = course.notebooks()
STORED = [*NOTEBOOKS, *sorted(course.SOLUTIONS.glob("*.ipynb"))]
OLD = [path for path in NOTEBOOKS if not course.is_lesson(course.read(path))]
"""Those that do not have the form of a lesson yet: tests/notebooks/test_lessons.py has its rules."""
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
every_old_notebook = pytest.mark.parametrize("path", OLD, ids=lambda path: path.stem)
every_file = pytest.mark.parametrize(
    "path", STORED, ids=lambda path: path.relative_to(course.FOLDER).as_posix()
)

OPENING = {
    "title": "markdown", "objectives": "markdown", "setup": "code", "versions": "code", "build": "code",
}  # fmt: skip
CLOSING = ["## Check", "## Reconcile", "## Clean up", "## What next"]
TEXT_TYPES = ("text/plain", "text/html", "text/markdown", "image/svg+xml", "application/json")
KEY = re.compile("(AKIA|ASIA)[0-9A-Z]{16}")
ACCOUNT = re.compile(r"(?<!shardId-)\b(?!123456789012\b)\d{12}\b")
MACHINE_PATH = re.compile(
    r"(?<![\w./<-])/(home|root|Users|tmp|mnt|opt|usr|var/folders|work|content)/[\w.]|\b[A-Z]:\\\w"
)
LONGEST_CELL, MEDIAN_CELL, MOST_MINUTES, MOST_IGNORED, LEAST_COMPARED = 20, 6, 20, 2, 0.95


def code_cells(path: Path) -> list[Any]:
    return [cell for cell in course.read(path).cells if cell.cell_type == "code"]


def exercise_cells(path: Path) -> list[Any]:
    return [cell for cell in code_cells(path) if course.gap(cell.source) is not None]


def python(source: str) -> str:
    """The source with its magics as calls."""
    return TransformerManager().transform_cell(source)


def texts(cell: Any) -> Iterator[str]:
    """All that a cell printed or gave back, as text."""
    for output in cell.get("outputs", []):
        yield output.get("text", "")
        yield from (str(output.get("data", {}).get(kind, "")) for kind in TEXT_TYPES)


def used(source: str) -> set[str]:
    """The names that a cell takes from the cells before it."""
    return _names(source, ast.Load) - made(source) - imported(source)


def made(source: str) -> set[str]:
    """The variables, functions and classes that a cell makes."""
    nodes = ast.walk(ast.parse(python(source)))
    definitions = {n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    return definitions | _names(source, ast.Store)


def imported(source: str) -> set[str]:
    nodes = ast.walk(ast.parse(python(source)))
    imports = [
        alias for n in nodes if isinstance(n, ast.Import | ast.ImportFrom) for alias in n.names
    ]
    return {(alias.asname or alias.name).split(".")[0] for alias in imports}


def _names(source: str, context: type[ast.expr_context]) -> set[str]:
    nodes = ast.walk(ast.parse(python(source)))
    return {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, context)}


def test_there_are_notebooks_and_each_is_named_after_its_number() -> None:
    assert NOTEBOOKS
    assert sorted(course.FOLDER.glob("*.ipynb")) == NOTEBOOKS
    for several in (OLD, [path for path in NOTEBOOKS if path not in OLD]):
        assert len({path.name[:2] for path in several}) == len(several)


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


@every_old_notebook
def test_it_opens_with_title_objectives_setup_versions_and_build(path: Path) -> None:
    opening = course.read(path).cells[:5]
    assert {cell.id: cell.cell_type for cell in opening} == OPENING
    entry = index.entry(path)
    assert path.name.startswith(f"{entry.number}_")
    assert opening[1].source.startswith("**You will be able to**\n\n- ")
    assert "**Cost on AWS:** " in opening[1].source
    assert entry.minutes <= MOST_MINUTES


@every_old_notebook
def test_setup_and_versions_are_the_same_in_all(path: Path) -> None:
    setup, versions, build = course.read(path).cells[2:5]
    assert setup.source == course.setup_cell(course.repository())
    assert versions.source == course.VERSIONS
    assert "connect(" in build.source
    assert ".build(" in build.source


@every_old_notebook
def test_it_closes_with_check_reconcile_clean_up_and_what_next(path: Path) -> None:
    cells = course.read(path).cells
    heads = [i for i, cell in enumerate(cells) if cell.source.startswith("## ")]
    assert [cells[i].source.splitlines()[0] for i in heads[-4:]] == CLOSING
    parts = [cells[a:b] for a, b in zip(heads[-4:], [*heads[-3:], len(cells)], strict=True)]
    code = ["\n".join(c.source for c in part if c.cell_type == "code") for part in parts]
    closing = [r"check\(", r"\.reconcile\((since=\w+)?\)", r"\.teardown\(\)"]
    for source, expected in zip(code[:3], closing, strict=True):
        assert re.search(expected, source)
    assert code[2].endswith("lab.close()")
    assert len(parts[3]) == 1


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


@every_old_notebook
def test_it_has_at_least_two_exercises_each_with_a_task_and_a_folded_hint(path: Path) -> None:
    cells = course.read(path).cells
    tasks = [i for i, cell in enumerate(cells) if cell.source.startswith("### Exercise ")]
    heads = [cells[i].source.splitlines()[0] for i in tasks]
    assert heads == [f"### Exercise {number}" for number in range(1, len(tasks) + 1)]
    assert len(tasks) >= 2
    for i in tasks:
        assert "<details><summary>Hint</summary>\n\n" in cells[i].source
        assert cells[i].source.endswith("\n\n</details>")
    assert [cells[i + 1].id for i in tasks] == [cell.id for cell in exercise_cells(path)]


@every_old_notebook
def test_an_open_exercise_is_to_do_and_a_solved_one_is_ok(path: Path) -> None:
    for cell in exercise_cells(path):
        assert any(re.search("^to do  ", text, re.MULTILINE) for text in texts(cell)), cell.id
    for cell in exercise_cells(course.solution_of(path)):
        printed = "".join(texts(cell))
        assert re.search("^ok     ", printed, re.MULTILINE), cell.id
        assert not re.search("^(to do|wrong) ", printed, re.MULTILINE), cell.id


@every_old_notebook
def test_its_solution_differs_in_every_gap_and_in_nothing_else(path: Path) -> None:
    """Not in what the other cells print either: they do not build on what a learner did."""
    ours, solved = course.read(path).cells, course.read(course.solution_of(path)).cells
    assert [cell.id for cell in ours] == [cell.id for cell in solved]
    for stub, solution in zip(ours, solved, strict=True):
        if course.gap(stub.source) is None:
            assert stub == solution, stub.id
        else:
            assert course.gap(stub.source) != course.gap(solution.source), stub.id
            emptied = [course.GAP.sub("", cell.source) for cell in (stub, solution)]
            assert emptied[0] == emptied[1]


@every_old_notebook
def test_no_later_cell_uses_a_name_that_a_learner_makes(path: Path) -> None:
    learners: set[str] = set()
    for stub, solution in zip(code_cells(path), code_cells(course.solution_of(path)), strict=True):
        assert not used(stub.source) & learners, (stub.id, used(stub.source) & learners)
        if course.gap(stub.source) is not None:
            learners |= made(stub.source) | made(solution.source)
        else:
            learners -= made(stub.source) | imported(stub.source)


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
