"""The exercises of the course: their names and their checks, one module per notebook."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from inventory_lab.exceptions import UnknownExercise
from inventory_lab.teaching.exercises.bench import Bench

Check = Callable[[Any, Bench], None]
"""Takes the answer and the bench, raises WrongAnswer; returns when the answer is right."""
_exercises: dict[str, Exercise] = {}


@dataclass(frozen=True, slots=True)
class Exercise:
    """One exercise: `name` is "02/create_stream"; `kind` says whether the answer is a function."""

    name: str
    task: str
    check: Check
    build: bool = False
    kind: Literal["function", "document"] = "function"

    @property
    def minutes(self) -> int:
        """How long it takes a learner."""
        return 12 if self.build else 4


def checks(
    name: str, task: str, *, build: bool = False, kind: Literal["function", "document"] = "function"
) -> Callable[[Check], Check]:
    """Register the decorated function as the check of an exercise.

    `task` completes "ok" in the output: what the answer does. A build takes 12 minutes, a small
    exercise 4.
    """

    def register(check: Check) -> Check:
        _exercises[name] = Exercise(name, task, check, build, kind)
        return check

    return register


def find(name: str) -> Exercise:
    """The exercise of this name. Raises UnknownExercise."""
    notebook = name.partition("/")[0] if isinstance(name, str) else ""
    if f"nb{notebook}" in _modules():
        import_module(f"{__package__}.nb{notebook}")
    if name not in _exercises:
        raise UnknownExercise(name, [each.name for each in every()])
    return _exercises[name]


def every() -> list[Exercise]:
    """All exercises, in the order of the notebooks and of their modules."""
    for module in _modules():
        import_module(f"{__package__}.{module}")
    return sorted(_exercises.values(), key=lambda exercise: exercise.name.partition("/")[0])


def _modules() -> list[str]:
    package = import_module(__package__)
    names = (module.name for module in pkgutil.iter_modules(package.__path__))
    return sorted(name for name in names if name.startswith("nb"))
