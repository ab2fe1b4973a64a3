"""Try exercises as an author does: `python -m tools.exercises 02/put_all`, all of them by default.

For each it prints the verdict on the empty answer, on the solution twice, on every other right answer
and every wrong one, and the mutations of the solution that are accepted although they are not listed as changing nothing.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from inventory_lab import connect
from inventory_lab.teaching.exercises import Verdict, evaluate, registry, solutions
from inventory_lab.teaching.exercises.answer import function_of
from inventory_lab.teaching.exercises.my_pipeline import FOLDER_VARIABLE
from tools.mutations import mutations


@dataclass(frozen=True, slots=True)
class Mutant:
    """A mutation of a solution and what became of it; `reason` when it is listed as unchanged."""

    label: str
    source: str
    reason: str


def verdict_on(name: str, source: str) -> Verdict:
    """The verdict on an answer that is there as source; what cannot even be defined is wrong."""
    try:
        answer = function_of(source, name.rpartition("/")[2])
    except Exception as exc:  # noqa: BLE001 a mutation may break the definition itself
        return Verdict("wrong", f"{type(exc).__name__}: {exc}")
    return evaluate(name, answer)


def mutants(name: str) -> Iterator[Mutant]:
    """Every mutation of the solution of an exercise."""
    known = solutions.solution(name)
    for label, source in mutations(known.source):
        yield Mutant(label, source, known.unchanged.get(label, ""))


def accepted(name: str) -> list[str]:
    """The labels of the mutations that pass."""
    return [m.label for m in mutants(name) if verdict_on(name, m.source).outcome == "ok"]


def main(arguments: Sequence[str]) -> int:
    """Print the lines; the exit status is 1 when something is not as it must be."""
    names = [e.name for e in registry.every()]
    named = [n for n in names if not arguments or any(n.startswith(a) for a in arguments)]
    os.environ[FOLDER_VARIABLE] = tempfile.mkdtemp()
    with connect("local"):
        problems = [problem for name in named for problem in _tried(name)]
    return int(bool(problems))


def _tried(name: str) -> Iterator[str]:
    known = solutions.solution(name)
    print(f"\n{name}: {evaluate(name, None).outcome}")
    for _ in range(2):
        verdict = verdict_on(name, known.source)
        print(f"  solution: {verdict.outcome} {verdict.text}")
        if verdict.outcome != "ok":
            yield "solution"
    for other in known.right:
        verdict = verdict_on(name, other.source)
        print(f"  right, {other.difference}: {verdict.outcome} {verdict.text}")
        if verdict.outcome != "ok":
            yield other.difference
    for wrong in known.wrong:
        verdict = verdict_on(name, wrong.source)
        right = verdict.outcome == "wrong" and wrong.diagnosis in verdict.text
        print(f"  {'wrong' if right else 'NOT AS STORED'}: {verdict.outcome} {verdict.text}")
        if not right:
            yield wrong.diagnosis
    through = accepted(name)
    for label in sorted({*through, *known.unchanged}):
        if (label in through) != (label in known.unchanged):
            print(f"  {'ACCEPTED' if label in through else 'NO LONGER UNCHANGED'}: {label}")
            yield label


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
