"""Runs the code cells of a notebook in this process, in any order and as often as one likes, on the
embedded AWS or on a stand-in for a real account.

The stand-in has the code of `backends/aws.py` over the sessions of an embedded AWS: `lab.embedded` is
False, pipes move while somebody waits, and nobody waits for more than a minute.
"""

from __future__ import annotations

import ast
import contextlib
import io
import linecache
import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import boto3
from IPython.core.inputtransformer2 import TransformerManager

from inventory_lab import lab as lab_module
from inventory_lab.backends.aws import RealAws, refuse_long_wait
from inventory_lab.backends.base import T
from inventory_lab.domain.events import KINDS
from inventory_lab.domain.inventory import RULES
from inventory_lab.operate.workshop import admit
from inventory_lab.resources.account import Account
from inventory_lab.settings import Settings
from inventory_lab.teaching.exercises import my_pipeline, registry, solutions
from inventory_lab.teaching.exercises.answer import function_of
from inventory_lab.teaching.exercises.my_pipeline import FOLDER_VARIABLE

LEARNER = {
    "INVENTORY_LAB_TARGET": "aws",
    "INVENTORY_LAB_ALLOW_CHARGES": "yes",
    "INVENTORY_LAB_PREFIX": "anna-",
    "INVENTORY_LAB_PERMISSIONS_BOUNDARY": "arn:aws:iam::123456789012:policy/anna-inventory-lab-boundary",
}
"""What a learner of a workshop has in their environment, besides their key."""


class CellFailed(Exception):
    """A cell of a notebook raised an error."""

    def __init__(self, cell: str, error: BaseException) -> None:
        super().__init__(f"cell {cell}: {type(error).__name__}: {error}")


class Replay:
    """A kernel in this process; `printed` has each cell that was run and its text."""

    def __init__(self, notebook: Any) -> None:
        self.cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        self.printed: list[tuple[str, str]] = []
        self.names: dict[str, Any] = {"__name__": "__main__"}

    def run(self, cells: list[Any] | None = None, times: int = 1) -> None:
        """Run cells, all by default, each `times` times in a row. Raises CellFailed."""
        for cell in self.cells if cells is None else cells:
            for _ in range(times):
                self._run(cell)

    def outputs(self, cell_id: str) -> list[str]:
        """What a cell printed, once for each time that it was run."""
        return [text for cell, text in self.printed if cell == cell_id]

    def _run(self, cell: Any) -> None:
        output = io.StringIO()
        try:
            with contextlib.redirect_stdout(output), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # connect() says that it closes the lab before
                self._execute(cell)
        except Exception as exc:
            raise CellFailed(cell.id, exc) from exc
        finally:
            self.printed.append((cell.id, output.getvalue()))

    def _execute(self, cell: Any) -> None:
        """Execute a cell, and print the value of its last expression."""
        source, filename = TransformerManager().transform_cell(cell.source), f"<cell {cell.id}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        tree = ast.parse(source)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, filename, "exec"), self.names)  # noqa: S102 the course's own cells
        if last is not None:
            value = eval(compile(ast.Expression(last.value), filename, "eval"), self.names)  # noqa: S307
            if value is not None:
                print(repr(value))


@contextmanager
def kernel(notebook: Any, *, real_account: bool = False, kept: bool = False) -> Iterator[Replay]:
    """A Replay of a notebook; what its exercises keep, and the lab that it leaves open, go at the end.

    `real_account` stands for a learner of a workshop on AWS, as notebooks/README.md describes it. `kept` stands for a learner who solved every exercise of the course before.
    """
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory())
        variables = {FOLDER_VARIABLE: folder}
        if real_account:
            variables |= LEARNER
            stack.enter_context(patch.object(lab_module, "_connect_aws", as_learner))
        stack.enter_context(patch.dict(os.environ, variables))
        for kinds in (KINDS, RULES):  # the capstone adds a kind of event, and removes it at its end
            stack.enter_context(patch.dict(kinds))
        stack.callback(_close_local_lab)
        if kept:
            keep_all_solutions()
        yield Replay(notebook)


def keep_all_solutions() -> None:
    """Keep the solution of every exercise, as if a learner had written it."""
    for exercise in registry.every():
        source = solutions.solution(exercise.name).source
        my_pipeline.keep(exercise.name, function_of(source, exercise.name.rpartition("/")[2]))


def stand_in(settings: Settings, allow_charges: bool = True) -> lab_module.Lab:  # noqa: ARG001
    """A lab as connect("aws") gives it, over the sessions of an embedded AWS."""
    settings = replace(settings, prefix=settings.prefix or lab_module.AWS_PREFIX)
    inner = lab_module.connect("local", settings)
    return lab_module.Lab(StandIn(settings, StandInClock(inner), inner.session("root")), settings)


def as_learner(settings: Settings, allow_charges: bool = True) -> lab_module.Lab:  # noqa: ARG001
    """The same for a learner of a workshop: all calls are theirs, under the policy of the workshop."""
    inner = lab_module.connect("local", settings)
    variables = admit(Account(inner.session("root"), settings))
    session = boto3.Session(
        variables["AWS_ACCESS_KEY_ID"],
        variables["AWS_SECRET_ACCESS_KEY"],
        region_name=settings.region,
    )
    return lab_module.Lab(StandIn(settings, StandInClock(inner), session), settings)


class StandIn(RealAws):
    """The backend of a real account over an embedded AWS, which serves one thread at a time."""

    def run(self, work: Callable[[str], T], values: Iterable[str]) -> Iterable[T]:
        """The results, one after the other: the call of the lab that waits for them has the turn."""
        return [work(value) for value in values]


class StandInClock:
    """The time of an embedded AWS that moves its pipes while somebody waits."""

    def __init__(self, inner: lab_module.Lab) -> None:
        self._inner = inner

    def now(self) -> datetime:
        """The time now, in UTC."""
        return self._inner.clock.now()

    def advance(self, seconds: float) -> None:
        """Let seconds pass. Raises WaitTooLong."""
        refuse_long_wait(seconds)
        self._run_builds()
        for _ in range(int(seconds)):
            self._inner.pump()
        self._inner.clock.advance(seconds - int(seconds))

    @cached_property
    def _codebuild(self) -> Any:
        """A client made once: making one takes longer than the second that passes."""
        return self._inner.session("root").client("codebuild")

    def _run_builds(self) -> None:
        """CodeBuild runs what was started while somebody waits."""
        ids = self._codebuild.list_builds()["ids"]
        builds = self._codebuild.batch_get_builds(ids=ids)["builds"] if ids else []
        for _ in [build for build in builds if not build["buildComplete"]]:
            self._inner.run_build(deploy=False)


def _close_local_lab() -> None:
    if (lab := lab_module.local_lab()) is not None:
        lab.close()
