"""The smallest schedule that still fails: fewer faults first, then fewer records."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from inventory_lab.testing.report import Outcome
from inventory_lab.testing.schedule import Schedule

PLAYS = 60
"""How often a schedule is played again at most: a smaller one is worth some seconds, not minutes."""


def smallest(
    schedule: Schedule, outcome: Outcome, play: Callable[[Schedule], Outcome]
) -> tuple[Schedule, Outcome]:
    """A schedule with as few faults and records as still make the handler fail, and its outcome."""
    plays = 0
    progress = True
    while progress:
        progress = False
        for candidate in _smaller(schedule):
            if plays == PLAYS:
                return schedule, outcome
            plays += 1
            result = play(candidate)
            if result.problem:
                schedule, outcome, progress = candidate, result, True
                break
    return schedule, outcome


def _smaller(schedule: Schedule) -> Iterator[Schedule]:
    """Schedules with one thing less, the largest steps first."""
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
