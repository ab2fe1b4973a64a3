"""Exercises: a learner's own function or document, tried on cases that the learner has not seen.

`exercise(name, answer)` prints `to do`, `ok` or a diagnosis, and returns what the next cells use.
How to write one: notebooks/AUTHORS.md.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, overload

from inventory_lab.exceptions import WrongAnswer
from inventory_lab.teaching.exercises import my_pipeline, registry, solutions
from inventory_lab.teaching.exercises.answer import Answer, is_begun, is_empty
from inventory_lab.teaching.exercises.bench import bench

WIDTH = 100
MOST_PRINTED = 5
STILL_OPEN = "Your code was not tried: the line with ... is still there. Delete it."
Answered = TypeVar("Answered")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of checking an answer; `text` is the diagnosis, `printed` what the answer printed."""

    outcome: Literal["to do", "ok", "wrong"]
    text: str
    printed: str = ""


@overload
def exercise(name: str, answer: None = None) -> Callable[..., Any]: ...
@overload
def exercise(name: str, answer: Answered) -> Answered: ...
def exercise(name: str, answer: object = None) -> object:
    """Check the answer to an exercise such as "02/create_stream" and print the result.

    Returns the answer when it is right, and the reference solution otherwise, so the next cells work
    either way. A right answer is saved in the folder `my_pipeline`. A wrong answer raises nothing.
    Raises UnknownExercise when there is no exercise with this name.

    >>> print(exercise("02/create_stream", None).__name__)
    to do  create_stream: create a stream, or keep the one that exists
           Until you solve it, the next cells use the reference solution.
    create_stream
    """
    verdict = evaluate(name, answer)
    print(_shown(name, verdict))
    if verdict.outcome != "ok":
        return solutions.reference(name)
    my_pipeline.keep(name, answer)
    return answer


def solved(name: str) -> Any:
    """The answer to an exercise that you solved in another notebook, or the reference solution.

    It is a function or a document, as the exercise asks. Prints which of them it is. Raises
    UnknownExercise.

    >>> solved("02/create_stream").__name__  # doctest: +ELLIPSIS
    create_stream: ...
    'create_stream'
    """
    kept, short = my_pipeline.kept(name), name.rpartition("/")[2]
    if evaluate(name, kept).outcome == "ok":
        print(f"{short}: yours, from {my_pipeline.path_of(name).as_posix()}")
        return kept
    print(f"{short}: the reference solution")
    return solutions.reference(name)


def evaluate(name: str, answer: object) -> Verdict:
    """The verdict on an answer, without printing it. Raises UnknownExercise."""
    known = registry.find(name)
    if is_empty(answer) or getattr(answer, "is_reference", False):
        return Verdict("to do", STILL_OPEN if is_begun(answer) else "")
    if known.kind == "function" and not (callable(answer) and hasattr(answer, "__globals__")):
        short = name.rpartition("/")[2]
        return Verdict(
            "wrong", f"the answer is the function itself: write {short}, without calling it"
        )
    return _checked(known, answer)


def _checked(known: registry.Exercise, answer: Any) -> Verdict:
    tried = Answer(answer) if known.kind == "function" else answer
    with bench() as trial:
        try:
            known.check(tried, trial)
        except WrongAnswer as exc:
            return Verdict("wrong", trial.readable(str(exc)), getattr(tried, "printed", ""))
        except Exception as exc:  # noqa: BLE001 a check meets whatever a learner returns
            text = f"the exercise cannot use what it got ({type(exc).__name__}: {exc})"
            return Verdict("wrong", trial.readable(text), getattr(tried, "printed", ""))
    return Verdict("ok", "")


def _shown(name: str, verdict: Verdict) -> str:
    known, short = registry.find(name), name.rpartition("/")[2]
    if verdict.outcome == "ok":
        return f"ok     {short}: {known.task}"
    if verdict.outcome == "to do":
        then = "Until you solve it, the next cells use the reference solution."
        lines = [line for line in (verdict.text, then) if line]
        return "\n".join([f"to do  {short}: {known.task}", *map(_indented, lines)])
    printed = [f"| {line}" for line in verdict.printed.splitlines()[:MOST_PRINTED]]
    head = ["It printed:", *printed] if printed else []
    then = "The next cells use the reference solution meanwhile."
    return "\n".join(
        [f"wrong  {short}:", _indented(verdict.text), *map(_indented, head), _indented(then)]
    )


def _indented(text: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent=" " * 7, subsequent_indent=" " * 7)
