"""Counts stay exact whatever happens: some hundred schedules here, thousands with `make soak`."""

from __future__ import annotations

import pytest

from tests.schedules import run, schedule

SEEDS_A_TEST = 10

PAST_BUGS = {
    12: "a child shard read before its parent: other events were rejected than the stream's order says",
    73: "an item broken while its batch was tried again: rebuilt, it forgot what it had judged",
    176: "given up after an answer was lost, with a copy of the event behind it: counted twice",
    2142: "rejected, told of, and never committed: a dead letter, though the rejected queue has it",
}
"""The seeds that once found something, and what."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seeds" in metafunc.fixturenames:
        count = metafunc.config.getoption("schedules")
        starts = range(0, count, SEEDS_A_TEST)
        parts = [range(at, min(at + SEEDS_A_TEST, count)) for at in starts]
        metafunc.parametrize("seeds", parts, ids=[f"{p[0]}-{p[-1]}" for p in parts])


def test_after_any_schedule_everything_is_accounted_for(seeds: range) -> None:
    results = [run(schedule(seed)) for seed in seeds]
    assert {r.seed: r.problems for r in results if r.problems} == {}


@pytest.mark.parametrize("seed", PAST_BUGS, ids=lambda seed: f"{seed}: {PAST_BUGS[seed]}")
def test_what_once_went_wrong_stays_right(seed: int) -> None:
    assert run(schedule(seed)).problems == []
