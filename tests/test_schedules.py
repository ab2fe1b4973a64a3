"""Counts stay exact whatever happens: some hundred schedules here, thousands with `make soak`."""

from __future__ import annotations

import pytest

from tests.schedules import run, schedule

PAST_BUGS = {
    12: "a child shard read before its parent: other events were rejected than the stream's order says",
    73: "an item broken while its batch was tried again: rebuilt, it forgot what it had processed",
    176: "given up after an answer was lost, with a copy of the event behind it: counted twice",
    2142: "rejected, told of, and never committed: a dead letter, though the rejected queue has it",
}
"""The seeds that once found something, and what."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "played" in metafunc.fixturenames:
        metafunc.parametrize("played", range(metafunc.config.getoption("schedules")))


def test_after_any_schedule_everything_is_accounted_for(
    played: int, pytestconfig: pytest.Config
) -> None:
    wanted = schedule(played, most_events=pytestconfig.getoption("schedule_events"))
    assert run(wanted).problems == []


@pytest.mark.parametrize("seed", PAST_BUGS, ids=lambda seed: f"{seed}: {PAST_BUGS[seed]}")
def test_what_once_went_wrong_stays_right(seed: int) -> None:
    assert run(schedule(seed)).problems == []
