"""The solutions: one file per exercise with the solution, why it is right, and wrong answers.

    notebooks/solutions/exercises/02/create_stream.py

It begins with a docstring, the explanation. Then sections follow: `# %% solution`, three or more
`# %% wrong: DIAGNOSIS`, `# %% right: WHAT IS DIFFERENT` with another answer that is accepted, and
`# %% unchanged: MUTATION` with the reason why a mutation of the solution changes nothing. Comment lines
directly below such a line continue it.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from inventory_lab.teaching.exercises.answer import function_of

_PACKAGE = Path(__file__).resolve().parents[2]
FOLDERS = (_PACKAGE.parent / "notebooks/solutions/exercises", _PACKAGE / "solutions")
"""In the repository, and in an installed package."""
_SECTION = re.compile(
    r"^# %% (solution|wrong|right|unchanged)(?:: ?)?((?:.*\n)(?:#.*\n)*)", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class WrongExample:
    """A wrong answer, and a part of the diagnosis that it must get."""

    source: str
    diagnosis: str


@dataclass(frozen=True, slots=True)
class RightExample:
    """A right answer besides the solution, and what is different in it."""

    source: str
    difference: str


@dataclass(frozen=True, slots=True)
class Solution:
    """One solution file."""

    explanation: str
    source: str
    wrong: tuple[WrongExample, ...]
    right: tuple[RightExample, ...]
    unchanged: dict[str, str]
    """Mutations that change nothing, by their label, with the reason."""


@cache
def solution(name: str) -> Solution:
    """The solution of an exercise such as "02/create_stream". Raises FileNotFoundError."""
    paths = [folder / f"{name}.py" for folder in FOLDERS]
    path = next((path for path in paths if path.is_file()), paths[0])
    return parse(path.read_text(encoding="utf-8"))


def parse(text: str) -> Solution:
    """The parts of a solution file. Raises ValueError when it has no solution."""
    marks = list(_SECTION.finditer(text))
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    sections = [
        (m[1], _comment(m[2]), text[m.end() : e].strip()) for m, e in zip(marks, ends, strict=True)
    ]
    sources = [source for kind, _, source in sections if kind == "solution"]
    if not sources:
        raise ValueError("a solution file needs the line '# %% solution'")
    return Solution(
        explanation=ast.get_docstring(ast.parse(text)) or "",
        source=sources[0],
        wrong=tuple(
            WrongExample(source, says) for kind, says, source in sections if kind == "wrong"
        ),
        right=tuple(
            RightExample(source, says) for kind, says, source in sections if kind == "right"
        ),
        unchanged=dict(_mutation(says) for kind, says, _ in sections if kind == "unchanged"),
    )


def reference(name: str) -> object:
    """A new copy of the solution, which is a function or a document."""
    value: Any = function_of(solution(name).source, name.rpartition("/")[2])
    if callable(value):
        value.is_reference = True
    return value


def _comment(text: str) -> str:
    """The lines of a comment as one."""
    return " ".join(line.removeprefix("#").strip() for line in text.splitlines()).strip()


def _mutation(text: str) -> tuple[str, str]:
    """`label -- reason`."""
    label, _, reason = text.partition(" -- ")
    return label.strip(), reason.strip()
