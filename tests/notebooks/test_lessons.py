"""Each lesson: its form, its figures, and what happens when a learner runs its cells in another order."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
import pytest

from inventory_lab.teaching.exercises import registry, solutions
from tests.copies import in_a_copy, needs_copies
from tools import course, figures, index, instructor
from tools.replay import Replay, kernel

PATHS = course.notebooks()
LESSONS = {path.stem: course.read(path) for path in PATHS}
SOLVED = {path.stem: course.read(course.solution_of(path)) for path in PATHS}
every_lesson = pytest.mark.parametrize("stem", LESSONS)
some_lessons = pytest.mark.exhaustive(1)
"""For tests that run a lesson several times."""

OPENING = ["title", "setup", "versions", "map", "objectives", "open"]
CLOSING = ["Recap", "Quiz", "Check", "From here start again", "Clean up", "What next"]
MOST_WORDS, MOST_CELLS = 1000, 18
MOST_MINUTES_CORE, MOST_MINUTES_LATER, FIRST_LATER = 35, 30, 10
"""A build, a small exercise, the quiz and a prediction take 21 minutes by rule already."""
SOME = 0.6
"""The share of the cells after which a learner starts again from the top."""
MOST_MINUTES_CAPSTONE, CAPSTONE = 45, 16
"""The capstone is a project: five exercises, one for each place that the new kind of event needs."""
QUIZ_ANSWER = "\n\n<details><summary>Answer</summary>\n\n"


def text_of(notebook: Any) -> str:
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


Printed = list[tuple[str, str]]


@dataclass(frozen=True)
class Runs:
    """What each cell of a lesson prints whose exercises are open: run once, and again from the top."""

    first: Printed
    again: Printed
    again_after_some_cells: Printed
    wrong: list[str]


@cache
def runs(stem: str) -> Runs:
    """The run of all cells and what it prints from the top after it; and, in a copy of the process, what
    it prints from the top after some of the cells, when only some of the names exist.
    """
    with kernel(LESSONS[stem]) as running, TemporaryDirectory() as folder:
        some = round(len(running.cells) * SOME)
        running.run(running.cells[:some])
        file = Path(folder, "printed.json")
        failed = in_a_copy(lambda: file.write_text(json.dumps(again(running))))
        assert not failed, failed
        running.run(running.cells[some:])
        first = list(running.printed)
        return Runs(
            first=first,
            again=again(running),
            again_after_some_cells=[(cell, text) for cell, text in json.loads(file.read_text())],
            wrong=wrong_in(running),
        )


def again(running: Replay) -> Printed:
    """What all cells print when they are run once more."""
    before = len(running.printed)
    running.run()
    return running.printed[before:]


def printed_by(stem: str) -> Printed:
    return runs(stem).first


def number(stem: str) -> int:
    return int(stem[:2])


def most_minutes(number: int) -> int:
    if number == CAPSTONE:
        return MOST_MINUTES_CAPSTONE
    return MOST_MINUTES_CORE if number < FIRST_LATER else MOST_MINUTES_LATER


@every_lesson
def test_it_opens_with_problem_map_objectives_and_a_lab(stem: str) -> None:
    cells = LESSONS[stem].cells[: len(OPENING)]
    assert [cell.id for cell in cells] == OPENING
    assert len(cells[0].source.splitlines()) >= 3
    assert all(course.HIDDEN in cell.metadata.tags for cell in cells[1:4])
    assert cells[1].source == course.setup_cell(course.repository())
    assert cells[2].source == course.VERSIONS
    assert "map_of(" in cells[3].source
    for part in ("**You will be able to**\n\n- ", "**Cost on AWS:** ", "**Before you start:** "):
        assert part in cells[4].source
    assert "connect(" in cells[5].source


@every_lesson
def test_it_closes_with_recap_quiz_check_clean_up_and_what_next(stem: str) -> None:
    heads = re.findall(r"^## (.*)$", text_of(LESSONS[stem]), re.MULTILINE)
    closing = [head for head in CLOSING if head in heads]
    assert [head for head in heads if head in CLOSING] == closing
    assert set(CLOSING) - {"From here start again"} <= set(closing)
    parts = dict(instructor.sections(LESSONS[stem].cells))
    assert any("check(" in cell.source for cell in parts["Check"])
    code = [cell.source for cell in parts["Clean up"] if cell.cell_type == "code"]
    assert ".teardown()" in "\n".join(code)
    assert "lab.close()" in "\n".join(code)


@every_lesson
def test_a_lesson_that_processes_records_reconciles(stem: str) -> None:
    source = "\n".join(cell.source for cell in LESSONS[stem].cells if cell.cell_type == "code")
    if ".settle(" in source:
        assert ".reconcile(" in source
        assert ".exact" in source


@every_lesson
def test_it_asks_predicts_invites_to_change_and_points_at_the_console(stem: str) -> None:
    text = text_of(LESSONS[stem])
    assert len(re.findall(r"^\*\*Question [1-4]\.\*\* ", text, re.MULTILINE)) == 4
    assert text.count(QUIZ_ANSWER) == 4
    assert len(re.findall(r"^\*\*Predict\.\*\* ", text, re.MULTILINE)) >= 1
    assert len(re.findall(r"^\*\*Change this and run again\.\*\* ", text, re.MULTILINE)) >= 2
    assert "**In the console:** " in text


@every_lesson
def test_it_has_two_exercises_or_more_and_one_is_a_build(stem: str) -> None:
    cells = LESSONS[stem].cells
    names = [name for cell in cells if (name := course.exercise_of(cell))]
    assert [name for name in names if registry.find(name).build]
    assert len(names) >= 2
    assert {name.partition("/")[0] for name in names} == {stem[:2]}
    tasks = re.findall(r"^### Exercise (\d): .*$", text_of(LESSONS[stem]), re.MULTILINE)
    assert tasks == [str(n + 1) for n in range(len(names))]
    for before, cell in itertools.pairwise(cells):
        if course.exercise_of(cell):
            assert "<details><summary>Hint</summary>\n\n" in before.source
            assert before.source.endswith("\n\n</details>")


@every_lesson
def test_it_keeps_to_words_cells_and_minutes_and_states_them(stem: str) -> None:
    counted = figures.of(LESSONS[stem].cells)
    most = most_minutes(number(stem))
    assert counted.words <= MOST_WORDS
    assert counted.code_cells <= MOST_CELLS
    assert counted.minutes <= most
    assert index.entry(next(p for p in PATHS if p.stem == stem)).minutes == counted.minutes


def test_the_minutes_follow_the_rule() -> None:
    """One question of 1 minute, two cells of half a minute, 300 words: 4 minutes."""
    from nbformat import v4

    prose = "word " * 300 + "\n\n<details>folded</details> ```code```"
    cells = [
        v4.new_markdown_cell(prose),
        v4.new_markdown_cell("**Predict.** How many?"),
        v4.new_code_cell("1"),
        v4.new_code_cell("2"),
        v4.new_code_cell("3", metadata={"tags": [course.HIDDEN]}),
    ]
    counted = figures.of(cells)
    assert (counted.prose, counted.words, counted.minutes) == (300, 303, 4)


@every_lesson
def test_the_instructors_page_is_what_lesson_and_exercises_say(stem: str) -> None:
    path = next(p for p in PATHS if p.stem == stem)
    assert instructor.page_of(path).read_text(encoding="utf-8") == instructor.page(LESSONS[stem])


@every_lesson
def test_the_solution_notebook_is_the_lesson_with_its_exercises_solved(stem: str) -> None:
    made, stored = course.with_solutions(LESSONS[stem]), SOLVED[stem]
    assert [(c.id, c.source) for c in made.cells] == [(c.id, c.source) for c in stored.cells]


@every_lesson
def test_the_exercises_are_open_here_and_right_there_and_nothing_else_prints_differently(
    stem: str,
) -> None:
    ours = {cell.id: cell for cell in LESSONS[stem].cells if cell.cell_type == "code"}
    solved_cells = {cell.id: cell for cell in SOLVED[stem].cells if cell.cell_type == "code"}
    for name, cell in ours.items():
        if course.exercise_of(cell):
            assert cell.outputs[0].text.startswith("to do  ")
            assert solved_cells[name].outputs[0].text.startswith("ok     ")
        elif not course.is_ignored(cell):
            assert cell.outputs == solved_cells[name].outputs, name


@some_lessons
@every_lesson
def test_every_cell_may_be_run_twice(stem: str) -> None:
    with kernel(LESSONS[stem]) as running:
        running.run([c for c in running.cells if not ends_the_lab(c)], times=2)
        running.run([c for c in running.cells if ends_the_lab(c)])
    assert_right(running)


@needs_copies
@some_lessons
@every_lesson
def test_it_runs_from_the_top_after_any_cell(stem: str) -> None:
    """What differs after a cell are the names that exist: after the last all, after some of them some."""
    printed = runs(stem)
    assert printed.again == printed.first
    assert printed.again_after_some_cells == printed.first
    assert not printed.wrong


@some_lessons
@every_lesson
def test_it_runs_on_a_real_account(stem: str) -> None:
    with kernel(SOLVED[stem], real_account=True) as running:
        running.run()
    assert_right(running)


@some_lessons
@every_lesson
def test_right_answers_in_another_style_are_right_in_the_lesson_too(stem: str) -> None:
    """The last of those that are stored, where the lesson has resources of its own beside the check's."""
    notebook = nbformat.from_dict(LESSONS[stem])
    for cell in notebook.cells:
        name = course.exercise_of(cell)
        if name and (others := solutions.solution(name).right):
            cell.source = course.filled(cell.source, name, others[-1].source)
    with kernel(notebook) as running:
        running.run()
    assert_right(running)


