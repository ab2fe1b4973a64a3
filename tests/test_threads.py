"""Threads of a program may use one lab: they are served one after the other, and nothing is lost."""

from __future__ import annotations

import ast
import inspect
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest

from benchmarks.threads import EVERYTHING, Work, process_state
from inventory_lab import Lab, ProductAdded
from inventory_lab.backends.embedded import EmbeddedBackend
from inventory_lab.lab import DashboardVerbs
from inventory_lab.turns import in_turn


def run_together(*work: Callable[[], Any]) -> None:
    """Run each in a thread of its own, all at the same time; raises what they raise."""
    barrier = threading.Barrier(len(work))

    def begin(one: Callable[[], Any]) -> Any:
        barrier.wait()
        return one()

    with ThreadPoolExecutor(len(work)) as pool:
        for future in [pool.submit(begin, one) for one in work]:
            future.result()


def test_eight_threads_that_do_everything_leave_an_exact_table_and_the_process_as_it_was(
    built: Lab,
) -> None:
    assert built.settle(built.publish(ProductAdded("Phone", 5)))
    before = process_state()

    def each(number: int, work: Work) -> Callable[[], Any]:
        return lambda: [work(built, f"{number}-{turn}") for turn in range(2)]

    run_together(*(each(number, work) for number, work in enumerate(EVERYTHING)))
    assert process_state() == before
    assert built.settle(built.publish(ProductAdded("Lamp", 5)))
    found = built.reconcile()
    assert found.exact
    assert found.published >= 2 + 2 * 2


def test_a_thread_that_calls_again_and_again_lets_the_others_have_their_turns() -> None:
    turns = {"one": 0, "other": 0}

    @in_turn
    def take_one(name: str) -> None:
        turns[name] += 1
        sum(range(20_000))  # so long that the lock is nearly always taken

    def hurry(name: str) -> None:
        while sum(turns.values()) < 400:
            take_one(name)

    run_together(partial(hurry, "one"), partial(hurry, "other"))
    assert min(turns.values()) > 100


LATE_IMPORTERS = [Lab, DashboardVerbs, EmbeddedBackend]


@pytest.mark.parametrize("owner", LATE_IMPORTERS, ids=lambda owner: owner.__name__)
def test_what_a_call_imports_late_it_imports_in_its_turn(owner: type) -> None:
    """While a function runs in another thread, `inventory_lab` is the package of its zip."""
    for node in ast.parse(inspect.getsource(owner)).body[0].body:  # type: ignore[attr-defined]
        if isinstance(node, ast.FunctionDef) and node.name != "__init__":
            imports = [n for n in ast.walk(node) if isinstance(n, ast.Import | ast.ImportFrom)]
            decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
            assert not imports or decorators & {"in_turn", "uninterrupted"}, node.name


def test_settle_looks_once_more_when_other_threads_used_up_its_time(built: Lab) -> None:
    receipt = built.publish(ProductAdded("Phone", 5))
    backend, looks = built._open_backend(), []

    def look_before_the_others_pump(positions: Any) -> Any:
        open_now = type(backend).still_open(backend, positions)
        looks.append(open_now)
        if len(looks) == 1:
            built.pump()
            built.clock.advance(3600)
        return open_now

    with patch.object(backend, "still_open", look_before_the_others_pump):
        report = built.settle(receipt, timeout=0)
    assert looks[0]
    assert report.rounds == 0
    assert report
