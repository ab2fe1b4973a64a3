"""The figures of the lessons, by the rules of notebooks/AUTHORS.md: `python -m tools.figures`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from math import ceil
from pathlib import Path
from typing import Any

import botocore.session
from botocore import xform_name

from inventory_lab.teaching.exercises import registry, solutions
from tools import course

WORDS_A_MINUTE, MINUTES_A_CELL, MINUTES_A_QUESTION = 150, 0.5, 1
SERVICES = (
    "kinesis", "iam", "dynamodb", "lambda", "pipes", "sns", "sqs", "events", "logs", "cloudwatch",
    "codebuild", "s3", "sts",
)  # fmt: skip
FOLDED = re.compile("<details>.*?</details>", re.DOTALL)
NOT_READ = re.compile(r"```.*?```|<!--.*?-->|<[^>]*>|\]\([^)]*\)|https?://\S+|data:\S+", re.DOTALL)
WORD = re.compile(r"[^\W_](?:[\w'’.-]*\w)?")
TASK = re.compile(r"^### Exercise .*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
QUESTION = re.compile(r"^\*\*(?:Predict\.|Question \d\.)\*\*", re.MULTILINE)
QUESTION_TEXT = re.compile(rf"{QUESTION.pattern}.*$", re.MULTILINE)
MINUTES = re.compile(r"\*\*Minutes:\*\* \d+")


@dataclass(frozen=True, slots=True)
class Figures:
    """What a lesson, or a part of one, asks of a learner. `prose` are the words outside tasks and
    questions: their text is read in the minutes that they have.
    """

    words: int
    prose: int
    code_cells: int
    questions: int
    exercises: tuple[str, ...]

    @property
    def minutes(self) -> int:
        """The minutes that it takes, rounded up."""
        reading = self.prose / WORDS_A_MINUTE + self.code_cells * MINUTES_A_CELL
        practice = sum(registry.find(name).minutes for name in self.exercises)
        return ceil(reading + self.questions * MINUTES_A_QUESTION + practice)

    @property
    def statements(self) -> int:
        """The statements that a learner writes."""
        return sum(statements(solutions.solution(name).source) for name in self.exercises)

    @property
    def calls(self) -> list[str]:
        """The AWS operations that a learner calls."""
        names = (
            call for name in self.exercises for call in aws_calls(solutions.solution(name).source)
        )
        return sorted(set(names))

    @property
    def wrong_answers(self) -> int:
        """The wrong answers that are stored with their diagnosis."""
        return sum(len(solutions.solution(name).wrong) for name in self.exercises)


def of(cells: Iterable[Any]) -> Figures:
    """The figures of the cells of a lesson."""
    cells = list(cells)
    prose = [FOLDED.sub("", cell.source) for cell in cells if cell.cell_type == "markdown"]
    names = tuple(name for cell in cells if (name := course.exercise_of(cell)))
    return Figures(
        words=sum(map(words, prose)),
        prose=sum(words(TASK.sub("", QUESTION_TEXT.sub("", text))) for text in prose),
        code_cells=sum(is_visible(cell) and not course.exercise_of(cell) for cell in cells),
        questions=sum(len(QUESTION.findall(text)) for text in prose),
        exercises=names,
    )


def words(text: str) -> int:
    """The words of a text in markdown that a reader reads."""
    return len(WORD.findall(NOT_READ.sub(" ", text)))


def is_visible(cell: Any) -> bool:
    """Whether it is a code cell whose source is shown."""
    return cell.cell_type == "code" and course.HIDDEN not in cell.metadata.get("tags", [])


def statements(source: str) -> int:
    """The statements in a solution: docstrings, definitions' first lines and `pass` do not count."""
    docstring_or_head = (ast.FunctionDef, ast.Pass, ast.Try, ast.Module)
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt)]
    return sum(
        not isinstance(node, docstring_or_head) and not _is_text(node) for node in nodes
    ) + sum(isinstance(node, ast.Try) for node in nodes)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def aws_calls(source: str) -> Iterator[str]:
    """The operations of AWS that a source calls, such as put_records."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in _operations():
            yield node.attr


@cache
def _operations() -> frozenset[str]:
    session = botocore.session.get_session()
    models = (session.get_service_model(service) for service in SERVICES)
    return frozenset(xform_name(name) for model in models for name in model.operation_names)


def state_minutes(notebook: Any) -> None:
    """Write the minutes by rule into the objectives of a lesson."""
    minutes = of(notebook.cells).minutes
    for cell in notebook.cells:
        if cell.id == "objectives":
            cell.source = MINUTES.sub(f"**Minutes:** {minutes}", cell.source)


def row(path: Path) -> str:
    """A line of the table."""
    counted = of(course.read(path).cells)
    return (
        f"{path.stem:26}{counted.minutes:8}{counted.words:7}{counted.code_cells:7}{counted.questions:10}"
        f"{len(counted.exercises):10}{counted.statements:11}{counted.wrong_answers:7}  {', '.join(counted.calls)}"
    )


def main() -> None:
    """Print the table of all lessons."""
    print(f"{'lesson':26} minutes  words  cells questions exercises statements  wrong  AWS calls")
    for path in course.notebooks():
        print(row(path))


if __name__ == "__main__":
    main()
