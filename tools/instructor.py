"""The instructor's page of a lesson, made from the lesson and its exercises."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

from inventory_lab.teaching.exercises import registry, solutions
from tools import course, figures

NOTE = re.compile(r"<!-- (draw|discuss|skip): (.*?) -->", re.DOTALL)
HEADS = {
    "draw": "What to draw",
    "discuss": "Questions for the room",
    "skip": "What to skip when time is short",
}
QUIZ = re.compile(
    r"(\*\*Question \d\.\*\* .*?)\n+<details><summary>Answer</summary>\n\n(.*?)\n\n</details>",
    re.DOTALL,
)
HEAD = re.compile(r"^## (.*)(?:\n|\Z)", re.MULTILINE)
PREDICT = re.compile(r"^\*\*Predict\.\*\* (.*)$", re.MULTILINE)


def write(notebook: Any, path: Path) -> None:
    """Write the page of a lesson to notebooks/instructor."""
    target = page_of(path)
    target.parent.mkdir(exist_ok=True)
    target.write_text(page(notebook), encoding="utf-8", newline="\n")


def page_of(path: Path) -> Path:
    """Where the page of a notebook is."""
    return path.parent / "instructor" / f"{path.stem}.md"


def page(notebook: Any) -> str:
    """The page: goals, timing, notes, predictions, exercises with their wrong answers, the quiz."""
    cells = notebook.cells
    title = cells[0].source.splitlines()[0].removeprefix("# ")
    parts = [
        f"# {title}: for the instructor",
        "Made from the notebook and its exercises by `python -m tools.store`; change it there.",
        _goals(cells),
        _timing(cells),
        *_notes(cells),
        _predictions(cells),
        *_exercises(cells),
        _quiz(cells),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def sections(cells: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    """The head and the cells of each section; the first is the opening. A cell of text in which a
    section ends counts for both, with its part.
    """
    head, part = "Opening", []
    for cell in cells:
        texts = HEAD.split(cell.source) if cell.cell_type == "markdown" else [cell.source]
        if texts[0].strip():
            part.append(_with_source(cell, texts[0]))
        for title, text in zip(texts[1::2], texts[2::2], strict=True):
            yield head, part
            head, part = title, [_with_source(cell, f"## {title}\n{text}")]
    yield head, part


def _with_source(cell: Any, source: str) -> Any:
    part = nbformat.from_dict(cell)
    part.source = source
    return part


def _goals(cells: list[Any]) -> str:
    text = next(cell.source for cell in cells if cell.id == "objectives")
    goals = re.findall(r"^- .*$", text, re.MULTILINE)
    return "\n".join(["## Goals\n", *goals])


def _timing(cells: list[Any]) -> str:
    rows = [f"| {head} | {figures.of(part).minutes} |" for head, part in sections(cells)]
    total = f"Together {figures.of(cells).minutes} minutes (each row is rounded up)."
    return "\n".join(["## Timing\n", "| section | minutes |", "|---|---:|", *rows, "", total])


def _notes(cells: list[Any]) -> Iterator[str]:
    notes = [note for cell in cells for note in NOTE.findall(cell.source)]
    for kind, head in HEADS.items():
        lines = [f"- {' '.join(text.split())}" for each, text in notes if each == kind]
        if lines:
            yield "\n".join([f"## {head}\n", *lines])


def _predictions(cells: list[Any]) -> str:
    asked = [f"- {question}" for cell in cells for question in PREDICT.findall(cell.source)]
    return "\n".join(["## Predictions before a surprise\n", *asked]) if asked else ""


def _exercises(cells: list[Any]) -> Iterator[str]:
    for name in filter(None, map(course.exercise_of, cells)):
        known, exercise = solutions.solution(name), registry.find(name)
        wrong = [f"- {' '.join(each.diagnosis.split())}" for each in known.wrong]
        why = " ".join(known.explanation.split())
        head = f"## Exercise {name.rpartition('/')[2]} ({exercise.minutes} minutes)"
        yield "\n".join([f"{head}\n", why, "", "Common wrong answers get one of these:\n", *wrong])


def _quiz(cells: list[Any]) -> str:
    asked = [pair for cell in cells for pair in QUIZ.findall(cell.source)]
    return "\n\n".join(["## Quiz", *(f"{question}\n\n> {answer}" for question, answer in asked)])
