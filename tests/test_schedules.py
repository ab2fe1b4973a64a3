"""Counts stay exact whatever happens: a sample of schedules with `make test`, some hundred with
`make sweep`, thousands with `make soak`.
"""

from __future__ import annotations

import pytest

from tests.schedules import run, schedule

PAST_BUGS = {
    12: "a child shard read before its parent: other events were rejected than the stream's order says",
    73: "an item broken while its batch was tried again: rebuilt, it forgot what it had processed",
    176: "given up after an answer was lost, with a copy of the event behind it: counted twice",
    1115: "a repeated event, processed and then given up: counted as a duplicate and as a dead letter",
    2142: "rejected, told of, and never committed: a dead letter, though the rejected queue has it",
}
"""The seeds that once found something, and what."""


SHARE_OF_MAPPINGS = 10
"""One schedule of so many is also played behind an event source mapping, and behind both readers."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "played" in metafunc.fixturenames:
        metafunc.parametrize("played", range(metafunc.config.getoption("schedules")))
    if "behind" in metafunc.fixturenames:
        count = metafunc.config.getoption("schedules") // SHARE_OF_MAPPINGS
        cases = [(reader, seed) for reader in ("mapping", "both") for seed in range(count)]
        metafunc.parametrize(("behind", "seed"), cases)


@pytest.mark.exhaustive(16)
def test_after_any_schedule_everything_is_accounted_for(
    played: int, pytestconfig: pytest.Config
) -> None:
    scenario = schedule(played, most_events=pytestconfig.getoption("schedule_events"))
    assert run(scenario).problems == []


@pytest.mark.exhaustive(4)
def test_after_any_schedule_behind_a_mapping_or_both_everything_is_accounted_for(
    behind: str, seed: int, pytestconfig: pytest.Config
) -> None:
    most = pytestconfig.getoption("schedule_events")
    assert run(schedule(seed, most_events=most, reader=behind)).problems == []


def test_a_repeated_event_that_one_reader_processed_and_the_other_gave_up_counts_once() -> None:
    assert run(schedule(169, reader="both")).problems == []


@pytest.mark.parametrize("seed", PAST_BUGS, ids=lambda seed: f"{seed}: {PAST_BUGS[seed]}")
def test_what_once_went_wrong_stays_right(seed: int) -> None:
    assert run(schedule(seed)).problems == []
