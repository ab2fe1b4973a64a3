"""The smallest schedule that still fails: fewer faults first, then fewer records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from inventory_lab.testing.report import Outcome
from inventory_lab.testing.schedule import Schedule

Play = Callable[[Schedule], Outcome]

PLAYS = 60
"""How often a schedule is played again at most: a smaller one is worth some seconds, not minutes."""


def smallest(schedule: Schedule, outcome: Outcome, play: Play) -> tuple[Schedule, Outcome]:
    """A schedule with as few faults and records as still make the handler fail, and its outcome.

    When the records alone do no harm, that stays so: what is left is a fault that the handler does
    not survive, not a record that it never understood.
    """
    harmless = not play(schedule.calm()).problem
    budget = iter(range(PLAYS))
    while True:
        for candidate in _smaller(schedule):
            result = _failing(candidate, play, harmless, budget)
            if result is not None:
                schedule, outcome = candidate, result
                break
        else:
            return schedule, outcome


def _failing(
    schedule: Schedule, play: Play, harmless: bool, budget: Iterator[int]
) -> Outcome | None:
    """The outcome of a schedule that still fails for the same kind of reason; None otherwise."""
    if next(budget, None) is None:
        return None
    outcome = play(schedule)
    if not outcome.problem or outcome.stuck:
        return None
    if harmless and play(schedule.calm()).problem:
        return None
    return outcome


def _smaller(schedule: Schedule) -> Iterator[Schedule]:
    """Schedules with one thing less, the largest steps first."""
    if schedule.repeats:
        yield replace(schedule, repeats=())
    if schedule.at_most > 1:
        yield schedule.with_faults(schedule.likely, 1)
    for fault in schedule.likely:
        fewer = {name: value for name, value in schedule.likely.items() if name != fault}
        yield schedule.with_faults(fewer, schedule.at_most)
    records = schedule.records
    step = len(records) // 2
    while step:
        for first in range(0, len(records), step):
            yield schedule.with_records([*records[:first], *records[first + step :]])
        step //= 2
