"""Schedules side by side: their outcomes in order, nothing changed here, and no copy left running."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from inventory_lab.testing.processes import AVAILABLE, DIED, side_by_side
from inventory_lab.testing.report import Outcome

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="this system cannot copy a process")


def name_the_seed(seed: int) -> Outcome:
    return Outcome(f"seed {seed}")


@pytest.mark.parametrize("processes", [1, 2, 9])
def test_outcomes_come_in_the_order_of_the_seeds(processes: int) -> None:
    played = side_by_side(name_the_seed, range(5, 12), processes)
    assert [outcome.problem for outcome in played] == [f"seed {seed}" for seed in range(5, 12)]


def test_a_long_outcome_arrives_whole() -> None:
    long = Outcome("x" * 300_000)
    assert list(side_by_side(lambda _: long, [1, 2], 2)) == [long, long]


def test_a_handler_that_ends_its_process_is_reported() -> None:
    def end_at_two(seed: int) -> Outcome:
        if seed == 2:
            os._exit(3)
        return name_the_seed(seed)

    played = side_by_side(end_at_two, [1, 2, 3], 2)
    assert list(played) == [Outcome("seed 1"), DIED, Outcome("seed 3")]


def test_an_error_in_a_copy_is_reported() -> None:
    def fail(seed: int) -> Outcome:
        raise ValueError(f"no schedule {seed}")

    (outcome,) = side_by_side(fail, [7], 2)
    assert outcome == Outcome("the storm ended with ValueError: no schedule 7", stuck=True)


def test_what_a_copy_changes_and_the_files_it_makes_are_gone(tmp_path: Path) -> None:
    changed: list[int] = []

    def change(seed: int) -> Outcome:
        changed.append(seed)
        return Outcome(tempfile.mkdtemp())

    folders = [outcome.problem for outcome in side_by_side(change, [1, 2], 2)]
    assert changed == []
    assert not any(Path(folder).exists() for folder in folders)


def test_copies_that_nobody_waits_for_are_ended(tmp_path: Path) -> None:
    def wait_for_ever_at_two(seed: int) -> Outcome:
        if seed == 2:
            (tmp_path / "process").write_text(str(os.getpid()))
            while True:
                pass
        while not (tmp_path / "process").exists():
            pass
        return name_the_seed(seed)

    played = side_by_side(wait_for_ever_at_two, [1, 2], 2)
    assert next(played) == Outcome("seed 1")
    played.close()  # type: ignore[attr-defined]
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "process").read_text()), 0)
