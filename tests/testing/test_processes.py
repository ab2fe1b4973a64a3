"""Schedules side by side: in their order, and a handler that ends its process costs a line."""

from __future__ import annotations

import os
import random
from multiprocessing import parent_process

from inventory_lab.testing.processes import DIED, outcomes
from inventory_lab.testing.report import Outcome
from inventory_lab.testing.scenario import INVENTORY
from inventory_lab.testing.schedule import Schedule, schedule_of


def schedule(seed: int) -> Schedule:
    return schedule_of(seed, INVENTORY, random.Random(seed).randint(1, 9))


def name_the_seed(played: Schedule) -> Outcome:
    return Outcome(f"seed {played.seed}")


def end_every_process_but_the_first(played: Schedule) -> Outcome:
    if parent_process() is not None:
        os._exit(3)
    return name_the_seed(played)


def test_outcomes_come_in_the_order_of_the_seeds() -> None:
    expected = [f"seed {seed}" for seed in range(5, 12)]
    for processes in (1, 2):
        played = outcomes(name_the_seed, schedule, range(5, 12), processes)
        assert [outcome.problem for outcome in played] == expected


def test_a_handler_that_ends_its_process_is_reported() -> None:
    played = outcomes(end_every_process_but_the_first, schedule, range(1, 4), 2)
    assert list(played) == [Outcome("seed 1"), DIED]
