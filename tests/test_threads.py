"""Threads of a program may use one lab: they are served one after the other, and nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.threads import EVERYTHING, Work, process_state
from inventory_lab import Lab, ProductAdded


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