@needs_copies
@some_lessons
@every_lesson
def test_wrong_answers_and_what_was_kept_of_other_lessons_change_nothing_in_the_cells_after_them(
    stem: str,
) -> None:
    """A learner who solved every other lesson, and answers wrong in this one."""
    ignored = {cell.id for cell in LESSONS[stem].cells if course.is_ignored(cell)}
    notebook = nbformat.from_dict(LESSONS[stem])
    for cell in notebook.cells:
        if name := course.exercise_of(cell):
            wrong = solutions.solution(name).wrong[0].source
            cell.source = course.filled(cell.source, name, wrong)
    with kernel(notebook, kept=True) as running:
        running.run()
    for (cell, text), (_, expected) in zip(running.printed, printed_by(stem), strict=True):
        if cell.startswith("exercise-"):
            assert text.startswith("wrong  "), cell
        else:
            assert cell in ignored or text == expected, cell


def ends_the_lab(cell: Any) -> bool:
    return "lab.close()" in cell.source


def wrong_in(running: Replay) -> list[str]:
    """The exercises that are wrong and the checks that failed."""
    printed = "\n".join(text for _, text in running.printed)
    return re.findall(r"^(?:wrong|WRONG) .*", printed, re.MULTILINE)


def assert_right(running: Replay) -> None:
    """No exercise is wrong, no check failed."""
    assert wrong_in(running) == []
